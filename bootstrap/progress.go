package bootstrap

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/domain/task"
)

// progress shows how far a task is.
type progress interface {
	show(t task.State)
	done()
}

// newProgress returns a bar for a terminal, and plain lines for anything else.
func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newBar(w)
	}
	return &lines{w: w}
}

// doing says in a few words what a task does now.
func doing(t task.State) string {
	c := t.Counters
	title := t.Sources[0].Title
	if title == "" {
		title = t.Sources[0].URL
	}
	switch {
	case t.Status == task.Waiting:
		return "waiting until " + t.RetryAt.Local().Format(time.TimeOnly)
	case c.Fetched == 0:
		return "opening " + t.Sources[0].URL
	}
	return fmt.Sprintf("%s: %d fetched, %d spam, %d scored", shorten(title, 40), c.Fetched, c.Spam, c.Scored)
}

// lines prints a line when something changed, at most every two seconds.
type lines struct {
	w    io.Writer
	last string
	next time.Time
}

func (l *lines) show(t task.State) {
	line := doing(t)
	if line == l.last || time.Now().Before(l.next) && !t.Status.Ended() {
		return
	}
	l.last, l.next = line, time.Now().Add(2*time.Second)
	fmt.Fprintln(l.w, line)
}

func (l *lines) done() {}

type bar struct{ *progressbar.ProgressBar }

func newBar(w io.Writer) bar {
	return bar{progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(24), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(),
		progressbar.OptionSpinnerType(14))}
}

// show counts a post when it is fetched and again when it is judged, so that
// the bar is full when the work is done, not when the fetching is. What the
// provider announced is a hint: the bar never ends before the task does.
func (b bar) show(t task.State) {
	c := t.Counters
	b.Describe(doing(t))
	if expected := max(c.Expected, c.Fetched); expected > 0 {
		b.ChangeMax64(2*expected + 1)
	}
	_ = b.Set64(c.Fetched + min(c.Spam+c.Scored, c.Fetched))
}

func (b bar) done() { _ = b.Finish() }

// quietLogger keeps the progress readable: warnings and errors alone, unless
// LOG_LEVEL asks for more.
func (c Config) quietLogger(w io.Writer) *slog.Logger {
	level := c.LogLevel
	if level == slog.LevelInfo {
		level = slog.LevelError
	}
	return slog.New(observe.Logs(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}
