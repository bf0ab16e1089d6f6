package observe

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/soundings-io/soundings/ports"
)

// Logs returns a handler whose lines say what the work is that they are about:
// the attributes of ports.WithLogAttrs (request, task, subtask), and the trace
// where there is one. Lines are found by them, and traces from lines.
func Logs(h slog.Handler) slog.Handler { return identified{h} }

type identified struct{ slog.Handler }

// Handle adds what the context knows.
func (h identified) Handle(ctx context.Context, r slog.Record) error {
	attrs := ports.LogAttrs(ctx)
	span := trace.SpanContextFromContext(inRun(ctx))
	if len(attrs) == 0 && !span.IsValid() {
		return h.Handler.Handle(ctx, r)
	}
	r = r.Clone()
	r.AddAttrs(attrs...)
	if span.IsValid() {
		r.AddAttrs(slog.String("trace", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler whose lines carry attrs as well.
func (h identified) WithAttrs(attrs []slog.Attr) slog.Handler {
	return identified{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler whose lines have their attributes in a group.
func (h identified) WithGroup(name string) slog.Handler { return identified{h.Handler.WithGroup(name)} }
