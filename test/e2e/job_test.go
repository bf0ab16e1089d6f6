package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	watch   = "https://www.youtube.com/watch?v="
	channel = "https://www.youtube.com/@TidelineWorkshop"
	series  = "https://www.youtube.com/playlist?list=PLTidelineWorkshopSolarBoatSeries1"
)

// discussed are the demo's videos that hold comments, listed those of the series.
var discussed = []string{"SolarBoat01", "BatteryFire", "HardReplies", "WakeIn60sec"}

func TestTheMainJob(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s)
		c := w.somebody
		for _, job := range []struct {
			name, address, kind, externalID, status string
			videos                                  []string
		}{
			{"video", fakeapi.DemoVideoURL, "video", fakeapi.DemoVideoID, "completed", discussed[:1]},
			{"short address", "https://youtu.be/HardReplies?si=tracker", "video", "HardReplies", "completed", discussed[2:3]},
			{"short", "https://m.youtube.com/shorts/WakeIn60sec", "short", "WakeIn60sec", "completed", discussed[3:]},
			{"playlist", series, "playlist", "PLTidelineWorkshopSolarBoatSeries1", "completed_partial", discussed},
			{"handle", channel, "handle", "@TidelineWorkshop", "completed_partial", discussed},
		} {
			made := c.create(job.address, "")
			t.Run(job.name, func(t *testing.T) {
				c := c.in(t)
				ended := c.ended(made.ID)
				assert.Equal(t, job.status, ended.Status, ended.Problems)
				assert.Equal(t, job.kind, ended.Source.Kind)
				assert.Equal(t, job.externalID, ended.Source.ExternalID)
				require.NotNil(t, ended.Source.Title)
				if job.status != "completed" {
					assert.Equal(t, []string{"comments_disabled"}, ended.codes(), "one of the videos has no comments")
				}
				posts := c.posts(ended.ID, nil)
				requireTheSource(t, w.data, job.videos, posts)
				requireConsistent(t, c, ended, posts)
				requireSubtasks(t, c, ended)
			})
		}
		assertLists(t, c)
	})
}

// requireTheSource compares the stored comments with those of the platform.
func requireTheSource(t *testing.T, data *fakeapi.Data, videos []string, posts []post) {
	t.Helper()
	type comment struct {
		ID, Parent, Root, Kind, Text, Author string
		Likes                                int64
		At                                   time.Time
	}
	want, got := map[string]comment{}, map[string]comment{}
	for _, v := range videos {
		for _, c := range data.Comments(v) {
			kind, parent := "reply", c.ParentID
			if parent == "" {
				kind, parent = "comment", v
			}
			want[c.ID] = comment{c.ID, parent, v, kind, c.Text, c.Author, c.Likes, c.PublishedAt.UTC()}
		}
	}
	for _, p := range posts {
		if p.Kind == "video" {
			continue
		}
		_, twice := got[p.ExternalID]
		require.False(t, twice, "%s is stored twice", p.ExternalID)
		got[p.ExternalID] = comment{p.ExternalID, *p.ParentExternalID, *p.RootExternalID, p.Kind, p.Text, valueOf(p.Author.Name), p.Likes, p.PublishedAt.UTC()}
	}
	require.Equal(t, len(want), len(got))
	for id, c := range want {
		require.Equal(t, c, got[id])
	}
}

