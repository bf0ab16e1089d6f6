package files

import (
	"encoding/json"
	"io"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
)

// ndjsonEncoder writes a JSON document a line, each a post as GET
// /tasks/:id/posts has it. Texts are always exact.
type ndjsonEncoder struct {
	encoder *json.Encoder
	line    jsonPost
}

type jsonPost struct {
	ID               string         `json:"id"`
	ExternalID       string         `json:"externalId"`
	ParentExternalID *string        `json:"parentExternalId"`
	RootExternalID   *string        `json:"rootExternalId"`
	Kind             string         `json:"kind"`
	Author           jsonAuthor     `json:"author"`
	Text             string         `json:"text"`
	Likes            int64          `json:"likes"`
	PublishedAt      *time.Time     `json:"publishedAt"`
	EditedAt         *time.Time     `json:"editedAt"`
	Deleted          bool           `json:"deleted"`
	URL              string         `json:"url"`
	Spam             *jsonSpam      `json:"spam"`
	Sentiment        *jsonSentiment `json:"sentiment"`
}

type jsonAuthor struct {
	Name       *string `json:"name"`
	ExternalID *string `json:"externalId"`
}

type jsonSpam struct {
	Verdict analysis.Verdict `json:"verdict"`
	Score   float64          `json:"score"`
	Reasons []string         `json:"reasons"`
	Model   analysis.Model   `json:"model"`
}

type jsonSentiment struct {
	Label analysis.Label `json:"label"`
	Score float64        `json:"score"`
	Model analysis.Model `json:"model"`
}

func newNDJSON(w io.Writer) *ndjsonEncoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &ndjsonEncoder{encoder: e}
}

// Encode writes one line.
func (e *ndjsonEncoder) Encode(p *analysis.JudgedPost) error {
	e.line = jsonPost{
		ID: p.ID, ExternalID: p.ExternalID, ParentExternalID: orNull(p.ParentExternalID),
		RootExternalID: orNull(p.RootExternalID), Kind: string(p.Kind),
		Author: jsonAuthor{Name: orNull(p.Author.Name), ExternalID: orNull(p.Author.ExternalID)},
		Text:   p.Text, Likes: p.Likes, PublishedAt: timeOrNull(p.PublishedAt),
		EditedAt: timeOrNull(p.EditedAt), Deleted: p.Deleted, URL: p.URL,
	}
	if p.Spam != nil {
		e.line.Spam = &jsonSpam{p.Spam.Verdict, p.Spam.Score, append([]string{}, p.Spam.Reasons...), p.Spam.Model}
	}
	if p.Sentiment != nil {
		e.line.Sentiment = &jsonSentiment{p.Sentiment.Label, p.Sentiment.Score, p.Sentiment.Model}
	}
	return e.encoder.Encode(&e.line)
}

// Close has nothing to write: no posts are no lines.
func (e *ndjsonEncoder) Close() error { return nil }

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
