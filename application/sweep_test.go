package application_test

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/env"
	"github.com/soundings-io/soundings/test/env/embedded"
)

// aged is a rig whose rows a test can make old: the sweep goes by times that
// nobody wants to wait for.
type aged struct {
	*rig
	raw *sql.DB
}

// onBoth runs the test on SQLite and on Postgres.
func onBoth(t *testing.T, test func(t *testing.T, r aged)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newAgedSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := env.PostgresTemplate(t, "application", func(ctx context.Context, dsn string) error {
			store, err := sqlstore.Open(ctx, dsn, sqlstore.Options{})
			if err != nil {
				return err
			}
			defer func() { _ = store.Close() }()
			return store.Migrate(ctx)
		})
		test(t, newAged(t, dsn, "pgx", dsn))
	})
}

func newAgedSQLite(t *testing.T) aged {
	t.Helper()
	path := embedded.Database(t)
	return newAged(t, "sqlite:"+path, "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
}

// newAged returns a rig on the database.
func newAged(t *testing.T, url, driver, dsn string) aged {
	t.Helper()
	r := newRig(t)
	store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{MaxConns: 6})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	r.store = store
	r.by, err = application.NewAccounts(store).Local(t.Context(), "somebody")
	require.NoError(t, err)
	raw, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = raw.Close() })
	return aged{rig: r, raw: raw}
}

// change changes the rows of the task's subtasks behind the store's back.
func (a aged) change(id task.ID, set string) {
	a.t.Helper()
	done, err := a.raw.ExecContext(a.t.Context(), "UPDATE subtasks SET "+set+" WHERE task_id = '"+string(id)+"'")
	require.NoError(a.t, err)
	n, err := done.RowsAffected()
	require.NoError(a.t, err)
	require.Positive(a.t, n)
}

// longAgo is a time as both databases read it.
const longAgo = "'2001-01-01 00:00:00+00:00'"

// losesQueue makes what stood on the queue of a process that has ended look as
// if it had stood there for as long as the sweep has patience, half a minute.
func (a aged) losesQueue(id task.ID) {
	a.t.Helper()
	a.change(id, "queued_at = CASE status WHEN 'queued' THEN "+longAgo+" ELSE queued_at END")
}

// accepted stores a task as the API does, in a process that dies right then.
func (a aged) accepted() task.ID {
	a.t.Helper()
	src, err := content.ParseSource(battery)
	require.NoError(a.t, err)
	made, first := task.NewAnalysis(a.by.User.ID, []content.Source{src}, "", task.Options{IncludeReplies: true}, newID, time.Now())
	require.NoError(a.t, a.store.CreateTask(a.t.Context(), made, first))
	return made.State().ID
}

// marked returns what a dispatcher has marked as queued.
func (a aged) marked() []ports.Delivery {
	a.t.Helper()
	marked, err := a.store.Dispatch(a.t.Context(), task.DefaultLimits())
	require.NoError(a.t, err)
	require.NotEmpty(a.t, marked)
	return marked
}

// claimed returns a lease of a worker that is never heard of again.
func (a aged) claimed(lease time.Duration) ports.Lease {
	a.t.Helper()
	l, err := a.store.Claim(a.t.Context(), a.marked()[0], "gone", lease)
	require.NoError(a.t, err)
	return l
}

// endsWhole starts a process, and requires that the task ends as if nothing had
// happened.
func (a aged) endsWhole(id task.ID) {
	a.t.Helper()
	ended := a.start().ended(id)
	assert.Equal(a.t, task.Completed, ended.Status, codes(ended))
	assert.Equal(a.t, a.onYouTube("BatteryFire"), a.comments(id))
	a.requireCountersAreRows(ended)
	for _, sub := range a.subtasks(id) {
		assert.Zero(a.t, sub.Attempt, "the way it was lost spends no attempt")
	}
}

func TestSweepARowThatWasNeverDispatched(t *testing.T) {
	t.Parallel()
	onBoth(t, func(_ *testing.T, a aged) { a.endsWhole(a.accepted()) })
}

