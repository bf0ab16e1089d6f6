package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.ScheduleStore = (*Store)(nil)

// scheduleRow is a row of schedules.
type scheduleRow struct {
	bun.BaseModel `bun:"table:schedules,alias:s"`

	ID        string    `bun:",pk"`
	UserID    string    `bun:"user_id"`
	TaskID    string    `bun:"task_id"`
	Every     int64     `bun:"every"`
	Cron      string    `bun:"cron"`
	Zone      string    `bun:"zone"`
	How       string    `bun:"how"`
	EndsAt    time.Time `bun:"ends_at,nullzero"`
	NextAt    time.Time `bun:"next_at,nullzero"`
	LastAt    time.Time `bun:"last_at,nullzero"`
	Runs      int64     `bun:"runs"`
	Skipped   int64     `bun:"skipped"`
	Note      string    `bun:"note"`
	CreatedAt time.Time `bun:"created_at"`
}

func newScheduleRow(s task.Schedule) scheduleRow {
	return scheduleRow{
		ID: s.ID, UserID: string(s.User), TaskID: string(s.TaskID),
		Every: int64(s.Every), Cron: s.Cron, Zone: s.Zone, How: string(s.How),
		EndsAt: micro(s.EndsAt), NextAt: micro(s.NextAt), LastAt: micro(s.LastAt),
		Runs: s.Runs, Skipped: s.Skipped, Note: s.Note, CreatedAt: micro(s.CreatedAt),
	}
}

func (r *scheduleRow) schedule() task.Schedule {
	return task.Schedule{
		ID: r.ID, User: access.UserID(r.UserID), TaskID: task.ID(r.TaskID),
		Recurrence: task.Recurrence{Every: time.Duration(r.Every), Cron: r.Cron, Zone: r.Zone}, How: task.Refresh(r.How),
		EndsAt: utc(r.EndsAt), NextAt: utc(r.NextAt), LastAt: utc(r.LastAt),
		Runs: r.Runs, Skipped: r.Skipped, Note: r.Note, CreatedAt: utc(r.CreatedAt),
	}
}

// CreateSchedule locks the task, so that it is not deleted meanwhile.
func (s *Store) CreateSchedule(ctx context.Context, made task.Schedule, most int) error {
	if err := checkIDs(made.ID, string(made.User), string(made.TaskID)); err != nil {
		return err
	}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		of, err := s.lockTask(ctx, tx, made.TaskID)
		if err != nil {
			return err
		}
		switch {
		case of.UserID != string(made.User):
			return sql.ErrNoRows
		case of.Kind != string(task.Analysis):
			return callerError{fault.New(fault.Invalid, fault.CodeInvalidValue, "this task is an export, which is not refreshed").In("taskId")}
		}
		has, err := tx.NewSelect().Table("schedules").Where("user_id = ?", made.User).Count(ctx)
		if err != nil {
			return err
		}
		if int64(has) >= int64(most) {
			return callerError{fault.New(fault.Conflict, fault.CodeWrongState, "you have %d schedules; delete one to make another", has)}
		}
		row := newScheduleRow(made)
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// Schedules lists by id, which is the order of creation.
func (s *Store) Schedules(ctx context.Context, user access.UserID, p ports.Paging) (ports.Listed[task.Schedule], error) {
	var none ports.Listed[task.Schedule]
	if checkIDs(user) != nil {
		return none, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	list := newList("schedules", user)
	var rows []scheduleRow
	q := s.read.NewSelect().Model(&rows).Where("s.user_id = ?", user).Order("s.id DESC").Limit(int64(p.Limit) + 1)
	if p.After != "" {
		after, err := list.open(p.After, 1)
		if err != nil {
			return none, err
		}
		q = q.Where("s.id < ?", after[0])
	}
	if err := q.Scan(ctx); err != nil {
		return none, s.fault(err)
	}
	return paged(list, schedules(rows), p.Limit, func(s task.Schedule) []string { return []string{s.ID} }), nil
}

func schedules(rows []scheduleRow) []task.Schedule {
	found := make([]task.Schedule, len(rows))
	for i := range rows {
		found[i] = rows[i].schedule()
	}
	return found
}

// DeleteSchedule removes the row.
func (s *Store) DeleteSchedule(ctx context.Context, user access.UserID, id string) error {
	if err := checkIDs(string(user), id); err != nil {
		return err
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	result, err := s.db.NewDelete().Table("schedules").Where("id = ? AND user_id = ?", id, user).Exec(ctx)
	if err != nil {
		return s.fault(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return notFound()
	}
	return nil
}

// DueSchedules locks nothing: RunSchedule finds out who was first.
func (s *Store) DueSchedules(ctx context.Context, limit int) ([]task.Schedule, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var rows []scheduleRow
	err := s.read.NewSelect().Model(&rows).Where("s.next_at <= ?", s.dialect.after(0)).
		Order("s.next_at", "s.id").Limit(int64(limit)).Scan(ctx)
	return schedules(rows), s.fault(err)
}

// RunSchedule locks the task before the schedule, as everybody does.
func (s *Store) RunSchedule(ctx context.Context, due task.Schedule, fn func(*task.Task, *task.Schedule)) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		of, err := s.lockTask(ctx, tx, due.TaskID)
		if errors.Is(err, sql.ErrNoRows) {
			return ports.ErrLeaseLost
		}
		if err != nil {
			return err
		}
		var row scheduleRow
		q := tx.NewSelect().Model(&row).Where("s.id = ? AND s.next_at = ?", due.ID, micro(due.NextAt))
		if err := s.dialect.lock(q, false).Scan(ctx); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return ports.ErrLeaseLost
			}
			return err
		}
		t, schedule := task.Restore(of.state()), row.schedule()
		fn(t, &schedule)
		if err := s.applyRequest(ctx, tx, t, of.Now.UTC()); err != nil {
			return err
		}
		row = newScheduleRow(schedule)
		_, err = tx.NewUpdate().Model(&row).Column("next_at", "last_at", "runs", "skipped", "note").WherePK().Exec(ctx)
		return err
	})
}
