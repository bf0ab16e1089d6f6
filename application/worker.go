package application

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	leaseLength = 15 * time.Second
	renewEvery  = time.Second
)

// errStopping ends runs that have not come to a good place in time when the
// process stops: they are handed back.
var errStopping = errors.New("the worker is stopping")

// WorkerOptions are a worker's settings.
type WorkerOptions struct {
	// Owner names the process in its leases; no two processes share one.
	Owner string
	// Grace is how long a run may go on after the worker was asked to stop.
	Grace time.Duration
	Retry task.RetryPolicy
}

// Worker runs the subtasks that a queue delivers.
type Worker struct {
	store      ports.Store
	queue      ports.Queue
	dispatcher *Dispatcher
	processors Processors
	opts       WorkerOptions
	log        *slog.Logger

	stopping chan struct{}
	mu       sync.Mutex
	running  map[task.SubtaskID]*run
}

// run is one claimed subtask while a handler works on it.
type run struct {
	lease ports.Lease
	// stopping is closed when the worker stops: come to a good place soon.
	stopping <-chan struct{}
	// committed tells others that there may be new work.
	committed func()
	// settled tells that the subtask's end is stored already.
	settled bool
	// undo, if the processor left one, takes back what it did outside of the Store.
	// It is called where the run's success was not stored.
	undo    func(context.Context) error
	cancel  context.CancelCauseFunc
	claimed time.Time
}

func (r *run) asksToStop() bool {
	select {
	case <-r.stopping:
		return true
	default:
		return false
	}
}

// spawn returns a subtask of the same task that is due now.
func (r *run) spawn(typ task.SubtaskType, p task.Payload) *task.Subtask {
	return task.NewSubtask(task.SubtaskID(newID()), r.lease.Subtask.TaskID, typ, p, now())
}

// Work is what a Worker needs of the rest of the application.
type Work struct {
	Store      ports.Store
	Queue      ports.Queue
	Dispatcher *Dispatcher
	Processors Processors
}

// NewWorker returns a worker; Run does the work.
func NewWorker(w Work, opts WorkerOptions, log *slog.Logger) *Worker {
	return &Worker{
		store: w.Store, queue: w.Queue, dispatcher: w.Dispatcher, processors: w.Processors, opts: opts, log: log,
		stopping: make(chan struct{}), running: map[task.SubtaskID]*run{},
	}
}

// Run works until ctx ends; then it takes nothing more, gives what runs the
// grace to come to a good place, hands the rest back, and returns. It is called
// once.
func (w *Worker) Run(ctx context.Context) error {
	// Handlers and heartbeats outlive ctx: they end when the queue has drained.
	alive, ended := context.WithCancel(context.WithoutCancel(ctx))
	defer ended()
	stop := context.AfterFunc(ctx, func() { w.stop(alive) })
	defer stop()

	var group errgroup.Group
	group.Go(func() error { w.heartbeat(alive); return nil })
	group.Go(func() error {
		defer ended()
		return w.queue.Run(ctx, w.handle)
	})
	return group.Wait()
}

// stop asks the runs to end, and ends them when the grace is over.
func (w *Worker) stop(alive context.Context) {
	close(w.stopping)
	select {
	case <-alive.Done():
	case <-time.After(w.opts.Grace):
		w.each(func(_ task.SubtaskID, r *run) { r.cancel(errStopping) })
	}
}

func (w *Worker) each(fn func(task.SubtaskID, *run)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, r := range w.running {
		fn(id, r)
	}
}

// handle settles one delivery. It returns an error only if the database could
// not be reached, so that the delivery comes again.
func (w *Worker) handle(ctx context.Context, d ports.Delivery) error {
	lease, err := w.store.Claim(ctx, d, w.opts.Owner, leaseLength)
	if errors.Is(err, ports.ErrLeaseLost) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("claiming subtask %s: %w", d.SubtaskID, err)
	}
	ctx, r := w.begin(ctx, lease)
	defer w.end(r)

	outcome, err := w.process(ctx, r)
	if r.settled {
		return nil
	}
	if errors.Is(err, ports.ErrLeaseLost) || errors.Is(context.Cause(ctx), ports.ErrLeaseLost) {
		w.takeBack(ctx, r)
		return nil
	}
	if err != nil {
		w.takeBack(ctx, r)
		outcome = w.decide(ctx, r, err)
	}
	return w.finish(ctx, r, outcome)
}

