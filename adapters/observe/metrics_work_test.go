package observe_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/env/embedded"
)

const someone = "a worker"

// workOn runs three sources of a task through a queue and a store that are
// watched: one page that ends its subtask, one failure, one that is dropped.
// Before them comes a delivery that is void, and one whose handler fails.
func workOn(t *testing.T, w watched) {
	t.Helper()
	rows := openRows(t)
	store, queue := w.Store(rows), w.Queue(memory.NewQueue(1))
	user, id := newTask(t, store)
	deliveries, err := store.Dispatch(t.Context(), task.DefaultLimits())
	require.NoError(t, err)
	require.Len(t, deliveries, 3)
	void := ports.Delivery{SubtaskID: deliveries[0].SubtaskID, Generation: 99}
	require.NoError(t, queue.Enqueue(t.Context(), append([]ports.Delivery{void}, deliveries...)))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ends, failed := endings(t, store), false
	err = queue.Run(ctx, func(ctx context.Context, d ports.Delivery) error {
		if d != void && !failed {
			failed = true
			return errors.New("the database is away") // it comes again
		}
		lease, err := store.Claim(ctx, d, someone, time.Minute)
		if errors.Is(err, ports.ErrLeaseLost) {
			return nil
		}
		require.NoError(t, err)
		ends[0](ctx, lease)
		if ends = ends[1:]; len(ends) == 0 {
			stop()
		}
		return nil
	})
	require.NoError(t, err)
	_, err = store.UpdateTask(t.Context(), user, id, func(of *task.Task) error { return of.Cancel(time.Now()) })
	require.NoError(t, err)
	_, err = store.UpdateTask(t.Context(), user, id, func(of *task.Task) error { return of.Refresh(task.RefreshNew) })
	require.NoError(t, err)
	_, err = store.Sweep(t.Context(), ports.SweepLimits{Unclaimed: time.Minute, Rows: 10})
	require.NoError(t, err)
}

// endings are the ends of three runs, in order.
func endings(t *testing.T, store ports.Store) []func(context.Context, ports.Lease) {
	return []func(context.Context, ports.Lease){
		func(ctx context.Context, l ports.Lease) {
			end := task.Succeed()
			_, err := store.SavePage(ctx, l, ports.PageWrite{
				Posts:      []content.Post{{ExternalID: "c1", Kind: content.CommentPost, Text: "hello", PublishedAt: time.Now()}},
				FreshBatch: task.BatchID(newID()), End: &end,
				EC: access.NewMasterContext("ada", content.YouTube, access.NewToken("a token")),
			})
			require.NoError(t, err)
		},
		func(ctx context.Context, l ports.Lease) {
			require.NoError(t, store.Finish(ctx, l, task.Fail(task.Problem{Code: fault.CodeSourceNotFound, Message: "gone"})))
		},
		func(context.Context, ports.Lease) {},
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func openRows(t *testing.T) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), "sqlite:"+embedded.Database(t), sqlstore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func newTask(t *testing.T, store ports.Store) (access.UserID, task.ID) {
	t.Helper()
	user, err := store.EnsureUser(t.Context(), access.User{ID: access.UserID(newID()), Name: "ada", CreatedAt: time.Now()})
	require.NoError(t, err)
	var sources []content.Source
	for _, video := range []string{"dQw4w9WgXcQ", "aaaaaaaaaaa", "bbbbbbbbbbb"} {
		sources = append(sources, content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: video})
	}
	created, first := task.NewAnalysis(user.ID, sources, "", task.Options{}, newID, time.Now())
	require.NoError(t, store.CreateTask(t.Context(), created, first))
	return user.ID, created.State().ID
}

func TestWorkIsCountedByTypeAndOutcome(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{})
	workOn(t, w)
	w.shows(
		`soundings_deliveries_enqueued_total{outcome="ok"} 4`,
		`soundings_deliveries_total{outcome="failed"} 1`,
		`soundings_deliveries_total{outcome="void"} 1`,
		`soundings_deliveries_total{outcome="run"} 3`,
		`soundings_subtasks_total{outcome="succeeded",type="fetch_content"} 1`,
		`soundings_subtasks_total{outcome="failed",type="fetch_content"} 1`,
		`soundings_subtasks_total{outcome="dropped",type="fetch_content"} 1`,
		`soundings_subtask_duration_seconds_count{type="fetch_content"} 3`,
		`soundings_posts_stored_total{provider="youtube"} 1`,
		`soundings_refreshes_total{by="request"} 1`,
		`soundings_swept_total{what="lost"} 0`,
	)
}

// schedules has one that is due; its task refuses a refresh or takes it.
type schedules struct {
	ports.ScheduleStore
	of *task.Task
}

func (s schedules) RunSchedule(_ context.Context, due task.Schedule, fn func(*task.Task, *task.Schedule)) error {
	fn(s.of, &due)
	return nil
}

func TestRefreshesBySchedulesAreCountedUnlessSkipped(t *testing.T) {
	t.Parallel()
	w := watch(t, observe.Rows{})
	source := []content.Source{{Provider: content.YouTube, Kind: content.Video, ExternalID: "dQw4w9WgXcQ"}}
	of, _ := task.NewAnalysis("ada", source, "", task.Options{}, newID, time.Now())
	store := w.ScheduleStore(schedules{of: of})
	refresh := func(of *task.Task, _ *task.Schedule) { _ = of.Refresh(task.RefreshNew) }
	require.NoError(t, store.RunSchedule(t.Context(), task.Schedule{}, refresh))
	w.shows(`soundings_refreshes_total{by="schedule"} 0`) // a task that runs is not refreshed
	require.NoError(t, of.Cancel(time.Now()))
	require.NoError(t, store.RunSchedule(t.Context(), task.Schedule{}, refresh))
	w.shows(`soundings_refreshes_total{by="schedule"} 1`)
}
