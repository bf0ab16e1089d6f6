package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	gosse "github.com/tmaxmax/go-sse"

	"github.com/soundings-io/soundings/application"
)

// stream is an open GET /tasks/{id}/events.
type stream struct {
	*http.Response
	events chan gosse.Event
	// close goes away, as a browser does whose page is left.
	close context.CancelFunc
}

// watch opens a stream at a server that may stand before the bundle's own.
func (b *testBundle) watch(server, id, token string, change ...func(*http.Request)) *stream {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/tasks/"+id+"/events", nil)
	require.NoError(b, err)
	req.Header.Set("Authorization", "Bearer "+token)
	for _, f := range change {
		f(req)
	}
	resp, err := b.http.Client().Do(req) //nolint:bodyclose // whoever reads the events closes it
	require.NoError(b, err)
	s := &stream{Response: resp, events: make(chan gosse.Event), close: cancel}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(s.events)
		defer func() { _ = resp.Body.Close() }()
		for e, err := range gosse.Read(resp.Body, nil) {
			select {
			case <-ctx.Done():
				return
			case s.events <- e:
			}
			if err != nil {
				return
			}
		}
	}()
	b.Cleanup(func() { cancel(); <-ended })
	return s
}

// next returns the next event, of the type, and its task.
func (b *testBundle) next(s *stream, typ string) (gosse.Event, map[string]any) {
	b.Helper()
	e, open := <-s.events
	require.True(b, open, "the stream has ended before %s", typ)
	require.Equal(b, typ, e.Type)
	require.NotEmpty(b, e.LastEventID)
	var doc map[string]any
	require.NoError(b, json.Unmarshal([]byte(e.Data), &doc))
	schema := b.spec.Components.Schemas["TaskEvent"].Value
	require.NoError(b, schema.VisitJSON(doc, openapi3.VisitAsResponse(), openapi3.MultiErrors()), e.Data)
	return e, doc
}

// ended fails the test if anything more comes.
func (b *testBundle) ended(s *stream) {
	b.Helper()
	e, open := <-s.events
	require.False(b, open, "%v", e)
}

// TestEvents watches a task from beside the server and from behind a proxy that
// knows nothing of streams.
func TestEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	target, err := url.Parse(b.http.URL)
	require.NoError(t, err)
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	t.Cleanup(proxy.Close)

	streams := []*stream{b.watch(b.http.URL, id, owner), b.watch(proxy.URL, id, owner)}
	var seen []string
	for _, s := range streams {
		require.Equal(t, http.StatusOK, s.StatusCode)
		require.Equal(t, "text/event-stream", s.Header.Get("Content-Type"))
		require.Equal(t, "no-cache", s.Header.Get("Cache-Control"))
		require.Equal(t, "no", s.Header.Get("X-Accel-Buffering"))
		first, doc := b.next(s, "progress")
		require.Equal(t, id, doc["id"])
		require.Equal(t, "pending", doc["status"])
		require.Equal(t, "its turn", doc["waitingFor"])
		require.Nil(t, doc["secondsLeft"])
		seen = append(seen, first.LastEventID)
	}
	require.Equal(t, seen[0], seen[1])

	require.Equal(t, http.StatusAccepted, b.post("/tasks/"+id+"/pause", owner, "").status)
	for _, s := range streams {
		paused, doc := b.next(s, "progress")
		require.Equal(t, "paused", doc["status"])
		require.Contains(t, doc["waitingFor"], "paused by you")
		require.NotEqual(t, seen[0], paused.LastEventID)
		seen[1] = paused.LastEventID
	}
	again := b.watch(b.http.URL, id, owner, func(r *http.Request) { r.Header.Set("Last-Event-ID", seen[0]) })
	newest, _ := b.next(again, "progress")
	require.Equal(t, seen[1], newest.LastEventID, "after Last-Event-ID the newest state comes")

	require.Equal(t, http.StatusAccepted, b.post("/tasks/"+id+"/cancel", owner, "").status)
	want := b.get("/tasks/"+id, owner).doc
	for _, s := range append(streams, again) {
		_, doc := b.next(s, "done")
		for _, more := range []string{"postsPerSecond", "secondsLeft", "waitingFor"} {
			delete(doc, more)
		}
		require.Equal(t, want, doc)
		b.ended(s)
	}
}

func TestEventsOfAnEndedTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	require.Equal(t, http.StatusAccepted, b.post("/tasks/"+id+"/cancel", owner, "").status)
	s := b.watch(b.http.URL, id, owner)
	first, _ := b.next(s, "progress")
	last, _ := b.next(s, "done")
	require.Equal(t, first.LastEventID, last.LastEventID)
	require.Equal(t, first.Data, last.Data)
	b.ended(s)
}

func TestEventsOfADeletedTaskEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	require.Equal(t, http.StatusAccepted, b.post("/tasks/"+id+"/pause", owner, "").status)
	s := b.watch(b.http.URL, id, owner)
	b.next(s, "progress")
	require.Equal(t, http.StatusNoContent, b.send(request{method: http.MethodDelete, path: "/tasks/" + id, token: owner}).status)
	b.ended(s)
	require.Equal(t, http.StatusNotFound, b.get("/tasks/"+id+"/events", owner).status, "so that browsers stop to connect")
}

func TestHeadOfEventsEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	path := "/tasks/" + b.createTask(owner) + "/events"
	for range application.MaxWatches + 1 {
		got := b.send(request{method: http.MethodHead, path: path, token: owner})
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, "text/event-stream", got.header.Get("Content-Type"))
		require.Empty(t, got.body)
	}
}

// TestAUserHasABoundedNumberOfStreams, and each counts as one request.
func TestAUserHasABoundedNumberOfStreams(t *testing.T) {
	t.Parallel()
	const requests = application.MaxWatches + 3
	b := setup(t, func(s *settings) { s.RequestsPerSecond = requests })
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	var streams []*stream
	for range application.MaxWatches {
		s := b.watch(b.http.URL, id, owner)
		b.next(s, "progress")
		streams = append(streams, s)
	}
	refused := b.get("/tasks/"+id+"/events", owner)
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	require.Contains(t, refused.doc["detail"], fmt.Sprint(application.MaxWatches))
	other := token(t, "other", nil)
	b.next(b.watch(b.http.URL, b.createTask(other), other), "progress")

	streams[0].close()
	require.Eventually(t, func() bool {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, b.http.URL+"/tasks/"+id+"/events", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+owner)
		resp, err := b.http.Client().Do(r)
		require.NoError(t, err)
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, 10*time.Second, 50*time.Millisecond, "whoever goes makes room")
}

// TestABrowserMayAskForTheEvents: scripts send Last-Event-ID, for a browser's
// own EventSource has no Authorization.
func TestABrowserMayAskForTheEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.send(request{method: http.MethodOptions, path: "/tasks/" + newID() + "/events", header: map[string]string{
		"Origin": webApp, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,last-event-id",
	}})
	allowed := strings.Split(strings.ToLower(got.header.Get("Access-Control-Allow-Headers")), ",")
	require.Subset(t, allowed, []string{"authorization", "last-event-id"})
}

// TestEventsWithoutAReader: the connection is there, its first event in the
// buffers, and the server does not wait.
func TestEventsWithoutAReader(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+"/tasks/"+id+"/events", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+owner)
	resp, err := b.http.Client().Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	require.Equal(t, http.StatusAccepted, b.post("/tasks/"+id+"/cancel", owner, "").status)
	all, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(all), "event: done\n")
}
