package portstest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// StoreWithSchedules is what the kit of ports.ScheduleStore needs: tasks that
// can be refreshed.
type StoreWithSchedules interface {
	ports.Store
	ports.ScheduleStore
}

// TestScheduleStore runs the kit of ports.ScheduleStore. newStore returns an
// empty, migrated store.
func TestScheduleStore(t *testing.T, newStore func(t *testing.T) StoreWithSchedules) {
	for name, check := range map[string]func(*schedules){
		"a schedule is kept whole, and listed to its user alone": schedulesListed,
		"a user may have so many":                                schedulesBounded,
		"what is due comes, the longest due first":               schedulesDue,
		"task and schedule change together, or not at all":       scheduleRuns,
		"many run each time once":                                scheduleRunsOnce,
		"a schedule goes with its task":                          scheduleGoesWithTask,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			check(&schedules{world: newWorld(t, s), ScheduleStore: s})
		})
	}
}

type schedules struct {
	*world
	ports.ScheduleStore
}

// on returns a schedule of a task that has ended.
func (w *schedules) on(due time.Time) task.Schedule {
	w.Helper()
	of, l := w.begin(task.Options{})
	w.save(l, ports.PageWrite{Posts: comments(0, 1), Cursor: at("", 1), Opened: 1, End: succeeded()})
	for _, d := range w.dispatch() {
		w.finish(w.claim(d), task.Succeed())
	}
	made := task.Schedule{
		ID: newID(), User: w.user, TaskID: of.ID, How: task.RefreshNew, CreatedAt: epoch, NextAt: due,
		Recurrence: task.Recurrence{Cron: "0 6 * * *", Zone: "Europe/Berlin"}, EndsAt: epoch.AddDate(100, 0, 0),
	}
	require.NoError(w, w.CreateSchedule(w.ctx, made, 10))
	return made
}

func (w *schedules) listed() []task.Schedule {
	w.Helper()
	page, err := w.Schedules(w.ctx, w.user, ports.Paging{Limit: 100})
	require.NoError(w, err)
	return page.Items
}

func schedulesListed(w *schedules) {
	first, second := w.on(epoch), w.on(epoch)
	require.Equal(w, []task.Schedule{second, first}, w.listed())
	page, err := w.Schedules(w.ctx, w.user, ports.Paging{Limit: 1})
	require.NoError(w, err)
	page, err = w.Schedules(w.ctx, w.user, ports.Paging{Limit: 1, After: page.Next})
	require.NoError(w, err)
	require.Equal(w, []task.Schedule{first}, page.Items)

	other := w.newUser("somebody else")
	page, err = w.Schedules(w.ctx, other, ports.Paging{Limit: 100})
	require.NoError(w, err)
	require.Empty(w, page.Items)
	requireKind(w, fault.NotFound, w.DeleteSchedule(w.ctx, other, first.ID))
	foreign := first
	foreign.ID, foreign.User = newID(), other
	requireKind(w, fault.NotFound, w.CreateSchedule(w.ctx, foreign, 10))
	require.NoError(w, w.DeleteSchedule(w.ctx, w.user, first.ID))
	requireKind(w, fault.NotFound, w.DeleteSchedule(w.ctx, w.user, first.ID))
	require.Equal(w, []task.Schedule{second}, w.listed())
}

func schedulesBounded(w *schedules) {
	made := w.on(epoch)
	again := made
	again.ID = newID()
	requireKind(w, fault.Conflict, w.CreateSchedule(w.ctx, again, 1))
	require.NoError(w, w.CreateSchedule(w.ctx, again, 2))
}

func schedulesDue(w *schedules) {
	late, later, ended := w.on(epoch.Add(time.Minute)), w.on(epoch), w.on(time.Time{})
	future := w.on(time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond))
	due, err := w.DueSchedules(w.ctx, 10)
	require.NoError(w, err)
	require.Equal(w, []task.Schedule{later, late}, due, "neither %s nor %s", ended.ID, future.ID)
	due, err = w.DueSchedules(w.ctx, 1)
	require.NoError(w, err)
	require.Equal(w, []task.Schedule{later}, due)
}

func scheduleRuns(w *schedules) {
	made := w.on(epoch)
	next := epoch.AddDate(50, 0, 0)
	require.NoError(w, w.RunSchedule(w.ctx, made, func(t *task.Task, s *task.Schedule) {
		assert.Equal(w, made, *s)
		s.Due(t, epoch.Add(time.Hour), next)
	}))
	after := w.listed()[0]
	require.Equal(w, next, after.NextAt)
	require.Equal(w, epoch.Add(time.Hour), after.LastAt)
	require.EqualValues(w, 1, after.Runs)
	of := w.task(made.TaskID)
	require.Equal(w, 2, of.Run)
	require.Equal(w, task.Pending, of.Status)
	require.Len(w, w.dispatch(), 1, "the source is opened again")
	require.ErrorIs(w, w.RunSchedule(w.ctx, made, func(*task.Task, *task.Schedule) { w.Errorf("it is not due any more") }), ports.ErrLeaseLost)

	require.NoError(w, w.RunSchedule(w.ctx, after, func(t *task.Task, s *task.Schedule) { s.Due(t, next, time.Time{}) }))
	after = w.listed()[0]
	require.Zero(w, after.NextAt)
	require.EqualValues(w, 1, after.Skipped)
	require.NotEmpty(w, after.Note)
	require.Equal(w, 2, w.task(made.TaskID).Run, "the run before goes on")
}

func scheduleRunsOnce(w *schedules) {
	made := w.on(epoch)
	var ran atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := w.RunSchedule(w.ctx, made, func(t *task.Task, s *task.Schedule) {
				s.Due(t, epoch, epoch.AddDate(50, 0, 0))
			})
			if err == nil {
				ran.Add(1)
			} else {
				assert.ErrorIs(w, err, ports.ErrLeaseLost)
			}
		})
	}
	all.Wait()
	require.EqualValues(w, 1, ran.Load())
	require.Equal(w, 2, w.task(made.TaskID).Run)
}

func scheduleGoesWithTask(w *schedules) {
	made := w.on(epoch)
	_, err := w.DeleteTask(w.ctx, w.user, made.TaskID)
	require.NoError(w, err)
	require.Empty(w, w.listed())
	require.ErrorIs(w, w.RunSchedule(w.ctx, made, func(*task.Task, *task.Schedule) { w.Errorf("there is no task") }), ports.ErrLeaseLost)
}
