package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"github.com/soundings-io/soundings/domain/fault"
)

//go:embed migrations
var migrationFiles embed.FS

// postgres is the dialect of PostgreSQL 15 and newer.
type postgres struct {
	sessions *sessions
	months   *knownMonths
	turns    *turns
	// describing is how statements with long arrays are run: their arguments go in
	// binary, which takes half the time of text, but they are planned anew for each.
	describing pgx.QueryExecMode
}

var _ dialect = postgres{}

const (
	connLifetime = 30 * time.Minute
	connIdleTime = 5 * time.Minute
)

// openPostgres makes the pool. Bun writes arguments into its statements, so
// that pgx must not prepare each distinct text: mode exec. The few statements
// with a fixed text are prepared, unless the address has another
// default_query_exec_mode or leads through a pooler.
func openPostgres(address string, opts Options) (*Store, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// The cause holds the address, and that a password.
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "the database's address cannot be read; it looks like postgres://user:password@host:5432/name")
	}
	sessions := newSessions(address, config.DefaultQueryExecMode, opts.Timeout)
	describing := config.DefaultQueryExecMode
	if describing == pgx.QueryExecModeCacheStatement {
		describing = pgx.QueryExecModeCacheDescribe
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.RuntimeParams["timezone"] = "UTC"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "soundings"
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(sessions.begin))
	db.SetMaxOpenConns(opts.MaxConns)
	db.SetMaxIdleConns(opts.MaxConns)
	db.SetConnMaxLifetime(connLifetime)
	db.SetConnMaxIdleTime(connIdleTime)
	bunDB := bun.NewDB(db, pgdialect.New())
	return &Store{db: bunDB, read: bunDB, dialect: postgres{sessions, &knownMonths{}, &turns{}, describing}}, nil
}

// migrations takes a session lock, so that of many processes that migrate at
// once one does it and the others find it done.
func (postgres) migrations() (goose.Dialect, fs.FS, []goose.ProviderOption, error) {
	files, err := fs.Sub(migrationFiles, "migrations/postgres")
	if err != nil {
		return "", nil, nil, err
	}
	const everySecond, fiveMinutes = 1, 300
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(everySecond, fiveMinutes))
	if err != nil {
		return "", nil, nil, err
	}
	return goose.DialectPostgres, files, []goose.ProviderOption{goose.WithSessionLocker(locker)}, nil
}

// SQLSTATE codes and classes, see PostgreSQL's appendix A.
const (
	pgUniqueViolation   = "23505"
	pgBadEncoding       = "22021"
	pgSerialization     = "40001"
	pgDeadlock          = "40P01"
	pgQueryCanceled     = "57014"
	pgLockNotAvailable  = "55P03"
	pgClassConnection   = "08"
	pgClassResources    = "53"
	pgClassIntervention = "57"
)

func (p postgres) translate(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch class := pg.Code[:2]; {
		case pg.Code == pgUniqueViolation:
			return fault.Wrap(err, fault.Conflict, fault.CodeWrongState, "this exists already")
		case pg.Code == pgBadEncoding:
			return badText(err)
		case p.lostRace(err), pg.Code == pgQueryCanceled, pg.Code == pgLockNotAvailable,
			class == pgClassConnection, class == pgClassResources, class == pgClassIntervention:
			return unavailable(err)
		}
		return fault.As(err)
	}
	if connectionLost(err) {
		return unavailable(err)
	}
	return fault.As(err)
}

func connectionLost(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "conn closed")
}

func (postgres) lostRace(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == pgSerialization || pg.Code == pgDeadlock)
}

func (p postgres) prepared(args ...any) []any { return append([]any{p.sessions.preparing()}, args...) }

func (p postgres) inBinary(args ...any) []any { return append([]any{p.describing}, args...) }

func (postgres) param(n int, typ string) string { return "$" + strconv.Itoa(n) + "::" + typ }

// after goes by the start of the statement: the start of the transaction may
// be long ago when it had to wait for a lock, and clock_timestamp would keep
// an index from being used.
func (postgres) after(d time.Duration) schema.QueryAppender {
	if d == 0 {
		return bun.Safe("statement_timestamp()")
	}
	return bun.Safe(fmt.Sprintf("statement_timestamp() + interval '%d microseconds'", d.Microseconds()))
}

// lock takes the weakest lock that excludes writers; foreign keys to the row
// can still be checked.
func (postgres) lock(q *bun.SelectQuery, skip bool) *bun.SelectQuery {
	if skip {
		return q.For("NO KEY UPDATE SKIP LOCKED")
	}
	return q.For("NO KEY UPDATE")
}

func (postgres) relax(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("set_config('synchronous_commit', 'off', true) AS relaxed")
}

func (postgres) firm(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("SET LOCAL synchronous_commit TO DEFAULT").Exec(ctx)
	return err
}

func (p postgres) limited(ctx context.Context, tx bun.Tx) error {
	if !p.sessions.pooled.Load() {
		return nil
	}
	_, err := tx.Tx.ExecContext(ctx, p.sessions.limits("SET LOCAL"), pgx.QueryExecModeSimpleProtocol)
	return err
}

func (p postgres) pooled() bool { return p.sessions.pooled.Load() }

func (postgres) unlimited(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("SET LOCAL statement_timeout = 0").Exec(ctx)
	return err
}

func (postgres) snapshot() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (postgres) like() schema.QueryAppender { return bun.Safe("ILIKE") }
