package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/task"
)

func keyed(path, token, key, body string) request {
	return request{method: "POST", path: path, token: token, body: body, header: map[string]string{"Idempotency-Key": key}}
}

func TestSameKeySameBodyMakesOneTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	body := `{"url":"` + someVideo + `"}`
	first := b.send(keyed("/tasks", owner, "k", body))
	require.Equal(t, http.StatusAccepted, first.status)
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
	b.post("/tasks/"+first.doc["id"].(string)+"/cancel", owner, "")

	again := b.send(keyed("/tasks", owner, "k", body))
	require.Equal(t, http.StatusAccepted, again.status)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, string(first.body), string(again.body), "the first answer, word for word")
	require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
	require.Len(t, idsOf(b.get("/tasks", owner)), 1)

	other := b.send(keyed("/tasks", owner, "k", `{"url":"https://youtu.be/9bZkp7q19f0"}`))
	require.Equal(t, "idempotency_mismatch", other.doc["code"])
	stranger := b.send(keyed("/tasks", token(t, "stranger", nil), "k", body))
	require.Empty(t, stranger.header.Get("Idempotency-Replayed"), "keys belong to users")
	export := `{"taskId":"` + first.doc["id"].(string) + `","format":"csv"}`
	require.Equal(t, "export", b.send(keyed("/tasks/export", owner, "k", export)).doc["kind"], "and to paths")
	require.Equal(t, "true", b.send(keyed("/tasks/export", owner, "k", export)).header.Get("Idempotency-Replayed"))
}

func TestIdempotencyKeysOfOddForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	for _, key := range []string{"a,b", "%41", `"quoted"`, strings.Repeat("k", 255), "!~"} {
		require.Equal(t, http.StatusAccepted, b.send(keyed("/tasks", owner, key, someTask)).status, key)
		require.Equal(t, "true", b.send(keyed("/tasks", owner, key, someTask)).header.Get("Idempotency-Replayed"), key)
	}
	for _, keys := range [][]string{{""}, {"a", "b"}, {"ä"}} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/tasks", strings.NewReader(someTask))
		req.Header["Idempotency-Key"] = keys
		req.Header.Set("Authorization", "Bearer "+owner)
		w := httptest.NewRecorder()
		b.server.ServeHTTP(w, req)
		require.Equal(t, http.StatusBadRequest, w.Code, "%q: %s", keys, w.Body)
		require.Contains(t, w.Body.String(), `"field":"Idempotency-Key"`)
	}
}

func TestManyAtOnceMakeOneTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	var group sync.WaitGroup
	replies := make([]reply, 8)
	for i := range replies {
		group.Go(func() { replies[i] = b.send(keyed("/tasks", owner, "k", `{"url":"`+someVideo+`"}`)) })
	}
	group.Wait()
	for _, r := range replies {
		require.Contains(t, []int{http.StatusAccepted, http.StatusConflict}, r.status)
	}
	require.Len(t, idsOf(b.get("/tasks", owner)), 1)
}

// failingCreate fails to create tasks as long as it is told to.
type failingCreate struct {
	allRows
	fails *atomic.Bool
}

func (s failingCreate) CreateTask(ctx context.Context, t *task.Task, first []*task.Subtask) error {
	if s.fails.Load() {
		return errors.New("the disk is on fire")
	}
	return s.allRows.CreateTask(ctx, t, first)
}

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	var fails atomic.Bool
	fails.Store(true)
	b := setup(t, func(s *settings) {
		s.wrap = func(store allRows) allRows { return failingCreate{store, &fails} }
	})
	owner := token(t, "owner", nil)
	require.Equal(t, http.StatusUnprocessableEntity, b.send(keyed("/tasks", owner, "k", `{"url":"https://example.com"}`)).status)
	require.Equal(t, http.StatusInternalServerError, b.send(keyed("/tasks", owner, "k", `{"url":"`+someVideo+`"}`)).status)
	fails.Store(false)
	got := b.send(keyed("/tasks", owner, "k", `{"url":"`+someVideo+`"}`))
	require.Equal(t, http.StatusAccepted, got.status)
	require.Empty(t, got.header.Get("Idempotency-Replayed"))
}
