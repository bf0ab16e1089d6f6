package console_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watched opens a stream and returns its lines of data.
func (u *browser) watched(path string) <-chan string {
	u.b.Helper()
	ctx, cancel := context.WithTimeout(u.b.Context(), time.Minute)
	u.b.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.b.http.URL+path, nil)
	require.NoError(u.b, err)
	resp, err := u.client.Do(req) //nolint:bodyclose // the goroutine closes it at the end of the stream
	require.NoError(u.b, err)
	require.Equal(u.b, http.StatusOK, resp.StatusCode)
	require.Equal(u.b, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		defer func() { _ = resp.Body.Close() }()
		for read := bufio.NewScanner(resp.Body); read.Scan(); {
			if data, ok := strings.CutPrefix(read.Text(), "data: "); ok {
				lines <- data
			}
		}
	}()
	return lines
}

func TestAStreamTellsOfATaskToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ada.created(someVideo)
	lines := b.ada.watched("/console/tasks/" + string(id) + "/events")
	require.Contains(t, <-lines, `"status":"waits for its turn"`)
	b.fetched("A title", comment("c1", "good"))
	var last string
	for line := range lines { // the server closes it
		last = line
	}
	require.Contains(t, last, `"ended":true`)
	require.Contains(t, last, `"fetched":"1"`)
}

func TestOneStreamTellsOfAllTasksOfAList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	query := url.Values{}
	for range 3 {
		query.Add("task", string(b.ada.created(someVideo)))
	}
	query.Add("task", query.Get("task"))
	lines := b.ada.watched("/console/events?" + query.Encode())
	for range 3 {
		require.Contains(t, <-lines, "waits for its turn")
	}
	for _, id := range query["task"][:3] {
		b.ada.post("/console/new", "/console/tasks/"+id+"/cancel", nil)
	}
	ended := 0
	for line := range lines {
		if strings.Contains(line, `"ended":true`) {
			ended++
		}
	}
	require.Equal(t, 3, ended)
	require.Equal(t, http.StatusNotFound, b.ada.get("/console/events").status)
	require.Equal(t, http.StatusNotFound, b.ada.get("/console/events?"+strings.Repeat("task="+newID()+"&", 21)).status)
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lines := b.ada.watched("/console/tasks/" + string(b.ada.created(someVideo)) + "/events")
	<-lines
	require.NoError(t, b.accounts.RevokeKey(t.Context(), b.ada.caller, b.ada.keyID))
	select {
	case _, open := <-lines:
		require.False(t, open)
	case <-time.After(10 * time.Second):
		t.Fatal("a revoked key goes on watching")
	}
}
