package application

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Erasure takes away everything that is kept of a user.
type Erasure struct {
	tasks        *Tasks
	integrations *Integrations
	schedules    ports.ScheduleStore
	store        ports.RetentionStore
}

// NewErasure returns the use case.
func NewErasure(tasks *Tasks, integrations *Integrations, schedules ports.ScheduleStore, store ports.RetentionStore) *Erasure {
	return &Erasure{tasks: tasks, integrations: integrations, schedules: schedules, store: store}
}

// Erase cancels and deletes the caller's tasks with their posts, exports and
// schedules, disconnects their accounts at the providers, and forgets their
// requests. The user and their API keys stay: whoever calls must be able to
// call again, for it may break off half way.
func (e *Erasure) Erase(ctx context.Context, by access.Caller) error {
	for _, p := range []access.Permission{access.TasksWrite, access.IntegrationsWrite} {
		if err := by.May(p); err != nil {
			return err
		}
	}
	if err := e.eraseSchedules(ctx, by); err != nil {
		return err
	}
	if err := e.eraseTasks(ctx, by); err != nil {
		return err
	}
	if err := e.eraseIntegrations(ctx, by); err != nil {
		return err
	}
	return e.store.ForgetUser(ctx, by.User.ID)
}

// erasedAtOnce is a page of what is erased.
const erasedAtOnce = 100

// eraseEach erases page by page, each gone before the next is asked for. What
// somebody else has erased meanwhile is as good.
func eraseEach[T any](list func(ports.Paging) (ports.Listed[T], error), erase func(T) error) error {
	for {
		page, err := list(ports.Paging{Limit: erasedAtOnce})
		if err != nil || len(page.Items) == 0 {
			return err
		}
		for _, item := range page.Items {
			if err := erase(item); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
	}
}

// eraseSchedules comes before the tasks: one that falls due meanwhile would have
// a task run again just before it is deleted.
func (e *Erasure) eraseSchedules(ctx context.Context, by access.Caller) error {
	return eraseEach(func(p ports.Paging) (ports.Listed[task.Schedule], error) {
		return e.schedules.Schedules(ctx, by.User.ID, p)
	}, func(s task.Schedule) error { return e.schedules.DeleteSchedule(ctx, by.User.ID, s.ID) })
}

// eraseTasks deletes from the newest on: exports come before what they are made
// of.
func (e *Erasure) eraseTasks(ctx context.Context, by access.Caller) error {
	return eraseEach(func(p ports.Paging) (ports.Listed[task.State], error) {
		return e.tasks.store.Tasks(ctx, by.User.ID, ports.TaskFilter{}, p)
	}, func(t task.State) error {
		if !t.Status.Ended() {
			if _, err := e.tasks.Cancel(ctx, by, t.ID); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
		}
		return e.tasks.Delete(ctx, by, t.ID)
	})
}

func (e *Erasure) eraseIntegrations(ctx context.Context, by access.Caller) error {
	return eraseEach(func(p ports.Paging) (ports.Listed[access.Integration], error) {
		return e.integrations.List(ctx, by, p)
	}, func(in access.Integration) error { return e.integrations.Delete(ctx, by, in.ID) })
}
