package application

import (
	"context"
	"slices"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// maxRetried bounds what one request retries, so that it ends while its caller
// waits: each task is a transaction of its own.
const maxRetried = 5000

// Queues is what operators do with the work of all users. They see ids, types,
// states and problem codes, never what the work is about.
type Queues struct {
	store      ports.QueueStore
	dispatcher *Dispatcher
}

// NewQueues returns the use cases.
func NewQueues(store ports.QueueStore, d *Dispatcher) *Queues {
	return &Queues{store: store, dispatcher: d}
}

// List returns all queues.
func (q *Queues) List(ctx context.Context, by access.Caller) ([]ports.QueueState, error) {
	if err := by.May(access.QueuesAdmin); err != nil {
		return nil, err
	}
	return q.store.Queues(ctx)
}

// Queue returns one queue. Error kinds: NotFound.
func (q *Queues) Queue(ctx context.Context, by access.Caller, name task.QueueName) (ports.QueueState, error) {
	t, err := q.typeOf(by, name)
	if err != nil {
		return ports.QueueState{}, err
	}
	all, err := q.store.Queues(ctx)
	if err != nil {
		return ports.QueueState{}, err
	}
	return all[slices.IndexFunc(all, func(s ports.QueueState) bool { return s.Type == t })], nil
}

// Pause stops what the queue delivers, until Resume; runs go on to their end.
func (q *Queues) Pause(ctx context.Context, by access.Caller, name task.QueueName) (ports.QueueState, error) {
	return q.setPaused(ctx, by, name, true)
}

// Resume lets the queue deliver again.
func (q *Queues) Resume(ctx context.Context, by access.Caller, name task.QueueName) (ports.QueueState, error) {
	return q.setPaused(ctx, by, name, false)
}

func (q *Queues) setPaused(ctx context.Context, by access.Caller, name task.QueueName, paused bool) (ports.QueueState, error) {
	t, err := q.typeOf(by, name)
	if err != nil {
		return ports.QueueState{}, err
	}
	if err := q.store.SetQueuePaused(ctx, t, paused); err != nil {
		return ports.QueueState{}, err
	}
	q.dispatcher.Poke()
	return q.Queue(ctx, by, name)
}

// Jobs lists the queue's jobs in the states, in all where none is named.
func (q *Queues) Jobs(ctx context.Context, by access.Caller, name task.QueueName, states []task.JobState, p ports.Paging) (ports.Listed[ports.Job], error) {
	t, err := q.typeOf(by, name)
	if err != nil {
		return ports.Listed[ports.Job]{}, err
	}
	if len(states) == 0 {
		states = task.JobStates()
	}
	return q.store.Jobs(ctx, t, states, p)
}

// Retry lets a dead job run again, and returns how many it was.
func (q *Queues) Retry(ctx context.Context, by access.Caller, name task.QueueName, id task.SubtaskID) (int, error) {
	t, err := q.typeOf(by, name)
	if err != nil {
		return 0, err
	}
	if err := q.store.RetryJob(ctx, t, id); err != nil {
		return 0, err
	}
	q.dispatcher.Poke()
	return 1, nil
}

// RetryDead lets the queue's dead jobs run again, some thousands at most at a
// time, and returns how many.
func (q *Queues) RetryDead(ctx context.Context, by access.Caller, name task.QueueName) (int, error) {
	t, err := q.typeOf(by, name)
	if err != nil {
		return 0, err
	}
	n, err := q.store.RetryDead(ctx, t, maxRetried)
	q.dispatcher.Poke()
	return n, err
}

// Delete cancels a job that does not run; its task ends partial.
func (q *Queues) Delete(ctx context.Context, by access.Caller, name task.QueueName, id task.SubtaskID) error {
	t, err := q.typeOf(by, name)
	if err != nil {
		return err
	}
	if err := q.store.DeleteJob(ctx, t, id); err != nil {
		return err
	}
	q.dispatcher.Poke()
	return nil
}

func (q *Queues) typeOf(by access.Caller, name task.QueueName) (task.SubtaskType, error) {
	if err := by.May(access.QueuesAdmin); err != nil {
		return "", err
	}
	return name.Type()
}
