package application

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// ExportLifetime says how long a finished export is kept.
type ExportLifetime struct {
	// TTL is how long at most.
	TTL time.Duration
	// Policy and Store tell how long the texts in it may be kept: a copy of them
	// goes no later.
	Policy RetentionPolicy
	Store  ports.RetentionStore
}

// texts returns when the texts of the task that is exported must be gone, the
// zero time where no rule says so. It is asked before they are read: a sweep
// that comes while the file is written drops them from the task alone.
func (l ExportLifetime) texts(ctx context.Context, export task.State) (time.Time, error) {
	keep := l.Policy[export.Provider].Texts
	if keep == 0 {
		return time.Time{}, nil
	}
	since, err := l.Store.TextsSince(ctx, export.Export.TaskID)
	if err != nil || since.IsZero() {
		return time.Time{}, err
	}
	return since.Add(keep), nil
}

// until returns when an export goes that is finished now and whose texts must
// be gone by a time.
func (l ExportLifetime) until(texts time.Time) time.Time {
	end := now().Add(l.TTL)
	if !texts.IsZero() && texts.Before(end) {
		return texts
	}
	return end
}
