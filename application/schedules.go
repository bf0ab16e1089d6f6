package application

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// scheduleEvery is how late a schedule may be noticed.
	scheduleEvery = 10 * time.Second
	// schedulesAtOnce bounds one look.
	schedulesAtOnce = 100
	// mostSchedules bounds what one user may have.
	mostSchedules = 100
)

// Schedules refreshes tasks again and again. Every worker process runs one; any
// number of them may run.
type Schedules struct {
	store      ports.ScheduleStore
	cron       task.CronNext
	dispatcher *Dispatcher
	log        *slog.Logger
}

// NewSchedules returns the use cases; Run does the work.
func NewSchedules(store ports.ScheduleStore, cron task.CronNext, d *Dispatcher, log *slog.Logger) *Schedules {
	return &Schedules{store: store, cron: cron, dispatcher: d, log: log}
}

// NewSchedule is a request for a schedule.
type NewSchedule struct {
	TaskID task.ID
	task.Recurrence
	How    task.Refresh
	EndsAt time.Time
}

// Create accepts a schedule for an analysis task of the caller. Error kinds:
// Invalid with the field, NotFound, Conflict where the caller has too many.
func (s *Schedules) Create(ctx context.Context, by access.Caller, req NewSchedule) (task.Schedule, error) {
	if err := by.May(access.TasksWrite); err != nil {
		return task.Schedule{}, err
	}
	at := now()
	if err := req.Check(at, s.cron); err != nil {
		return task.Schedule{}, err
	}
	next, err := req.Next(at, at, s.cron)
	if err != nil {
		return task.Schedule{}, err
	}
	if !req.EndsAt.IsZero() && req.EndsAt.Before(next) {
		return task.Schedule{}, fault.New(fault.Invalid, fault.CodeInvalidValue,
			"endsAt lies before the first refresh at %s", next.Format(time.RFC3339)).In("endsAt")
	}
	made := task.Schedule{
		ID: newID(), User: by.User.ID, TaskID: req.TaskID, Recurrence: req.Recurrence, How: req.How,
		EndsAt: req.EndsAt, CreatedAt: at, NextAt: next,
	}
	return made, s.store.CreateSchedule(ctx, made, mostSchedules)
}

// List lists the caller's schedules, newest first.
func (s *Schedules) List(ctx context.Context, by access.Caller, p ports.Paging) (ports.Listed[task.Schedule], error) {
	if err := by.May(access.TasksRead); err != nil {
		return ports.Listed[task.Schedule]{}, err
	}
	return s.store.Schedules(ctx, by.User.ID, p)
}

// Delete ends a schedule of the caller; its task stays.
func (s *Schedules) Delete(ctx context.Context, by access.Caller, id string) error {
	if err := by.May(access.TasksWrite); err != nil {
		return err
	}
	return s.store.DeleteSchedule(ctx, by.User.ID, id)
}

// Run begins what is due until ctx ends.
func (s *Schedules) Run(ctx context.Context) {
	tick := time.NewTicker(scheduleEvery)
	defer tick.Stop()
	for {
		if err := s.runDue(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "looking for due schedules failed; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// runDue begins each refresh in a transaction of its own, so that one that
// fails keeps none of the others.
func (s *Schedules) runDue(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	due, err := s.store.DueSchedules(ctx, schedulesAtOnce)
	if err != nil {
		return err
	}
	var failed error
	for _, d := range due {
		if err := s.run(ctx, d); err != nil && !errors.Is(err, ports.ErrLeaseLost) {
			failed = errors.Join(failed, err)
		}
	}
	if len(due) > 0 {
		s.dispatcher.Poke()
	}
	return failed
}

func (s *Schedules) run(ctx context.Context, due task.Schedule) error {
	at := now()
	next, err := due.Next(due.CreatedAt, at, s.cron)
	if err != nil {
		next = time.Time{} // a zone that the system no longer knows: it cannot go on
	}
	return s.store.RunSchedule(ctx, due, func(t *task.Task, d *task.Schedule) {
		d.Due(t, at, next)
		if err != nil {
			d.Note = "ended: " + err.Error()
		}
		if d.Note != "" {
			s.log.InfoContext(ctx, "a scheduled refresh was skipped", "schedule", d.ID, "task", d.TaskID, "why", d.Note)
		}
	})
}
