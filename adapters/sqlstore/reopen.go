package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// stopOpen does to the open subtasks of a locked task what a person asked for.
//
// It looks again until it finds none: a page that was being stored meanwhile
// may have created subtasks that the statement, which waited for the page's row,
// could not see yet.
func (s *Store) stopOpen(ctx context.Context, tx bun.Tx, t *task.Task, become task.SubtaskStatus, now time.Time) error {
	statuses := task.OpenSubtaskStatuses()
	for {
		open, err := s.lockSubtasks(ctx, tx, t.State().ID, statuses)
		if err != nil || len(open) == 0 {
			return err
		}
		for _, sub := range open {
			t.Stop(sub, now)
		}
		if err := writeFreed(ctx, tx, open); err != nil {
			return err
		}
		statuses = slices.DeleteFunc(task.OpenSubtaskStatuses(), func(st task.SubtaskStatus) bool { return st == become })
	}
}

// reopen makes the subtasks of a locked task run again that the task reopens:
// what failed or was cancelled, and at a refresh what opens its sources.
func (s *Store) reopen(ctx context.Context, tx bun.Tx, t *task.Task, now time.Time) error {
	again, err := s.locked(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("s.task_id = ?", t.State().ID)
		dead := bun.List([]task.SubtaskStatus{task.SubtaskFailed, task.SubtaskCancelled})
		if t.Refreshed() {
			return q.Where("(s.status IN (?) OR s.type = ? AND s.payload->'listing'->>'kind' = ?)", dead, task.FetchContent, content.ListingSource)
		}
		return q.Where("s.status IN (?)", dead)
	})
	if err != nil {
		return err
	}
	for _, sub := range again {
		t.Reopen(sub, now)
	}
	return s.writeReopened(ctx, tx, t, again)
}

// writeReopened stores reopened subtasks, and counts anew what their task
// misses; the task itself is to be stored by the caller.
func (s *Store) writeReopened(ctx context.Context, tx bun.Tx, t *task.Task, subs []*task.Subtask) error {
	if err := writeFreed(ctx, tx, subs); err != nil {
		return err
	}
	missing, err := missingOfEnded(ctx, tx, t.State().ID)
	t.Recount(missing)
	return err
}

// freedRow has the columns that change when a subtask is stopped, reopened or
// recalled. Nobody holds it afterwards.
type freedRow struct {
	bun.BaseModel `bun:"table:subtasks,alias:s"`

	ID          string                  `bun:",pk,type:uuid"`
	Status      string                  `bun:"status"`
	Generation  int64                   `bun:"generation"`
	Attempt     int                     `bun:"attempt"`
	Lost        int                     `bun:"lost"`
	Payload     task.Payload            `bun:"payload,type:jsonb"`
	Cursor      content.Cursor          `bun:"cursor,type:jsonb"`
	Expected    int64                   `bun:"expected"`
	Opened      int64                   `bun:"opened"`
	Missing     map[content.Cause]int64 `bun:"missing,type:jsonb,nullzero"`
	Problem     *task.Problem           `bun:"problem,type:jsonb"`
	RunAt       time.Time               `bun:"run_at"`
	ParkedSince time.Time               `bun:"parked_since,nullzero"`
	FinishedAt  time.Time               `bun:"finished_at,nullzero"`
	Owner       string                  `bun:"owner"`
	LeaseUntil  time.Time               `bun:"lease_until,nullzero"`
	QueuedAt    time.Time               `bun:"queued_at,nullzero"`
}

// freedAtOnce bounds the rows of one statement.
const freedAtOnce = 500

// writeFreed stores locked subtasks and takes them from whoever held them.
func writeFreed(ctx context.Context, tx bun.Tx, subs []*task.Subtask) error {
	for some := range slices.Chunk(subs, freedAtOnce) {
		rows := make([]freedRow, len(some))
		for i, sub := range some {
			s := sub.State()
			rows[i] = freedRow{
				ID: string(s.ID), Status: string(s.Status), Generation: s.Generation, Attempt: s.Attempt, Lost: s.Lost,
				Payload: s.Payload, Cursor: s.Cursor, Expected: s.Counters.Expected, Opened: s.Counters.Opened,
				Missing: s.Missing, Problem: s.Problem, RunAt: s.RunAt, ParkedSince: s.ParkedSince, FinishedAt: s.FinishedAt,
			}
		}
		if _, err := tx.NewUpdate().Model(&rows).Bulk().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lockSubtasks returns the task's subtasks in one of the states, locked until
// the transaction ends.
func (s *Store) lockSubtasks(ctx context.Context, tx bun.Tx, id task.ID, statuses []task.SubtaskStatus) ([]*task.Subtask, error) {
	return s.locked(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("s.task_id = ? AND s.status IN (?)", id, bun.List(statuses))
	})
}

// locked returns the chosen subtasks by id, locked until the transaction ends.
func (s *Store) locked(ctx context.Context, tx bun.Tx, choose func(*bun.SelectQuery) *bun.SelectQuery) ([]*task.Subtask, error) {
	var rows []subtaskRow
	if err := s.dialect.lock(choose(tx.NewSelect().Model(&rows)).Order("s.id"), false).Scan(ctx); err != nil {
		return nil, err
	}
	subs := make([]*task.Subtask, len(rows))
	for i := range rows {
		subs[i] = task.RestoreSubtask(rows[i].state())
	}
	return subs, nil
}

// missingOfEnded sums up what ended subtasks miss.
func missingOfEnded(ctx context.Context, tx bun.Tx, id task.ID) (map[content.Cause]int64, error) {
	var rows []subtaskRow
	err := tx.NewSelect().Model(&rows).Column("missing").
		Where("s.task_id = ? AND s.status NOT IN (?) AND s.missing IS NOT NULL", id, bun.List(task.OpenSubtaskStatuses())).Scan(ctx)
	var sum map[content.Cause]int64
	for i := range rows {
		sum = task.AddMissing(sum, rows[i].Missing)
	}
	return sum, err
}
