package observe_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

// watched is a process that is watched.
type watched struct {
	*testing.T
	*observe.Metrics
	page http.Handler
}

func watch(t *testing.T, rows observe.Rows) watched {
	t.Helper()
	if rows.Store == nil {
		rows.Store = rowsThat{}
	}
	m := observe.NewMetrics("1.2.3")
	return watched{t, m, m.Page(rows)}
}

// scrape returns what Prometheus reads.
func (w watched) scrape() string {
	w.Helper()
	answer := httptest.NewRecorder()
	w.page.ServeHTTP(answer, httptest.NewRequestWithContext(w.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(w, http.StatusOK, answer.Code, answer.Body)
	return answer.Body.String()
}

// shows demands lines of the page.
func (w watched) shows(lines ...string) {
	w.Helper()
	page := w.scrape()
	for _, line := range lines {
		name, _, _ := strings.Cut(line, "{")
		assert.True(w, strings.Contains(page, "\n"+line+"\n"), "%s is not there, but\n%s", line,
			strings.Join(regexp.MustCompile(`(?m)^`+name+`\b.*$`).FindAllString(page, -1), "\n"))
	}
}

var errRefused = fault.New(fault.RateLimited, fault.CodeRateLimited, "not now")

// refusing refuses every second call.
type refusing struct {
	ports.ContentSource
	calls int
}

func (*refusing) Provider() content.ProviderID { return content.Reddit }

func (s *refusing) Open(context.Context, access.ExecutionContext, content.Source) (content.Page, error) {
	if s.calls++; s.calls%2 == 0 {
		return content.Page{}, errRefused
	}
	return content.Page{Title: "a title"}, nil
}

func (s *refusing) Fetch(ctx context.Context, ec access.ExecutionContext, _ content.Listing, _ string) (content.Page, error) {
	return s.Open(ctx, ec, content.Source{})
}

func (s *refusing) Take(context.Context, access.ExecutionContext, string) error {
	_, err := s.Open(context.Background(), access.ExecutionContext{}, content.Source{})
	return err
}

func (*refusing) Heard(context.Context, access.ExecutionContext, access.Allowance) {}
func (*refusing) Refused(context.Context, access.ExecutionContext, time.Time)      {}

func (s *refusing) Notify(context.Context, task.CallbackURL, ports.Message) error {
	return s.Take(context.Background(), access.ExecutionContext{}, "")
}

func TestProvidersAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{})
	source, meter := w.ContentSource(&refusing{}), w.Meter(&refusing{})
	ec := access.NewMasterContext("ada", content.Reddit, access.NewToken("a token"))
	for range 3 {
		_, _ = source.Open(t.Context(), ec, content.Source{})
		_ = meter.Take(t.Context(), ec, "listing")
	}
	page, err := source.Fetch(t.Context(), ec, content.Listing{}, "")
	require.Equal(t, content.Page{}, page)
	require.ErrorIs(t, err, errRefused, "a decorator changes nothing")
	w.shows(
		`soundings_provider_requests_total{operation="open",outcome="ok",provider="reddit"} 2`,
		`soundings_provider_requests_total{operation="open",outcome="rate_limited",provider="reddit"} 1`,
		`soundings_provider_requests_total{operation="fetch",outcome="rate_limited",provider="reddit"} 1`,
		`soundings_provider_request_duration_seconds_count{operation="open",provider="reddit"} 3`,
		`soundings_provider_calls_total{method="listing",outcome="ok",provider="reddit"} 2`,
		`soundings_provider_calls_total{method="listing",outcome="rate_limited",provider="reddit"} 1`,
	)
}

func TestTokensAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{})
	memory := memory.NewTokenAuthority(content.YouTube, time.Hour)
	authority := w.TokenAuthority(memory)
	_, err := authority.Refresh(t.Context(), access.NewToken("nobody gave this"))
	require.Error(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	memory.Before = func(ctx context.Context, _ string) error { return ctx.Err() }
	_, err = authority.AppGrant(ended)
	require.ErrorIs(t, err, context.Canceled)
	w.shows(
		`soundings_token_requests_total{operation="refresh",outcome="needs_reconnect",provider="youtube"} 1`,
		`soundings_token_requests_total{operation="app_grant",outcome="cancelled",provider="youtube"} 1`,
		`soundings_token_request_duration_seconds_count{operation="refresh",provider="youtube"} 1`,
	)
}

// halfAnalyzer scores the first text, and can be asked how it is.
type halfAnalyzer struct{ ports.SentimentAnalyzer }

