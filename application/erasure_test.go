package application_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/cron"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// meanwhile is a store where something happens just after a list was read.
type meanwhile struct {
	*sqlstore.Store
	listed, due func(context.Context)
	ran         func(error)
}

func (m meanwhile) Tasks(ctx context.Context, user access.UserID, f ports.TaskFilter, p ports.Paging) (ports.Listed[task.State], error) {
	page, err := m.Store.Tasks(ctx, user, f, p)
	if m.listed != nil {
		m.listed(ctx)
	}
	return page, err
}

func (m meanwhile) DueSchedules(ctx context.Context, limit int) ([]task.Schedule, error) {
	found, err := m.Store.DueSchedules(ctx, limit)
	if m.due != nil {
		m.due(ctx)
	}
	return found, err
}

func (m meanwhile) RunSchedule(ctx context.Context, due task.Schedule, fn func(*task.Task, *task.Schedule)) error {
	err := m.Store.RunSchedule(ctx, due, fn)
	if m.ran != nil {
		m.ran(err)
	}
	return err
}

// dueSchedule is a schedule of a collected task whose time came an hour ago.
func (p *process) dueSchedule() task.Schedule {
	p.t.Helper()
	id := p.collect(watch + quiet)
	p.ended(id)
	at := time.Now().UTC().Truncate(time.Second)
	made := task.Schedule{
		ID: "0199f3aa-0000-7000-8000-000000000001", User: p.by.User.ID, TaskID: id, Recurrence: task.Recurrence{Every: time.Hour},
		How: task.RefreshNew, CreatedAt: at.Add(-2 * time.Hour), NextAt: at.Add(-time.Hour),
	}
	require.NoError(p.t, p.store.CreateSchedule(p.t.Context(), made, 1))
	return made
}

func (p *process) erasure(store meanwhile) *application.Erasure {
	idle := application.NewDispatcher(store, memory.NewQueue(1), task.DefaultLimits(), slog.New(slog.DiscardHandler))
	integrations := application.NewIntegrations(application.IntegrationsDeps{Store: newAccountStore()},
		application.IntegrationSettings{}, slog.New(slog.DiscardHandler))
	return application.NewErasure(application.NewTasks(store, p.files, idle, 1000), integrations, store, store)
}

func (p *process) requireNothingIsKept() {
	p.t.Helper()
	tasks, err := p.store.Tasks(p.t.Context(), p.by.User.ID, ports.TaskFilter{}, ports.Paging{Limit: 1})
	require.NoError(p.t, err)
	assert.Empty(p.t, tasks.Items)
	schedules, err := p.store.Schedules(p.t.Context(), p.by.User.ID, ports.Paging{Limit: 1})
	require.NoError(p.t, err)
	assert.Empty(p.t, schedules.Items)
}

// A task that a schedule began anew could not be deleted.
func TestAScheduleThatFallsDueDoesNotStopAnErasure(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 5)
	p := r.start()
	due := p.dueSchedule()
	tried := 0
	store := meanwhile{Store: r.store, listed: func(ctx context.Context) {
		tried++
		assert.ErrorIs(t, r.store.RunSchedule(ctx, due, func(of *task.Task, s *task.Schedule) {
			s.Due(of, time.Now(), time.Now().Add(time.Hour))
		}), ports.ErrLeaseLost)
	}}
	require.NoError(t, p.erasure(store).Erase(t.Context(), r.by))
	assert.Positive(t, tried)
	p.requireNothingIsKept()
}

// What a look has found may be erased before its turn comes.
func TestADueScheduleOfSomebodyErasedIsPassedOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 5)
	p := r.start()
	p.dueSchedule()
	r.fake.ForgetCalls()

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	tried := 0
	store := meanwhile{Store: r.store, due: func(ctx context.Context) {
		assert.NoError(t, p.erasure(meanwhile{Store: r.store}).Erase(ctx, r.by))
	}, ran: func(err error) {
		tried++
		assert.ErrorIs(t, err, ports.ErrLeaseLost)
		stop()
	}}
	idle := application.NewDispatcher(r.store, memory.NewQueue(1), task.DefaultLimits(), slog.New(slog.DiscardHandler))
	application.NewSchedules(store, cron.Next, idle, slog.New(slog.DiscardHandler)).Run(ctx)
	assert.Equal(t, 1, tried)
	assert.Empty(t, r.fake.Calls())
	p.requireNothingIsKept()
}
