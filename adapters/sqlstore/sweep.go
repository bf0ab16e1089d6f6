package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Sweep mends each task in a transaction of its own. An error leaves the rest
// to the next sweep; what was mended until then is told with it.
func (s *Store) Sweep(ctx context.Context, l ports.SweepLimits) (ports.Swept, error) {
	var swept ports.Swept
	if l.Only != "" && checkIDs(l.Only) != nil {
		return swept, nil
	}
	stuck, err := s.stuckTasks(ctx, l)
	if err != nil {
		return swept, err
	}
	for _, id := range stuck {
		left := l.Rows - swept.Lost - swept.Unparked - swept.Settled
		if left <= 0 {
			break
		}
		if err := s.mend(ctx, id, left, &swept); err != nil {
			return swept, err
		}
	}
	if swept.Again, err = s.unclaimed(ctx, l); err != nil {
		return swept, err
	}
	return swept, s.forgetOldRequests(ctx, l.Rows)
}

// stuckTasks returns live tasks that hold a lease that ran out or a park that
// is over, or that have nothing open. Each is asked for by itself: for two
// conditions in one statement, Postgres reads all open subtasks.
func (s *Store) stuckTasks(ctx context.Context, l ports.SweepLimits) ([]task.ID, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	now, of := s.dialect.after(0), func() *bun.SelectQuery {
		return only(s.db.NewSelect().TableExpr("subtasks AS s").Column("s.task_id"), "s.task_id", l.Only)
	}
	var stuck []task.ID
	for _, q := range []*bun.SelectQuery{
		of().Where("s.status = ? AND s.lease_until < ?", task.SubtaskRunning, now),
		of().Where("s.status = ? AND s.run_at <= ?", task.SubtaskWaiting, now),
		only(s.db.NewSelect().TableExpr("tasks AS t").Column("t.id"), "t.id", l.Only).
			Where("t.status IN (?)", bun.List(task.Live())).
			Where("NOT EXISTS (SELECT 1 FROM subtasks AS s WHERE s.task_id = t.id AND s.status IN (?))", bun.List(task.OpenSubtaskStatuses())),
	} {
		var found []task.ID
		if err := q.Limit(int64(l.Rows)).Scan(ctx, &found); err != nil {
			return nil, s.fault(err)
		}
		stuck = append(stuck, found...)
	}
	slices.Sort(stuck)
	return slices.Compact(stuck), nil
}

// only keeps the rows of one task, if one is named.
func only(q *bun.SelectQuery, column string, id task.ID) *bun.SelectQuery {
	if id == "" {
		return q
	}
	return q.Where("? = ?", bun.Ident(column), id)
}

// mend takes back the leases of a task that ran out, ends its parks that are
// over, and settles it.
func (s *Store) mend(ctx context.Context, id task.ID, limit int, swept *ports.Swept) error {
	var lost, unparked, settled int
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockTask(ctx, tx, id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		t := task.Restore(row.state())
		if lost, err = s.takeBack(ctx, tx, t, limit); err != nil {
			return err
		}
		if unparked, err = s.endParks(ctx, tx, t, limit-lost); err != nil {
			return err
		}
		before := t.State().Status
		if err := s.settle(ctx, tx, t, row.Now.UTC()); err != nil {
			return err
		}
		if after := t.State(); after.Status.Ended() && !before.Ended() || after.FinalPass != row.FinalPass {
			settled = 1
		}
		return nil
	})
	if err == nil {
		swept.Lost, swept.Unparked, swept.Settled = swept.Lost+lost, swept.Unparked+unparked, swept.Settled+settled
	}
	return err
}

// takeBack takes the subtasks of a locked task from workers whose lease ran out.
func (s *Store) takeBack(ctx context.Context, tx bun.Tx, t *task.Task, limit int) (int, error) {
	var rows []subtaskRow
	q := tx.NewSelect().Model(&rows).ColumnExpr("?TableColumns").ColumnExpr("? AS now", s.dialect.after(0)).
		Where("s.task_id = ? AND s.status = ? AND s.lease_until < ?", t.State().ID, task.SubtaskRunning, s.dialect.after(0)).
		Order("s.id").Limit(int64(limit))
	if err := s.dialect.lock(q, false).Scan(ctx); err != nil {
		return 0, err
	}
	for i := range rows {
		sub := task.RestoreSubtask(rows[i].state())
		created := sub.LeaseLost(rows[i].Now.UTC())
		if err := s.stopped(ctx, tx, t, sub, created); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// endParks makes parked subtasks of a locked task due. Their generation stays:
// it grew when they were parked, and no delivery was made with it since.
func (s *Store) endParks(ctx context.Context, tx bun.Tx, t *task.Task, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	over := tx.NewSelect().Table("subtasks").Column("id").
		Where("task_id = ? AND status = ? AND run_at <= ?", t.State().ID, task.SubtaskWaiting, s.dialect.after(0)).
		Order("id").Limit(int64(limit))
	deliverable, err := scanDeliveries(ctx, tx.NewUpdate().Table("subtasks").Set("status = ?", task.SubtaskPending).
		Where("id IN (?)", s.dialect.lock(over, false)).Returning("id, generation"))
	return len(deliverable), err
}

// unclaimed returns deliveries that nobody claimed in time. The same ones go
// to the queue again, whatever became of the first.
func (s *Store) unclaimed(ctx context.Context, l ports.SweepLimits) ([]ports.Delivery, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	old := only(s.db.NewSelect().TableExpr("subtasks AS s").Column("s.id"), "s.task_id", l.Only).
		Where("s.status = ? AND s.queued_at < ?", task.SubtaskQueued, s.dialect.after(-l.Unclaimed)).
		Where("EXISTS (SELECT 1 FROM tasks AS t WHERE t.id = s.task_id AND t.status IN (?))", bun.List(task.Live())).
		Order("s.id").Limit(int64(l.Rows))
	deliveries, err := scanDeliveries(ctx, s.db.NewUpdate().Table("subtasks").Set("queued_at = ?", s.dialect.after(0)).
		Where("id IN (?)", s.dialect.lock(old, true)).Returning("id, generation"))
	return deliveries, s.fault(err)
}
