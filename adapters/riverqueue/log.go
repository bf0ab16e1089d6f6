package riverqueue

import (
	"context"
	"log/slog"
)

// warnings lets River's warnings and errors through. What River calls
// information is each delivery that could not be settled, which is logged
// already, and its own starting and stopping.
type warnings struct{ to slog.Handler }

func atLeastWarn(log *slog.Logger) *slog.Logger { return slog.New(warnings{log.Handler()}) }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.to.Enabled(ctx, level)
}

func (w warnings) Handle(ctx context.Context, r slog.Record) error { return w.to.Handle(ctx, r) }

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler { return warnings{w.to.WithAttrs(attrs)} }

func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.to.WithGroup(name)} }
