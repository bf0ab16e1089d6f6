package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// RetentionStore takes away what may not be kept any longer. Each call is short
// and locks few rows, however much there is to do: the work is done in batches.
type RetentionStore interface {
	// RunsWithTexts returns up to limit runs of tasks of the provider that began
	// before a time and whose texts are still there, the oldest first.
	RunsWithTexts(ctx context.Context, provider content.ProviderID, before time.Time, limit int) ([]task.Run, error)
	// TextsSince returns when the oldest run of a task began whose texts are still
	// there; the zero time where there are none.
	TextsSince(ctx context.Context, id task.ID) (time.Time, error)
	// DropTexts looks at up to limit posts of the run's task behind a cursor, empty
	// for the first, and drops texts and authors of those that no later run has
	// seen. It returns the next cursor; empty when the task was read to its end,
	// and the run's texts are dropped.
	DropTexts(ctx context.Context, r task.Run, after string, limit int) (next string, err error)
	// TasksEnded returns up to limit analysis tasks of the provider that ended
	// before a time and did not run since, the oldest first.
	TasksEnded(ctx context.Context, provider content.ProviderID, before time.Time, limit int) ([]task.State, error)
	// TasksDeleted returns up to limit tasks that were deleted and some of whose
	// posts may still be there.
	TasksDeleted(ctx context.Context, limit int) ([]task.ID, error)
	// KeepMonths makes room for the posts of tasks of the months to come, and
	// removes at once those of past months of which no task is left, where a
	// store keeps posts by month. What somebody reads it leaves for later, and
	// returns Unavailable.
	KeepMonths(ctx context.Context) error
	// ForgetUser removes what is kept of a user beside tasks, integrations and
	// keys: answers to their requests, and connections that were begun.
	ForgetUser(ctx context.Context, user access.UserID) error
}
