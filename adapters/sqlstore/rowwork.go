package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Locks are taken in the order task, subtask, posts; several rows of a kind in
// the order of their ids.

// lockTask returns the task's row, locked until the transaction ends.
func (s *Store) lockTask(ctx context.Context, tx bun.Tx, id task.ID) (*taskRow, error) {
	row := new(taskRow)
	q := tx.NewSelect().Model(row).ColumnExpr("?TableColumns").ColumnExpr("? AS now", s.dialect.after(0)).Where("t.id = ?", id)
	if err := s.dialect.lock(q, false).Scan(ctx); err != nil {
		return nil, err
	}
	return row, nil
}

// lockLease returns the subtask's row, locked until the transaction ends, if
// the lease still holds, and else ErrLeaseLost.
//
// With it the transaction is relaxed: it may commit a moment before it is on
// the disk, where the dialect knows how. Posts, counters and cursor commit
// together, so that a crash of the database server loses whole transactions,
// the last ones first, and the leases that run out bring the work back. What
// people were told is on the disk: see settle.
func (s *Store) lockLease(ctx context.Context, tx bun.Tx, l ports.Lease) (*subtaskRow, error) {
	return s.leased(ctx, tx, l, s.dialect.relax)
}

// lockLeaseFirmly does the same in a transaction that is on the disk when it has
// committed.
func (s *Store) lockLeaseFirmly(ctx context.Context, tx bun.Tx, l ports.Lease) (*subtaskRow, error) {
	return s.leased(ctx, tx, l)
}

func (s *Store) leased(ctx context.Context, tx bun.Tx, l ports.Lease, change ...func(*bun.SelectQuery) *bun.SelectQuery) (*subtaskRow, error) {
	row := new(subtaskRow)
	q := tx.NewSelect().Model(row).ColumnExpr("?TableColumns").ColumnExpr("? AS now", s.dialect.after(0)).
		Where("s.id = ? AND s.generation = ? AND s.status = ?", l.Subtask.ID, l.Subtask.Generation, task.SubtaskRunning)
	err := s.dialect.lock(q.Apply(change...), false).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ports.ErrLeaseLost
	}
	return row, err
}

// writeTask stores the state of a locked task. Every end of a task goes through
// it, and so finds its message stored with it, and its words asked for.
func writeTask(ctx context.Context, tx bun.Tx, t *task.Task) error {
	if err := announce(ctx, tx, t); err != nil {
		return err
	}
	if err := askForWords(ctx, tx, t.State()); err != nil {
		return err
	}
	row := newTaskRow(t.State())
	_, err := tx.NewUpdate().Model(&row).Column(taskColumns...).WherePK().Exec(ctx)
	return err
}

// writeSubtask stores the state of a locked subtask. One that does not run has
// no owner.
func writeSubtask(ctx context.Context, tx bun.Tx, s task.SubtaskState) error {
	row := newSubtaskRow(s)
	q := tx.NewUpdate().Model(&row).Column(subtaskColumns...).WherePK()
	if s.Status != task.SubtaskRunning {
		q = q.Column("owner", "lease_until", "queued_at")
	}
	_, err := q.Exec(ctx)
	return err
}

// returnedSubtask names the columns for RETURNING.
var returnedSubtask = "id, task_id, type, payload, created_at, started_at, " + strings.Join(subtaskColumns, ", ")

// insertSubtasks stores new subtasks. Those that are due at once are so by the
// database's clock: were the one of who made them ahead of it, they would wait.
func (s *Store) insertSubtasks(ctx context.Context, tx bun.Tx, created []*task.Subtask) error {
	var due, later []subtaskRow
	for _, sub := range created {
		row := newSubtaskRow(sub.State())
		if row.RunAt.After(row.CreatedAt) {
			later = append(later, row)
		} else {
			due = append(due, row)
		}
	}
	if len(due) > 0 {
		if _, err := tx.NewInsert().Model(&due).Value("run_at", "?", s.dialect.after(0)).Exec(ctx); err != nil {
			return err
		}
	}
	if len(later) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&later).Exec(ctx)
	return err
}

// end applies an outcome to a leased subtask of a locked task and settles the
// task.
func (s *Store) end(ctx context.Context, tx bun.Tx, t *task.Task, sub *task.Subtask, o task.Outcome, now time.Time) error {
	created := sub.End(o, now)
	if o.Export != nil {
		t.Exported(*o.Export)
		if err := listFile(ctx, tx, t.State().ID, *o.Export); err != nil {
			return err
		}
	}
	if err := s.stopped(ctx, tx, t, sub, created); err != nil {
		return err
	}
	return s.settle(ctx, tx, t, now)
}

// stopped stores a subtask that ended or stopped for now, with what it created,
// and lets the task know. The task itself is stored by settle.
func (s *Store) stopped(ctx context.Context, tx bun.Tx, t *task.Task, sub *task.Subtask, created []*task.Subtask) error {
	t.Absorb(sub.State())
	if err := s.insertSubtasks(ctx, tx, created); err != nil {
		return err
	}
	return writeSubtask(ctx, tx, sub.State())
}

// settle brings a locked task in line with its open subtasks and stores it. A
// task that ended stays so whatever happens to the database server.
func (s *Store) settle(ctx context.Context, tx bun.Tx, t *task.Task, now time.Time) error {
	open, err := tally(ctx, tx, t.State().ID)
	if err != nil {
		return err
	}
	if last := t.Settle(open, newID, now); last != nil {
		if err := s.insertSubtasks(ctx, tx, []*task.Subtask{last}); err != nil {
			return err
		}
	}
	if t.State().Status.Ended() {
		if err := s.dialect.firm(ctx, tx); err != nil {
			return err
		}
	}
	return writeTask(ctx, tx, t)
}

// tally tells what of a task is open. It looks for one of each only: settling
// asks whether there are any, and a channel has ten thousand.
func tally(ctx context.Context, tx bun.Tx, id task.ID) (task.Tally, error) {
	one := func(statuses ...task.SubtaskStatus) *bun.SelectQuery {
		return tx.NewSelect().Table("subtasks").Where("task_id = ?", id).Where("status IN (?)", bun.List(statuses)).Limit(1)
	}
	var found struct {
		Runnable int64        `bun:"runnable"`
		NextPark bun.NullTime `bun:"next_park"`
	}
	err := tx.NewSelect().
		ColumnExpr("(?) AS runnable", tx.NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS r",
			one(task.SubtaskPending, task.SubtaskQueued, task.SubtaskRunning).ColumnExpr("1"))).
		ColumnExpr("(?) AS next_park", one(task.SubtaskWaiting).Column("run_at").OrderExpr("run_at")).
		Scan(ctx, &found)
	open := task.Tally{Runnable: found.Runnable, NextPark: utc(found.NextPark.Time)}
	if !open.NextPark.IsZero() {
		open.Waiting = 1
	}
	return open, err
}
