package sqlstore

import (
	"context"
	"encoding/binary"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// streamedColumns are what streamPosts expects, in this order.
const streamedColumns = `p.id, p.external_id, p.parent_external_id, p.root_external_id, p.kind,
	p.author_name, p.author_external_id, p.by_owner, p.body, p.likes, p.published_at, p.edited_at, p.deleted, p.url,
	p.spam_verdict, p.spam_score, p.spam_reasons, p.spam_model, p.sentiment_label, p.sentiment_score, p.sentiment_model`

// EachPost sees one snapshot. It ends with ctx alone: how long it takes is up
// to fn.
func (s *Store) EachPost(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, o analysis.WalkOrder, fn func(*analysis.JudgedPost) error) error {
	if err := s.owned(ctx, s.read, user, id); err != nil {
		return err
	}
	chosen := func() *bun.SelectQuery {
		return s.filter(s.read.NewSelect().TableExpr("posts AS p").Where("p.task_id = ?", id), f)
	}
	w := walk{posts: chosen().ColumnExpr(streamedColumns).Order("p.published_at", "p.external_id").String()}
	if o == analysis.ByThread {
		w = s.byThread(chosen)
	}
	return s.fault(s.dialect.streamPosts(ctx, s.read, w, func(p *streamed) error {
		if err := fn(&p.post); err != nil {
			return callerError{err}
		}
		return nil
	}))
}

// walk is how a stream reads: the statement of its posts, and, where their order
// is not the order of time, first the one that tells where each of them stands.
type walk struct {
	// places returns the fields of a content.Placed for each post, in order of time.
	places string
	// posts returns streamedColumns. Behind places it takes what ranksOf makes of them.
	posts string
}

// byThread has the database pair posts with their parents and sort by rank;
// only the trees between are built here, of two numbers a post: a recursive
// query would read the task once for each level, and comments nest by the
// thousand.
func (s *Store) byThread(chosen func() *bun.SelectQuery) walk {
	place := "row_number() OVER (ORDER BY p.published_at, p.external_id) AS place"
	opens := bun.SafeQuery("p.kind IN (?, ?)", content.VideoPost, content.SubmissionPost)
	places := s.read.NewSelect().
		With("chosen", chosen().Column("p.external_id", "p.parent_external_id").ColumnExpr(place).ColumnExpr("? AS opens", opens).
			ColumnExpr("CASE WHEN ? THEN p.external_id ELSE p.root_external_id END AS root", opens)).
		TableExpr("chosen AS c").Join("LEFT JOIN chosen AS up ON up.external_id = c.parent_external_id AND NOT up.opens").
		ColumnExpr("CASE WHEN c.opens THEN ? ELSE coalesce(up.place, 0) END", content.Opens).
		ColumnExpr("min(c.place) OVER (PARTITION BY c.root)").Order("c.place")
	posts := s.read.NewSelect().TableExpr("(?) AS p", chosen().ColumnExpr(streamedColumns).ColumnExpr(place)).ColumnExpr(streamedColumns).
		OrderExpr("substr(?, CAST(4 * p.place - 3 AS int), 4)", bun.Safe(s.dialect.param(1, "bytea")))
	return walk{places: places.String(), posts: posts.String()}
}

// ranksOf returns where each post goes: four bytes for each place, which sort
// as the numbers do.
func ranksOf(places []content.Placed) []byte {
	packed := make([]byte, 0, 4*len(places))
	for _, rank := range content.ThreadRanks(places) {
		packed = binary.BigEndian.AppendUint32(packed, uint32(rank)) //nolint:gosec // ranks begin with 0
	}
	return packed
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
