package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// QueueStore shows and changes the queues as operators see them: the subtasks
// of each type. It answers from the rows, so that it says the same whatever
// Queue delivers them. It tells of all users' subtasks, and nothing of what
// they are about. A subtask that is not of the type asked for is NotFound.
type QueueStore interface {
	// Queues returns the queue of every type, in the order of task.SubtaskTypes.
	Queues(ctx context.Context) ([]QueueState, error)
	// TaskCounts counts the tasks of all users. Those that ended before the last
	// hour are not looked at, so that it stays quick however many there are; nor
	// are paused ones.
	TaskCounts(ctx context.Context) (TaskCounts, error)
	// SetQueuePaused stops or resumes what the type's queue delivers. When it
	// returns, every delivery of a paused type that was not claimed is void, and
	// Dispatch makes none until the queue is resumed. Runs go on. What is so
	// already is no error.
	SetQueuePaused(ctx context.Context, t task.SubtaskType, paused bool) error
	// Jobs lists the type's jobs in one of the states, longest due first. A job
	// that changes while it is paged through may come twice.
	Jobs(ctx context.Context, t task.SubtaskType, states []task.JobState, p Paging) (Listed[Job], error)
	// RetryJob lets a dead job run again (Task.RetryJob). Error kinds: NotFound,
	// Conflict with what its state allows.
	RetryJob(ctx context.Context, t task.SubtaskType, id task.SubtaskID) error
	// RetryDead does so with up to limit of the type's dead jobs whose task was
	// not cancelled, and returns with how many. An error leaves the rest.
	RetryDead(ctx context.Context, t task.SubtaskType, limit int) (int, error)
	// DeleteJob cancels a job that does not run (Task.Drop) and settles its
	// task. Error kinds: NotFound, Conflict with what its state allows.
	DeleteJob(ctx context.Context, t task.SubtaskType, id task.SubtaskID) error
}

// QueueState is one queue at a moment.
type QueueState struct {
	Type   task.SubtaskType
	Paused bool
	Depth  map[task.JobState]int64
	// Oldest is how long the job that has been due longest has waited to be
	// run; jobs of paused tasks do not count.
	Oldest time.Duration
	// PerMinute is how many jobs ended, well or dead, in the last minute.
	PerMinute int64
}

// TaskCounts is how many tasks there are of each status, none left out.
type TaskCounts struct {
	// Live are pending, running and waiting.
	Live map[task.Status]int64
	// EndedLately ended in the last hour.
	EndedLately map[task.Status]int64
}

// Job is a subtask as operators see it.
type Job struct {
	ID      task.SubtaskID
	TaskID  task.ID
	Type    task.SubtaskType
	State   task.JobState
	Attempt int
	// LastError is the code of what went wrong last, empty for nothing.
	LastError fault.Code
	RunAt     time.Time
	CreatedAt time.Time
	StartedAt time.Time
}
