package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// client speaks the REST API as any client would.
type client struct{ base, keyFile string }

func newClient(base, keyFile string) client { return client{base: base, keyFile: keyFile} }

const (
	requestTimeout = 30 * time.Second
	startTimeout   = 15 * time.Second
	jobTimeout     = 10 * time.Minute
)

type taskDocument struct {
	ID       string
	Status   string
	Source   struct{ Title string }
	Progress struct {
		Posts struct {
			Fetched, Spam, Scored int64
			Expected              *int64
		}
	}
	Problems []struct{ Code, Message string }
}

type summaryDocument struct {
	Posts struct {
		Total               int64
		ByKind              map[string]int64
		BySentiment, BySpam map[string]int64
	}
	ByDay []struct {
		Day       string
		MeanScore *float64
	}
	Completeness struct {
		Missing []struct {
			Cause string
			Count *int64
		}
	}
}

// show runs the job and prints what came of it.
func show(ctx context.Context, c client, job map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	if err := c.untilReady(ctx); err != nil {
		return err
	}
	say("POST /tasks %s", job["url"])
	var task taskDocument
	if err := c.call(ctx, http.MethodPost, "/tasks", job, &task); err != nil {
		return err
	}
	if err := c.watch(ctx, &task); err != nil {
		return err
	}
	for _, p := range task.Problems {
		fmt.Printf("  %s: %s\n", p.Code, p.Message)
	}
	if task.Status == "failed" {
		return fmt.Errorf("the task failed")
	}
	var summary summaryDocument
	if err := c.call(ctx, http.MethodGet, "/tasks/"+task.ID+"/summary", nil, &summary); err != nil {
		return err
	}
	say("What people say about %q", task.Source.Title)
	printSummary(summary)
	if err := c.plots(ctx, task.ID); err != nil {
		return err
	}
	return c.export(ctx, task.ID)
}

// plots downloads the pictures, which README.md shows.
func (c client) plots(ctx context.Context, id string) error {
	for _, name := range []string{"sentiment-over-time.svg", "mix.svg", "volume.svg"} {
		svg, err := c.do(ctx, http.MethodGet, "/tasks/"+id+"/plots/"+name, nil)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), svg, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// untilReady waits for the first start: /readyz answers, the key is there.
func (c client) untilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := c.call(ctx, http.MethodGet, "/me", nil, nil)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("soundings did not get ready: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// watch shows the comments as they arrive and are judged: a bar on a terminal,
// a line a second elsewhere.
func (c client) watch(ctx context.Context, task *taskDocument) error {
	show := lines(task)
	if term.IsTerminal(int(os.Stdout.Fd())) {
		show = bar(task)
	}
	err := c.poll(ctx, task, show)
	fmt.Printf("\n  the task is %s\n", task.Status)
	return err
}

func state(task *taskDocument) string {
	p := task.Progress.Posts
	return fmt.Sprintf("  %d comments, %d spam, %d scored", p.Fetched, p.Spam, p.Scored)
}

func lines(task *taskDocument) func() {
	next := time.Now()
	return func() {
		if now := time.Now(); now.After(next) {
			next = now.Add(time.Second)
			fmt.Println(state(task))
		}
	}
}

func bar(task *taskDocument) func() {
	bar := progressbar.NewOptions64(1, progressbar.OptionSetWriter(os.Stdout), progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(false), progressbar.OptionShowCount())
	return func() {
		p := task.Progress.Posts
		bar.Describe(state(task))
		if p.Expected != nil {
			bar.ChangeMax64(max(*p.Expected, p.Fetched))
		}
		_ = bar.Set64(p.Fetched)
	}
}

// poll reads the task until it has ended, ten times a second.
func (c client) poll(ctx context.Context, task *taskDocument, seen func()) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for task.Status == "pending" || task.Status == "running" {
		if err := c.call(ctx, http.MethodGet, "/tasks/"+task.ID, nil, task); err != nil {
			return err
		}
		seen()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// export downloads the CSV and shows its first lines.
func (c client) export(ctx context.Context, id string) error {
	say("POST /tasks/export, then GET /tasks/:id/download")
	var task taskDocument
	if err := c.call(ctx, http.MethodPost, "/tasks/export", map[string]any{"taskId": id, "format": "csv"}, &task); err != nil {
		return err
	}
	if err := c.poll(ctx, &task, func() {}); err != nil {
		return err
	}
	body, err := c.do(ctx, http.MethodGet, "/tasks/"+task.ID+"/download", nil)
	if err != nil {
		return err
	}
	path := filepath.Join(folder, "comments.csv")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return err
	}
	lines := bytes.SplitN(body, []byte("\r\n"), 4)
	for _, line := range lines[:min(3, len(lines))] {
		fmt.Printf("  %.110s…\n", line)
	}
	fmt.Printf("  %s, %d KiB\n", path, len(body)>>10)
	return nil
}

func printSummary(s summaryDocument) {
	bySpam, mood := s.Posts.BySpam, s.Posts.BySentiment
	fmt.Printf("  posts     %d: %d comments, %d replies\n", s.Posts.Total, s.Posts.ByKind["comment"], s.Posts.ByKind["reply"])
	fmt.Printf("  spam      %s\n", share(bySpam["spam"], bySpam["spam"]+bySpam["ok"]))
	scored := mood["positive"] + mood["neutral"] + mood["negative"]
	for _, label := range []string{"positive", "neutral", "negative"} {
		fmt.Printf("  %-9s %s\n", label, share(mood[label], scored))
	}
	if n := len(s.ByDay); n > 1 {
		fmt.Printf("  mood      %s\n            %s to %s, ▁ negative, █ positive\n", trend(s), s.ByDay[0].Day[:10], s.ByDay[n-1].Day[:10])
	}
	for _, m := range s.Completeness.Missing {
		count := "an unknown number"
		if m.Count != nil {
			count = fmt.Sprint(*m.Count)
		}
		fmt.Printf("  missing   %s: %s\n", count, strings.ReplaceAll(m.Cause, "_", " "))
	}
}

func share(part, whole int64) string {
	ratio := float64(part) / float64(max(whole, 1))
	full := int(math.Round(ratio * 30))
	return fmt.Sprintf("%s%s %5.1f %%", strings.Repeat("█", full), strings.Repeat("░", 30-full), 100*ratio)
}

// trend draws the mean score of up to 40 stretches of days.
func trend(s summaryDocument) string {
	columns := min(40, len(s.ByDay))
	var b strings.Builder
	for i := range columns {
		sum, n := 0.0, 0
		for _, d := range s.ByDay[i*len(s.ByDay)/columns : (i+1)*len(s.ByDay)/columns] {
			if d.MeanScore != nil {
				sum += *d.MeanScore
				n++
			}
		}
		if n == 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune([]rune("▁▂▃▄▅▆▇█")[min(int((sum/float64(n)+1)*4), 7)])
	}
	return b.String()
}

func (c client) call(ctx context.Context, method, path string, body, into any) error {
	answer, err := c.do(ctx, method, path, body)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

func (c client) do(ctx context.Context, method, path string, body any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var sent io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(encoded)
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, sent)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s %s: %s %s", method, path, response.Status, answer)
	}
	return answer, nil
}
