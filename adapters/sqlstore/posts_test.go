package sqlstore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

func TestAnUnknownTimeComesBackAsNone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		posts := madeUp(0, 3)
		posts[1].PublishedAt = time.Time{}
		posts[2].EditedAt = posts[2].PublishedAt.Add(time.Microsecond)
		save(t, s, l, posts...)
		var got []content.Post
		require.NoError(t, s.EachPost(t.Context(), created.User, created.ID, analysis.PostFilter{}, analysis.ByTime, func(p *analysis.JudgedPost) error {
			got = append(got, p.Post)
			return nil
		}))
		require.ElementsMatch(t, posts, got)
		require.True(t, got[0].PublishedAt.IsZero(), "the unknown time comes first")
		summary, err := s.Summary(t.Context(), created.User, created.ID)
		require.NoError(t, err)
		require.EqualValues(t, 3, summary.Total)
		var days int64
		for _, d := range summary.ByDay {
			days += d.Posts
		}
		require.EqualValues(t, 2, days)
		listed, err := s.Posts(t.Context(), created.User, created.ID, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 2})
		require.NoError(t, err)
		last, err := s.Posts(t.Context(), created.User, created.ID, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 2, After: listed.Next})
		require.NoError(t, err)
		require.Len(t, last.Items, 1)
		require.True(t, last.Items[0].PublishedAt.IsZero())
	})
}

func TestAPersonsVerdictStays(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		posts := madeUp(0, 4)
		for i := range posts {
			posts[i].Text = "the very same text, more than twenty letters"
		}
		l = save(t, s, l, posts...)
		require.NoError(t, s.Finish(t.Context(), l, task.Succeed()))
		judge := claimDue(t, s)
		batch, err := s.BatchPosts(t.Context(), created.ID, judge.Subtask.ID, false, "", 10)
		require.NoError(t, err)
		_, err = s.db.NewUpdate().Table("posts").Set("spam_verdict = 'ok'").Set("spam_score = 0").Set("spam_model = ?", analysis.HumanModel).
			Where("id = ?", batch[0].ID).Exec(t.Context())
		require.NoError(t, err)
		var verdicts []ports.SpamResult
		for _, p := range batch {
			verdicts = append(verdicts, ports.SpamResult{PostID: p.ID, Verdict: analysis.SpamVerdict{Verdict: analysis.Spam, Score: 1, Model: "m@1"}})
		}
		require.NoError(t, s.SaveSpam(t.Context(), judge, judge.Subtask.ID, verdicts))
		require.NoError(t, s.Finish(t.Context(), judge, task.Succeed()))
		after, err := s.Task(t.Context(), created.User, created.ID)
		require.NoError(t, err)
		require.EqualValues(t, 3, after.Counters.Spam)

		last := claimDue(t, s)
		stale, err := s.CountRepeats(t.Context(), last)
		require.NoError(t, err)
		require.Equal(t, []task.StaleBatch{{Batch: judge.Subtask.ID, Posts: 3}}, stale, "nobody asks about the person's verdict again")
	})
}

func claimDue(t *testing.T, s *Store) ports.Lease {
	t.Helper()
	deliveries, err := s.Dispatch(t.Context(), task.DefaultLimits())
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	l, err := s.Claim(t.Context(), deliveries[0], "me", time.Minute)
	require.NoError(t, err)
	return l
}

func TestTextsAreFoundInAnyCase(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		posts := madeUp(0, 3)
		posts[0].Text, posts[1].Text, posts[2].Text = "so eine GRÖSSE", "Größe zählt", `100%_sure\really`
		save(t, s, l, posts...)
		for query, want := range map[string]int{
			"größe": 1, "GRÖSSE": 1, "zÄHLT": 1, "EINE": 1, "%": 1, "_": 1, `\`: 1, "100%_SURE\\": 1, "0__s": 0, "": 3,
		} {
			found, err := s.Posts(t.Context(), created.User, created.ID, analysis.PostFilter{Query: query}, analysis.NewestFirst, ports.Paging{Limit: 10})
			require.NoError(t, err)
			require.Len(t, found.Items, want, query)
		}
	})
}

func TestACapLeavesRoomForWhatWasThere(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		_, l := leased(t, s, task.Options{MaxPosts: 5})
		l = save(t, s, l, madeUp(0, 4)...)
		reworded := madeUp(0, 1)
		reworded[0].Text = "another text"
		page := append(reworded, madeUp(1, 9)...)
		stored, err := s.SavePage(t.Context(), l, ports.PageWrite{Posts: page, Cursor: content.Cursor{Token: "u", Page: 2}, FreshBatch: task.BatchID(newID())})
		require.NoError(t, err)
		require.EqualValues(t, 1, stored.Inserted)
		require.True(t, stored.Capped)
		require.EqualValues(t, 6, stored.Subtask.BatchPosts, "the reworded one is judged again")
		require.EqualValues(t, 5, stored.Subtask.Counters.Fetched)
	})
}

func FuzzCursors(f *testing.F) {
	l := newList("posts", "of a task")
	f.Add(l.seal([]string{"1", "01a20589-eb76-7e7d-8852-e47a3edac7c9"}))
	f.Add("garbage")
	f.Fuzz(func(t *testing.T, cursor string) {
		keys, err := l.open(cursor, 2)
		if err == nil {
			require.Equal(t, keys, must(l.open(l.seal(keys), 2)))
		}
		_, err = newList("posts", "of another").open(l.seal([]string{cursor, newID()}), 2)
		require.Error(t, err)
	})
}

func must(keys []string, err error) []string {
	if err != nil {
		panic(err)
	}
	return keys
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
