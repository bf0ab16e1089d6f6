package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

func TestJudgingIsDispatchedBeforeFetching(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		var spawn []*task.Subtask
		for _, typ := range []task.SubtaskType{task.FetchContent, task.FetchContent, task.DetectSpam, task.AnalyzeSentiment} {
			spawn = append(spawn, task.NewSubtask(task.SubtaskID(newID()), created.ID, typ, task.Payload{}, time.Now()))
		}
		require.NoError(t, s.Finish(t.Context(), l, task.Succeed(spawn...)))
		limits := task.DefaultLimits()
		limits.Total = 2
		deliveries, err := s.Dispatch(t.Context(), limits)
		require.NoError(t, err)
		var got []task.SubtaskID
		for _, d := range deliveries {
			got = append(got, d.SubtaskID)
		}
		require.ElementsMatch(t, []task.SubtaskID{spawn[2].State().ID, spawn[3].State().ID}, got)
	})
}

func TestManyTasksOfOneUserHideNobody(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		limits := task.Limits{PerTask: 2, PerUser: 3, Running: 2, Total: 10}
		for range 20 {
			newTask(t, s, "many")
		}
		few := newTask(t, s, "few")
		deliveries, err := s.Dispatch(t.Context(), limits)
		require.NoError(t, err)
		require.Len(t, deliveries, 3, "two tasks of one user, one of the other")
		subs, err := s.Subtasks(t.Context(), few.User, few.ID, ports.Paging{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, task.SubtaskQueued, subs.Items[0].Status)
		again, err := s.Dispatch(t.Context(), limits)
		require.NoError(t, err)
		require.Empty(t, again, "two tasks run; the others wait for their turn")
	})
}

func newTask(t *testing.T, s *Store, user string) task.State {
	t.Helper()
	u, err := s.EnsureUser(t.Context(), access.User{ID: access.UserID(newID()), Name: user, CreatedAt: time.Now()})
	require.NoError(t, err)
	src := content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: "dQw4w9WgXcQ"}
	created, first := task.NewAnalysis(u.ID, []content.Source{src}, "", task.Options{}, newID, time.Now())
	require.NoError(t, s.CreateTask(t.Context(), created, first))
	return created.State()
}

// A claim that is on its way while the task is paused must find another
// generation, even if the subtask was not yet on the queue.
func TestAPauseVoidsWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created := newTask(t, s, "ada")
		subs, err := s.Subtasks(t.Context(), created.User, created.ID, ports.Paging{Limit: 1})
		require.NoError(t, err)
		update(t, s, created, (*task.Task).Pause)
		update(t, s, created, (*task.Task).Resume)
		_, err = s.Claim(t.Context(), ports.Delivery{SubtaskID: subs.Items[0].ID, Generation: subs.Items[0].Generation}, "me", time.Minute)
		require.ErrorIs(t, err, ports.ErrLeaseLost)
	})
}

func update(t *testing.T, s *Store, of task.State, fn func(*task.Task) error) task.State {
	t.Helper()
	after, err := s.UpdateTask(t.Context(), of.User, of.ID, fn)
	require.NoError(t, err)
	return after
}

func TestARetryForgetsWhatWasMissingForAFailure(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		_, err := s.SavePage(t.Context(), l, ports.PageWrite{
			Posts: madeUp(0, 1), Cursor: content.Cursor{Token: "t", Page: 1}, FreshBatch: task.BatchID(newID()), Opened: 1,
			Missing: map[content.Cause]int64{content.BeforeSince: 4},
		})
		require.NoError(t, err)
		o := task.Fail(task.Problem{Code: fault.CodePagingBroken, Message: "in a circle", Retryable: true})
		o.Missing = map[content.Cause]int64{content.FetchFailed: content.UnknownCount}
		require.NoError(t, s.Finish(t.Context(), l, o))
		runAll(t, s)
		failed, err := s.Task(t.Context(), created.User, created.ID)
		require.NoError(t, err)
		require.Equal(t, map[content.Cause]int64{content.BeforeSince: 4, content.FetchFailed: content.UnknownCount}, failed.Missing)

		update(t, s, created, (*task.Task).Retry)
		runAll(t, s)
		done, err := s.Task(t.Context(), created.User, created.ID)
		require.NoError(t, err)
		require.Equal(t, task.Completed, done.Status)
		require.Equal(t, map[content.Cause]int64{content.BeforeSince: 4}, done.Missing)
		require.EqualValues(t, 1, done.Counters.Fetched)
		require.EqualValues(t, 1, done.Counters.Opened)
	})
}

