package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
)

// deletedTaskRow is a task that was deleted and whose posts are not all gone.
type deletedTaskRow struct {
	bun.BaseModel `bun:"table:deleted_tasks,alias:d"`

	TaskID string `bun:"task_id,pk"`
}

// TasksDeleted returns them in no order.
func (s *Store) TasksDeleted(ctx context.Context, limit int) ([]task.ID, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var ids []task.ID
	err := s.read.NewSelect().Model((*deletedTaskRow)(nil)).Column("task_id").Limit(int64(limit)).Scan(ctx, &ids)
	return ids, s.fault(err)
}

// DeletePosts walks the task by its key, so that what is gone is not looked at
// again.
func (s *Store) DeletePosts(ctx context.Context, id task.ID, after string, limit int) (string, error) {
	if checkIDs(id) != nil {
		return "", nil // nothing else is listed
	}
	table, err := s.dialect.tableOf(ctx, s, id)
	if err != nil {
		return "", s.fault(err)
	}
	var next string
	err = s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		next = ""
		listed := new(deletedTaskRow)
		err := s.dialect.lock(tx.NewSelect().Model(listed).Where("d.task_id = ?", id), false).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // somebody else has come to the end
		}
		if err != nil {
			return err
		}
		gone, err := s.dialect.deletePosts(ctx, tx, table, id, after, limit)
		if err != nil {
			return err
		}
		if len(gone) == limit {
			next = slices.Max(gone)
			return nil
		}
		_, err = tx.NewDelete().Model(listed).WherePK().Exec(ctx)
		return err
	})
	return next, err
}
