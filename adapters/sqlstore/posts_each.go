package sqlstore

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
)

// streamedColumns are what streamPosts expects, in this order.
const streamedColumns = `p.id, p.external_id, p.parent_external_id, p.root_external_id, p.kind,
	p.author_name, p.author_external_id, p.by_owner, p.body, p.likes, p.published_at, p.edited_at, p.deleted, p.url,
	p.spam_verdict, p.spam_score, p.spam_reasons, p.spam_model, p.sentiment_label, p.sentiment_score, p.sentiment_model`

// EachPost is one statement, and so one snapshot. It ends with ctx alone: how
// long it takes is up to fn.
func (s *Store) EachPost(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, _ analysis.WalkOrder, fn func(*analysis.JudgedPost) error) error {
	if err := s.owned(ctx, s.read, user, id); err != nil {
		return err
	}
	q := s.filter(s.read.NewSelect().TableExpr("posts AS p").ColumnExpr(streamedColumns).Where("p.task_id = ?", id), f).
		Order("p.published_at", "p.external_id")
	query, err := q.AppendQuery(s.read.QueryGen(), nil)
	if err != nil {
		return s.fault(err)
	}
	return s.fault(s.dialect.streamPosts(ctx, s.read, string(query), func(p *streamed) error {
		if err := fn(&p.post); err != nil {
			return callerError{err}
		}
		return nil
	}))
}

// streamed is the post that a stream fills anew for each row, with room for
// its verdicts.
type streamed struct {
	post      analysis.JudgedPost
	spam      analysis.SpamVerdict
	sentiment analysis.Sentiment
	words     map[string]string
	// Of readPosts alone:
	taskID      string
	occurrences int
}

// kept returns the post as the caller may keep it.
func (s *streamed) kept() analysis.JudgedPost {
	p := s.post
	if p.Spam != nil {
		spam := *p.Spam
		p.Spam = &spam
	}
	if p.Sentiment != nil {
		sentiment := *p.Sentiment
		p.Sentiment = &sentiment
	}
	return p
}

// word returns a string of a few values only (kinds, models, labels) without
// making it anew for each row.
func (s *streamed) word(raw []byte) string {
	if known, ok := s.words[string(raw)]; ok {
		return known
	}
	const most = 1000
	if s.words == nil || len(s.words) > most {
		s.words = map[string]string{}
	}
	word := string(raw)
	s.words[word] = word
	return word
}
