package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// TestSpeed prints how fast the store is beside psql's \copy of the same rows
// into the same table. SPEED=1 asks for it; it judges nothing, because it is
// for people to read.
func TestSpeed(t *testing.T) {
	if os.Getenv("SPEED") == "" {
		t.Skip("SPEED=1 runs it")
	}
	const rows = 40_000
	t.Run("sqlite", func(t *testing.T) {
		for _, size := range []int{100, 1000} {
			s := newSQLite(t)
			speedOf(t, s, size, rows, 0)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		for round := range 2 {
			copied := copySpeed(t, rows)
			t.Logf("round %d: \\copy %.0f rows/s", round, copied)
			for _, size := range []int{100, 1000} {
				speedOf(t, newPostgres(t), size, rows, copied)
			}
		}
	})
}

func speedOf(t *testing.T, s *Store, size, rows int, copied float64) {
	t.Helper()
	ctx := t.Context()
	created, l := leased(t, s, task.Options{})
	perSecond := func(what string, n int, began time.Time) {
		rate := float64(n) / time.Since(began).Seconds()
		if copied > 0 {
			t.Logf("%5d a page: %-10s %8.0f rows/s, %.2f of copy", size, what, rate, rate/copied)
		} else {
			t.Logf("%5d a page: %-10s %8.0f rows/s", size, what, rate)
		}
	}
	var pages [][]content.Post
	for from := 0; from < rows; from += size {
		pages = append(pages, madeUp(from, from+size))
	}
	began := time.Now()
	for i, posts := range pages {
		stored, err := s.SavePage(ctx, l, ports.PageWrite{Posts: posts, Cursor: content.Cursor{Token: "t", Page: i + 1}, FreshBatch: task.BatchID(newID())})
		require.NoError(t, err)
		l.Subtask = stored.Subtask
	}
	perSecond("SavePage", rows, began)

	began = time.Now()
	for i, posts := range pages {
		_, err := s.SavePage(ctx, l, ports.PageWrite{Posts: posts, Cursor: content.Cursor{Token: "t", Page: i + 1}, FreshBatch: task.BatchID(newID())})
		require.NoError(t, err)
	}
	perSecond("SavePage known", rows, began)
	o := task.Succeed()
	require.NoError(t, s.Finish(ctx, l, o))

	reading, spam, sentiment, n := time.Duration(0), time.Duration(0), time.Duration(0), 0
	for {
		deliveries, err := s.Dispatch(ctx, task.DefaultLimits())
		require.NoError(t, err)
		if len(deliveries) == 0 {
			break
		}
		for _, d := range deliveries {
			lease, err := s.Claim(ctx, d, "me", time.Minute)
			require.NoError(t, err)
			if lease.Subtask.Payload.Repeats {
				began := time.Now()
				_, err := s.GatherRepeats(ctx, lease)
				require.NoError(t, err)
				perSecond("Gather", rows, began)
				require.NoError(t, s.Finish(ctx, lease, task.Succeed()))
				continue
			}
			r, sp, se, k := judgeBatch(t, ctx, s, lease)
			reading, spam, sentiment, n = reading+r, spam+sp, sentiment+se, n+k
			require.NoError(t, s.Finish(ctx, lease, task.Succeed()))
		}
	}
	t.Logf("batch posts %.0f/s, spam %.0f/s, sentiments %.0f/s",
		float64(n)/reading.Seconds(), float64(n)/spam.Seconds(), float64(n)/sentiment.Seconds())

	n = 0
	var first time.Time
	require.NoError(t, s.EachPost(ctx, created.User, created.ID, analysis.PostFilter{}, func(*analysis.JudgedPost) error {
		if n == 0 {
			first = time.Now()
		}
		n++
		return nil
	}))
	require.Equal(t, rows, n)
	perSecond("EachPost", n, first)
	began = time.Now()
	for range 2000 {
		_, err := s.Task(ctx, created.User, created.ID)
		require.NoError(t, err)
	}
	t.Logf("Task %.0f/s", 2000/time.Since(began).Seconds())
}

func judgeBatch(t *testing.T, ctx context.Context, s *Store, l ports.Lease) (reading, spam, sentiment time.Duration, n int) {
	t.Helper()
	for after := ""; ; {
		began := time.Now()
		posts, err := s.BatchPosts(ctx, l.Task.ID, l.Subtask.Payload.Batch, after, 500)
		require.NoError(t, err)
		reading += time.Since(began)
		if len(posts) == 0 {
			return reading, spam, sentiment, n
		}
		n += len(posts)
		var verdicts []ports.SpamResult
		var sentiments []ports.SentimentResult
		for _, p := range posts {
			verdicts = append(verdicts, ports.SpamResult{PostID: p.ID, Verdict: analysis.SpamVerdict{Verdict: analysis.OK, Score: 0.1, Model: "m@1"}})
			sentiments = append(sentiments, ports.SentimentResult{PostID: p.ID, Sentiment: analysis.Sentiment{Label: analysis.Positive, Score: 0.4, Model: "m@1"}})
		}
		began = time.Now()
		require.NoError(t, s.SaveSpam(ctx, l, verdicts))
		spam += time.Since(began)
		began = time.Now()
		require.NoError(t, s.SaveSentiments(ctx, l, sentiments))
		sentiment += time.Since(began)
		after = posts[len(posts)-1].ID
	}
}

// madeUp returns posts as long as real comments are.
func madeUp(from, to int) []content.Post {
	var posts []content.Post
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for n := from; n < to; n++ {
		posts = append(posts, content.Post{
			ExternalID: fmt.Sprintf("Ug%08xAbCdEfGhIjKl%02d", uint32(n)*2654435761, n%100), ParentExternalID: "dQw4w9WgXcQ", RootExternalID: "dQw4w9WgXcQ",
			Kind: content.CommentPost, Author: content.Author{Name: fmt.Sprintf("@author-%d", n%7000), ExternalID: fmt.Sprintf("UC%022d", n%7000)},
			Text:  strings.Repeat(fmt.Sprintf("some words of comment %c%c ", 'a'+rune(n%26), 'a'+rune(n/26%26)), 1+n%7),
			Likes: int64(n % 11), PublishedAt: at.Add(time.Duration(n*7919%1_000_003) * time.Minute),
			URL: fmt.Sprintf("https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ug%08x", n),
		})
	}
	return posts
}

// copySpeed stores the rows, writes them to a file and lets psql copy that into
// the emptied table.
func copySpeed(t *testing.T, rows int) float64 {
	t.Helper()
	url := migratedPostgres(t)
	s, err := Open(t.Context(), url, Options{})
	require.NoError(t, err)
	_, l := leased(t, s, task.Options{})
	for from := 0; from < rows; from += 1000 {
		_, err := s.SavePage(t.Context(), l, ports.PageWrite{Posts: madeUp(from, from+1000), FreshBatch: task.BatchID(newID())})
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	file := t.TempDir() + "/rows.csv"
	psql := func(command string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "psql", url, "-v", "ON_ERROR_STOP=1", "-c", command).CombinedOutput()
		require.NoError(t, err, string(bytes.TrimSpace(out)))
	}
	psql(`\copy (SELECT * FROM posts ORDER BY id) TO '` + file + `' CSV`)
	psql("TRUNCATE posts")
	began := time.Now()
	psql(`\copy posts FROM '` + file + `' CSV`)
	return float64(rows) / time.Since(began).Seconds()
}
