package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
)

// pausedQueueRow is a row of paused_queues.
type pausedQueueRow struct {
	bun.BaseModel `bun:"table:paused_queues,alias:q"`

	Type     task.SubtaskType `bun:"type,pk"`
	PausedAt time.Time        `bun:"paused_at"`
}

// SetQueuePaused waits for the dispatch that is under way, and then takes back
// what is on the queue: the rows get another generation, so that Claim refuses
// their deliveries without having to look whether a queue is paused.
func (s *Store) SetQueuePaused(ctx context.Context, t task.SubtaskType, paused bool) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if !paused {
			_, err := tx.NewDelete().Model((*pausedQueueRow)(nil)).Where("type = ?", t).Exec(ctx)
			return err
		}
		if err := s.dialect.keepTurn(ctx, tx); err != nil {
			return err
		}
		row := pausedQueueRow{Type: t, PausedAt: micro(time.Now())}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (type) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		queued, err := s.locked(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("s.type = ? AND s.status = ?", t, task.SubtaskQueued)
		})
		if err != nil {
			return err
		}
		for _, sub := range queued {
			sub.Recall()
		}
		return writeFreed(ctx, tx, queued)
	})
}

// RetryJob locks the task, then the subtask.
func (s *Store) RetryJob(ctx context.Context, t task.SubtaskType, id task.SubtaskID) error {
	return s.onJob(ctx, t, id, func(ctx context.Context, tx bun.Tx, of *task.Task, sub *task.Subtask, now time.Time) error {
		if err := of.RetryJob(sub, now); err != nil {
			return err
		}
		if err := s.writeReopened(ctx, tx, of, []*task.Subtask{sub}); err != nil {
			return err
		}
		return writeTask(ctx, tx, of)
	})
}

// DeleteJob locks the task, then the subtask.
func (s *Store) DeleteJob(ctx context.Context, t task.SubtaskType, id task.SubtaskID) error {
	return s.onJob(ctx, t, id, func(ctx context.Context, tx bun.Tx, of *task.Task, sub *task.Subtask, now time.Time) error {
		created, err := of.Drop(sub, now)
		if err != nil {
			return err
		}
		if err := s.insertSubtasks(ctx, tx, created); err != nil {
			return err
		}
		if err := writeSubtask(ctx, tx, sub.State()); err != nil {
			return err
		}
		return s.settle(ctx, tx, of, now)
	})
}

// onJob calls fn with a subtask of the type and its task, both locked.
func (s *Store) onJob(ctx context.Context, t task.SubtaskType, id task.SubtaskID,
	fn func(ctx context.Context, tx bun.Tx, of *task.Task, sub *task.Subtask, now time.Time) error,
) error {
	if checkIDs(id) != nil {
		return noSuchJob()
	}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var of task.ID
		err := tx.NewSelect().Table("subtasks").Column("task_id").Where("id = ? AND type = ?", id, t).Scan(ctx, &of)
		if errors.Is(err, sql.ErrNoRows) {
			return noSuchJob()
		}
		if err != nil {
			return err
		}
		row, err := s.lockTask(ctx, tx, of)
		if errors.Is(err, sql.ErrNoRows) {
			return noSuchJob() // deleted meanwhile
		}
		if err != nil {
			return err
		}
		subs, err := s.locked(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("s.id = ?", id) })
		if err != nil {
			return err
		}
		if len(subs) == 0 {
			return noSuchJob()
		}
		return fn(ctx, tx, task.Restore(row.state()), subs[0], row.Now.UTC())
	})
}

// RetryDead chooses once, so that what dies again meanwhile is not taken again,
// and takes each task in a transaction of its own.
func (s *Store) RetryDead(ctx context.Context, t task.SubtaskType, limit int) (int, error) {
	byTask, err := s.deadJobs(ctx, t, limit)
	if err != nil {
		return 0, err
	}
	retried := 0
	for of, ids := range byTask {
		n, err := s.retryDeadOf(ctx, of, ids)
		retried += n
		if err != nil {
			return retried, err
		}
	}
	return retried, nil
}

// deadJobs returns dead jobs by their tasks, longest due first.
func (s *Store) deadJobs(ctx context.Context, t task.SubtaskType, limit int) (map[task.ID][]task.SubtaskID, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var rows []struct {
		ID   task.SubtaskID `bun:"id"`
		Task task.ID        `bun:"task_id"`
	}
	err := s.deadOf(t, limit).Scan(ctx, &rows)
	byTask := map[task.ID][]task.SubtaskID{}
	for _, r := range rows {
		byTask[r.Task] = append(byTask[r.Task], r.ID)
	}
	return byTask, s.fault(err)
}

func (s *Store) deadOf(t task.SubtaskType, limit int) *bun.SelectQuery {
	return s.db.NewSelect().TableExpr("subtasks AS s").Column("s.id", "s.task_id").
		Where("s.type = ?", t).Where("?", inStatus(task.JobDead.Statuses())).
		Where("NOT EXISTS (SELECT 1 FROM tasks AS t WHERE t.id = s.task_id AND t.status = ?)", task.Cancelled).
		Order("s.run_at", "s.id").Limit(int64(limit))
}

// retryDeadOf retries what is dead still of some jobs of one task.
func (s *Store) retryDeadOf(ctx context.Context, of task.ID, ids []task.SubtaskID) (retried int, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockTask(ctx, tx, of)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		t := task.Restore(row.state())
		if t.State().Status == task.Cancelled {
			return nil // meanwhile
		}
		dead, err := s.locked(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("s.id IN (?)", bun.List(ids)).Where("?", inStatus(task.JobDead.Statuses()))
		})
		if err != nil || len(dead) == 0 {
			return err
		}
		for _, sub := range dead {
			if err := t.RetryJob(sub, row.Now.UTC()); err != nil {
				return err
			}
		}
		if err := s.writeReopened(ctx, tx, t, dead); err != nil {
			return err
		}
		retried = len(dead)
		return writeTask(ctx, tx, t)
	})
	return retried, err
}
