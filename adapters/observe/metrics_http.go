package observe

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type httpMetrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	open     prometheus.Gauge
}

func newHTTPMetrics(f promauto.Factory) httpMetrics {
	return httpMetrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_http_requests_total", Help: "Requests that were answered, by the pattern of their route.",
		}, []string{"method", "route", "status"}),
		took: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "soundings_http_request_duration_seconds", Help: "How long answers took; streams of events last as long as somebody watches.",
			Buckets: callBuckets,
		}, []string{"method", "route"}),
		open: f.NewGauge(prometheus.GaugeOpts{Name: "soundings_http_requests_open", Help: "Requests that are being answered, streams of events included."}),
	}
}

// Handler counts and times requests by the pattern of their route. The handler
// sets it in the request as http.ServeMux does; a request without one has the
// route "other", so that nobody makes series by asking for addresses.
func (m *Metrics) Handler(h http.Handler) http.Handler {
	if m == nil {
		return h
	}
	return &countedHandler{h, &m.http}
}

type countedHandler struct {
	next http.Handler
	m    *httpMetrics
}

// ServeHTTP counts a request, also one whose handler gave it up.
func (h *countedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.m.open.Inc()
	began, seen := time.Now(), httpsnoop.Metrics{Code: http.StatusOK}
	defer func() {
		h.m.open.Dec()
		method, route := methodOf(r), routeOf(r)
		h.m.requests.WithLabelValues(method, route, strconv.Itoa(seen.Code)).Inc()
		h.m.took.WithLabelValues(method, route).Observe(time.Since(began).Seconds())
	}()
	seen.CaptureMetrics(w, func(w http.ResponseWriter) { h.next.ServeHTTP(w, r) })
}

// other stands for what anybody can make up.
const other = "other"

func routeOf(r *http.Request) string {
	if r.Pattern == "" {
		return other
	}
	return r.Pattern
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

func methodOf(r *http.Request) string {
	if slices.Contains(methods, r.Method) {
		return r.Method
	}
	return other
}
