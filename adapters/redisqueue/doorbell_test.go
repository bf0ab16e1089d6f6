package redisqueue

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/ports"
)

// asked returns how long the hook takes for a command whose answer is err.
func asked(ctx context.Context, b *doorbell, err error, args ...any) time.Duration {
	began := time.Now()
	_ = b.ProcessHook(func(context.Context, redis.Cmder) error { return err })(ctx, redis.NewCmd(ctx, args...))
	return time.Since(began)
}

func TestHowLongAnAnswerIsHeld(t *testing.T) {
	t.Parallel()
	const soon = 10 * time.Millisecond
	question := append([]any{"evalsha", "5bca7…", 4}, append(dequeueKeys, "lease", "prefix")...)
	for name, tc := range map[string]struct {
		args   []any
		answer error
		after  func(b *doorbell, cancel func())
		held   time.Duration
	}{
		"nobody rings":        {args: question, answer: redis.Nil, held: longestHold},
		"somebody rings":      {args: question, answer: redis.Nil, after: func(b *doorbell, _ func()) { b.wake(); b.wake() }, held: soon},
		"the Run ends":        {args: question, answer: redis.Nil, after: func(b *doorbell, _ func()) { close(b.stopped) }, held: soon},
		"the context ends":    {args: question, answer: redis.Nil, after: func(_ *doorbell, cancel func()) { cancel() }, held: soon},
		"there is a delivery": {args: question},
		"Redis fails":         {args: question, answer: redis.ErrClosed},
		"another question":    {args: []any{"get", "key"}, answer: redis.Nil},
		"another script":      {args: []any{"evalsha", "5bca7…", 2, pendingKey, retryKey, "a", "b"}, answer: redis.Nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				b := newDoorbell()
				b.wake() // a ring before the question is forgotten
				if tc.after != nil {
					time.AfterFunc(soon, func() { tc.after(b, cancel) })
				}
				assert.Equal(t, tc.held, asked(ctx, b, tc.answer, tc.args...))
			})
		})
	}
}

// A ring while Redis looks for deliveries may be of one that it did not see.
func TestARingDuringTheQuestionCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, began := newDoorbell(), time.Now()
		question := redis.NewCmd(t.Context(), append([]any{"evalsha", "5bca7…", 4}, dequeueKeys...)...)
		err := b.ProcessHook(func(context.Context, redis.Cmder) error { b.wake(); return redis.Nil })(t.Context(), question)
		require.ErrorIs(t, err, redis.Nil)
		assert.Zero(t, time.Since(began))
	})
}

const (
	// patience bounds what a test waits for on a busy machine.
	patience = time.Minute
	pollGap  = 10 * time.Millisecond
)

// The asynq that is built in asks as isDequeue expects: an idle Run is silent,
// and what is added then is delivered although the hold would last an hour.
func TestRingsAreHeard(t *testing.T) {
	t.Parallel()
	const deliveries = 20
	server := miniredis.RunT(t)
	q, err := Open(t.Context(), "redis://"+server.Addr(), Options{Concurrency: 2, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	q.bell.longest = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	handled, ended := make(chan ports.Delivery), make(chan error, 1)
	go func() {
		ended <- q.Run(ctx, func(_ context.Context, d ports.Delivery) error { handled <- d; return nil })
	}()
	require.Eventually(t, func() bool { return server.PubSubNumSub(bellChannel)[bellChannel] > 0 }, patience, pollGap, "nobody listens")
	for i := range int64(deliveries) {
		commands := 0
		require.Eventually(t, func() bool {
			before := commands
			commands = server.CommandCount()
			return commands == before
		}, patience, longestHold/8, "an idle Run goes on asking")
		require.NoError(t, q.Enqueue(t.Context(), []ports.Delivery{{SubtaskID: "a", Generation: i}}))
		select {
		case <-handled:
		case <-time.After(patience):
			require.Fail(t, "nobody heard the ring")
		}
	}
	cancel()
	require.NoError(t, <-ended)
	require.NoError(t, q.Close())
}
