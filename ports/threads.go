package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
)

// ThreadStore reads conversations.
type ThreadStore interface {
	// Thread returns the thread that a post of the task belongs to: the comment
	// that begins it, then all replies below, depth first and oldest first, at
	// most limit posts. A video or submission stands alone. Reading costs what the
	// thread holds, however long the task is. Error kinds: NotFound, also for an
	// external id that is not the task's.
	Thread(ctx context.Context, user access.UserID, id task.ID, externalID string, limit int) ([]ThreadedPost, error)
}

// ThreadedPost is a post in its thread.
type ThreadedPost struct {
	analysis.JudgedPost
	// Depth is 0 for the comment that begins the thread, 1 for what answers it.
	Depth int
}
