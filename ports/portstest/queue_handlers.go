package portstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

type queueHandler func(ctx context.Context, d ports.Delivery) error

// startedRun is a Queue whose Run goes on.
type startedRun struct {
	cancel   context.CancelFunc
	patience time.Duration
	ended    chan struct{}
	err      error // of Run, once ended is closed.
}

func startRun(ctx context.Context, f QueueFeatures, q ports.Queue, handle queueHandler) *startedRun {
	ctx, cancel := context.WithCancel(ctx)
	r := &startedRun{cancel: cancel, patience: f.patience(), ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.err = q.Run(ctx, handle)
	}()
	return r
}

// stop ends the Run's context and waits until Run has returned nil.
func (r *startedRun) stop() error {
	r.cancel()
	select {
	case <-r.ended:
	case <-time.After(r.patience):
		return fmt.Errorf("Run did not return within %v after its context ended", r.patience)
	}
	if r.err != nil {
		return fmt.Errorf("Run returned an error after its context ended: %w", r.err)
	}
	return nil
}

// stopRuns joins what a check found with how its Runs ended.
func stopRuns(err error, runs ...*startedRun) error {
	for _, r := range runs {
		err = errors.Join(err, r.stop())
	}
	return err
}

// handlerLog counts how often each delivery was handled, and how many handlers run.
type handlerLog struct {
	patience time.Duration

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change.
	handled map[ports.Delivery]int
	now     int
	most    int
	overlap bool // one delivery was handled twice at a time.
	inWork  map[ports.Delivery]bool
}

func newHandlerLog(f QueueFeatures) *handlerLog {
	return &handlerLog{patience: f.patience(), changed: make(chan struct{}), handled: map[ports.Delivery]int{}, inWork: map[ports.Delivery]bool{}}
}

// handle is a handler that settles everything.
func (l *handlerLog) handle(_ context.Context, d ports.Delivery) error {
	l.enter(d)
	l.leave(d)
	return nil
}

func (l *handlerLog) enter(d ports.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handled[d]++
	l.now++
	l.most = max(l.most, l.now)
	l.overlap = l.overlap || l.inWork[d]
	l.inWork[d] = true
	l.tell()
}

func (l *handlerLog) leave(d ports.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now--
	delete(l.inWork, d)
	l.tell()
}

func (l *handlerLog) tell() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *handlerLog) count(d ports.Delivery) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.handled[d]
}

// distinct returns how many different deliveries were handled.
func (l *handlerLog) distinct() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.handled)
}

// total returns how often a handler was called.
func (l *handlerLog) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, times := range l.handled {
		n += times
	}
	return n
}

// atATime returns how many handlers ran at a time at most, and whether two of
// them ever had the same delivery.
func (l *handlerLog) atATime() (most int, overlap bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most, l.overlap
}

// until waits for the log to satisfy done, which is called with the lock heldRun.
func (l *handlerLog) until(what string, done func() bool) error {
	limit := time.After(10 * l.patience)
	for {
		l.mu.Lock()
		ok, changed := done(), l.changed
		l.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
			continue
		case <-time.After(l.patience):
		case <-limit:
		}
		return fmt.Errorf("nothing came for %v while waiting for: %s", l.patience, what)
	}
}

// all waits until each of the deliveries was handled and none is in work.
func (l *handlerLog) all(want []ports.Delivery) error {
	return l.until(fmt.Sprintf("%d deliveries to be handled", len(want)), func() bool {
		for _, d := range want {
			if l.handled[d] == 0 {
				return false
			}
		}
		return l.now == 0
	})
}

// times waits until the delivery was handled n times.
func (l *handlerLog) times(d ports.Delivery, n int) error {
	return l.until(fmt.Sprintf("a delivery to come %d times", n), func() bool { return l.handled[d] >= n })
}

func deliveryOf(n int, generation int64) ports.Delivery {
	return ports.Delivery{
		SubtaskID:  task.SubtaskID(fmt.Sprintf("01938f0c-7d1e-7000-8000-%012x", n)),
		Generation: generation,
	}
}

// watch waits out the time in which something must not happen.
func watch(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// untilNil asks until the answer is nil, and returns the last one otherwise.
func untilNil(ctx context.Context, f QueueFeatures, ask func() error) error {
	limit := time.Now().Add(f.patience())
	for {
		err := ask()
		if err == nil || time.Now().After(limit) || ctx.Err() != nil {
			return err
		}
		watch(ctx, 20*time.Millisecond)
	}
}

// depthIs waits until the queue says that this many deliveries stand on it.
func depthIs(ctx context.Context, f QueueFeatures, q ports.Queue, want int) error {
	return untilNil(ctx, f, func() error {
		got, err := q.Depth(ctx)
		if err != nil {
			return fmt.Errorf("Depth: %w", err)
		}
		if got != want {
			return fmt.Errorf("Depth says %d, want %d", got, want)
		}
		return nil
	})
}
