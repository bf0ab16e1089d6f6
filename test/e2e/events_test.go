package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gosse "github.com/tmaxmax/go-sse"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// revokedWithin is the contract's 5 seconds, and some for a busy machine;
// adapters/rest tests the 5 in virtual time.
const revokedWithin = 10 * time.Second

// stoppedWithin is less than the grace that requests have at the end of a
// process: streams must not use it up.
const stoppedWithin = 4 * time.Second

// seen is an event as it came.
type seen struct {
	typ, id string
	at      time.Time
	task    task
	more    struct {
		PostsPerSecond float64
		SecondsLeft    *int64
		WaitingFor     *string
	}
}

// events opens a task's stream. The channel is closed when the stream has ended.
func (c *client) events(id string, headers ...string) <-chan seen {
	t := c.w.t
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+*c.w.address+"/tasks/"+id+"/events", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req) //nolint:bodyclose // whoever reads the events closes it
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	all, read := make(chan seen, 1000), make(chan struct{})
	t.Cleanup(func() { cancel(); <-read })
	go func() {
		defer close(read)
		defer close(all)
		defer func() { _ = resp.Body.Close() }()
		for e, err := range gosse.Read(resp.Body, nil) {
			if err != nil {
				return
			}
			s := seen{typ: e.Type, id: e.LastEventID, at: time.Now()}
			if json.Unmarshal([]byte(e.Data), &s.task) == nil && json.Unmarshal([]byte(e.Data), &s.more) == nil {
				all <- s
			}
		}
	}()
	return all
}

func (c *client) next(from <-chan seen) seen {
	c.w.t.Helper()
	select {
	case s, open := <-from:
		require.True(c.w.t, open, "the stream has ended")
		return s
	case <-time.After(endsWithin):
		require.Fail(c.w.t, "no event comes")
	}
	return seen{}
}

// rest returns what comes until the stream ends.
func (c *client) rest(from <-chan seen, within time.Duration) (all []seen) {
	c.w.t.Helper()
	deadline := time.After(within)
	for {
		select {
		case s, open := <-from:
			if !open {
				return all
			}
			all = append(all, s)
		case <-deadline:
			require.Fail(c.w.t, "the stream does not end")
		}
	}
}

// twice deploys a set-up, and one more API process where processes are apart.
// The second client is the first one at that other process.
func twice(t *testing.T, s setup) (w *world, first, second *client) {
	w = deploy(t, s)
	first, second = w.somebody, w.somebody
	if s.apart {
		there := *w
		there.address = new(*w.address)
		first = &client{w: &there, token: w.somebody.token, http: w.somebody.http}
		w.start("api")
		require.NotEqual(t, *first.w.address, *second.w.address)
	}
	return w, first, second
}

func TestEvents(t *testing.T) {
	t.Parallel()
	onEachQueue(t, func(t *testing.T, s setup) {
		w, here, there := twice(t, s)
		w.addVideo("WatchedLive", 8*100)
		w.fake.Inject(fakeapi.Rule{
			Service: fakeapi.YouTube, Path: "commentThreads", Query: "videoId=WatchedLive", Effect: fakeapi.Delayed, DelayMillis: 800,
		})
		made := here.create(watch+"WatchedLive", "")
		w.stranger.refused(404, "not_found", http.MethodGet, "/tasks/"+made.ID+"/events", "")
		a, b := here.events(made.ID), there.events(made.ID)
		atA, atB := here.rest(a, endsWithin), there.rest(b, endsWithin)
		want := here.task(made.ID)
		require.Equal(t, "completed", want.Status, want.Problems)
		for _, all := range [][]seen{atA, atB} {
			requireEvents(t, all)
			assert.Equal(t, want, all[len(all)-1].task)
		}
		assert.Equal(t, atA[len(atA)-1].id, atB[len(atB)-1].id, "a revision is the same from any process")

		again := there.rest(there.events(made.ID, "Last-Event-ID", atA[0].id), endsWithin)
		assert.Equal(t, atA[len(atA)-1].id, again[0].id, "after Last-Event-ID the newest state comes")
		assert.Equal(t, "done", again[len(again)-1].typ)
		head := there.do(http.MethodHead, "/tasks/"+made.ID+"/events", "")
		assert.Equal(t, http.StatusOK, head.Status)
		assert.Equal(t, "text/event-stream", head.Header.Get("Content-Type"))
	})
}

// requireEvents: progress at most once a second, each with a new revision and
// not less than before, then done.
func requireEvents(t *testing.T, all []seen) {
	t.Helper()
	require.GreaterOrEqual(t, len(all), 4)
	quick := false
	for i, e := range all[:len(all)-1] {
		assert.Equal(t, "progress", e.typ)
		quick = quick || e.more.PostsPerSecond > 0
		if i == 0 {
			continue
		}
		before := all[i-1]
		assert.NotEqual(t, before.id, e.id)
		assert.GreaterOrEqual(t, e.task.Progress.Posts.Fetched, before.task.Progress.Posts.Fetched)
		if i > 1 { // the first may have lain in the connection's buffers
			assert.Greater(t, e.at.Sub(before.at), 700*time.Millisecond, "a reader may be late by some")
		}
	}
	assert.True(t, quick, "no event has a pace")
	assert.Equal(t, "done", all[len(all)-1].typ)
}

// TestEventsEnd: with the task, the key, and the process, each soon.
func TestEventsEnd(t *testing.T) {
	t.Parallel()
	onEachQueue(t, func(t *testing.T, s setup) {
		w, here, there := twice(t, s)
		w.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: "videos", Effect: fakeapi.Delayed, DelayMillis: 1000})
		deleted, kept := here.create(fakeapi.DemoVideoURL, ""), here.create(fakeapi.DemoVideoURL, "")
		for _, id := range []string{deleted.ID, kept.ID} {
			require.Equal(t, http.StatusAccepted, here.do(http.MethodPost, "/tasks/"+id+"/pause", "").Status)
		}
		ofDeleted := there.events(deleted.ID)
		first := there.next(ofDeleted)
		assert.Equal(t, "paused", first.task.Status)
		require.NotNil(t, first.more.WaitingFor)
		assert.Contains(t, *first.more.WaitingFor, "paused by you")
		assert.Nil(t, first.more.SecondsLeft)
		require.Equal(t, http.StatusNoContent, here.do(http.MethodDelete, "/tasks/"+deleted.ID, "").Status)
		there.rest(ofDeleted, endsWithin)

		var key struct{ ID, Key string }
		here.read(here.do(http.MethodPost, "/apikeys", `{"name":"another"}`), http.StatusCreated, &key)
		other := &client{w: there.w, token: key.Key, http: there.http}
		ofKey, ofKept := other.events(kept.ID), there.events(kept.ID)
		other.next(ofKey)
		there.next(ofKept)
		require.Equal(t, http.StatusNoContent, here.do(http.MethodDelete, "/apikeys/"+key.ID, "").Status)
		require.Empty(t, other.rest(ofKey, revokedWithin))

		for _, p := range w.running {
			p.ask()
		}
		require.Empty(t, there.rest(ofKept, stoppedWithin))
		for _, p := range w.running {
			p.waitUntilEnded(t)
		}
		w.running = nil // a second signal would end them the hard way
	})
}
