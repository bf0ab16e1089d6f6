package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestRedditWhole(t *testing.T) {
	t.Parallel()
	onEachQueue(t, func(t *testing.T, s setup) {
		w := deploy(t, s, withAccounts)
		c := w.somebody
		for _, job := range []struct {
			name, address, kind, externalID string
			submissions                     []string
		}{
			{"thread", fakeapi.DemoRedditURL, "post", fakeapi.DemoSubmissionID, []string{"tide01"}},
			{"short address", "https://redd.it/tide02", "post", "tide02", []string{"tide02"}},
			{"share link", "https://www.reddit.com/r/" + fakeapi.DemoSubreddit + "/s/" + fakeapi.DemoShareCode, "", "", nil},
			{"subreddit", "https://old.reddit.com/r/" + fakeapi.DemoSubreddit + "/new/", "subreddit", fakeapi.DemoSubreddit, []string{"tide01", "tide02", "tide03", "tide04", "tide05", "tide06"}},
		} {
			made := c.create(job.address, "")
			t.Run(job.name, func(t *testing.T) {
				c := c.in(t)
				ended := c.ended(made.ID)
				require.Equal(t, "completed", ended.Status, ended.Problems)
				require.Equal(t, "MASTER_API_KEY", valueOf(ended.TokenSource))
				posts := c.posts(ended.ID, nil)
				requireJudged(t, c, ended, posts)
				if job.submissions == nil {
					assert.NotEmpty(t, posts)
					return
				}
				assert.Equal(t, job.kind, ended.Source.Kind)
				assert.Equal(t, job.externalID, ended.Source.ExternalID)
				requireTheThreads(t, w.data, job.submissions, posts)
			})
		}
		for sub, code := range map[string]string{
			fakeapi.DemoPrivateSubreddit: "source_forbidden", fakeapi.DemoBannedSubreddit: "source_not_found", "noSuchSubredditHere": "source_not_found",
		} {
			ended := c.collect("https://www.reddit.com/r/"+sub, "")
			assert.Equal(t, "failed", ended.Status, sub)
			assert.Equal(t, []string{code}, ended.codes(), sub)
		}

		own := c.connect("reddit")
		assert.Equal(t, fakeapi.DemoRedditAccount, valueOf(own.AccountName))
		w.fake.ExpireTokens()
		requireFetchedBy(t, c, c.collect("https://redd.it/tide03", ""), "USER_OAUTH", own.ID)
		requireFetchedBy(t, w.stranger, w.stranger.collect("https://redd.it/tide03", ""), "MASTER_API_KEY", "")
	})
}

// requireTheThreads compares the stored comments with those of the platform.
func requireTheThreads(t *testing.T, data *fakeapi.Data, submissions []string, posts []post) {
	t.Helper()
	type comment struct{ Parent, Root, Kind, Text string }
	want, got := map[string]comment{}, map[string]comment{}
	for _, id := range submissions {
		for _, c := range data.RedditComments(id) {
			kind, parent := "reply", "t1_"+c.ParentID
			if c.ParentID == "" {
				kind, parent = "comment", "t3_"+id
			}
			want["t1_"+c.ID] = comment{parent, "t3_" + id, kind, c.Text}
		}
	}
	found := 0
	for _, p := range posts {
		if p.Kind == "submission" {
			found++
			continue
		}
		_, twice := got[p.ExternalID]
		require.False(t, twice, "%s is stored twice", p.ExternalID)
		got[p.ExternalID] = comment{valueOf(p.ParentExternalID), valueOf(p.RootExternalID), p.Kind, p.Text}
	}
	require.Equal(t, len(want), len(got))
	for id, c := range want {
		require.Equal(t, c, got[id], id)
	}
	assert.GreaterOrEqual(t, found, len(submissions))
}

// requireJudged checks the counters against the posts, and that all that can be
// judged is.
func requireJudged(t *testing.T, c *client, of task, posts []post) {
	t.Helper()
	var spam, scored int64
	for _, p := range posts {
		if p.Deleted || p.Text == fakeapi.DeletedText || p.Text == fakeapi.RemovedText {
			require.Nil(t, p.Sentiment, "%s is gone and scored", p.ExternalID)
		}
		if p.Spam != nil && p.Spam.Verdict == "spam" {
			spam++
			require.Nil(t, p.Sentiment, "spam is never scored")
		}
		if p.Sentiment != nil {
			scored++
		}
	}
	require.Positive(t, scored)
	got := of.Progress.Posts
	require.Equal(t, [3]int64{int64(len(posts)), spam, scored}, [3]int64{got.Fetched, got.Spam, got.Scored}, "fetched, spam, scored")
	var s summary
	c.get("/tasks/"+of.ID+"/summary", &s)
	require.EqualValues(t, len(posts), s.Posts.Total)
}

// TestARecordedThread fetches what a collector of 2023 was answered, 1,428
// comments, and another of 2020.
func TestARecordedThread(t *testing.T) {
	t.Parallel()
	folder := fixtures(t)
	for group, comments := range map[string]int{"thread_n49rw_full": 1428, "thread_n49rw_recollected_2020": 1419} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			data, err := fakeapi.LoadDemo()
			require.NoError(t, err)
			id, err := data.LoadRedditThread(folder, group)
			require.NoError(t, err)
			w := deployOver(t, setups[0], data, withAccounts)
			began := time.Now()
			ended := w.somebody.collect("https://www.reddit.com/comments/"+id, "")
			t.Logf("%d posts in %v", ended.Progress.Posts.Fetched, time.Since(began).Round(time.Millisecond))
			require.Equal(t, "completed", ended.Status, ended.Problems)
			posts := w.somebody.posts(ended.ID, nil)
			assert.Len(t, posts, comments+1, "and the submission")
			requireTheThreads(t, data, []string{id}, posts)
			requireJudged(t, w.somebody, ended, posts)
		})
	}
}