func (halfAnalyzer) Analyze(_ context.Context, texts []string) ([]*analysis.Sentiment, error) {
	found := make([]*analysis.Sentiment, len(texts))
	found[0] = &analysis.Sentiment{}
	return found, fault.New(fault.Unavailable, fault.CodeSentimentUnavailable, "it sleeps")
}

func (halfAnalyzer) Healthy(context.Context) error { return errRefused }

func TestAnalysersAreCountedAndStayAsked(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{})
	analyzer, detector := w.SentimentAnalyzer(halfAnalyzer{}), w.SpamDetector(spam.NewBuiltin())
	_, err := analyzer.Analyze(t.Context(), []string{"a", "b", "c"})
	require.Error(t, err)
	_, err = detector.Detect(t.Context(), []analysis.SpamItem{{ID: "1", Text: "hello"}})
	require.NoError(t, err)
	w.shows(
		`soundings_analyser_requests_total{analyser="sentiment",outcome="sentiment_unavailable"} 1`,
		`soundings_analyser_posts_total{analyser="sentiment",result="judged"} 1`,
		`soundings_analyser_posts_total{analyser="sentiment",result="unjudged"} 2`,
		`soundings_analyser_requests_total{analyser="spam",outcome="ok"} 1`,
		`soundings_analyser_request_duration_seconds_count{analyser="spam"} 1`,
	)
	health, ok := analyzer.(ports.HealthChecker)
	require.True(t, ok, "readiness asks what can be asked")
	require.ErrorIs(t, health.Healthy(t.Context()), errRefused)
	_, ok = detector.(ports.HealthChecker)
	require.False(t, ok, "the one that is built in cannot be asked")
}

func TestWebhooksAreCounted(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{})
	notifier := w.Notifier(&refusing{})
	for range 3 {
		_ = notifier.Notify(t.Context(), "", ports.Message{})
	}
	w.shows(`soundings_webhooks_total{outcome="ok"} 2`, `soundings_webhooks_total{outcome="rate_limited"} 1`)
	require.Nil(t, w.Notifier(nil), "no notifier stays none")
}

func TestACountedQueueIsAQueue(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics("")
	portstest.TestQueue(t, portstest.QueueFeatures{Deduplicates: true, LongRun: time.Second}, func(testing.TB) portstest.QueueBackend {
		return func(concurrency int) ports.Queue { return m.Queue(memory.NewQueue(concurrency)) }
	})
}

func TestNoMetricsDecorateNothing(t *testing.T) {
	t.Parallel()
	var none *observe.Metrics
	queue, handler := memory.NewQueue(1), http.NotFoundHandler()
	source := &refusing{}
	require.Same(t, queue, none.Queue(queue))
	require.Same(t, source, none.ContentSource(source))
	require.Same(t, source, none.Meter(source))
	require.Same(t, source, none.Notifier(source))
	require.Equal(t, halfAnalyzer{}, none.SentimentAnalyzer(halfAnalyzer{}))
	require.Nil(t, none.Store(nil))
	require.IsType(t, handler, none.Handler(handler))
}

// TestRoutesBoundTheSeries: whoever asks for addresses and methods that there
// are not makes one series.
func TestRoutesBoundTheSeries(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{})
	mux := http.NewServeMux()
	mux.HandleFunc("/tasks/{id}", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush() // streams need it
		if r.PathValue("id") == "gone" {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "ok")
	})
	server := httptest.NewServer(w.Handler(mux))
	t.Cleanup(server.Close)
	for _, r := range []struct{ method, path string }{
		{"GET", "/tasks/1"}, {"GET", "/tasks/2"}, {"GET", "/tasks/gone"}, {"GET", "/a"}, {"GET", "/b?c=d"}, {"BREW", "/tasks/1"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), r.method, server.URL+r.path, nil)
		require.NoError(t, err)
		if answer, err := server.Client().Do(request); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			require.NoError(t, answer.Body.Close())
		}
	}
	require.Eventually(t, func() bool {
		return strings.Contains(w.scrape(), "\nsoundings_http_requests_open 0\n")
	}, 10*time.Second, 5*time.Millisecond)
	w.shows(
		`soundings_http_requests_total{method="GET",route="/tasks/{id}",status="200"} 3`,
		`soundings_http_requests_total{method="other",route="/tasks/{id}",status="200"} 1`,
		`soundings_http_requests_total{method="GET",route="other",status="404"} 2`,
		`soundings_http_request_duration_seconds_count{method="GET",route="/tasks/{id}"} 3`,
	)
}

// rowsThat answers as it is told to.
type rowsThat struct {
	ports.QueueStore
	queues func(context.Context) ([]ports.QueueState, error)
}

func (r rowsThat) Queues(ctx context.Context) ([]ports.QueueState, error) {
	if r.queues == nil {
		return nil, nil
	}
	return r.queues(ctx)
}

