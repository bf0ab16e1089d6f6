package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
)

// WordStore keeps the words that mark each side of an ended analysis. They are
// due to be worked out from the transaction in which the task ends, whoever ends
// it, and once more when a person judges a post of it; deleting the task deletes
// them. Summary shows those of the latest end.
type WordStore interface {
	// LeaseWords returns a task whose words are due, the longest due first, or nil
	// for none. Until the lease ends nobody else gets it, then it is due again. A
	// task's id as only restricts it to that task.
	LeaseWords(ctx context.Context, only task.ID, lease time.Duration) (*WordsLease, error)
	// SaveWords stores the words. They are due again if they became so after the
	// lease began. It returns ErrLeaseLost if a later lease began, and nil if the
	// task is gone.
	SaveWords(ctx context.Context, l WordsLease, w analysis.SideWords) error
}

// WordsLease is the right to work out the words of a task.
type WordsLease struct {
	User access.UserID
	Task task.ID
	// Asked counts how often the words became due, Begun how often a lease began.
	Asked, Begun int64
}
