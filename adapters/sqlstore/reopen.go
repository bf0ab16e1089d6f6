package sqlstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// changeOpen makes the open subtasks of a locked task what a person's request
// makes of them. The generation of every row grows, so that a claim on its way
// and a run that goes on find it gone.
//
// It looks again until it finds none: a page that was being stored meanwhile
// may have created subtasks that the statement, which waited for the page's row,
// could not see yet.
func (s *Store) changeOpen(ctx context.Context, tx bun.Tx, t *task.Task, become task.SubtaskStatus) error {
	statuses := task.OpenSubtaskStatuses()
	for {
		open, err := s.lockSubtasks(ctx, tx, t.State().ID, statuses)
		if err != nil || len(open) == 0 {
			return err
		}
		if err := change(ctx, tx, t, open, become); err != nil {
			return err
		}
		statuses = slices.DeleteFunc(task.OpenSubtaskStatuses(), func(st task.SubtaskStatus) bool { return st == become })
	}
}

func change(ctx context.Context, tx bun.Tx, t *task.Task, open []subtaskRow, become task.SubtaskStatus) error {
	ids := make([]string, len(open))
	finished := bun.NullTime{}
	if !become.Open() {
		finished.Time = t.State().FinishedAt
	}
	for i := range open {
		ids[i] = open[i].ID
		open[i].Status, open[i].FinishedAt = string(become), finished.Time
		t.Absorb(open[i].state())
	}
	_, err := setFree(tx.NewUpdate().Table("subtasks"), become).Set("finished_at = ?", finished).
		Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return err
}

// reopen makes the failed and cancelled subtasks of a locked task run again.
// What they brought is taken off the task's counters, because it is added once
// more when they end.
func (s *Store) reopen(ctx context.Context, tx bun.Tx, t *task.Task) (*task.Task, error) {
	state := t.State()
	dead, err := s.lockSubtasks(ctx, tx, state.ID, []task.SubtaskStatus{task.SubtaskFailed, task.SubtaskCancelled})
	if err != nil || len(dead) == 0 {
		return t, err
	}
	ids := make([]string, len(dead))
	for i := range dead {
		ids[i] = dead[i].ID
		state.Counters = subtract(state.Counters, dead[i].state().Counters)
		if _, failed := dead[i].Missing[content.FetchFailed]; failed {
			delete(dead[i].Missing, content.FetchFailed) // it is to be fetched after all
			if _, err := tx.NewUpdate().Model(&dead[i]).Column("missing").WherePK().Exec(ctx); err != nil {
				return nil, err
			}
		}
	}
	if state.Missing, err = missingOfDone(ctx, tx, state.ID); err != nil {
		return nil, err
	}
	_, err = setFree(tx.NewUpdate().Table("subtasks"), task.SubtaskPending).
		Set("attempt = 0").Set("lost = 0").Set("problem = NULL").Set("parked_since = NULL").
		Set("finished_at = NULL").Set("run_at = ?", s.dialect.after(0)).
		Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return task.Restore(state), err
}

// setFree sets the status and takes the row from whoever held it.
func setFree(q *bun.UpdateQuery, status task.SubtaskStatus) *bun.UpdateQuery {
	return q.Set("status = ?", status).Set("generation = generation + 1").
		Set("owner = ''").Set("lease_until = NULL").Set("queued_at = NULL")
}

func (s *Store) lockSubtasks(ctx context.Context, tx bun.Tx, id task.ID, statuses []task.SubtaskStatus) ([]subtaskRow, error) {
	var rows []subtaskRow
	q := tx.NewSelect().Model(&rows).Where("s.task_id = ? AND s.status IN (?)", id, bun.List(statuses)).Order("s.id")
	err := s.dialect.lock(q, false).Scan(ctx)
	return rows, err
}

// missingOfDone sums up what subtasks that ended well miss. It is counted anew,
// because an unknown number cannot be subtracted.
func missingOfDone(ctx context.Context, tx bun.Tx, id task.ID) (map[content.Cause]int64, error) {
	var rows []subtaskRow
	err := tx.NewSelect().Model(&rows).Column("missing").
		Where("s.task_id = ? AND s.status = ? AND s.missing IS NOT NULL", id, task.SubtaskSucceeded).Scan(ctx)
	var sum map[content.Cause]int64
	for i := range rows {
		sum = task.AddMissing(sum, rows[i].Missing)
	}
	return sum, err
}

func subtract(c, d task.Counters) task.Counters {
	return c.Add(task.Counters{
		Subtasks: -d.Subtasks, Succeeded: -d.Succeeded, Failed: -d.Failed, Cancelled: -d.Cancelled,
		Fetched: -d.Fetched, Spam: -d.Spam, Scored: -d.Scored, Expected: -d.Expected, Opened: -d.Opened,
	})
}
