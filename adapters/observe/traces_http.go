package observe

import (
	"net/http"
	"slices"

	"github.com/felixge/httpsnoop"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// probes are asked every few seconds, and tell nobody anything in a trace.
var probes = []string{"/healthz", "/readyz", "/metrics"}

// Handler makes a span of each request that is no probe, in the trace that its
// traceparent names. As Metrics.Handler it goes by the pattern of the route.
func (t *Traces) Handler(h http.Handler) http.Handler {
	if t == nil {
		return h
	}
	return &tracedHandler{h, t}
}

type tracedHandler struct {
	next http.Handler
	t    *Traces
}

// ServeHTTP makes a span.
func (h *tracedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if slices.Contains(probes, r.URL.Path) {
		h.next.ServeHTTP(w, r)
		return
	}
	ctx := traceparent.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := h.t.tracer.Start(ctx, methodOf(r), trace.WithSpanKind(trace.SpanKindServer))
	within, seen := r.WithContext(ctx), httpsnoop.Metrics{Code: http.StatusOK}
	defer func() {
		r.Pattern = within.Pattern // for whoever counts requests outside
		span.SetName(methodOf(r) + " " + routeOf(r))
		span.SetAttributes(
			attribute.String("http.request.method", methodOf(r)), attribute.String("http.route", routeOf(r)),
			attribute.Int("http.response.status_code", seen.Code),
			attribute.String("soundings.request", w.Header().Get("X-Request-Id")))
		if seen.Code >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(seen.Code))
		}
		span.End()
	}()
	seen.CaptureMetrics(w, func(w http.ResponseWriter) { h.next.ServeHTTP(w, within) })
}
