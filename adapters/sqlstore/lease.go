package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Claim reads the task without a lock: nearly always it runs already, and then
// the update of the subtask's row decides alone. Whoever cancels or pauses the
// task changes every open subtask's row after the task's, so that the update
// finds another generation or status if it came too late. The transaction is
// relaxed as lockLease says: a claim that a crash undoes is a lease lost.
//
// Where the dialect can do all that in one statement, the rest is for the first
// claim of a task, which starts it, and for those that come too late.
func (s *Store) Claim(ctx context.Context, d ports.Delivery, owner string, lease time.Duration) (ports.Lease, error) {
	var claimed ports.Lease
	if checkIDs(d.SubtaskID) != nil {
		return claimed, ports.ErrLeaseLost
	}
	if claimed, done, err := s.dialect.claim(ctx, s, d, owner, lease); done || err != nil {
		return claimed, s.fault(err)
	}
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		state, err := s.liveTask(ctx, tx, d.SubtaskID)
		if err != nil {
			return err
		}
		row := new(subtaskRow)
		err = s.claiming(tx.NewUpdate().Model(row), d, owner, lease).Returning(returnedSubtask).Scan(ctx)
		claimed = ports.Lease{Subtask: row.state(), Task: state}
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return ports.Lease{}, ports.ErrLeaseLost
	}
	if err != nil {
		return ports.Lease{}, err
	}
	return claimed, nil
}

// claiming completes an update of the delivered subtask.
func (s *Store) claiming(q *bun.UpdateQuery, d ports.Delivery, owner string, lease time.Duration) *bun.UpdateQuery {
	return q.Set("status = ?", task.SubtaskRunning).Set("owner = ?", owner).Set("queued_at = NULL").
		Set("lease_until = ?", s.dialect.after(lease)).
		Set("started_at = coalesce(s.started_at, ?)", s.dialect.after(0)).
		Where("s.id = ? AND s.generation = ?", d.SubtaskID, d.Generation).
		Where("s.status IN (?)", bun.List(claimable()))
}

func claimable() []task.SubtaskStatus {
	return slices.DeleteFunc(task.OpenSubtaskStatuses(), func(st task.SubtaskStatus) bool { return !st.Claimable() })
}

// liveTask returns the subtask's task, started if it was not.
func (s *Store) liveTask(ctx context.Context, tx bun.Tx, id task.SubtaskID) (task.State, error) {
	row := new(taskRow)
	q := tx.NewSelect().Model(row).ColumnExpr("?TableColumns").Join("JOIN subtasks AS s ON s.task_id = t.id").
		Where("s.id = ?", id).Where("t.status IN (?)", bun.List(task.Live()))
	err := s.dialect.relax(q).Scan(ctx)
	if err != nil || task.Status(row.Status) == task.Running {
		return row.state(), err
	}
	if row, err = s.lockTask(ctx, tx, task.ID(row.ID)); err != nil {
		return task.State{}, err
	}
	t := task.Restore(row.state())
	if t.Start(row.Now.UTC()) != nil {
		return task.State{}, ports.ErrLeaseLost
	}
	return t.State(), writeTask(ctx, tx, t)
}

// Renew locks the rows in the order of their ids, as everybody who locks many.
func (s *Store) Renew(ctx context.Context, owner string, ids []task.SubtaskID, lease time.Duration) ([]task.SubtaskID, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id task.SubtaskID) bool { return checkIDs(id) != nil })
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	mine := s.db.NewSelect().Table("subtasks").Column("id").
		Where("owner = ?", owner).Where("status = ?", task.SubtaskRunning).Where("id IN (?)", bun.List(ids)).Order("id")
	var held []task.SubtaskID
	err := s.db.NewUpdate().Table("subtasks").Set("lease_until = ?", s.dialect.after(lease)).
		Where("id IN (?)", s.dialect.lock(mine, false)).Returning("id").Scan(ctx, &held)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return held, s.fault(err)
}

// Finish holds the task's row from before the subtask ends until the task is
// settled, so that two last subtasks cannot miss each other.
func (s *Store) Finish(ctx context.Context, l ports.Lease, o task.Outcome) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		t, err := s.lockTask(ctx, tx, l.Subtask.TaskID)
		if errors.Is(err, sql.ErrNoRows) {
			return ports.ErrLeaseLost // the task was deleted
		}
		if err != nil {
			return err
		}
		sub, err := s.lockLease(ctx, tx, l)
		if err != nil {
			return err
		}
		return s.end(ctx, tx, task.Restore(t.state()), task.RestoreSubtask(sub.state()), o, t.Now.UTC())
	})
}

// Release hands the owner's subtasks back. Tasks are not touched: what is
// handed back can run, so that the task stays as it is.
func (s *Store) Release(ctx context.Context, owner string) (int, error) {
	released := 0
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []subtaskRow
		q := tx.NewSelect().Model(&rows).ColumnExpr("?TableColumns").ColumnExpr("? AS now", s.dialect.after(0)).
			Where("s.status = ?", task.SubtaskRunning).Order("s.id")
		if owner != "" {
			q = q.Where("s.owner = ?", owner)
		}
		if err := s.dialect.lock(q, false).Scan(ctx); err != nil {
			return err
		}
		for i := range rows {
			sub := task.RestoreSubtask(rows[i].state())
			sub.End(task.HandBack(), rows[i].Now.UTC())
			if err := writeSubtask(ctx, tx, sub.State()); err != nil {
				return err
			}
		}
		released = len(rows)
		return nil
	})
	return released, err
}
