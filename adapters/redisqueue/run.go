package redisqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"

	"github.com/soundings-io/soundings/adapters/internal/handling"
	"github.com/soundings-io/soundings/ports"
)

// Run handles deliveries until ctx ends and the handlers that run are done. A
// handler whose lease asynq could not renew, because Redis was out of reach for
// half a minute, is not ended: when its delivery comes again meanwhile, that
// waits.
func (q *Queue) Run(ctx context.Context, handle func(context.Context, ports.Delivery) error) error {
	if err := q.Healthy(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	deaf := q.bell.listen(ctx, q.redis)
	defer deaf()
	handler := handling.New(ctx, q.opts.Concurrency, handle, q.opts.Logger)
	server := asynq.NewServerFromRedisClient(q.redis, q.config())
	err := server.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		var m message
		if err := json.Unmarshal(t.Payload(), &m); err != nil {
			return fmt.Errorf("a message on the queue is none of ours: %w: %w", err, asynq.RevokeTask)
		}
		return handler.Handle(ports.Delivery(m))
	}))
	if err != nil {
		return unavailable(err)
	}
	<-ctx.Done()
	close(q.bell.stopped)
	server.Shutdown()
	handler.Wait()
	return nil
}

func (q *Queue) config() asynq.Config {
	return asynq.Config{
		Concurrency:              q.opts.Concurrency,
		Queues:                   map[string]int{queueName: 1},
		TaskCheckInterval:        askAgain,
		DelayedTaskCheckInterval: q.opts.RetryDelay,
		RetryDelayFunc:           q.retryDelay,
		// A failure that does not count spends no retry, so that none is archived.
		IsFailure:       func(error) bool { return false },
		ShutdownTimeout: forEver,
		// Nothing is retained, so that there is nothing for the janitor.
		JanitorInterval: time.Hour,
		Logger:          asynqLog{q.opts.Logger},
		LogLevel:        asynq.WarnLevel,
	}
}

func (q *Queue) retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	if errors.Is(err, handling.ErrStopping) {
		return 0
	}
	return q.opts.RetryDelay
}

// asynqLog gives asynq's log lines to slog. None of them ends the process.
type asynqLog struct{ to *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.to.Debug(asynqLine(args)) }
func (l asynqLog) Info(args ...any)  { l.to.Info(asynqLine(args)) }
func (l asynqLog) Warn(args ...any)  { l.to.Warn(asynqLine(args)) }
func (l asynqLog) Error(args ...any) { l.to.Error(asynqLine(args)) }
func (l asynqLog) Fatal(args ...any) { l.to.Error(asynqLine(args)) }

func asynqLine(args []any) string { return "asynq: " + fmt.Sprint(args...) }
