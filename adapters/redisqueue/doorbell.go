package redisqueue

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	pendingKey = "asynq:{" + queueName + "}:pending"
	retryKey   = "asynq:{" + queueName + "}:retry"
	// bellChannel begins as the keys do, so that what an ACL says of them holds
	// for it too.
	bellChannel = "asynq:{" + queueName + "}:bell"

	// longestHold is what a lost ring delays a delivery by, and what comes again
	// after an error, for which nobody rings. Four questions a second are all
	// that an idle Run asks.
	longestHold = 250 * time.Millisecond
	// askAgain is how long asynq sleeps after it was told that there is nothing,
	// on average: next to nothing, as the doorbell has held it until there is.
	askAgain = time.Millisecond
)

// dequeueKeys are the keys that asynq takes the next delivery with; no other
// of its scripts has them. The test TestRingsAreHeard fails if a new asynq has
// others.
var dequeueKeys = []any{
	pendingKey, "asynq:{" + queueName + "}:paused", "asynq:{" + queueName + "}:active", "asynq:{" + queueName + "}:lease",
}

// doorbell holds back the answer that nothing stands on the queue until
// somebody rings.
type doorbell struct {
	// longest is longestHold; a test sets it, before Run.
	longest time.Duration
	// rung holds one ring, so that one between the question and the wait counts.
	rung chan struct{}
	// stopped is closed when nobody shall be held any more.
	stopped chan struct{}
}

func newDoorbell() *doorbell {
	return &doorbell{longest: longestHold, rung: make(chan struct{}, 1), stopped: make(chan struct{})}
}

// ring tells all Runs on this Redis that there are deliveries. A ring that is
// lost only delays them, so that its error is nobody's concern.
func ring(ctx context.Context, client redis.UniversalClient) {
	_ = client.Publish(ctx, bellChannel, "").Err()
}

// listen hears the rings until it is stopped. go-redis subscribes again after
// a failure, for as long as it takes.
func (b *doorbell) listen(ctx context.Context, client redis.UniversalClient) (stop func()) {
	heard := client.Subscribe(ctx, bellChannel)
	rings, ended := heard.Channel(), make(chan struct{})
	go func() {
		defer close(ended)
		for range rings {
			b.wake()
		}
	}()
	return func() {
		_ = heard.Close() // the connection, about which there is nothing more to say
		<-ended
	}
}

func (b *doorbell) wake() {
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

// hush forgets the ring before a question: what stood on the queue when it
// rang, the answer will have.
func (b *doorbell) hush() {
	select {
	case <-b.rung:
	default:
	}
}

func (b *doorbell) hold(ctx context.Context) {
	longest := time.NewTimer(b.longest)
	defer longest.Stop()
	select {
	case <-b.rung:
	case <-longest.C:
	case <-b.stopped:
	case <-ctx.Done():
	}
}

// ProcessHook holds back empty answers to asynq's question for a delivery.
func (b *doorbell) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !isDequeue(cmd) {
			return next(ctx, cmd)
		}
		b.hush()
		err := next(ctx, cmd)
		if errors.Is(err, redis.Nil) {
			b.hold(ctx)
		}
		return err
	}
}

// DialHook changes nothing.
func (b *doorbell) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (b *doorbell) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// isDequeue knows a command of the form EVALSHA script 4 KEYS… ARGV….
func isDequeue(cmd redis.Cmder) bool {
	const before = 3
	args := cmd.Args()
	return len(args) >= before+len(dequeueKeys) && slices.Equal(args[before:before+len(dequeueKeys)], dequeueKeys)
}
