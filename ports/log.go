package ports

import (
	"context"
	"log/slog"
	"slices"
)

type logAttrsKey struct{}

// WithLogAttrs returns a context in whose work each logged line carries attrs
// beside what ctx has already: which request, task or subtask it is about. Only
// lines that are logged with the context do.
func WithLogAttrs(ctx context.Context, attrs ...slog.Attr) context.Context {
	return context.WithValue(ctx, logAttrsKey{}, slices.Concat(LogAttrs(ctx), attrs))
}

// LogAttrs returns what the lines of a context's work carry.
func LogAttrs(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(logAttrsKey{}).([]slog.Attr)
	return attrs
}
