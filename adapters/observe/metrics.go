// Package observe shows what a process does, to Prometheus and to
// OpenTelemetry: each port has a decorator that counts and times its calls, so
// that neither the application nor an adapter knows that it is watched.
package observe

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/soundings-io/soundings/domain/fault"
)

// Metrics is what one process counts. Its methods decorate: each takes an
// adapter and returns one that does the same and is counted. A nil *Metrics
// counts nothing and returns what it was given, so that nothing of this package
// is in the way of a process that nobody watches.
//
// No label takes its values from what users send: all are types, states,
// codes, routes and providers, of which there are a handful each.
type Metrics struct {
	registry *prometheus.Registry
	work     workMetrics
	provider providerMetrics
	analyser analyserMetrics
	http     httpMetrics
	webhooks *prometheus.CounterVec
}

// NewMetrics returns metrics with those of the Go runtime and of the process.
func NewMetrics(version string) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f := promauto.With(registry)
	f.NewGaugeVec(prometheus.GaugeOpts{
		Name: "soundings_build_info", Help: "1, with the version of Soundings and of Go that run.",
	}, []string{"version", "goversion"}).WithLabelValues(version, runtime.Version()).Set(1)
	m := &Metrics{
		registry: registry,
		work:     newWorkMetrics(f), provider: newProviderMetrics(f), analyser: newAnalyserMetrics(f), http: newHTTPMetrics(f),
		webhooks: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_webhooks_total", Help: "Messages sent about tasks that ended, by what came of it.",
		}, []string{"outcome"}),
	}
	m.webhooks.WithLabelValues(outcomeOK)
	return m
}

const (
	// scrapesAtOnce bounds what is answered at the same time; more are refused.
	scrapesAtOnce = 4
	// scrapeTimeout is below the 10 seconds that Prometheus waits.
	scrapeTimeout = 8 * time.Second
)

// Page returns what Prometheus reads: the metrics of this process, and those
// of the deployment as the rows tell them. It is called once.
func (m *Metrics) Page(rows Rows) http.Handler {
	deployment := newRowsCollector(rows)
	m.registry.MustRegister(deployment)
	for name, pool := range rows.Pools {
		m.registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
	}
	page := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTimeout})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		deployment.refresh(r.Context())
		page.ServeHTTP(w, r)
	})
}

// The outcomes of calls that have no code.
const (
	outcomeOK = "ok"
	// outcomeCancelled is a call whose caller no longer waited.
	outcomeCancelled = "cancelled"
)

// outcomeOf names how a call ended: ok, cancelled, or the code of its fault, of
// which domain/fault has a fixed list.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return outcomeOK
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return outcomeCancelled
	}
	f := fault.As(err)
	if f.Code != "" {
		return string(f.Code)
	}
	return strings.ReplaceAll(f.Kind.String(), " ", "_")
}

// timed counts a call and how long it took.
func timed(calls *prometheus.CounterVec, took *prometheus.HistogramVec, began time.Time, err error, labels ...string) {
	took.WithLabelValues(labels...).Observe(time.Since(began).Seconds())
	calls.WithLabelValues(append(labels, outcomeOf(err))...).Inc()
}

// callBuckets are of calls over a network, in seconds.
var callBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