func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// requireConsistent checks a task's counters and summary against its posts, and
// that every post is judged as it should be.
func requireConsistent(t *testing.T, c *client, of task, posts []post) {
	t.Helper()
	byKind, bySpam := map[string]int64{}, map[string]int64{"spam": 0, "ok": 0, "none": 0}
	bySentiment := map[string]int64{"positive": 0, "neutral": 0, "negative": 0, "none": 0}
	for _, p := range posts {
		byKind[p.Kind]++
		isSpam := p.Spam != nil && p.Spam.Verdict == "spam"
		switch {
		case p.Spam == nil:
			bySpam["none"]++
		default:
			bySpam[p.Spam.Verdict]++
		}
		switch {
		case isSpam:
			require.Nil(t, p.Sentiment, "spam is never scored")
			require.NotEmpty(t, p.Spam.Reasons)
		case p.Sentiment == nil:
			bySentiment["none"]++
		default:
			bySentiment[p.Sentiment.Label]++
		}
		if p.Kind == "video" {
			require.Nil(t, p.Spam)
			require.Nil(t, p.Sentiment)
		} else {
			require.NotNil(t, p.Spam, "%s is unjudged", p.ExternalID)
		}
	}
	scored := bySentiment["positive"] + bySentiment["neutral"] + bySentiment["negative"]
	got := of.Progress.Posts
	require.Equal(t, [3]int64{int64(len(posts)), bySpam["spam"], scored}, [3]int64{got.Fetched, got.Spam, got.Scored}, "fetched, spam, scored")

	var s summary
	c.get("/tasks/"+of.ID+"/summary", &s)
	require.EqualValues(t, len(posts), s.Posts.Total)
	require.Equal(t, bySpam, s.Posts.BySpam)
	require.Equal(t, bySentiment, s.Posts.BySentiment)
	maps.DeleteFunc(s.Posts.ByKind, func(_ string, n int64) bool { return n == 0 })
	require.Equal(t, byKind, s.Posts.ByKind)
	require.Equal(t, got.Fetched, s.Completeness.Fetched)
	var inDays int64
	for _, d := range s.ByDay {
		inDays += d.Posts
	}
	require.EqualValues(t, len(posts), inDays)
	require.True(t, slices.IsSortedFunc(s.TopAuthors, func(a, b struct {
		Name, ExternalID *string
		Posts            int64
		MeanScore        *float64
	}) int {
		return int(b.Posts - a.Posts)
	}))
}

func requireSubtasks(t *testing.T, c *client, of task) {
	t.Helper()
	types := map[string]int{}
	subtasks := all[subtask](c, "/tasks/"+of.ID+"/subtasks", nil)
	var done, failed int64
	for _, s := range subtasks {
		types[s.Type]++
		require.Equal(t, of.ID, s.TaskID)
		require.Equal(t, "youtube", s.ProviderID)
		switch s.Status {
		case "succeeded", "cancelled":
			done++
		case "failed":
			failed++
		default:
			require.Fail(t, "a subtask of an ended task is "+s.Status)
		}
		if s.Type == "FETCH_CONTENT" && s.Problem == nil {
			require.Equal(t, "MASTER_API_KEY", *s.TokenSource)
			require.Equal(t, "api_key", *s.AuthMode)
		}
	}
	got := of.Progress.Subtasks
	require.Equal(t, [3]int64{int64(len(subtasks)), done, failed}, [3]int64{got.Total, got.Done, got.Failed})
	for _, typ := range []string{"FETCH_CONTENT", "DETECT_SPAM", "ANALYZE_SENTIMENT"} {
		require.Positive(t, types[typ], typ)
	}
}

// assertLists looks through the lists of tasks and posts, whose filters agree
// with each other.
func assertLists(t *testing.T, c *client) {
	t.Helper()
	tasks := all[task](c, "/tasks", nil)
	require.Len(t, tasks, 5)
	assert.True(t, slices.IsSortedFunc(tasks, func(a, b task) int { return b.CreatedAt.Compare(a.CreatedAt) }), "newest first")
	assert.Len(t, all[task](c, "/tasks", url.Values{"kind": {"handle,playlist"}}), 2)
	assert.Len(t, all[task](c, "/tasks", url.Values{"status": {"completed"}}), 3)
	assert.Empty(t, all[task](c.w.stranger, "/tasks", nil))

	id := tasks[len(tasks)-1].ID // the first one made: the demo's main video
	whole := c.posts(id, nil)
	parts := 0
	for _, spam := range []string{"true", "false", "none"} {
		parts += len(c.posts(id, url.Values{"spam": {spam}}))
	}
	assert.Equal(t, len(whole), parts)
	assert.True(t, slices.IsSortedFunc(whole, func(a, b post) int { return b.PublishedAt.Compare(*a.PublishedAt) }), "newest first")
	liked := c.posts(id, url.Values{"sort": {"-likes"}, "kind": {"comment"}})
	assert.True(t, slices.IsSortedFunc(liked, func(a, b post) int { return int(b.Likes - a.Likes) }))
	for _, p := range c.posts(id, url.Values{"sentiment": {"negative,positive"}, "q": {"BATTERY"}}) {
		assert.NotNil(t, p.Sentiment)
		assert.Regexp(t, `(?i)battery`, p.Text)
	}
	author := valueOf(whole[len(whole)-1].Author.Name)
	for _, p := range c.posts(id, url.Values{"author": {author}}) {
		assert.Equal(t, author, valueOf(p.Author.Name))
	}
}

