package bootstrap

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

const (
	barWidth  = 30
	maxLine   = 72
	trendCols = 40
)

// printSummary tells a person what people think, and where the export and the
// report are, if there are any.
func printSummary(w io.Writer, t task.State, s analysis.Summary, written *exported, report string) error {
	p := &summaryPrinter{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	title := t.Sources[0].Title
	if title == "" {
		title = t.Sources[0].URL
	}
	p.line("")
	p.line("%s", shorten(title, maxLine))
	p.line("%s", t.Sources[0].URL)
	p.line("")
	p.counts(s)
	p.mood(s)
	p.trend(s.ByDay)
	p.words(s.Words)
	p.authors(s.TopAuthors)
	p.liked(s.MostLiked)
	p.reasons(s.SpamReasons)
	p.missing(s)
	p.problems(t)
	if written != nil {
		p.row("Export", "%s (%d rows)", written.path, written.rows)
	}
	if report != "" {
		p.row("Report", "%s", report)
	}
	p.row("Task", "%s, %s in %s", t.ID, t.Status, took(t))
	return p.flush()
}

type summaryPrinter struct {
	w   *tabwriter.Writer
	err error
}

func (p *summaryPrinter) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *summaryPrinter) row(name, format string, args ...any) {
	p.line("%s\t%s", name, fmt.Sprintf(format, args...))
}

func (p *summaryPrinter) flush() error {
	if p.err != nil {
		return p.err
	}
	return p.w.Flush()
}

func (p *summaryPrinter) counts(s analysis.Summary) {
	p.row("Posts", "%s: %s comments, %s replies", number(s.Total), number(s.ByKind[content.CommentPost]), number(s.ByKind[content.ReplyPost]))
	judged := s.BySpam[analysis.Spam] + s.BySpam[analysis.OK]
	p.row("Spam", "%s  %s (%s)", gauge(s.BySpam[analysis.Spam], judged), percent(s.BySpam[analysis.Spam], judged), number(s.BySpam[analysis.Spam]))
}

func (p *summaryPrinter) mood(s analysis.Summary) {
	scored := s.BySentiment[analysis.Positive] + s.BySentiment[analysis.Neutral] + s.BySentiment[analysis.Negative]
	for i, l := range []analysis.Label{analysis.Positive, analysis.Neutral, analysis.Negative} {
		name := ""
		if i == 0 {
			name = "Mood"
		}
		p.row(name, "%s  %s %s", gauge(s.BySentiment[l], scored), percent(s.BySentiment[l], scored), l)
	}
}

// trend draws the mean score over time, a column a stretch of days.
func (p *summaryPrinter) trend(days []analysis.Day) {
	if len(days) < 2 {
		return
	}
	from, to := days[0].Day, days[len(days)-1].Day
	p.row("Mood over time", "%s", sparkline(columns(days, trendCols)))
	p.row("", "%s to %s, from all negative ▁ to all positive █", from.Format(time.DateOnly), to.Format(time.DateOnly))
}

// columns averages the days' mean scores, weighted by posts, into n stretches
// of equal length; NaN where nothing was scored.
func columns(days []analysis.Day, n int) []float64 {
	from, span := days[0].Day, days[len(days)-1].Day.Sub(days[0].Day)
	n = min(n, int(span/(24*time.Hour))+1)
	sums, weights := make([]float64, n), make([]float64, n)
	for _, d := range days {
		if d.MeanScore == nil {
			continue
		}
		i := min(int(float64(n)*float64(d.Day.Sub(from))/float64(span+1)), n-1)
		weight := float64(d.Positive + d.Neutral + d.Negative)
		sums[i] += *d.MeanScore * weight
		weights[i] += weight
	}
	for i := range sums {
		sums[i] /= weights[i] // 0/0 is NaN
	}
	return sums
}

func sparkline(scores []float64) string {
	marks := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, s := range scores {
		if math.IsNaN(s) {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(marks[min(int((s+1)/2*float64(len(marks))), len(marks)-1)])
	}
	return b.String()
}

func (p *summaryPrinter) authors(top []analysis.AuthorFigures) {
	for i, a := range top[:min(len(top), 3)] {
		name := ""
		if i == 0 {
			name = "Most active"
		}
		p.row(name, "%s (%s)", shorten(a.Name, 40), number(a.Posts))
	}
}

// words names those that mark each side, as many as a line holds.
func (p *summaryPrinter) words(w *analysis.SideWords) {
	if w == nil {
		return
	}
	for _, side := range []struct {
		name  string
		words []analysis.WordFigures
	}{{"Praise", w.Positive}, {"Blame", w.Negative}} {
		line := ""
		for _, f := range side.words {
			if next := strings.TrimPrefix(line+", "+f.Word, ", "); len([]rune(next)) <= maxLine {
				line = next
			}
		}
		if line != "" {
			p.row(side.name, "%s", line)
		}
	}
}

func (p *summaryPrinter) liked(most []analysis.JudgedPost) {
	for i, post := range most[:min(len(most), 3)] {
		if post.Likes <= 0 {
			return
		}
		name := ""
		if i == 0 {
			name = "Most liked"
		}
		p.row(name, "%s: %s", number(post.Likes), shorten(post.Text, maxLine-10))
	}
}

func (p *summaryPrinter) reasons(reasons []analysis.ReasonFigures) {
	var named []string
	for _, r := range reasons[:min(len(reasons), 4)] {
		named = append(named, fmt.Sprintf("%s (%s)", strings.ReplaceAll(r.Reason, "_", " "), number(r.Posts)))
	}
	if len(named) > 0 {
		p.row("Why spam", "%s", strings.Join(named, ", "))
	}
}

func (p *summaryPrinter) missing(s analysis.Summary) {
	for i, m := range s.AllMissing() {
		name, count := "", "an unknown number"
		if i == 0 {
			name = "Missing"
		}
		if m.Count != nil {
			count = number(*m.Count)
		}
		p.row(name, "%s: %s", count, strings.ReplaceAll(string(m.Cause), "_", " "))
	}
}

func (p *summaryPrinter) problems(t task.State) {
	for i, problem := range t.Problems {
		name := ""
		if i == 0 {
			name = "Problems"
		}
		p.row(name, "%s: %s", problem.Code, problem.Message)
	}
	if t.Status == task.Waiting {
		p.row("Come back", "%s", t.RetryAt.Local().Format(time.RFC1123))
	}
}

func took(t task.State) time.Duration {
	end := t.FinishedAt
	if end.IsZero() {
		end = time.Now()
	}
	return end.Sub(t.CreatedAt).Round(100 * time.Millisecond)
}

func gauge(part, whole int64) string {
	filled := 0
	if whole > 0 {
		filled = int(math.Round(float64(part) / float64(whole) * barWidth))
	}
	return strings.Repeat("█", filled) + strings.Repeat("░", barWidth-filled)
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "  –  "
	}
	return fmt.Sprintf("%4.1f %%", float64(part)/float64(whole)*100)
}

// number writes an integer with thousands apart.
func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// shorten cuts a text for one line of a terminal: control characters, which a
// stranger's title may hold, are dropped.
func shorten(s string, width int) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s))
	if len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return string(runes)
}
