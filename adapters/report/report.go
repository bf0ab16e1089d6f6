// Package report writes what came of a task as one page that needs nothing else:
// no network, no script, no fonts. It can be mailed, printed and kept.
package report

import (
	_ "embed" // for the page and its style
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/adapters/internal/plots"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// Report is what a page tells: a task as it stood when its figures were read.
type Report struct {
	Task    task.State
	Summary analysis.Summary
	// MadeAt is when they were read.
	MadeAt time.Time
}

// longestText is how many characters of a post are shown: some have 64 KB.
const longestText = 600

var (
	//go:embed report.html
	source string
	//go:embed report.css
	style string
	page  = template.Must(template.New("report").Funcs(functions).Parse(source))
)

var functions = template.FuncMap{
	"number": plain.Number, "count": plain.Count, "percent": plain.Percent, "score": plain.Score,
	"status": plain.Status, "missing": plain.Missing, "problem": plain.Problem,
	"link": plain.Link, "isolated": plain.Isolated, "cut": cut,
	"reason": func(reason string) string { return strings.ReplaceAll(reason, "_", " ") },
	"day":    func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"minute": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}

// Write writes the page as HTML in UTF-8. What people wrote is text in it, never
// markup, and leads nowhere but to web pages. When it fails, what was written so
// far is no page.
func Write(w io.Writer, r Report) error {
	pictures := make(map[string]template.HTML, len(plots.Names()))
	for _, name := range plots.Names() {
		svg, err := plots.Draw(name, r.Summary)
		if err != nil {
			return fmt.Errorf("a report's pictures: %w", err)
		}
		pictures[string(name)] = template.HTML(svg) // numbers and dates alone are in it
	}
	return page.Execute(w, view{Report: r, Style: template.CSS(style), Pictures: pictures}) // a file of this package
}

// view is what the page is made from.
type view struct {
	Report
	Style    template.CSS
	Pictures map[string]template.HTML
}

// Title is the first source's title, or its address while nobody knows one.
func (v view) Title() string {
	first := v.Task.Sources[0]
	if first.Title == "" {
		return first.URL
	}
	return first.Title
}

// share is a line of the table of sentiment and spam.
type share struct {
	Name         string
	Posts, Whole int64
}

// Sides are shares of what was scored.
func (v view) Sides() []share {
	by := v.Summary.BySentiment
	scored := by[analysis.Positive] + by[analysis.Neutral] + by[analysis.Negative]
	return []share{
		{"positive", by[analysis.Positive], scored}, {"neutral", by[analysis.Neutral], scored}, {"negative", by[analysis.Negative], scored},
	}
}

// Spam is the share of what was judged.
func (v view) Spam() share {
	by := v.Summary.BySpam
	return share{"spam", by[analysis.Spam], by[analysis.Spam] + by[analysis.OK]}
}

// Unscored counts posts that are no spam and have no sentiment.
func (v view) Unscored() int64 { return v.Summary.BySentiment[""] }

// Comments counts what people wrote below the source.
func (v view) Comments() int64 { return v.Summary.ByKind[content.CommentPost] }

// Replies counts answers to comments.
func (v view) Replies() int64 { return v.Summary.ByKind[content.ReplyPost] }

// Gaps are the posts that a reader misses, by cause.
func (v view) Gaps() []analysis.Missing { return v.Summary.AllMissing() }

// problem is a problem of the task, with how often it came.
type problem struct {
	task.Problem
	Count int64
}

// Problems tells those of the same kind once.
func (v view) Problems() []problem {
	var told []problem
	at := map[[2]string]int{}
	for _, p := range v.Task.Problems {
		key := [2]string{string(p.Code), p.Message}
		if i, known := at[key]; known {
			told[i].Count++
			continue
		}
		at[key] = len(told)
		told = append(told, problem{p, 1})
	}
	return told
}

// Platform is the name of whose posts these are.
func (v view) Platform() string {
	if v.Task.Provider == content.Reddit {
		return "Reddit"
	}
	return "YouTube"
}

// cut shortens a text for the page.
func cut(text string) string {
	text = strings.TrimSpace(text)
	runes := 0
	for i := range text {
		if runes++; runes > longestText {
			return text[:i] + "…"
		}
	}
	return text
}