func TestOptionsAreKept(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s)
		c := w.somebody
		capped := c.create(channel, `{"maxPosts":150}`)
		threads := c.create(watch+"BatteryFire", `{"includeReplies":false}`)
		since := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
		late := c.create(watch+"BatteryFire", `{"since":"2026-03-20T12:00:00Z"}`)

		comments := 0
		for _, p := range c.posts(c.ended(capped.ID).ID, nil) {
			if p.Kind != "video" {
				comments++
			}
		}
		assert.Equal(t, 150, comments, "the cap is met exactly")
		var sum summary
		c.get("/tasks/"+capped.ID+"/summary", &sum)
		causes := []string{}
		for _, m := range sum.Completeness.Missing {
			causes = append(causes, m.Cause)
		}
		assert.Contains(t, causes, "capped")

		assert.Equal(t, "completed", c.ended(threads.ID).Status)
		assert.Empty(t, c.posts(threads.ID, url.Values{"kind": {"reply"}}))
		want := 0
		for _, comment := range w.data.Comments("BatteryFire") {
			if comment.ParentID == "" {
				want++
			}
		}
		assert.Len(t, c.posts(threads.ID, url.Values{"kind": {"comment"}}), want)

		assert.Equal(t, "completed", c.ended(late.ID).Status)
		want = 0
		for _, comment := range w.data.Comments("BatteryFire") {
			if !comment.PublishedAt.Before(since) {
				want++
			}
		}
		require.NotZero(t, want)
		assert.Len(t, c.posts(late.ID, url.Values{"kind": {"comment,reply"}}), want)
	})
}

func TestCancelAndDelete(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s)
		c := w.somebody
		w.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Effect: fakeapi.Delayed, DelayMillis: 300})
		made := c.create(fakeapi.DemoVideoURL, "")
		running := c.when(made.ID, "has fetched something", func(t task) bool { return t.Progress.Posts.Fetched > 100 })
		require.Equal(t, "running", running.Status)
		p := c.refused(http.StatusConflict, "wrong_state", http.MethodDelete, "/tasks/"+made.ID, "")
		assert.Equal(t, []string{"cancel", "pause"}, p.Allowed)

		var cancelled task
		c.read(c.do(http.MethodPost, "/tasks/"+made.ID+"/cancel", ""), http.StatusAccepted, &cancelled)
		at := time.Now()
		assert.Equal(t, "cancelled", cancelled.Status)
		watched := time.After(4 * time.Second)
		<-watched
		for _, call := range w.fake.Calls() {
			assert.Less(t, call.At.Sub(at), 2*time.Second, "a call after the cancel")
		}
		ended := c.task(made.ID)
		assert.Equal(t, "cancelled", ended.Status)
		kept := c.posts(made.ID, nil)
		assert.NotEmpty(t, kept, "what was fetched stays")
		assert.Equal(t, ended.Progress.Posts.Fetched, int64(len(kept)))
		c.read(c.do(http.MethodPost, "/tasks/"+made.ID+"/cancel", ""), http.StatusAccepted, &cancelled)

		w.stranger.refused(http.StatusNotFound, "not_found", http.MethodDelete, "/tasks/"+made.ID, "")
		assert.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, "/tasks/"+made.ID, "").Status)
		for _, path := range []string{"", "/posts", "/subtasks", "/summary"} {
			c.refused(http.StatusNotFound, "not_found", http.MethodGet, "/tasks/"+made.ID+path, "")
		}
	})
}
