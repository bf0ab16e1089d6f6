package portstest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

type handler = func(context.Context, ports.Delivery) error

// brokenQueue breaks a promise of the queue that it wraps.
type brokenQueue struct {
	ports.Queue
	enqueue func(ctx context.Context, inner ports.Queue, batch []ports.Delivery) error
	run     func(ctx context.Context, inner ports.Queue, handle handler) error
	depth   func(n int) int
}

func (q brokenQueue) Enqueue(ctx context.Context, batch []ports.Delivery) error {
	if q.enqueue == nil {
		return q.Queue.Enqueue(ctx, batch)
	}
	return q.enqueue(ctx, q.Queue, batch)
}

func (q brokenQueue) Run(ctx context.Context, handle handler) error {
	if q.run == nil {
		return q.Queue.Run(ctx, handle)
	}
	return q.run(ctx, q.Queue, handle)
}

func (q brokenQueue) Depth(ctx context.Context) (int, error) {
	n, err := q.Queue.Depth(ctx)
	if q.depth != nil {
		n = q.depth(n)
	}
	return n, err
}

// losing drops every 10th delivery.
func losing(q ports.Queue) brokenQueue {
	var n atomic.Int64
	return brokenQueue{Queue: q, enqueue: func(ctx context.Context, inner ports.Queue, batch []ports.Delivery) error {
		return inner.Enqueue(ctx, slices.DeleteFunc(slices.Clone(batch), func(ports.Delivery) bool { return n.Add(1)%10 == 0 }))
	}}
}

// repeating delivers again and again what was settled.
func repeating(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		return inner.Run(ctx, func(hctx context.Context, d ports.Delivery) error {
			err := handle(hctx, d)
			time.AfterFunc(10*time.Millisecond, func() { _ = inner.Enqueue(ctx, []ports.Delivery{d}) })
			return err
		})
	}}
}

// unstoppable goes on taking deliveries after its context has ended, until
// there are none for a while.
func unstoppable(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, cancel) })()
		return inner.Run(longer, handle)
	}}
}

// deaf does not end at all.
func deaf(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		return inner.Run(context.WithoutCancel(ctx), handle)
	}}
}

// impatient returns from Run while handlers are running.
func impatient(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		go func() { _ = inner.Run(ctx, handle) }()
		<-ctx.Done()
		return nil
	}}
}

// cutting ends the contexts of handlers with the Run's.
func cutting(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		return inner.Run(ctx, func(_ context.Context, d ports.Delivery) error { return handle(ctx, d) })
	}}
}

// keeping reads the caller's slice after Enqueue has returned.
func keeping(q ports.Queue) brokenQueue {
	var mu sync.Mutex
	var kept [][]ports.Delivery
	return brokenQueue{
		Queue: q,
		enqueue: func(_ context.Context, _ ports.Queue, batch []ports.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			kept = append(kept, batch)
			return nil
		},
		run: func(ctx context.Context, inner ports.Queue, handle handler) error {
			mu.Lock()
			for _, batch := range kept {
				_ = inner.Enqueue(ctx, batch)
			}
			mu.Unlock()
			return inner.Run(ctx, handle)
		},
	}
}

// crowding runs twice the handlers that it was made for.
func crowding(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		var runs sync.WaitGroup
		runs.Go(func() { _ = inner.Run(ctx, handle) })
		runs.Go(func() { _ = inner.Run(ctx, handle) })
		runs.Wait()
		return nil
	}}
}

// forgetting drops what a handler could not settle.
func forgetting(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		return inner.Run(ctx, func(ctx context.Context, d ports.Delivery) error {
			defer func() { _ = recover() }()
			_ = handle(ctx, d)
			return nil
		})
	}}
}

// ageless takes every generation of a subtask for the same delivery.
func ageless(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, enqueue: func(ctx context.Context, inner ports.Queue, batch []ports.Delivery) error {
		batch = slices.Clone(batch)
		for i := range batch {
			batch[i].Generation = 1
		}
		return inner.Enqueue(ctx, batch)
	}}
}

