package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
)

// ScheduleStore keeps what is refreshed again and again. A schedule goes with
// its task and its user.
type ScheduleStore interface {
	// CreateSchedule stores a schedule, unless its user has most of them already.
	// Error kinds: NotFound where the task is not the user's, Conflict.
	CreateSchedule(ctx context.Context, s task.Schedule, most int) error
	// Schedules lists a user's schedules, newest first.
	Schedules(ctx context.Context, user access.UserID, p Paging) (Listed[task.Schedule], error)
	// DeleteSchedule removes a user's schedule. Error kinds: NotFound.
	DeleteSchedule(ctx context.Context, user access.UserID, id string) error
	// DueSchedules returns up to limit schedules that are due by the database's
	// clock, the longest due first.
	DueSchedules(ctx context.Context, limit int) ([]task.Schedule, error)
	// RunSchedule calls fn with the task and the schedule, both locked, and stores
	// what it made of them, all or nothing. It returns ErrLeaseLost if the schedule
	// is no longer due as it was read: somebody else was first.
	RunSchedule(ctx context.Context, due task.Schedule, fn func(*task.Task, *task.Schedule)) error
}
