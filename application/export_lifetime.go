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

// until returns when an export that is written now goes.
func (l ExportLifetime) until(ctx context.Context, export task.State) (time.Time, error) {
	at := now()
	end := at.Add(l.TTL)
	keep := l.Policy[export.Provider].Texts
	if keep == 0 {
		return end, nil
	}
	since, err := l.Store.TextsSince(ctx, export.Export.TaskID)
	if err != nil || since.IsZero() {
		return end, err
	}
	if texts := since.Add(keep); texts.Before(end) {
		end = texts
	}
	return end, nil
}
