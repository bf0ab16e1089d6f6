package application

import (
	"context"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	expiryEvery = time.Minute
	// expiryBatch is how many files are removed before the list is told, and
	// expiryBatches how many times that is done in one turn.
	expiryBatch   = 100
	expiryBatches = 20
	// expiryPatience bounds a batch: a bucket takes a moment for each file.
	expiryPatience = time.Minute
)

// ExportExpiry removes the files of exports whose time is over, and those that
// could not be removed when their task was deleted. Every worker process runs
// one; any number of them may run: removing twice does no harm.
type ExportExpiry struct {
	store ports.ExportStore
	files ports.FileStore
	log   *slog.Logger
}

// NewExportExpiry returns the remover; Run does the work.
func NewExportExpiry(store ports.ExportStore, files ports.FileStore, log *slog.Logger) *ExportExpiry {
	return &ExportExpiry{store: store, files: files, log: log}
}

// Run removes what is due at once and then every minute, until ctx ends.
func (e *ExportExpiry) Run(ctx context.Context) {
	tick := time.NewTicker(expiryEvery)
	defer tick.Stop()
	for {
		e.removeDue(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// removeDue takes batch after batch while all of each could be removed.
func (e *ExportExpiry) removeDue(ctx context.Context) {
	for range expiryBatches {
		more, err := e.removeBatch(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "removing expired exports failed; it is tried again", "error", err)
		}
		if err != nil || !more {
			return
		}
	}
}

// removeBatch removes the files first: those that the list forgets are gone. It
// tells whether there may be more.
func (e *ExportExpiry) removeBatch(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, expiryPatience)
	defer cancel()
	due, err := e.store.ExpiredExports(ctx, now(), expiryBatch)
	if err != nil || len(due) == 0 {
		return false, err
	}
	var removed []task.ID
	for _, f := range due {
		if failure := e.files.DeleteAll(ctx, exportStem(f.Task)); failure != nil {
			err = failure
			continue
		}
		removed = append(removed, f.Task)
	}
	if failure := e.store.ExportsRemoved(ctx, removed); failure != nil {
		return false, failure
	}
	if len(removed) > 0 {
		e.log.InfoContext(ctx, "removed exports whose time is over", "files", len(removed))
	}
	return len(due) == expiryBatch, err
}
