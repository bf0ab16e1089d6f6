package sqlstore

import (
	"context"
	"database/sql"
	"errors"

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
	var next string
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		next = ""
		listed := new(deletedTaskRow)
		q := tx.NewSelect().Model(listed).Where("d.task_id = ?", id)
		if err := s.dialect.lock(q, false).Scan(ctx); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return nil // somebody else has come to the end
			}
			return err
		}
		err := tx.NewSelect().Table("posts").Column("external_id").Where("task_id = ? AND external_id > ?", id, after).
			Order("external_id").Offset(int64(limit)-1).Limit(1).Scan(ctx, &next)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		these := tx.NewDelete().Table("posts").Where("task_id = ? AND external_id > ?", id, after)
		if next != "" {
			_, err = these.Where("external_id <= ?", next).Exec(ctx)
			return err
		}
		if _, err := these.Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewDelete().Model(listed).WherePK().Exec(ctx)
		return err
	})
	return next, err
}
