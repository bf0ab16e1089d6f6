package observe

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces tells a collector what one process does and how long it takes. Its
// methods decorate as those of Metrics do, and a nil *Traces returns what it
// was given.
//
// A span says types, states, codes, counts and ids of ours; never an address
// with its query, a token, a text or a name.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

const (
	// exportPatience is how long one batch of spans is tried. Meanwhile the
	// spans of the process wait in a queue of 2,048, and what is over goes: a
	// collector that is down slows nothing and fills nothing.
	exportPatience = 15 * time.Second
	// longestReason bounds what a line quotes of a collector's answer, in bytes.
	longestReason = 200
	// farewell bounds what a stopping process waits for its last spans.
	farewell = 3 * time.Second
)

// NewTraces returns traces that go to the collector, by OTLP over HTTP. Sampler,
// batches and the service's name are those of the standard variables (OTEL_*),
// which the SDK reads. Close sends what is left.
func NewTraces(ctx context.Context, c Collector, version string, log *slog.Logger) (*Traces, error) {
	exporter, err := newExporter(c)
	if err != nil {
		return nil, err
	}
	self, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(attribute.String("service.name", "soundings"), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(newLostSpans(log)) // the SDK has one for the whole process
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(self))
	return &Traces{provider: provider, tracer: provider.Tracer("github.com/soundings-io/soundings")}, nil
}

// Close sends the spans that are left, in 3 seconds at most.
func (t *Traces) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what could not be sent is lost, as it may be
}

// traceparent is how a trace is carried over (https://www.w3.org/TR/trace-context/).
var traceparent propagation.TraceContext

// carried returns the context's span as a traceparent, empty for none.
func carried(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	traceparent.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// carriedOn returns the context with the span of a traceparent as its parent.
func carriedOn(ctx context.Context, parent string) context.Context {
	return traceparent.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}

// start begins a span below the context's span, or below the run of the subtask
// that the context belongs to.
func (t *Traces) start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	return t.tracer.Start(inRun(ctx), name, opts...)
}

// endSpan ends a span of a call. Of an error it tells the code alone: messages
// may hold names and addresses.
func endSpan(span trace.Span, err error) {
	if outcome := outcomeOf(err); outcome != outcomeOK {
		span.SetAttributes(attribute.String("soundings.outcome", outcome))
		if outcome != outcomeCancelled {
			span.SetStatus(codes.Error, outcome)
		}
	}
	span.End()
}

// lostSpans logs that spans were lost, once a minute at most: a collector may be
// down for a day.
type lostSpans struct {
	log  *slog.Logger
	next atomic.Int64 // when it may be said again, in nanoseconds since 1970
}

func newLostSpans(log *slog.Logger) *lostSpans { return &lostSpans{log: log} }

// Handle takes an error of the SDK.
func (l *lostSpans) Handle(err error) {
	now := time.Now()
	next := l.next.Load()
	if now.UnixNano() < next || !l.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano()) {
		return
	}
	reason := withoutAddress(err).Error()
	l.log.Warn("the collector of traces takes none; they are dropped (said once a minute)", "error", reason[:min(len(reason), longestReason)])
}
