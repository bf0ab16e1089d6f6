package portstest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/soundings-io/soundings/ports"
)

// The guarantees about a Run: how many at a time, how it ends, who shares it.

func checkConcurrency(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	const limit = 3
	q, seen := open(limit), newHandlerLog(f)
	full := make(chan struct{})
	r := startRun(ctx, f, q, func(_ context.Context, d ports.Delivery) error {
		seen.enter(d)
		defer seen.leave(d)
		<-full
		return nil
	})
	if err := q.Enqueue(ctx, deliveries(0, 10*limit)); err != nil {
		close(full)
		return stopRuns(fmt.Errorf("Enqueue: %w", err), r)
	}
	err := seen.until("as many handlers as the queue was made for", func() bool { return seen.now >= limit })
	watch(ctx, quiet)
	close(full)
	err = errors.Join(err, seen.all(deliveries(0, 10*limit)))
	if most, _ := seen.atATime(); most > limit {
		err = errors.Join(err, fmt.Errorf("%d handlers ran at a time, the queue was made for %d", most, limit))
	}
	return stopRuns(err, r)
}

func checkDepth(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(1), newHandlerLog(f)
	if err := depthIs(ctx, f, q, 0); err != nil {
		return err
	}
	if err := q.Enqueue(ctx, deliveries(0, 5)); err != nil {
		return fmt.Errorf("Enqueue: %w", err)
	}
	if err := depthIs(ctx, f, q, 5); err != nil {
		return err
	}
	release := make(chan struct{})
	r := startRun(ctx, f, q, func(_ context.Context, d ports.Delivery) error {
		seen.enter(d)
		defer seen.leave(d)
		<-release
		return nil
	})
	err := seen.until("a handler", func() bool { return seen.now == 1 })
	err = errors.Join(err, depthIs(ctx, f, q, 4))
	close(release)
	return stopRuns(errors.Join(err, seen.all(deliveries(0, 5)), depthIs(ctx, f, q, 0)), r)
}

// heldRun is a Run of one handler that is in the middle of its first delivery,
// while more stand on the queue.
type heldRun struct {
	*startedRun
	seen    *handlerLog
	release chan struct{}
	// ctxErr is the error of the handler's context when it was released.
	ctxErr chan error
}

func holdRun(ctx context.Context, f QueueFeatures, q ports.Queue, batch []ports.Delivery) (*heldRun, error) {
	h := &heldRun{seen: newHandlerLog(f), release: make(chan struct{}), ctxErr: make(chan error, 2*len(batch))}
	if err := q.Enqueue(ctx, batch); err != nil {
		return nil, fmt.Errorf("Enqueue: %w", err)
	}
	h.startedRun = startRun(ctx, f, q, func(ctx context.Context, d ports.Delivery) error {
		h.seen.enter(d)
		defer h.seen.leave(d)
		<-h.release
		h.ctxErr <- ctx.Err()
		return nil
	})
	return h, h.seen.until("a handler", func() bool { return h.seen.now == 1 })
}

// letGo ends the Run's context, watches for a while, and ends the handler.
func (h *heldRun) letGo(ctx context.Context) error {
	h.cancel()
	watch(ctx, quiet)
	var early error
	select {
	case <-h.ended:
		early = fmt.Errorf("Run returned while a handler was running")
	default:
	}
	close(h.release)
	return errors.Join(early, h.stop())
}

func checkStopWaits(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	h, err := holdRun(ctx, f, open(1), deliveries(0, 1))
	if err != nil {
		return err
	}
	if err := h.letGo(ctx); err != nil {
		return err
	}
	if err := <-h.ctxErr; err != nil {
		return fmt.Errorf("the handler's context ended with the Run's: %w", err)
	}
	return nil
}

func checkStopTakesNothing(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q := open(1)
	h, err := holdRun(ctx, f, q, deliveries(0, 50))
	if err != nil {
		return err
	}
	err = h.letGo(ctx)
	if n := h.seen.total(); n != 1 {
		return errors.Join(err, fmt.Errorf("%d more deliveries were handled after the Run's context had ended", n-1))
	}
	watch(ctx, quiet)
	if n := h.seen.total(); n != 1 {
		return errors.Join(err, fmt.Errorf("%d more deliveries were handled after Run had returned", n-1))
	}
	return err
}

func checkNotTakenStays(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	batch := deliveries(0, 50)
	h, err := holdRun(ctx, f, open(1), batch)
	if err != nil {
		return err
	}
	if err := h.letGo(ctx); err != nil {
		return err
	}
	next, seen := open(4), newHandlerLog(f)
	r := startRun(ctx, f, next, seen.handle)
	rest := len(batch) - h.seen.distinct()
	err = seen.until("what the first Run did not take", func() bool { return len(seen.handled) >= rest })
	for _, d := range batch {
		if err == nil && h.seen.count(d)+seen.count(d) == 0 {
			err = fmt.Errorf("a delivery that the first Run did not take was lost")
		}
	}
	return stopRuns(err, r)
}

func checkShares(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	one, two := open(1), open(1)
	seen, sawOne, sawTwo := newHandlerLog(f), newHandlerLog(f), newHandlerLog(f)
	slowly := func(own *handlerLog) queueHandler {
		return func(ctx context.Context, d ports.Delivery) error {
			seen.enter(d)
			defer seen.leave(d)
			watch(ctx, 20*time.Millisecond)
			return own.handle(ctx, d)
		}
	}
	runs := []*startedRun{startRun(ctx, f, one, slowly(sawOne)), startRun(ctx, f, two, slowly(sawTwo))}
	if err := one.Enqueue(ctx, deliveries(0, 60)); err != nil {
		return stopRuns(fmt.Errorf("Enqueue: %w", err), runs...)
	}
	err := seen.all(deliveries(0, 60))
	if sawOne.total() == 0 || sawTwo.total() == 0 {
		err = errors.Join(err, fmt.Errorf("of 60 deliveries one Run had %d, the other %d", sawOne.total(), sawTwo.total()))
	}
	return stopRuns(err, runs...)
}

func checkLongRun(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(2), newHandlerLog(f)
	r := startRun(ctx, f, q, func(ctx context.Context, d ports.Delivery) error {
		seen.enter(d)
		defer seen.leave(d)
		if seen.count(d) == 1 {
			watch(ctx, f.LongRun)
		}
		return ctx.Err()
	})
	if err := q.Enqueue(ctx, deliveries(0, 1)); err != nil {
		return stopRuns(fmt.Errorf("Enqueue: %w", err), r)
	}
	err := seen.until("a handler", func() bool { return seen.now == 1 })
	watch(ctx, f.LongRun/2)
	// Added again while it is handled: it may come again, but only afterwards.
	err = errors.Join(err, q.Enqueue(ctx, deliveries(0, 1)))
	watch(ctx, f.LongRun/2)
	err = errors.Join(err, seen.all(deliveries(0, 1)))
	if _, overlap := seen.atATime(); overlap {
		err = errors.Join(err, fmt.Errorf("a delivery was given to a second handler while the first one ran"))
	}
	return stopRuns(err, r)
}
