package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
)

// TestPlansOfTaskCounts: the metrics count tasks every few seconds, and those
// that ended long ago, nearly all there are, must not be read for it.
func TestPlansOfTaskCounts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		rows := make([]taskRow, 5000)
		of := newTaskRow(newTask(t, s, "ada"))
		for i := range rows {
			rows[i] = of
			rows[i].ID, rows[i].Status = newID(), string(task.Completed)
			rows[i].FinishedAt = time.Now().Add(-time.Duration(i+1) * time.Hour)
		}
		_, err := s.db.NewInsert().Model(&rows).Exec(t.Context())
		require.NoError(t, err)
		_, err = s.db.ExecContext(t.Context(), "ANALYZE")
		require.NoError(t, err)
		err = s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			s.requireIndex(ctx, t, tx, "tasks_live", liveTasks(tx))
			s.requireIndex(ctx, t, tx, "tasks_finished", s.endedTasks(tx))
			return nil
		})
		require.NoError(t, err)
	})
}
