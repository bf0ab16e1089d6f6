package riverqueue

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/soundings-io/soundings/domain/fault"
)

// migrationLock is the key of the lock that lets one process migrate at a time.
const migrationLock = 0x7269766572717565 // "riverque"

// MigratePostgres makes River's tables or brings them up to date. Several
// processes may call it at a time.
func MigratePostgres(ctx context.Context, databaseURL string, log *slog.Logger) error {
	pool, err := connectPostgres(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return unavailable(err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock)) //nolint:errcheck // the session's end unlocks as well.
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: atLeastWarn(log)})
	if err != nil {
		return unavailable(err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return unavailable(fmt.Errorf("migrating River's tables: %w", err))
	}
	return nil
}

// OpenPostgres opens the queue in a database that MigratePostgres has brought
// up to date; any other is refused. It needs a session of its own for LISTEN,
// so the address must not lead through a pooler of transactions.
func OpenPostgres(ctx context.Context, databaseURL string, opts Options) (*Queue, error) {
	pool, err := connectPostgres(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	q := newQueue(postgresDatabase{pool}, opts)
	if err := q.usePostgres(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return q, nil
}

func (q *Queue) usePostgres(ctx context.Context, pool *pgxpool.Pool) error {
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: atLeastWarn(q.opts.Logger)})
	if err != nil {
		return unavailable(err)
	}
	state, err := migrator.Validate(ctx, nil)
	if err != nil {
		return unavailable(err)
	}
	if !state.OK {
		return fault.New(fault.Conflict, fault.CodeWrongState,
			"the database is not migrated for River: run the command migrate first (%s)", strings.Join(state.Messages, "; "))
	}
	client, err := river.NewClient(driver, q.config())
	if err != nil {
		return fmt.Errorf("making River's client: %w", err)
	}
	q.river = client
	return nil
}

// connectPostgres returns a pool that has reached the database. Its errors do
// not repeat the address, which may have a password.
func connectPostgres(ctx context.Context, databaseURL string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, fault.CodeInvalidValue,
			"the address of Postgres must have the form postgres://user:password@host:port/database")
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, unavailable(err)
	}
	return pool, nil
}

type postgresDatabase struct{ pool *pgxpool.Pool }

func (db postgresDatabase) count(ctx context.Context, query string) (int, error) {
	rows, err := db.pool.Query(ctx, query)
	if err != nil {
		return 0, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
}

func (db postgresDatabase) close() error {
	db.pool.Close()
	return nil
}
