package console

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

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
	ID task.ID
	// Partial tells that the task still runs: there will be more. At is when they
	// were added up.
	Partial      bool
	At           time.Time
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
	kept, err := s.summaries.of(ctx, s, by, t)
	if err != nil {
		return nil, err
	}
	summed := kept.summary
	f := &figures{
		Summary: summed, ID: t.ID, Partial: !t.Status.Ended(), At: kept.at, Spam: summed.BySpam[analysis.Spam], Plots: plotLines,
	}
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

// quickFigures is how many posts are added up while a page waits; a page of more
// comes without its figures, and the script fetches them.
const quickFigures = 10_000

// figuresFor gives the page the figures that are at hand, and where newer or
// missing ones come from.
func (s *Server) figuresFor(v *visit, t task.State, page *taskPage) (err error) {
	if t.Kind != task.Analysis {
		return nil
	}
	ready := t.Counters.Fetched <= quickFigures || v.QueryParam("figures") != "" || s.summaries.have(t)
	if ready {
		page.Figures, err = s.figuresOf(v.Request().Context(), v.by, t)
	}
	if !ready || !t.Status.Ended() {
		page.FiguresFrom = taskPath(t.ID) + "/figures"
	}
	return err
}

// showFigures answers with the figures alone, which the script puts into the
// task's page.
func (s *Server) showFigures(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	if t.Kind != task.Analysis {
		return echo.ErrNotFound
	}
	f, err := s.figuresOf(v.Request().Context(), v.by, t)
	if err != nil {
		return err
	}
	var written bytes.Buffer
	if err := s.pages["task"].ExecuteTemplate(&written, "figures", f); err != nil {
		return err
	}
	return v.HTMLBlob(http.StatusOK, written.Bytes())
}

// plotPolicy lets a picture be styled from within and nothing else.
const plotPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

// plot draws a picture of the task's page.
func (s *Server) plot(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	kept, err := s.summaries.of(v.Request().Context(), s, v.by, t)
	if err != nil {
		return err
	}
	svg, err := plots.Draw(plots.Name(strings.TrimSuffix(v.Param("name"), ".svg")), kept.summary)
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
	// runningAge is how old the figures of a running task may be, however many
	// people look. Figures that take long to add up are kept longer, so that they
	// cost a process no more than this share of its time.
	runningAge   = 5 * time.Second
	runningShare = 20
	// wordsAge is how old figures may be that only lack their words.
	wordsAge = 2 * time.Second
)

// summaries remembers figures: a page and its pictures are made of the same ones,
// and summing up a hundred thousand posts takes longer than a page may.
type summaries struct {
	mu   sync.Mutex
	kept map[task.ID]keptSummary
}

// keptSummary are figures, of when and until when they are shown.
type keptSummary struct {
	revision  string
	ended     bool
	at, until time.Time
	summary   analysis.Summary
}

// found returns figures that may be shown of the task as it stands.
func (k *summaries) found(t task.State) (keptSummary, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, ok := k.kept[t.ID]
	same := kept.revision == t.Revision() || !kept.ended && !t.Status.Ended()
	return kept, ok && same && time.Now().Before(kept.until)
}

// have tells whether of needs no time.
func (k *summaries) have(t task.State) bool {
	_, ok := k.found(t)
	return ok
}

// of returns the figures of the caller's task.
func (k *summaries) of(ctx context.Context, s *Server, by access.Caller, t task.State) (keptSummary, error) {
	if kept, ok := k.found(t); ok {
		return kept, nil
	}
	began := time.Now()
	summed, err := s.Tasks.Summary(ctx, by, t.ID)
	if err != nil {
		return keptSummary{}, err
	}
	age := summaryAge
	switch {
	case !t.Status.Ended() && summed.Total == 0:
		age = time.Second // the first posts are waited for
	case !t.Status.Ended():
		age = max(runningAge, runningShare*time.Since(began))
	case summed.Words == nil:
		age = wordsAge // they come in a moment
	}
	kept := keptSummary{revision: t.Revision(), ended: t.Status.Ended(), at: began, until: began.Add(age), summary: summed}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxSummaries {
		clear(k.kept)
	}
	k.kept[t.ID] = kept
	return kept, nil
}

// forget makes the next look at a task's figures a fresh one.
func (k *summaries) forget(id task.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.kept, id)
}
