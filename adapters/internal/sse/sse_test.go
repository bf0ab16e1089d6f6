package sse_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/sse"
)

// event is what a browser makes of one.
type event struct{ typ, id, data string }

// parse reads a stream as WHATWG HTML §9.2.6 says. It shares nothing with what
// writes it.
func parse(stream string) (events []event, comments []string) {
	stream = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(stream, "\uFEFF"))
	var now event
	var data strings.Builder
	for _, line := range strings.Split(stream, "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && data.Len() > 0:
			now.data = strings.TrimSuffix(data.String(), "\n")
			events = append(events, now)
			fallthrough
		case line == "":
			now.typ = ""
			data.Reset()
		case name == "":
			comments = append(comments, value)
		case name == "event":
			now.typ = value
		case name == "data":
			data.WriteString(value + "\n")
		case name == "id" && !strings.Contains(value, "\x00"):
			now.id = value
		}
	}
	return events, comments
}

func TestAStreamIsWhatABrowserReads(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	sse.SetHeader(w.Header())
	s, err := sse.Open(w)
	require.NoError(t, err)
	require.True(t, w.Flushed, "a browser is told at once that it is connected")
	require.Equal(t, "retry: 2000\n\n", w.Body.String())
	require.NoError(t, s.Send("progress", "r1", `{"a":1}`))
	require.NoError(t, s.Ping())
	require.NoError(t, s.Send("done", "r2", "two\nlines"))
	events, comments := parse(w.Body.String())
	require.Equal(t, []event{{"progress", "r1", `{"a":1}`}, {"done", "r2", "two\nlines"}}, events)
	require.Equal(t, []string{"ping"}, comments)
	require.Contains(t, w.Body.String(), "\n: ping\n", "contract §2 has it like this")
	require.Equal(t, http.Header{
		"Content-Type": {"text/event-stream"}, "Cache-Control": {"no-cache"}, "X-Accel-Buffering": {"no"},
	}, w.Header())
}

func FuzzSend(f *testing.F) {
	for _, seed := range []event{
		{"progress", "1", "{}"}, {"", "", ""}, {"a\nb", "1", "x"}, {"a", "1\r2", "x"}, {"a", "\x00", "x"},
		{"a", "1", "one\ntwo\r\nthree\rfour\n"}, {"a", "1", "\n\ndata: x\n\nevent: done"}, {"a", "1", " : x"}, {"a", "1", "\uFEFF"},
	} {
		f.Add(seed.typ, seed.id, seed.data)
	}
	f.Fuzz(func(t *testing.T, typ, id, data string) {
		w := httptest.NewRecorder()
		s, err := sse.Open(w)
		require.NoError(t, err)
		before := w.Body.Len()
		err = s.Send(typ, id, data)
		refused := strings.ContainsAny(typ, "\r\n") || strings.ContainsAny(id, "\r\n\x00")
		require.Equal(t, refused, err != nil, "%v", err)
		if refused {
			require.Equal(t, before, w.Body.Len(), "nothing of it was sent")
		}
		require.NoError(t, s.Send("next", "n", "next"))
		events, _ := parse(w.Body.String())
		want := []event{{"next", "n", "next"}}
		if lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data); !refused && data != "" {
			require.Len(t, events, 2)
			require.Contains(t, []string{lines, strings.TrimSuffix(lines, "\n")}, events[0].data)
			events[0].data = lines
			want = append([]event{{typ, id, lines}}, want...)
		}
		require.Equal(t, want, events)
	})
}

// TestAStreamOutlivesTheServersLimits: the server's own limits are for requests
// that end.
func TestAStreamOutlivesTheServersLimits(t *testing.T) {
	t.Parallel()
	const limit = 200 * time.Millisecond
	ended := make(chan error, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sse.Open(w)
		if err != nil {
			ended <- err
			return
		}
		select {
		case <-r.Context().Done():
			ended <- r.Context().Err()
		case <-time.After(4 * limit):
			ended <- s.Send("progress", "1", "still here")
		}
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	t.Cleanup(server.Close)
	resp := get(t.Context(), t, server.URL)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, <-ended)
	require.Contains(t, string(body), "data: still here\n\n")
}

// TestAClientThatGoesEndsTheStream: the request's context tells.
func TestAClientThatGoesEndsTheStream(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := sse.Open(w); err != nil {
			return
		}
		<-r.Context().Done()
		close(gone)
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	resp := get(ctx, t, server.URL)
	defer func() { _ = resp.Body.Close() }()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "retry: 2000\n", line)
	cancel()
	<-gone
}

// TestAClientThatDoesNotReadIsGivenUp: it holds a goroutine and a buffer.
func TestAClientThatDoesNotReadIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		opened := make(chan struct{})
		go func() {
			_, _ = io.ReadFull(far, make([]byte, len("retry: 2000\n\n")))
			close(opened)
		}()
		s, err := sse.Open(pipeWriter{near, http.Header{}})
		require.NoError(t, err)
		<-opened
		began := time.Now()
		require.ErrorIs(t, s.Ping(), os.ErrDeadlineExceeded)
		require.Equal(t, 30*time.Second, time.Since(began))
		require.NoError(t, near.Close())
		_, err = sse.Open(pipeWriter{near, http.Header{}})
		require.Error(t, err, "it is gone")
	})
}

// pipeWriter is an answer straight on a connection.
type pipeWriter struct {
	net.Conn
	header http.Header
}

func (w pipeWriter) Header() http.Header { return w.header }
func (pipeWriter) WriteHeader(int)       {}
func (pipeWriter) Flush()                {}

func get(ctx context.Context, t *testing.T, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	return resp
}

func TestRelayEndsWithItsUpdates(t *testing.T) {
	t.Parallel()
	updates := make(chan int, 3)
	updates <- 1
	updates <- 0
	updates <- 2
	close(updates)
	w := httptest.NewRecorder()
	require.NoError(t, sse.Relay(t.Context(), w, updates, func(n int) ([]sse.Event, error) {
		return slices.Repeat([]sse.Event{{Type: "progress", ID: "r", Data: strconv.Itoa(n)}}, n), nil
	}))
	events, _ := parse(w.Body.String())
	require.Equal(t, []event{{"progress", "r", "1"}, {"progress", "r", "2"}, {"progress", "r", "2"}}, events)

	updates = make(chan int, 1)
	updates <- 1
	require.ErrorIs(t, sse.Relay(t.Context(), httptest.NewRecorder(), updates, func(int) ([]sse.Event, error) { return nil, io.ErrNoProgress }), io.ErrNoProgress)
}

func TestRelayPingsAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		require.NoError(t, sse.Relay(ctx, w, make(chan int), func(int) ([]sse.Event, error) { return nil, nil }))
		_, comments := parse(w.Body.String())
		require.Equal(t, []string{"ping", "ping"}, comments)
	})
}