// remembering never delivers a second time what it delivered once.
func remembering(q ports.Queue) brokenQueue {
	var seen sync.Map
	return brokenQueue{Queue: q, enqueue: func(ctx context.Context, inner ports.Queue, batch []ports.Delivery) error {
		return inner.Enqueue(ctx, slices.DeleteFunc(slices.Clone(batch), func(d ports.Delivery) bool {
			_, before := seen.LoadOrStore(d, true)
			return before
		}))
	}}
}

// doubling hands each delivery to the handler twice.
func doubling(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		return inner.Run(ctx, func(ctx context.Context, d ports.Delivery) error {
			if err := handle(ctx, d); err != nil {
				return err
			}
			return handle(ctx, d)
		})
	}}
}

// overlapping gives a delivery to a second handler while the first one runs.
func overlapping(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, run: func(ctx context.Context, inner ports.Queue, handle handler) error {
		return inner.Run(ctx, func(ctx context.Context, d ports.Delivery) error {
			second := time.AfterFunc(200*time.Millisecond, func() { _ = handle(ctx, d) })
			defer second.Stop()
			return handle(ctx, d)
		})
	}}
}

// demanding wants something to add.
func demanding(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, enqueue: func(ctx context.Context, inner ports.Queue, batch []ports.Delivery) error {
		if len(batch) == 0 {
			return errors.New("nothing to add")
		}
		return inner.Enqueue(ctx, batch)
	}}
}

// miscounting says that one more delivery stands than does.
func miscounting(q ports.Queue) brokenQueue {
	return brokenQueue{Queue: q, depth: func(n int) int { return n + 1 }}
}

func TestQueueKitNoticesBrokenQueues(t *testing.T) {
	t.Parallel()
	features := portstest.QueueFeatures{Deduplicates: true, LongRun: time.Second, Patience: 4 * time.Second}
	for name, broken := range map[string]struct {
		wrap func(ports.Queue) brokenQueue
		by   string
	}{
		"loses every 10th":          {losing, "delivers everything"},
		"loses of many":             {losing, "delivers what many goroutines add"},
		"loses what is added again": {losing, "survives a context that ends while adding"},
		"refuses an empty batch":    {demanding, "takes an empty batch"},
		"repeats what is settled":   {repeating, "leaves alone what is settled"},
		"takes more when stopped":   {unstoppable, "takes nothing when stopped"},
		"does not stop":             {deaf, "waits for handlers when stopped"},
		"does not wait":             {impatient, "waits for handlers when stopped"},
		"ends handlers' contexts":   {cutting, "waits for handlers when stopped"},
		"keeps the caller's slice":  {keeping, "does not keep the caller's slice"},
		"runs too many at a time":   {crowding, "keeps to the concurrency"},
		"drops on an error":         {forgetting, "delivers again after an error"},
		"drops on a panic":          {forgetting, "survives a panic"},
		"ignores the generation":    {ageless, "delivers a higher generation apart"},
		"never delivers again":      {remembering, "delivers again what is added again"},
		"delivers everything twice": {doubling, "delivers once what stands twice"},
		"overlaps":                  {overlapping, "leaves a long handler alone"},
		"miscounts":                 {miscounting, "counts what stands"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := queueCheck(t, broken.by).Run(t.Context(), features, func(concurrency int) ports.Queue {
				return broken.wrap(memory.NewQueue(concurrency))
			})
			require.Error(t, err)
			t.Log(err)
		})
	}
}

// The in-memory queue cannot keep or share anything. Two queues that have
// nothing to do with each other are what the kit has to notice.
func TestQueueKitNoticesQueuesApart(t *testing.T) {
	t.Parallel()
	features := portstest.QueueFeatures{Durable: true, Shared: true, Patience: 4 * time.Second}
	for _, name := range []string{"keeps what was not taken", "shares the work"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := queueCheck(t, name).Run(t.Context(), features, func(concurrency int) ports.Queue {
				return memory.NewQueue(concurrency)
			})
			require.Error(t, err)
			t.Log(err)
		})
	}
}

func queueCheck(t *testing.T, name string) portstest.QueueCheck {
	t.Helper()
	checks := portstest.QueueChecks()
	i := slices.IndexFunc(checks, func(c portstest.QueueCheck) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, "the kit has no check %q", name)
	return checks[i]
}
