package portstest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// clocksDiffer has a worker make subtasks and decide on retries by a clock that
// is an hour off. When they are due is for the store's clock to say.
func clocksDiffer(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	child := func() *task.Subtask {
		return task.NewSubtask(task.SubtaskID(newID()), created.ID, task.FetchContent, task.Payload{}, now().Add(time.Hour))
	}
	stored, err := s.SavePage(w.ctx, l, ports.PageWrite{
		Cursor: content.Cursor{Token: "t", Page: 1}, FreshBatch: task.BatchID(newID()), Spawn: []*task.Subtask{child()},
	})
	require.NoError(t, err)
	require.Len(t, w.dispatch(), 1, "a listing that is found on a page")
	l.Subtask = stored.Subtask
	w.finish(l, task.Succeed(child()))
	require.Len(t, w.dispatch(), 1, "a subtask that an outcome leaves")

	for _, skew := range []time.Duration{time.Hour, -time.Hour} {
		decided := now().Add(skew)
		_, l = w.begin(task.Options{})
		w.finish(l, task.Outcome{Kind: task.RetryLater, Decided: decided, At: decided.Add(10 * time.Minute)})
		require.Empty(t, w.dispatch(), "a retry that has ten minutes to wait")
		_, l = w.begin(task.Options{})
		w.finish(l, task.Outcome{Kind: task.RetryLater, Decided: decided, At: decided})
		require.Len(t, w.dispatch(), 1, "a retry that has none")
		waiting, l := w.begin(task.Options{})
		park := decided.Add(10 * time.Minute)
		w.finish(l, task.Outcome{Kind: task.ParkedUntil, Decided: decided, At: park, Problem: &task.Problem{Message: "used up", RetryAt: park}})
		parked := w.task(waiting.ID)
		require.WithinDuration(t, now().Add(10*time.Minute), parked.RetryAt, time.Minute, "a park that has ten minutes to wait")
		require.WithinDuration(t, parked.RetryAt, parked.Problems[0].RetryAt, time.Second, "and says so")
	}
}
