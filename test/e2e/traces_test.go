package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// traced has a world tell a collector of traces.
func traced(c *fakeapi.Collector) func(*world) {
	return with("OTEL_EXPORTER_OTLP_ENDPOINT", func(*world) string { return c.URL })
}

// The trace and the span of a client that asks.
const (
	asked  = "4bf92f3577b34da6a3ce929d0e0e4736"
	asking = "00f067aa0ba902b7"
)

// TestOneTraceFromTheRequestToTheLastSubtask follows a task through processes of
// their own, from what the collector got.
func TestOneTraceFromTheRequestToTheLastSubtask(t *testing.T) {
	t.Parallel()
	in(t, []setup{setups[0], setups[2]}, func(t *testing.T, s setup) {
		collector := fakeapi.RunCollector(t, nil)
		w := deploy(t, s, traced(collector), func(w *world) {
			w.environ["SENTIMENT_SERVICE_URL"], w.environ["SPAM_SERVICE_URL"] = w.fake.SentimentURL(), w.fake.SpamURL()
		})
		made := w.traceTask(fakeapi.DemoVideoURL)
		ended := w.somebody.ended(made.ID)
		require.Equal(t, "completed", ended.Status)
		subtasks := all[subtask](w.somebody, "/tasks/"+made.ID+"/subtasks", nil)
		w.stop() // and so sends what is left

		spans := map[string]fakeapi.Span{}
		runs := map[string]fakeapi.Span{}
		var request fakeapi.Span
		for _, span := range collector.Spans() {
			if span.Trace != asked {
				continue
			}
			spans[span.ID] = span
			if span.Parent == asking {
				request = span
			}
			if id := span.Attributes["soundings.subtask"]; id != "" {
				runs[id] = span
			}
		}
		assert.Equal(t, "POST /tasks", request.Name)
		require.Len(t, runs, len(subtasks), "one span for each subtask")
		for _, sub := range subtasks {
			run := runs[sub.ID]
			assert.Equal(t, request.ID, run.Parent, sub.Type)
			assert.Equal(t, sub.Type, run.Name)
			assert.Equal(t, made.ID, run.Attributes["soundings.task"])
			assert.Equal(t, "succeeded", run.Attributes["soundings.outcome"])
		}
		for name, of := range map[string]string{
			"youtube open": "FETCH_CONTENT", "youtube fetch": "FETCH_CONTENT", "store page": "FETCH_CONTENT",
			"detect spam": "DETECT_SPAM", "store spam verdicts": "DETECT_SPAM",
			"analyze sentiment": "ANALYZE_SENTIMENT", "store sentiments": "ANALYZE_SENTIMENT",
		} {
			assert.Equal(t, of, spans[parentOf(spans, name)].Name, name)
		}
		requireCarried(t, w, request.Trace)
		requireFound(t, w)
		for where, text := range map[string]string{"a span": collector.Raw(), "a log line": w.logs.String()} {
			w.secrets.requireNoneIn(t, where, text)
			for _, c := range w.data.Comments(fakeapi.DemoVideoID) {
				require.False(t, len(c.Author) > 3 && strings.Contains(text, c.Author), "%s tells of %s", where, c.ID)
				require.False(t, len(c.Text) > 20 && strings.Contains(text, c.Text), "%s tells what %s says", where, c.ID)
			}
		}
	})
}

// traceTask asks for a task as a client that traces does.
func (w *world) traceTask(address string) task {
	w.t.Helper()
	var made task
	c := w.somebody
	c.read(c.do(http.MethodPost, "/tasks", `{"url":"`+address+`"}`, "traceparent", "00-"+asked+"-"+asking+"-01", "X-Request-Id", "mine"),
		http.StatusAccepted, &made)
	return made
}

func parentOf(spans map[string]fakeapi.Span, name string) string {
	for _, span := range spans {
		if span.Name == name {
			return span.Parent
		}
	}
	return ""
}

// requireCarried requires that the services were told of the trace, and the
// platforms not.
func requireCarried(t *testing.T, w *world, trace string) {
	t.Helper()
	told := map[fakeapi.Service]bool{}
	for _, call := range w.fake.Calls() {
		if call.Service == fakeapi.YouTube {
			assert.Empty(t, call.Trace)
		} else if call.Path != "health" {
			assert.Contains(t, call.Trace, trace, "%s %s", call.Service, call.Path)
		}
		told[call.Service] = true
	}
	assert.Equal(t, map[fakeapi.Service]bool{fakeapi.Spam: true, fakeapi.Sentiment: true, fakeapi.YouTube: true}, told)
}

// requireFound requires that the line of the request has its id and its trace.
func requireFound(t *testing.T, w *world) {
	t.Helper()
	request := false
	for line := range bytes.Lines([]byte(w.logs.String())) {
		var entry map[string]any
		if json.Unmarshal(line, &entry) == nil && entry["msg"] == "request" && entry["requestId"] == "mine" {
			request = true
			assert.Equal(t, asked, entry["trace"])
		}
	}
	assert.True(t, request, "the request is not logged with its id")
}

// TestLinesOfASubtaskSayWhoseTheyAre lets a platform fail once.
func TestLinesOfASubtaskSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	collector := fakeapi.RunCollector(t, nil)
	w := deploy(t, setups[0], traced(collector))
	w.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Times: 1, Effect: fakeapi.Error, Status: http.StatusInternalServerError})
	made := w.traceTask(fakeapi.DemoVideoURL)
	w.somebody.ended(made.ID)
	failed := false
	for line := range bytes.Lines([]byte(w.logs.String())) {
		var entry map[string]any
		if json.Unmarshal(line, &entry) != nil || entry["code"] != "provider_unavailable" {
			continue
		}
		failed = true
		assert.Equal(t, made.ID, entry["task"])
		assert.NotEmpty(t, entry["subtask"])
		assert.Equal(t, asked, entry["trace"])
		assert.Contains(t, entry, "attempt")
	}
	assert.True(t, failed, "the failure is not logged")
}

// TestACollectorThatIsDownIsNoMatter: the work goes on as ever, and stopping
// takes no longer than the farewell.
func TestACollectorThatIsDownIsNoMatter(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	collector := fakeapi.RunCollector(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hang) })
	w := deploy(t, setups[0], traced(collector))
	w.somebody.ended(w.somebody.create(fakeapi.DemoVideoURL, "").ID)
	began := time.Now()
	w.stop()
	assert.Less(t, time.Since(began), 30*time.Second)
}