func TestSweepARowThatWasCommittedAndNeverEnqueued(t *testing.T) {
	t.Parallel()
	onBoth(t, func(_ *testing.T, a aged) {
		id := a.accepted()
		a.marked() // and the process dies before it reaches the queue
		a.change(id, "queued_at = "+longAgo)
		a.endsWhole(id)
	})
}

func TestSweepAQueueThatWasEmptied(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		id := a.accepted()
		emptied := memory.NewQueue(1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			application.NewDispatcher(a.store, emptied, task.DefaultLimits(), slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		a.until("it stands on the queue", func() bool {
			n, err := emptied.Depth(ctx)
			return err == nil && n == 1
		})
		stop()
		<-done
		a.change(id, "queued_at = "+longAgo)
		a.endsWhole(id)
	})
}

func TestSweepALeaseThatRanOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		id := a.accepted()
		zombie := a.claimed(time.Minute)
		a.change(id, "lease_until = "+longAgo) // its process sleeps, and wakes up later
		a.endsWhole(id)
		_, err := a.store.SavePage(t.Context(), zombie, ports.PageWrite{FreshBatch: task.BatchID(newID())})
		require.ErrorIs(t, err, ports.ErrLeaseLost)
		require.ErrorIs(t, a.store.Finish(t.Context(), zombie, task.Fail(task.Problem{Code: fault.CodeInternal})), ports.ErrLeaseLost)
		assert.Equal(t, task.Completed, a.when(id, "is there", func(task.State) bool { return true }).Status)
	})
}

func TestSweepAWorkerThatIsGone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		id := a.accepted()
		a.claimed(time.Second) // nobody renews it
		p := a.start()
		a.until("the lease was taken back", func() bool { return a.subtasks(id)[0].Generation > 1 })
		p.stop()
		a.losesQueue(id)
		a.endsWhole(id)
	})
}

func TestSweepATaskWhoseSubtasksAreAllDone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		id := a.accepted()
		a.claimed(time.Minute)
		a.change(id, "opened = 1, status = 'succeeded', lease_until = NULL, finished_at = "+longAgo)
		ended := a.start().ended(id)
		assert.False(t, ended.FinishedAt.IsZero())
	})
}

func TestSweepAnExportThatWasHalfWritten(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		p := a.start()
		of := p.ended(p.collect(battery))
		p.stop()
		made, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: of.ID, Format: "csv"})
		require.NoError(t, err)
		half, err := a.files.Create(t.Context(), string(made.ID)+".1.csv")
		require.NoError(t, err)
		_, err = io.WriteString(half, "id,kind,half a fi")
		require.NoError(t, err)
		a.claimed(time.Minute)
		a.change(made.ID, "lease_until = "+longAgo)

		second := a.start()
		ended := second.ended(made.ID)
		require.Equal(t, task.Completed, ended.Status, codes(ended))
		assert.Equal(t, of.Counters.Fetched, ended.Export.Rows)
		file, err := second.exports.Open(t.Context(), p.by, made.ID)
		require.NoError(t, err)
		defer func() { _ = file.Close() }()
		body, err := io.ReadAll(file)
		require.NoError(t, err)
		assert.Len(t, body, int(ended.Export.Bytes), "whole, from its beginning")
		assert.NotContains(t, string(body), "half a fi")
	})
}

func TestSweepAParkThatIsOver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		id := a.accepted()
		l := a.claimed(time.Minute)
		problem := &task.Problem{Code: fault.CodeQuotaExhausted, Message: "used up"}
		require.NoError(t, a.store.Finish(t.Context(), l, task.Outcome{Kind: task.ParkedUntil, At: time.Now().Add(time.Hour), Problem: problem}))
		waiting := a.when(id, "waits", func(s task.State) bool { return s.Status == task.Waiting })
		require.False(t, waiting.RetryAt.IsZero())
		a.change(id, "run_at = "+longAgo)
		a.endsWhole(id)
	})
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
