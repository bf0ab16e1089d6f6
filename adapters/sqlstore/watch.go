package sqlstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.WatchStore = (*Store)(nil)

// watchChunk is how many tasks one statement names. It bounds its length and
// how long SQLite's reader is held.
const watchChunk = 500

// TasksNow reads chunk by chunk.
func (s *Store) TasksNow(ctx context.Context, ids []task.ID) ([]task.State, error) {
	known := make([]task.ID, 0, len(ids))
	for _, id := range ids {
		if checkIDs(id) == nil {
			known = append(known, id)
		}
	}
	slices.Sort(known) // neighbours in the index are read together
	known = slices.Compact(known)
	states := make([]task.State, 0, len(known))
	for chunk := range slices.Chunk(known, watchChunk) {
		var err error
		if states, err = s.appendTasks(ctx, states, chunk); err != nil {
			return nil, s.fault(err)
		}
	}
	return states, nil
}

func (s *Store) appendTasks(ctx context.Context, states []task.State, ids []task.ID) ([]task.State, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var views []taskView
	if err := selectWatched(s.read, &views, ids).Scan(ctx); err != nil {
		return nil, err
	}
	for i := range views {
		states = append(states, views[i].state())
	}
	return states, nil
}

func selectWatched(db bun.IDB, views *[]taskView, ids []task.ID) *bun.SelectQuery {
	return selectTasks(db, views).Where("t.id IN (?)", bun.List(ids))
}
