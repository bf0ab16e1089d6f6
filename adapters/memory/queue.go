// Package memory holds adapters that need nothing but the process: for the
// command analyze and for tests.
package memory

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/handling"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// retryAfter is when a delivery comes again that could not be settled.
const retryAfter = time.Second

var _ ports.Queue = (*Queue)(nil)

// Queue is a queue in the process's memory: first in, first out, without a
// limit of its length. It is safe for concurrent use and ends with the process.
type Queue struct {
	concurrency int

	mu      sync.Mutex
	changed *sync.Cond
	waiting []ports.Delivery
	// standing has what waits and what comes again later.
	standing map[ports.Delivery]bool
}

// NewQueue returns an empty queue that is handled by concurrency goroutines.
func NewQueue(concurrency int) *Queue {
	q := &Queue{concurrency: concurrency, standing: map[ports.Delivery]bool{}}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// Enqueue adds the deliveries that do not stand on the queue already.
func (q *Queue) Enqueue(ctx context.Context, deliveries []ports.Delivery) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "nothing was added to the queue")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range deliveries {
		if !q.standing[d] {
			q.standing[d] = true
			q.waiting = append(q.waiting, d)
		}
	}
	q.changed.Broadcast()
	return nil
}

// Run handles deliveries until ctx ends and the handlers that run are done.
// What could not be settled comes again after a second.
func (q *Queue) Run(ctx context.Context, handle func(context.Context, ports.Delivery) error) error {
	stop := context.AfterFunc(ctx, q.wake)
	defer stop()
	handler := handling.New(ctx, q.concurrency, handle, slog.Default())
	var workers sync.WaitGroup
	for range q.concurrency {
		workers.Go(func() { q.work(ctx, handler) })
	}
	workers.Wait()
	return nil
}

// Depth returns how many deliveries stand on the queue.
func (q *Queue) Depth(context.Context) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.standing), nil
}

func (q *Queue) work(ctx context.Context, handler *handling.Handler) {
	for {
		d, ok := q.take(ctx)
		if !ok {
			return
		}
		if err := handler.Handle(d); err != nil {
			q.putBack(d)
		}
	}
}

// putBack lets the delivery come again later. The timer outlives the Run: the
// delivery then stands for nobody, as everything on this queue does.
func (q *Queue) putBack(d ports.Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.standing[d] {
		return
	}
	q.standing[d] = true
	time.AfterFunc(retryAfter, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.waiting = append(q.waiting, d)
		q.changed.Broadcast()
	})
}

// take waits for a delivery and takes it; it returns false once ctx has ended.
func (q *Queue) take(ctx context.Context) (ports.Delivery, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && ctx.Err() == nil {
		q.changed.Wait()
	}
	if ctx.Err() != nil {
		return ports.Delivery{}, false
	}
	d := q.waiting[0]
	q.waiting = q.waiting[1:]
	delete(q.standing, d)
	return d, true
}

func (q *Queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}
