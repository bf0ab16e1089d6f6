package observe_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// one is a store of one task, and sends its message as well.
type one struct {
	ports.Store
	task *task.Task
}

func (o *one) CreateTask(_ context.Context, t *task.Task, _ []*task.Subtask) error {
	o.task = t
	return nil
}

func (o *one) UpdateTask(_ context.Context, _ access.UserID, _ task.ID, fn func(*task.Task) error) (task.State, error) {
	ended := o.task.State()
	ended.Status = task.Completed
	o.task = task.Restore(ended)
	return ended, fn(o.task)
}

func (*one) Notify(context.Context, task.CallbackURL, ports.Message) error { return nil }

// TestWhatBeginsARunHasItInItsTrace: a command that makes a task, and a request
// that refreshes it, which leads to the run before. The message at the end and
// the calls of platforms tell no more than they may.
func TestWhatBeginsARunHasItInItsTrace(t *testing.T) {
	t.Parallel()
	collector := fakeapi.RunCollector(t, nil)
	traces := tracesTo(t, collector.URL)
	rows := &one{}
	store := traces.Store(rows)
	made, first := task.NewAnalysis("u", []content.Source{{Provider: content.YouTube}}, "", task.Options{}, func() string { return "x" }, time.Now())
	require.NoError(t, store.CreateTask(t.Context(), made, first))
	begun := strings.Split(rows.task.State().Trace, "-")[1]
	require.NoError(t, traces.Notifier(rows).Notify(t.Context(), "https://private.example/hook", ports.Message{ID: "m", Trace: rows.task.State().Trace}))

	const caller = "4bf92f3577b34da6a3ce929d0e0e4736"
	platform := fakeapi.RunCollector(t, func(_ http.ResponseWriter, r *http.Request) { assert.Empty(t, r.Header.Get("traceparent")) })
	traces.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := store.UpdateTask(r.Context(), "u", "x", func(t *task.Task) error { return t.Refresh(task.RefreshNew) })
		assert.NoError(t, err)
		call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, platform.URL+"/user/private?q=private", http.NoBody)
		assert.NoError(t, err)
		answer, err := traces.Client().Do(call)
		if assert.NoError(t, err) {
			assert.NoError(t, answer.Body.Close())
		}
	})).ServeHTTP(httptest.NewRecorder(), withTrace(t, "00-"+caller+"-00f067aa0ba902b7-01"))
	traces.Close(t.Context())

	spans := map[string]fakeapi.Span{}
	for _, span := range collector.Spans() {
		spans[span.Name] = span
	}
	host := strings.TrimPrefix(platform.URL, "http://")
	assert.Equal(t, begun, spans["create task"].Trace)
	assert.Equal(t, spans["create task"].ID, spans["webhook"].Parent)
	assert.Contains(t, rows.task.State().Trace, caller)
	assert.Equal(t, []string{begun}, spans["POST other"].Links)
	assert.Equal(t, spans["POST other"].ID, spans["GET "+host].Parent)
	assert.Equal(t, host, spans["GET "+host].Attributes["server.address"])
	assert.NotContains(t, collector.Raw(), "private")
}

// TestALineQuotesLittleOfACollector: an error page may be of any length, and
// comes with every batch.
func TestALineQuotesLittleOfACollector(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	lost := observe.NewLostSpans(slog.New(slog.NewTextHandler(&out, nil)))
	for range 100 {
		lost.Handle(errors.New(strings.Repeat("no ", 10_000)))
	}
	assert.Equal(t, 1, strings.Count(out.String(), "\n"), "said once a minute")
	assert.Less(t, out.Len(), 500)
}

func withTrace(t *testing.T, parent string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/tasks/x/refresh", http.NoBody)
	r.Header.Set("traceparent", parent)
	return r
}
