package portstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/soundings-io/soundings/ports"
)

// The guarantees about what is delivered, and how often.

func checkDeliversEverything(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(2), newHandlerLog(f)
	before, after := deliveries(0, 20), deliveries(20, 20)
	if err := q.Enqueue(ctx, before); err != nil {
		return fmt.Errorf("Enqueue before Run: %w", err)
	}
	r := startRun(ctx, f, q, seen.handle)
	if err := seen.all(before); err != nil {
		return stopRuns(err, r)
	}
	if err := q.Enqueue(ctx, after); err != nil {
		return stopRuns(fmt.Errorf("Enqueue during Run: %w", err), r)
	}
	return stopRuns(seen.all(after), r)
}

func checkDeliversMany(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	const goroutines, batch = 8, 50
	batches := f.many() / goroutines / batch
	q, seen := open(goroutines), newHandlerLog(f)
	r := startRun(ctx, f, q, seen.handle)
	failed := make([]error, goroutines)
	var adding sync.WaitGroup
	for g := range goroutines {
		adding.Go(func() {
			for b := range batches {
				failed[g] = errors.Join(failed[g], q.Enqueue(ctx, deliveries((g*batches+b)*batch, batch)))
			}
		})
	}
	adding.Wait()
	if err := errors.Join(failed...); err != nil {
		return stopRuns(fmt.Errorf("Enqueue: %w", err), r)
	}
	want := goroutines * batches * batch
	return stopRuns(seen.until("all deliveries", func() bool { return len(seen.handled) == want }), r)
}

func checkEmptyBatch(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q := open(1)
	if err := q.Enqueue(ctx, nil); err != nil {
		return fmt.Errorf("Enqueue of nothing: %w", err)
	}
	return depthIs(ctx, f, q, 0)
}

func checkKeepsNoSlice(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(1), newHandlerLog(f)
	batch := deliveries(0, 10)
	if err := q.Enqueue(ctx, batch); err != nil {
		return fmt.Errorf("Enqueue: %w", err)
	}
	copy(batch, deliveries(100, 10))
	r := startRun(ctx, f, q, seen.handle)
	if err := stopRuns(seen.until("10 deliveries", func() bool { return len(seen.handled) >= 10 }), r); err != nil {
		return err
	}
	for _, d := range batch {
		if seen.count(d) > 0 {
			return fmt.Errorf("what the caller wrote into its slice after Enqueue was delivered")
		}
	}
	return nil
}

func checkEnqueueCancelled(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(4), newHandlerLog(f)
	batch := deliveries(0, 500)
	ending, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
	defer cancel()
	returned := make(chan error, 1)
	go func() { returned <- q.Enqueue(ending, batch) }()
	select {
	case <-returned: // All or some may have been added.
	case <-time.After(f.patience()):
		return fmt.Errorf("Enqueue did not return within %v after its context ended", f.patience())
	}
	if err := q.Enqueue(ctx, batch); err != nil {
		return fmt.Errorf("Enqueue again after a cancelled one: %w", err)
	}
	r := startRun(ctx, f, q, seen.handle)
	return stopRuns(seen.until("500 deliveries", func() bool { return len(seen.handled) == len(batch) }), r)
}

func checkGenerations(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(1), newHandlerLog(f)
	both := []ports.Delivery{deliveryOf(0, 1), deliveryOf(0, 2)}
	if err := q.Enqueue(ctx, both); err != nil {
		return fmt.Errorf("Enqueue: %w", err)
	}
	r := startRun(ctx, f, q, seen.handle)
	return stopRuns(seen.all(both), r)
}

func checkAddedAgain(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(1), newHandlerLog(f)
	r := startRun(ctx, f, q, seen.handle)
	again := func(times int) error {
		// An Enqueue right after the handler may be counted as standing still.
		return untilNil(ctx, f, func() error {
			if err := q.Enqueue(ctx, []ports.Delivery{delivery(0)}); err != nil {
				return fmt.Errorf("Enqueue: %w", err)
			}
			watch(ctx, 50*time.Millisecond)
			if seen.count(delivery(0)) < times {
				return fmt.Errorf("what was settled and added again did not come again")
			}
			return nil
		})
	}
	err := again(1)
	if err == nil {
		err = again(2)
	}
	return stopRuns(err, r)
}

func checkSettled(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(2), newHandlerLog(f)
	r := startRun(ctx, f, q, seen.handle)
	batch := deliveries(0, 10)
	if err := q.Enqueue(ctx, batch); err != nil {
		return stopRuns(fmt.Errorf("Enqueue: %w", err), r)
	}
	err := seen.all(batch)
	if err == nil {
		err = depthIs(ctx, f, q, 0)
	}
	watch(ctx, 2*quiet)
	if seen.total() != len(batch) {
		err = errors.Join(err, fmt.Errorf("10 deliveries that were settled at once were handled %d times", seen.total()))
	}
	return stopRuns(err, r)
}

func checkDeduplicates(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(2), newHandlerLog(f)
	failed := make([]error, 8)
	var adding sync.WaitGroup
	for g := range failed {
		adding.Go(func() {
			twice := append(deliveries(0, 10), deliveries(0, 10)...)
			failed[g] = q.Enqueue(ctx, twice)
		})
	}
	adding.Wait()
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("Enqueue: %w", err)
	}
	if err := depthIs(ctx, f, q, 10); err != nil {
		return err
	}
	r := startRun(ctx, f, q, seen.handle)
	err := seen.all(deliveries(0, 10))
	watch(ctx, quiet)
	if seen.total() != 10 {
		err = errors.Join(err, fmt.Errorf("10 deliveries that stood on the queue were handled %d times", seen.total()))
	}
	return stopRuns(err, r)
}

func checkErrorComesAgain(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(2), newHandlerLog(f)
	r := startRun(ctx, f, q, func(_ context.Context, d ports.Delivery) error {
		seen.enter(d)
		defer seen.leave(d)
		if seen.count(d) < 3 {
			return errors.New("the database cannot be reached")
		}
		return nil
	})
	if err := q.Enqueue(ctx, deliveries(0, 3)); err != nil {
		return stopRuns(fmt.Errorf("Enqueue: %w", err), r)
	}
	var err error
	for _, d := range deliveries(0, 3) {
		if err == nil {
			err = seen.times(d, 3)
		}
	}
	if err == nil {
		err = depthIs(ctx, f, q, 0)
	}
	return stopRuns(err, r)
}

func checkPanic(ctx context.Context, f QueueFeatures, open QueueBackend) error {
	q, seen := open(1), newHandlerLog(f)
	r := startRun(ctx, f, q, func(_ context.Context, d ports.Delivery) error {
		seen.enter(d)
		defer seen.leave(d)
		if d == delivery(0) && seen.count(d) == 1 {
			panic("a defect")
		}
		return nil
	})
	if err := q.Enqueue(ctx, deliveries(0, 5)); err != nil {
		return stopRuns(fmt.Errorf("Enqueue: %w", err), r)
	}
	return stopRuns(errors.Join(seen.times(delivery(0), 2), seen.all(deliveries(0, 5))), r)
}
