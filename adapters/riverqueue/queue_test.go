package riverqueue_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/soundings-io/soundings/adapters/riverqueue"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
	"github.com/soundings-io/soundings/test/env"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func features() portstest.QueueFeatures {
	// River's own timeouts are of a minute by default; they are set to days.
	return portstest.QueueFeatures{Deduplicates: true, Shared: true, Durable: true, LongRun: 3 * time.Second}
}

func options(t testing.TB, concurrency int) riverqueue.Options {
	return riverqueue.Options{
		Concurrency: concurrency, RetryDelay: time.Second,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

func openSQLite(t testing.TB, path string, concurrency int) *riverqueue.Queue {
	t.Helper()
	q, err := riverqueue.OpenSQLite(t.Context(), path, options(t, concurrency))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, q.Close()) })
	return q
}

func onSQLite(t testing.TB) portstest.QueueBackend {
	path := filepath.Join(t.TempDir(), "a queue?#%.db")
	return func(concurrency int) ports.Queue { return openSQLite(t, path, concurrency) }
}

func migrate(ctx context.Context, dsn string) error {
	return riverqueue.MigratePostgres(ctx, dsn, slog.Default())
}

func onPostgres(t testing.TB) portstest.QueueBackend {
	dsn := env.PostgresTemplate(t, "river", migrate)
	return func(concurrency int) ports.Queue {
		q, err := riverqueue.OpenPostgres(t.Context(), dsn, options(t, concurrency))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, q.Close()) })
		return q
	}
}

func TestQueueOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestQueue(t, features(), onPostgres)
}

func BenchmarkQueueOnPostgres(b *testing.B) { portstest.BenchmarkQueue(b, onPostgres) }

func TestPostgresRefusesWhatIsNotMigrated(t *testing.T) {
	_, err := riverqueue.OpenPostgres(t.Context(), env.Postgres(t), options(t, 1))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "not migrated")
}

func TestPostgresMigratesFromSeveralProcesses(t *testing.T) {
	dsn := env.Postgres(t)
	failed := make(chan error, 4)
	for range cap(failed) {
		go func() { failed <- migrate(t.Context(), dsn) }()
	}
	for range cap(failed) {
		assert.NoError(t, <-failed)
	}
}

func TestPostgresOutOfReach(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, err = riverqueue.OpenPostgres(t.Context(), "postgres://u:secret@"+closed.Addr().String()+"/d", options(t, 1))
	require.Error(t, err)
	assert.True(t, fault.Is(err, fault.Unavailable))
	assert.NotContains(t, err.Error(), "secret")
}

func TestQueueOnSQLite(t *testing.T) {
	t.Parallel()
	f := features()
	if underRace {
		f.Many = 800
	}
	portstest.TestQueue(t, f, onSQLite)
}

func BenchmarkQueueOnSQLite(b *testing.B) { portstest.BenchmarkQueue(b, onSQLite) }

// What was taken and not settled before the process died stays as running in
// River's table. The same delivery, added again by the sweep, comes all the same.
func TestDeliversWhatADeadProcessTook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue.db")
	q := openSQLite(t, path, 1)
	lost := []ports.Delivery{{SubtaskID: "a", Generation: 1}}
	require.NoError(t, q.Enqueue(t.Context(), lost))
	takeAndDie(t, path, time.Minute)

	require.NoError(t, q.Enqueue(t.Context(), lost))
	require.NoError(t, q.Enqueue(t.Context(), lost))
	depth, err := q.Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, depth, "the delivery stands again, once")
	takeAndDie(t, path, time.Minute)
	require.NoError(t, q.Enqueue(t.Context(), lost))

	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, q.Run(ctx, func(_ context.Context, d ports.Delivery) error {
		cancel()
		assert.Equal(t, lost[0], d)
		return nil
	}))
}

// Whatever the clock says of who adds a delivery, it is due.
func TestDeliveriesAreDueByNobodysClock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue.db")
	q := openSQLite(t, path, 1)
	require.NoError(t, q.Enqueue(t.Context(), []ports.Delivery{{SubtaskID: "a", Generation: 1}}))
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	var state, at string
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT state, datetime(scheduled_at) FROM river_job").Scan(&state, &at))
	assert.Equal(t, "available", state, "it does not wait for River's leader")
	assert.Equal(t, "1970-01-01 00:00:00", at)
}

// What somebody took a moment ago may be in good hands: it is not added twice.
func TestLeavesAloneWhatWasJustTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue.db")
	q := openSQLite(t, path, 1)
	taken := []ports.Delivery{{SubtaskID: "a", Generation: 1}}
	require.NoError(t, q.Enqueue(t.Context(), taken))
	takeAndDie(t, path, time.Second)
	require.NoError(t, q.Enqueue(t.Context(), taken))
	depth, err := q.Depth(t.Context())
	require.NoError(t, err)
	assert.Zero(t, depth)
}

// takeAndDie leaves the table as a process does that took everything some time
// ago and was killed.
func takeAndDie(t *testing.T, path string, ago time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	result, err := db.ExecContext(t.Context(),
		"UPDATE river_job SET state = 'running', attempt = 1, attempted_at = ? WHERE state = 'available'",
		time.Now().Add(-ago).UTC().Format("2006-01-02 15:04:05.000"))
	require.NoError(t, err)
	n, err := result.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func TestSQLiteOutOfReach(t *testing.T) {
	_, err := riverqueue.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "missing", "queue.db"), options(t, 1))
	require.Error(t, err)
	assert.True(t, fault.Is(err, fault.Unavailable))
	assert.NotContains(t, err.Error(), "\n")

	q, err := riverqueue.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "queue.db"), options(t, 1))
	require.NoError(t, err)
	require.NoError(t, q.Healthy(t.Context()))
	require.NoError(t, q.Close())
	_, depthErr := q.Depth(t.Context())
	for what, err := range map[string]error{
		"Healthy": q.Healthy(t.Context()),
		"Enqueue": q.Enqueue(t.Context(), []ports.Delivery{{SubtaskID: "a", Generation: 1}}),
		"Depth":   depthErr,
		"Run":     q.Run(t.Context(), func(context.Context, ports.Delivery) error { return nil }),
	} {
		assert.Truef(t, fault.Is(err, fault.Unavailable), "%s: %v", what, err)
	}
}
