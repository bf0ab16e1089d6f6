package application

import (
	"context"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// dispatchEvery is how long a due subtask may wait when nobody poked.
	dispatchEvery = time.Second
	// dispatchPause lies between two dispatches: while tasks run, pokes come by
	// the hundred a second, and those of one pause share a dispatch. The first
	// after an idle moment is served at once.
	dispatchPause = 30 * time.Millisecond
	sweepEvery    = 5 * time.Second
	storeTimeout  = 30 * time.Second
)

// Dispatcher puts due subtasks onto the queue and mends what fell through.
// Every process runs one; any number of them may run at a time.
type Dispatcher struct {
	store  ports.WorkStore
	queue  ports.Queue
	limits task.Limits
	log    *slog.Logger
	poked  chan struct{}
}

// NewDispatcher returns a dispatcher; Run does the work.
func NewDispatcher(store ports.Store, queue ports.Queue, limits task.Limits, log *slog.Logger) *Dispatcher {
	return &Dispatcher{store: store, queue: queue, limits: limits, log: log, poked: make(chan struct{}, 1)}
}

// Only restricts the dispatcher to one task. Call it before Run.
func (d *Dispatcher) Only(id task.ID) { d.limits.Only = id }

// Poke asks for a dispatch soon. It never blocks: call it after each commit
// that made a subtask due.
func (d *Dispatcher) Poke() {
	select {
	case d.poked <- struct{}{}:
	default:
	}
}

// Run dispatches after each poke and at least once a second, and sweeps every
// 5 seconds, until ctx ends. An error is logged and tried again at the next turn.
func (d *Dispatcher) Run(ctx context.Context) {
	dispatch, sweep := time.NewTicker(dispatchEvery), time.NewTicker(sweepEvery)
	defer dispatch.Stop()
	defer sweep.Stop()
	d.try(ctx, "sweep", d.sweep)
	for {
		d.try(ctx, "dispatch", d.dispatch)
		rested := time.After(dispatchPause)
		select {
		case <-ctx.Done():
			return
		case <-d.poked:
			d.rest(ctx, rested)
		case <-dispatch.C:
		case <-sweep.C:
			d.try(ctx, "sweep", d.sweep)
		}
	}
}

// rest waits for the end of a pause that began with the last dispatch.
func (d *Dispatcher) rest(ctx context.Context, rested <-chan time.Time) {
	select {
	case <-ctx.Done():
	case <-rested:
	}
}

// try takes one turn. The end of ctx does not cut it off in the middle: what
// the rows call queued would stand on no queue until the sweep notices.
func (d *Dispatcher) try(ctx context.Context, what string, do func(context.Context) error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := do(bounded); err != nil && ctx.Err() == nil {
		d.log.WarnContext(ctx, what+" failed; it is tried again", "error", err)
	}
}

func (d *Dispatcher) dispatch(ctx context.Context) error {
	deliveries, err := d.store.Dispatch(ctx, d.limits)
	if err != nil || len(deliveries) == 0 {
		return err
	}
	if len(deliveries) >= d.limits.Total {
		d.Poke()
	}
	return d.queue.Enqueue(ctx, deliveries)
}

func (d *Dispatcher) sweep(ctx context.Context) error {
	swept, err := d.store.Sweep(ctx, ports.SweepLimits{Unclaimed: 30 * time.Second, Rows: 500, Only: d.limits.Only})
	if err != nil {
		return err
	}
	if swept.Lost+swept.Unparked+swept.Settled+len(swept.Again) > 0 {
		d.log.InfoContext(ctx, "swept", "leases_lost", swept.Lost, "unparked", swept.Unparked,
			"settled", swept.Settled, "enqueued_again", len(swept.Again))
		d.Poke()
	}
	if len(swept.Again) == 0 {
		return nil
	}
	return d.queue.Enqueue(ctx, swept.Again)
}
