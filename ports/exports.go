package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
)

// ExportStore keeps what belongs to the files of exports: the keys of
// pseudonyms, and when which file is to be removed. A file is listed from the
// transaction that completes its export, or that deletes the export's task, until
// it is removed; it outlives the task, so that no file is forgotten.
type ExportStore interface {
	// PseudonymKey returns the key of the user's task. The first call stores fresh
	// as that key; the key goes with the task. Error kinds: NotFound.
	PseudonymKey(ctx context.Context, user access.UserID, id task.ID, fresh []byte) ([]byte, error)
	// ExpiredExports returns up to limit files whose time is over at now, those
	// first that have been so for longest. Files of deleted exports always are.
	ExpiredExports(ctx context.Context, now time.Time, limit int) ([]ExportFile, error)
	// ExportsRemoved takes files off the list. Those that are not on it are passed
	// over.
	ExportsRemoved(ctx context.Context, ids []task.ID) error
}

// ExportFile names the file of an export.
type ExportFile struct {
	Task   task.ID // the export task, of which there may be no row any more
	Format string
}