// takeBack undoes what a run did outside of the Store, where it can be undone.
func (w *Worker) takeBack(ctx context.Context, r *run) {
	if r.undo == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := r.undo(ctx); err != nil {
		w.log.Warn("what a run left could not be removed; it goes with its task", "task", r.lease.Subtask.TaskID, "error", err)
	}
}

func (w *Worker) begin(ctx context.Context, lease ports.Lease) (context.Context, *run) {
	ctx, cancel := context.WithCancelCause(ports.WithLogAttrs(ctx,
		slog.String("task", string(lease.Subtask.TaskID)), slog.String("subtask", string(lease.Subtask.ID)),
		slog.Int("attempt", lease.Subtask.Attempt)))
	r := &run{lease: lease, stopping: w.stopping, committed: w.dispatcher.Poke, cancel: cancel, claimed: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.running[lease.Subtask.ID]; before != nil {
		// This process lost the lease without noticing, and has it again.
		before.cancel(ports.ErrLeaseLost)
	}
	w.running[lease.Subtask.ID] = r
	return ctx, r
}

func (w *Worker) end(r *run) {
	r.cancel(nil)
	w.mu.Lock()
	if w.running[r.lease.Subtask.ID] == r {
		delete(w.running, r.lease.Subtask.ID)
	}
	w.mu.Unlock()
	w.dispatcher.Poke()
}

// process runs the subtask's processor and turns a panic into an error, so
// that a defect in one page cannot take the other runs with it.
func (w *Worker) process(ctx context.Context, r *run) (o task.Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			w.log.ErrorContext(ctx, "a processor panicked", "panic", p, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, fault.CodeInternal, "something went wrong inside Soundings")
		}
	}()
	processor, ok := w.processors[r.lease.Subtask.Type]
	if !ok {
		return task.Outcome{}, fault.New(fault.Rejected, fault.CodeInternal, "this version of Soundings cannot run %s", r.lease.Subtask.Type)
	}
	return processor.process(ctx, r)
}

func (w *Worker) decide(ctx context.Context, r *run, err error) task.Outcome {
	if errors.Is(context.Cause(ctx), errStopping) {
		return task.HandBack()
	}
	sub := r.lease.Subtask
	o := w.opts.Retry.Decide(err, sub, now(), rand.Float64())
	w.log.WarnContext(ctx, "a subtask's run ended in an error", "type", sub.Type, "code", o.Problem.Code, "error", err)
	return o
}

// finish stores the outcome even if the run's context has ended.
func (w *Worker) finish(ctx context.Context, r *run, o task.Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	err := w.store.Finish(ctx, r.lease, o)
	if errors.Is(err, ports.ErrLeaseLost) {
		w.takeBack(ctx, r)
		return nil
	}
	if err != nil {
		return fmt.Errorf("finishing subtask %s: %w", r.lease.Subtask.ID, err)
	}
	return nil
}

// heartbeat renews the leases of all runs until ctx ends. Runs whose subtask
// was cancelled, paused or taken back are ended.
func (w *Worker) heartbeat(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := w.renew(ctx); err != nil && ctx.Err() == nil {
				w.log.WarnContext(ctx, "renewing leases failed; it is tried again", "error", err)
			}
		}
	}
}

func (w *Worker) renew(ctx context.Context) error {
	before := time.Now()
	held := map[task.SubtaskID]bool{}
	var ids []task.SubtaskID
	w.each(func(id task.SubtaskID, _ *run) { held[id], ids = false, append(ids, id) })
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaseLength/2)
	defer cancel()
	renewed, err := w.store.Renew(ctx, w.opts.Owner, ids, leaseLength)
	if err != nil {
		return err
	}
	for _, id := range renewed {
		held[id] = true
	}
	w.each(func(id task.SubtaskID, r *run) {
		if still, asked := held[id]; asked && !still && r.claimed.Before(before) {
			r.cancel(ports.ErrLeaseLost)
		}
	})
	return nil
}
