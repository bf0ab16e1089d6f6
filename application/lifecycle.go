package application

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
)

// Pause stops a task, and lets it keep its place. The workers that run it
// notice within 2 seconds; what they fetched last may be lost and is fetched
// again.
func (t *Tasks) Pause(ctx context.Context, by access.Caller, id task.ID) (task.State, error) {
	return t.change(ctx, by, id, (*task.Task).Pause)
}

// Resume lets a paused task go on where it was.
func (t *Tasks) Resume(ctx context.Context, by access.Caller, id task.ID) (task.State, error) {
	return t.change(ctx, by, id, (*task.Task).Resume)
}

// Retry lets what failed of a task, or was cancelled, run again, and nothing
// else: what is stored is not fetched, what is judged is not judged again.
func (t *Tasks) Retry(ctx context.Context, by access.Caller, id task.ID) (task.State, error) {
	return t.change(ctx, by, id, (*task.Task).Retry)
}

// Refresh begins a new run of a task that has ended: what is new is fetched and
// judged, and what failed before runs again.
func (t *Tasks) Refresh(ctx context.Context, by access.Caller, id task.ID, how task.Refresh) (task.State, error) {
	return t.change(ctx, by, id, func(t *task.Task) error { return t.Refresh(how) })
}

func (t *Tasks) change(ctx context.Context, by access.Caller, id task.ID, how func(*task.Task) error) (task.State, error) {
	if err := by.May(access.TasksWrite); err != nil {
		return task.State{}, err
	}
	changed, err := t.store.UpdateTask(ctx, by.User.ID, id, how)
	if err == nil {
		t.dispatcher.Poke()
	}
	return changed, err
}
