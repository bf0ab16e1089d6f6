package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/bootstrap"
	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	madeThreads = 150 // two pages
	// callsEnd is how long a call may hang where processes run here.
	callsEnd = time.Second
)

// fault is a mishap of the platform on one video, and what becomes of its task.
type fault struct {
	name    string
	address string // empty: a video of its own with madeThreads comments
	rule    fakeapi.Rule
	status  string
	code    string // empty: no problem
	least   int    // comments stored at least; madeThreads is all of them
}

var faults = []fault{
	{name: "gone", address: watch + "RemovedCut0", status: "failed", code: "source_not_found"},
	{name: "private", address: watch + "PrivateCut0", status: "failed", code: "source_forbidden"},
	{name: "comments disabled", address: watch + "NoComments0", status: "completed_partial", code: "comments_disabled"},
	{name: "no such channel", address: "https://www.youtube.com/@nobodyHere", status: "failed", code: "source_not_found"},
	{name: "no such playlist", address: "https://www.youtube.com/playlist?list=PLnosuchplaylist00", status: "failed", code: "source_not_found"},
	{name: "no credentials of Reddit", address: fakeapi.DemoRedditURL, status: "failed", code: "no_credentials"},
	{name: "token refused once", rule: onPage2(1, fakeapi.RefusePageToken), status: "completed", least: madeThreads},
	{name: "token refused always", rule: onPage2(0, fakeapi.RefusePageToken), status: "completed_partial", code: "paging_broken", least: 100},
	{name: "page names itself", rule: fakeapi.Rule{Effect: fakeapi.LoopPageToken}, status: "completed_partial", code: "paging_broken", least: 100},
	{name: "token not looked at", rule: onPage2(0, fakeapi.IgnorePageToken), status: "completed_partial", code: "paging_broken", least: 100},
	{name: "half of the JSON once", rule: onPage2(1, fakeapi.Truncate), status: "completed", least: madeThreads},
	{name: "half of the JSON always", rule: onPage2(0, fakeapi.Truncate), status: "completed_partial", code: "provider_answer_invalid", least: 100},
	{name: "HTML once", rule: onPage2(1, fakeapi.Garbage), status: "completed", least: madeThreads},
	{name: "HTML always", rule: onPage2(0, fakeapi.Garbage), status: "completed_partial", code: "provider_answer_invalid", least: 100},
	{name: "cut twice", rule: onPage2(2, fakeapi.Cut), status: "completed", least: madeThreads},
	{name: "dropped once", rule: onPage2(1, fakeapi.Drop), status: "completed", least: madeThreads},
	{name: "rate limited once", rule: errorOnPage2(fakeapi.Rule{Times: 1, Reason: "rateLimitExceeded", RetryAfter: "1"}), status: "completed", least: madeThreads},
	{name: "down for a moment", rule: errorOnPage2(fakeapi.Rule{Times: 2, Status: http.StatusBadGateway}), status: "completed", least: madeThreads},
	{name: "down for good", rule: errorOnPage2(fakeapi.Rule{Status: http.StatusServiceUnavailable}), status: "completed_partial", code: "provider_unavailable", least: 100},
	{name: "empty page", rule: fakeapi.Rule{Times: 1, Effect: fakeapi.EmptyPage}, status: "completed", least: madeThreads - 100},
}

// onPage2 works on the pages behind the first.
func onPage2(times int, effect fakeapi.Effect) fakeapi.Rule {
	return fakeapi.Rule{Times: times, Skip: 1, Effect: effect}
}

func errorOnPage2(r fakeapi.Rule) fakeapi.Rule {
	r.Skip, r.Effect = 1, fakeapi.Error
	return r
}

func TestWhatThePlatformDoesWrong(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s, func(w *world) {
			w.change = func(c *bootstrap.Config) { c.CallTimeout = callsEnd }
		})
		cases := faults
		if !s.apart { // elsewhere a call may take its 30 seconds
			cases = append(cases[:len(cases):len(cases)], fault{name: "hangs once", rule: onPage2(1, fakeapi.Hang), status: "completed", least: madeThreads})
		}
		// All tasks run at a time: much of what they do is waiting.
		ids := make([]string, len(cases))
		for i, f := range cases {
			ids[i] = w.somebody.create(w.prepare(i, f), "").ID
		}
		for i, f := range cases {
			t.Run(f.name, func(t *testing.T) { requireFault(t, w, ids[i], f) })
		}
	})
}

// prepare gives a fault its video, and returns the address.
func (w *world) prepare(n int, f fault) string {
	w.t.Helper()
	if f.address != "" {
		return f.address
	}
	id := fmt.Sprintf("FaultVideo%c", 'a'+n)
	w.addVideo(id, madeThreads)
	f.rule.Service, f.rule.Path, f.rule.Query = fakeapi.YouTube, "commentThreads", "videoId="+id
	w.fake.Inject(f.rule)
	return watch + id
}

// addVideo adds a video with comments, an hour between them.
func (w *world) addVideo(id string, threads int) {
	w.t.Helper()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w.data.AddVideo(fakeapi.Video{ID: id, ChannelID: "UCTidelineWorkshopDemo01", Title: "Video " + id, PublishedAt: at})
	for i := range threads {
		require.NoError(w.t, w.data.AddComment(fakeapi.Comment{
			ID: fmt.Sprintf("Ugw%s%05d", id, i), VideoID: id, Author: fmt.Sprintf("Viewer %d", i),
			AuthorChannelID: fmt.Sprintf("UCviewer%016d", i), Text: fmt.Sprintf("What I think of minute %d: good", i),
			PublishedAt: at.Add(time.Duration(i) * time.Hour),
		}))
	}
}

func requireFault(t *testing.T, w *world, id string, f fault) {
	t.Helper()
	c := w.somebody.in(t)
	came := c.when(id, "is "+f.status, func(t task) bool { return t.Status == f.status || t.FinishedAt != nil })
	require.Equal(t, f.status, came.Status, "%v", came.Problems)
	comments := 0
	for _, p := range c.posts(id, nil) {
		if p.Kind != "video" {
			comments++
			assert.NotNil(t, p.Spam, "what was fetched is judged")
		}
	}
	assert.GreaterOrEqual(t, comments, f.least, "what was fetched before stays")
	switch {
	case f.code == "":
		assert.Empty(t, came.Problems)
	default:
		assert.Equal(t, []string{f.code}, came.codes())
		assert.NotEmpty(t, came.Problems[0].Message)
	}
	requireConsistent(t, c, came, c.posts(id, nil))
}

// pacificMidnight is when YouTube's quota comes back.
func pacificMidnight(t *testing.T) time.Time {
	t.Helper()
	pacific, err := time.LoadLocation("America/Los_Angeles")
	require.NoError(t, err)
	y, m, d := time.Now().In(pacific).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, pacific).UTC()
}
