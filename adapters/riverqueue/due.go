package riverqueue

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// dueAtOnce makes new jobs due since long ago. River's driver would stamp them
// with this process's time, and the database compares that with its own: those
// of a worker whose clock is ten minutes ahead would stand for ten minutes. With
// one time for all, River takes them in the order of their ids.
type dueAtOnce struct{ river.MiddlewareDefaults }

var longAgo = time.Unix(0, 0).UTC()

// InsertMany sets the time of each job.
func (*dueAtOnce) InsertMany(ctx context.Context, jobs []*rivertype.JobInsertParams,
	insert func(context.Context) ([]*rivertype.JobInsertResult, error),
) ([]*rivertype.JobInsertResult, error) {
	for _, job := range jobs {
		job.ScheduledAt = &longAgo
	}
	return insert(ctx)
}
