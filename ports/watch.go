package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/task"
)

// WatchStore reads the tasks that somebody watches, all of them at once.
type WatchStore interface {
	// TasksNow returns the tasks of the ids as TaskStore.Task would, each once,
	// in any order, whoever owns them: the caller has checked that. A task that
	// does not exist is left out, and so is an id that is none. Reading costs the
	// database a statement for every 500 tasks.
	TasksNow(ctx context.Context, ids []task.ID) ([]task.State, error)
}