// runAll lets everything that is due succeed, until nothing is.
func runAll(t *testing.T, s *Store) {
	t.Helper()
	for range 10 {
		deliveries, err := s.Dispatch(t.Context(), task.DefaultLimits())
		require.NoError(t, err)
		for _, d := range deliveries {
			l, err := s.Claim(t.Context(), d, "me", time.Minute)
			require.NoError(t, err)
			require.NoError(t, s.Finish(t.Context(), l, task.Succeed()))
		}
	}
}

func TestTheSweepEndsParks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		problem := &task.Problem{Code: fault.CodeQuotaExhausted, Message: "used up"}
		require.NoError(t, s.Finish(t.Context(), l, task.Outcome{Kind: task.ParkedUntil, At: time.Now().Add(time.Hour), Problem: problem}))
		_, err := s.db.NewUpdate().Table("subtasks").Set("run_at = ?", s.dialect.after(-time.Second)).
			Where("id = ?", l.Subtask.ID).Exec(t.Context())
		require.NoError(t, err)
		swept, err := s.Sweep(t.Context(), ports.SweepLimits{Unclaimed: time.Minute, Rows: 10})
		require.NoError(t, err)
		require.Equal(t, ports.Swept{Again: []ports.Delivery{}, Unparked: 1}, swept)
		after, err := s.Task(t.Context(), created.User, created.ID)
		require.NoError(t, err)
		require.Equal(t, task.Running, after.Status)
		require.True(t, after.RetryAt.IsZero())
		deliveries, err := s.Dispatch(t.Context(), task.DefaultLimits())
		require.NoError(t, err)
		require.Equal(t, []ports.Delivery{{SubtaskID: l.Subtask.ID, Generation: 2}}, deliveries)
	})
}

func TestTheSweepSettlesWhatNobodySettled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		_, err := s.db.NewUpdate().Table("subtasks").Set("status = ?", task.SubtaskSucceeded).Where("id = ?", l.Subtask.ID).Exec(t.Context())
		require.NoError(t, err)
		swept, err := s.Sweep(t.Context(), ports.SweepLimits{Unclaimed: time.Minute, Rows: 10, Only: task.ID(newID())})
		require.NoError(t, err)
		require.Zero(t, swept.Settled, "another task's sweep")
		swept, err = s.Sweep(t.Context(), ports.SweepLimits{Unclaimed: time.Minute, Rows: 10})
		require.NoError(t, err)
		require.Equal(t, 1, swept.Settled)
		after, err := s.Task(t.Context(), created.User, created.ID)
		require.NoError(t, err)
		require.True(t, after.Status.Ended())
	})
}

func TestAnAbandonedRequestGivesItsKeyBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		r := ports.IdempotentRequest{User: access.UserID(newID()), Path: "/tasks", Key: "k", BodyHash: []byte("one")}
		began := time.Now()
		_, err := s.BeginRequest(t.Context(), r, began)
		require.NoError(t, err)
		_, err = s.BeginRequest(t.Context(), r, began.Add(59*time.Second))
		require.True(t, fault.Is(err, fault.Conflict), "%v", err)
		answer, err := s.BeginRequest(t.Context(), r, began.Add(61*time.Second))
		require.NoError(t, err)
		require.Nil(t, answer)
		require.NoError(t, s.KeepAnswer(t.Context(), r, ports.StoredAnswer{Status: 202}))

		old := r
		old.Key = "old"
		_, err = s.BeginRequest(t.Context(), old, began.Add(-25*time.Hour))
		require.NoError(t, err)
		_, err = s.Sweep(t.Context(), ports.SweepLimits{Unclaimed: time.Minute, Rows: 10})
		require.NoError(t, err)
		left, err := s.db.NewSelect().Table("idempotency_keys").Count(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, left)
	})
}

func TestErrorsTellWhatToDo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Task(gone, created.User, created.ID)
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
		require.ErrorIs(t, err, context.Canceled)

		for _, text := range []string{"nul\x00byte", "broken\xff"} {
			p := madeUp(0, 1)[0]
			p.Text = text
			_, err = s.SavePage(t.Context(), l, ports.PageWrite{Posts: []content.Post{p}, FreshBatch: task.BatchID(newID())})
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			require.ErrorContains(t, err, "NUL")
		}
		again := task.Restore(created)
		require.True(t, fault.Is(s.CreateTask(t.Context(), again, nil), fault.Conflict), "the id is taken")
	})
}