func (rowsThat) TaskCounts(context.Context) (ports.TaskCounts, error) {
	return ports.TaskCounts{Live: map[task.Status]int64{task.Running: 3}, EndedLately: map[task.Status]int64{task.Failed: 2}}, nil
}

func TestTheRowsTellOfTheDeployment(t *testing.T) {
	t.Parallel()
	asked := 0
	w := watch(t, observe.Rows{
		Store: rowsThat{queues: func(ctx context.Context) ([]ports.QueueState, error) {
			asked++
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
			return []ports.QueueState{{
				Type: task.FetchContent, Paused: true, Oldest: 90 * time.Second, Depth: map[task.JobState]int64{task.JobWaiting: 7},
			}}, nil
		}},
		Quota: func(_ context.Context, p content.ProviderID) (*access.Quota, error) {
			if p != content.YouTube {
				return nil, nil
			}
			return &access.Quota{Limit: 10_000, Used: 1234}, nil
		},
		Providers: []content.ProviderID{content.YouTube, content.Reddit},
		Pools:     map[string]*sql.DB{"main": {}},
	})
	w.shows(
		`soundings_rows_up 1`,
		`soundings_queue_oldest_seconds{type="fetch_content"} 90`,
		`soundings_queue_paused{type="fetch_content"} 1`,
		`soundings_queue_depth{state="waiting",type="fetch_content"} 7`,
		`soundings_queue_depth{state="dead",type="fetch_content"} 0`,
		`soundings_tasks{status="running"} 3`,
		`soundings_tasks_ended_last_hour{status="failed"} 2`,
		`soundings_quota_used{provider="youtube"} 1234`,
		`soundings_quota_limit{provider="youtube"} 10000`,
		`go_sql_open_connections{db_name="main"} 0`,
	)
	require.False(t, strings.Contains(w.scrape(), `soundings_quota_used{provider="reddit"}`), "nobody knows it")
	require.Equal(t, 1, asked, "the database is asked once in a few seconds, however often is scraped")
}

func TestADatabaseThatIsDownIsTold(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{Store: rowsThat{queues: func(context.Context) ([]ports.QueueState, error) {
		return nil, errors.New("the database is away")
	}}})
	page := w.scrape()
	require.Contains(t, page, "\nsoundings_rows_up 0\n")
	require.NotContains(t, page, "soundings_queue_depth{", "figures of before would look like figures of now")
	require.Contains(t, page, "\ngo_goroutines ", "what the process knows by itself is still shown")
}

// TestTheMetricsAreNamedWell goes by Prometheus's own rules.
func TestTheMetricsAreNamedWell(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(everything(t))).Lint()
	require.NoError(t, err)
	for _, p := range problems {
		if !strings.HasPrefix(p.Metric, "go_") {
			assert.Fail(t, p.Metric+": "+p.Text)
		}
	}
}

var labels = regexp.MustCompile(`([a-z_]+)="`)

// TestLabelsHaveFewValues: a new label must be thought about here.
func TestLabelsHaveFewValues(t *testing.T) {
	t.Parallel()
	known := []string{
		"analyser", "by", "goversion", "le", "method", "operation", "outcome", "provider", "result", "route", "state", "status", "type",
		"version", "what", "db_name", "quantile",
	}
	for _, label := range labels.FindAllStringSubmatch(everything(t), -1) {
		require.Contains(t, known, label[1])
	}
}

// everything is a page on which each metric has a series.
func everything(t *testing.T) string {
	w := watch(t, observe.Rows{
		Store: rowsThat{queues: func(context.Context) ([]ports.QueueState, error) {
			return []ports.QueueState{{Type: task.FetchContent}}, nil
		}},
		Quota:     func(context.Context, content.ProviderID) (*access.Quota, error) { return &access.Quota{}, nil },
		Providers: []content.ProviderID{content.YouTube},
	})
	ec := access.NewMasterContext("ada", content.Reddit, access.NewToken("a token"))
	_, _ = w.ContentSource(&refusing{}).Open(t.Context(), ec, content.Source{})
	_ = w.Meter(&refusing{}).Take(t.Context(), ec, "listing")
	_, _ = w.TokenAuthority(memory.NewTokenAuthority(content.YouTube, time.Hour)).Refresh(t.Context(), access.NewToken("x"))
	_, _ = w.SentimentAnalyzer(halfAnalyzer{}).Analyze(t.Context(), []string{"a"})
	_ = w.Notifier(&refusing{}).Notify(t.Context(), "", ports.Message{})
	w.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	workOn(t, w)
	return w.scrape()
}
