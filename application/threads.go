package application

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// longestThread bounds how much of a thread is read at once.
const longestThread = 1000

// Threads shows conversations.
type Threads struct{ store ports.ThreadStore }

// NewThreads returns the use case.
func NewThreads(store ports.ThreadStore) *Threads { return &Threads{store: store} }

// Thread returns the thread of a post of the caller's task, depth first: its
// first thousand posts.
func (t *Threads) Thread(ctx context.Context, by access.Caller, id task.ID, externalID string) ([]ports.ThreadedPost, error) {
	if err := by.May(access.TasksRead); err != nil {
		return nil, err
	}
	return t.store.Thread(ctx, by.User.ID, id, externalID, longestThread)
}
