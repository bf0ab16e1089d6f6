package console

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/adapters/internal/plots"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// figures are what a task's page tells of its posts.
type figures struct {
	analysis.Summary
	Sides, Kinds []share
	Spam         int64
	Gaps         []string
	Liked        []postLine
	Plots        []plotLine
}

// share is a part of a whole.
type share struct {
	Name, Word   string
	Count, Whole int64
}

// plotLine is a picture of a task's page.
type plotLine struct {
	Name  plots.Name
	About string
}

var plotLines = []plotLine{
	{plots.Mix, "How the sides share the posts"}, {plots.SentimentOverTime, "How the sentiment went"}, {plots.Volume, "How much was written"},
}

// longestLiked is how much of a much liked text the figures show.
const longestLiked = 160

func (s *Server) figuresOf(ctx context.Context, by access.Caller, t task.State) (*figures, error) {
	summed, err := s.summaries.of(ctx, s, by, t)
	if err != nil {
		return nil, err
	}
	f := &figures{Summary: summed, Spam: summed.BySpam[analysis.Spam], Plots: plotLines}
	labels, scored := []analysis.Label{analysis.Positive, analysis.Neutral, analysis.Negative}, int64(0)
	for _, label := range labels {
		scored += summed.BySentiment[label]
	}
	for _, label := range labels {
		f.Sides = append(f.Sides, share{Name: string(label), Word: labelWords[label], Count: summed.BySentiment[label], Whole: scored})
	}
	for _, kind := range []content.PostKind{content.VideoPost, content.SubmissionPost, content.CommentPost, content.ReplyPost} {
		if n := summed.ByKind[kind]; n > 0 {
			f.Kinds = append(f.Kinds, share{Name: string(kind), Word: kindWords[kind], Count: n, Whole: summed.Total})
		}
	}
	for _, m := range summed.AllMissing() {
		f.Gaps = append(f.Gaps, plain.Missing(m))
	}
	for _, p := range summed.MostLiked {
		f.Liked = append(f.Liked, postLineOf(t.ID, p, longestLiked))
	}
	return f, nil
}

// plotPolicy lets a picture be styled from within and nothing else.
const plotPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

// plot draws a picture of the task's page.
func (s *Server) plot(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	summed, err := s.summaries.of(v.Request().Context(), s, v.by, t)
	if err != nil {
		return err
	}
	svg, err := plots.Draw(plots.Name(strings.TrimSuffix(v.Param("name"), ".svg")), summed)
	if err != nil {
		return err
	}
	v.Response().Header().Set("Content-Security-Policy", plotPolicy)
	return v.Blob(http.StatusOK, "image/svg+xml", svg)
}

const (
	maxSummaries = 100
	// summaryAge bounds for how long figures may lack a verdict that was given in
	// another process and that another one outweighs in the task's counters.
	summaryAge = time.Minute
)

// summaries remembers figures: a page and its pictures are made of the same ones,
// and summing up a hundred thousand posts takes longer than a page may.
type summaries struct {
	mu   sync.Mutex
	kept map[task.ID]keptSummary
}

type keptSummary struct {
	revision string
	until    time.Time
	summary  analysis.Summary
}

// of returns the figures of the caller's task as it stands.
func (k *summaries) of(ctx context.Context, s *Server, by access.Caller, t task.State) (analysis.Summary, error) {
	revision := t.Revision()
	k.mu.Lock()
	kept, ok := k.kept[t.ID]
	k.mu.Unlock()
	if ok && kept.revision == revision && time.Now().Before(kept.until) {
		return kept.summary, nil
	}
	summed, err := s.Tasks.Summary(ctx, by, t.ID)
	if err != nil || t.Status.Ended() && summed.Words == nil {
		return summed, err // the words come in a moment
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxSummaries {
		clear(k.kept)
	}
	k.kept[t.ID] = keptSummary{revision: revision, until: time.Now().Add(summaryAge), summary: summed}
	return summed, nil
}

// forget makes the next look at a task's figures a fresh one.
func (k *summaries) forget(id task.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.kept, id)
}
