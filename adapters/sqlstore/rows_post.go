package sqlstore

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// postRow is a row of posts.
type postRow struct {
	bun.BaseModel `bun:"table:posts,alias:p"`

	TaskID           string    `bun:"task_id,pk"`
	ExternalID       string    `bun:"external_id,pk"`
	ID               string    `bun:"id"`
	BatchID          string    `bun:"batch_id"`
	PublishedAt      time.Time `bun:"published_at"`
	EditedAt         time.Time `bun:"edited_at,nullzero"`
	Likes            int64     `bun:"likes"`
	Replies          int64     `bun:"replies"`
	Fingerprint      *int64    `bun:"fingerprint"`
	Occurrences      int       `bun:"occurrences"`
	FirstRun         int       `bun:"first_run"`
	LastSeenRun      int       `bun:"last_seen_run"`
	ByOwner          bool      `bun:"by_owner"`
	Deleted          bool      `bun:"deleted"`
	Kind             string    `bun:"kind"`
	ParentExternalID string    `bun:"parent_external_id"`
	RootExternalID   string    `bun:"root_external_id"`
	AuthorName       string    `bun:"author_name"`
	AuthorExternalID string    `bun:"author_external_id"`
	Body             string    `bun:"body"`
	URL              string    `bun:"url"`
	SpamScore        *float64  `bun:"spam_score"`
	SentimentScore   *float64  `bun:"sentiment_score"`
	SpamVerdict      string    `bun:"spam_verdict,nullzero"`
	SpamReasons      []string  `bun:"spam_reasons,type:jsonb,nullzero"`
	SpamModel        string    `bun:"spam_model,nullzero"`
	SentimentLabel   string    `bun:"sentiment_label,nullzero"`
	SentimentModel   string    `bun:"sentiment_model,nullzero"`
}

// newPostRow returns the row of a post that nobody has judged yet.
func newPostRow(id task.ID, run int, b task.BatchID, p content.Post) postRow {
	return postRow{
		TaskID: string(id), ExternalID: p.ExternalID, BatchID: string(b),
		PublishedAt: micro(p.PublishedAt), EditedAt: micro(p.EditedAt), Likes: p.Likes, Replies: p.Replies,
		Fingerprint: fingerprint(p), Occurrences: 1, FirstRun: run, LastSeenRun: run,
		ByOwner: p.ByOwner, Deleted: p.Deleted, Kind: string(p.Kind),
		ParentExternalID: p.ParentExternalID, RootExternalID: p.RootExternalID,
		AuthorName: p.Author.Name, AuthorExternalID: p.Author.ExternalID, Body: p.Text, URL: p.URL,
	}
}

// fingerprint returns what a text is recognised by, nil for nothing.
func fingerprint(p content.Post) *int64 {
	f := int64(analysis.Fingerprint(p.Text)) //nolint:gosec // 64 bits are kept as they are; the sign has no meaning
	if f == 0 || p.Deleted {
		return nil
	}
	return &f
}

// micro returns the time as both databases keep it.
func micro(t time.Time) time.Time { return utc(t).Truncate(time.Microsecond) }

func (r *postRow) post() content.Post {
	return content.Post{
		ExternalID: r.ExternalID, ParentExternalID: r.ParentExternalID, RootExternalID: r.RootExternalID,
		Kind: content.PostKind(r.Kind), Author: content.Author{Name: r.AuthorName, ExternalID: r.AuthorExternalID},
		ByOwner: r.ByOwner, Text: r.Body, Likes: r.Likes, Replies: r.Replies,
		PublishedAt: utc(r.PublishedAt), EditedAt: utc(r.EditedAt), Deleted: r.Deleted, URL: r.URL,
	}
}

func (r *postRow) judged() analysis.JudgedPost {
	j := analysis.JudgedPost{ID: r.ID, Post: r.post()}
	if r.SpamVerdict != "" {
		j.Spam = &analysis.SpamVerdict{
			Verdict: analysis.Verdict(r.SpamVerdict), Score: value(r.SpamScore),
			Reasons: r.SpamReasons, Model: analysis.Model(r.SpamModel),
		}
	}
	if r.SentimentLabel != "" {
		j.Sentiment = &analysis.Sentiment{
			Label: analysis.Label(r.SentimentLabel), Score: value(r.SentimentScore), Model: analysis.Model(r.SentimentModel),
		}
	}
	return j
}

func (r *postRow) isSpam() bool  { return r.SpamVerdict == string(analysis.Spam) }
func (r *postRow) byHuman() bool { return r.SpamModel == string(analysis.HumanModel) }
func (r *postRow) scored() bool  { return r.SentimentLabel != "" }

func value(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

// spamRow and sentimentRow are verdicts on their way onto posts.
type spamRow struct {
	ID          string
	Occurrences int
	Verdict     string
	Score       float64
	Reasons     []string
	Model       string
}

type sentimentRow struct {
	ID    string
	Label string
	Score float64
	Model string
}
