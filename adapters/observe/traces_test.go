package observe_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

func tracesTo(t *testing.T, endpoint string) *observe.Traces {
	t.Helper()
	traces, err := observe.NewTraces(t.Context(), observe.Collector{Endpoint: endpoint, Timeout: 10 * time.Second}, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return traces
}

// judge judges nothing, and fails as it is told.
type judge struct {
	ports.SpamDetector
	err error
}

func (j judge) Detect(context.Context, []analysis.SpamItem) ([]*analysis.SpamVerdict, error) {
	return nil, j.err
}

// TestSpansTellCodesAlone: messages may hold names and addresses.
func TestSpansTellCodesAlone(t *testing.T) {
	t.Parallel()
	collector := fakeapi.RunCollector(t, nil)
	traces := tracesTo(t, collector.URL)
	for _, err := range []error{
		nil, context.Canceled, errors.New("a private word"), fault.New(fault.Unavailable, fault.CodeSpamUnavailable, "a private word"),
	} {
		_, _ = traces.SpamDetector(judge{err: err}).Detect(t.Context(), make([]analysis.SpamItem, 3))
	}
	traces.Close(t.Context())
	var outcomes []string
	var failed []bool
	for _, span := range collector.Spans() {
		assert.Equal(t, "detect spam", span.Name)
		outcomes, failed = append(outcomes, span.Attributes["soundings.outcome"]), append(failed, span.Failed)
	}
	assert.Equal(t, []string{"", "cancelled", "internal", "spam_unavailable"}, outcomes)
	assert.Equal(t, []bool{false, false, true, true}, failed)
	assert.NotContains(t, collector.Raw(), "private")
}

// claims hands out leases.
type claims struct {
	ports.Store
	lease ports.Lease
	err   error
}

func (c claims) Claim(context.Context, ports.Delivery, string, time.Duration) (ports.Lease, error) {
	return c.lease, c.err
}
func (c claims) Finish(context.Context, ports.Lease, task.Outcome) error { return c.err }

// once delivers once.
type once struct{ ports.Queue }

func (once) Run(ctx context.Context, handle func(context.Context, ports.Delivery) error) error {
	return handle(ctx, ports.Delivery{})
}

// TestARunGoesOnWithTheTraceOfItsTask also where it has none, and where nothing
// was claimed.
func TestARunGoesOnWithTheTraceOfItsTask(t *testing.T) {
	t.Parallel()
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for name, tc := range map[string]struct {
		trace, wantTrace string
		finish           *task.Outcome
		claimed, handled error
		outcome          string
		spans            int
	}{
		"done":         {trace: "00-" + trace + "-" + parent + "-01", wantTrace: trace, finish: new(task.Succeed()), outcome: "succeeded", spans: 2},
		"dropped":      {trace: "00-" + trace + "-" + parent + "-01", wantTrace: trace, outcome: "dropped", spans: 2},
		"not settled":  {handled: fault.New(fault.Unavailable, fault.CodeUnavailable, "x"), outcome: "unavailable", spans: 2},
		"no trace":     {finish: new(task.HandBack()), outcome: "handed_back", spans: 2},
		"a broken one": {trace: "00-1-2-3", finish: new(task.HandBack()), outcome: "handed_back", spans: 2},
		"not sampled":  {trace: "00-" + trace + "-" + parent + "-00", finish: new(task.Succeed())},
		"void":         {claimed: ports.ErrLeaseLost, spans: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector := fakeapi.RunCollector(t, nil)
			traces := tracesTo(t, collector.URL)
			store := traces.Store(claims{err: tc.claimed, lease: ports.Lease{
				Subtask: task.SubtaskState{ID: "sub", Type: task.DetectSpam}, Task: task.State{ID: "of", Trace: tc.trace},
			}})
			_ = traces.Queue(once{}).Run(t.Context(), func(ctx context.Context, d ports.Delivery) error {
				lease, _ := store.Claim(ctx, d, "me", time.Minute)
				_, _ = traces.SpamDetector(judge{}).Detect(ctx, nil)
				if tc.finish != nil {
					assert.NoError(t, store.Finish(ctx, lease, *tc.finish))
				}
				return tc.handled
			})
			traces.Close(t.Context())
			spans := collector.Spans()
			require.Len(t, spans, tc.spans)
			if tc.spans < 2 {
				return
			}
			call, run := spans[0], spans[1]
			assert.Equal(t, "DETECT_SPAM", run.Name)
			assert.Equal(t, "sub", run.Attributes["soundings.subtask"])
			assert.Equal(t, tc.outcome, run.Attributes["soundings.outcome"])
			assert.Equal(t, run.ID, call.Parent)
			assert.Equal(t, run.Trace, call.Trace)
			if tc.wantTrace != "" {
				assert.Equal(t, trace, run.Trace)
				assert.Equal(t, parent, run.Parent)
			}
		})
	}
}

// TestACollectorThatIsDownSlowsNothing makes more spans than the queue holds.
func TestACollectorThatIsDownSlowsNothing(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]http.HandlerFunc{
		"hangs":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"fails":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"denies": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector := fakeapi.RunCollector(t, refuse)
			traces := tracesTo(t, collector.URL)
			detector := traces.SpamDetector(judge{})
			began := time.Now()
			for range 20_000 {
				_, _ = detector.Detect(t.Context(), nil)
			}
			assert.Less(t, time.Since(began), 10*time.Second)
			began = time.Now()
			traces.Close(t.Context())
			assert.Less(t, time.Since(began), 5*time.Second)
			assert.Positive(t, collector.Calls())
		})
	}
}

// TestLinesCarryWhatTheyAreAbout covers groups and fixed attributes as well.
func TestLinesCarryWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(observe.Logs(slog.NewTextHandler(&out, nil))).With("fixed", 1)
	log.InfoContext(t.Context(), "plain")
	ctx := ports.WithLogAttrs(t.Context(), slog.String("task", "a"))
	below := ports.WithLogAttrs(ctx, slog.String("subtask", "b"))
	log.InfoContext(ctx, "one")
	log.InfoContext(below, "two")
	log.WithGroup("g").InfoContext(below, "three", "x", 2)
	assert.Regexp(t, `(?s)msg=plain fixed=1\n.*msg=one fixed=1 task=a\n.*msg=two fixed=1 task=a subtask=b\n.*msg=three fixed=1 g.x=2`, out.String())
}
