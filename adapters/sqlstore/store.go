// Package sqlstore keeps the truth in SQL: the Store on Postgres (pgdialect
// over pgx) and on SQLite (sqlitedialect over modernc.org/sqlite), one code
// base with a small dialect where the two differ.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.Store = (*Store)(nil)

// Options bound what a Store takes of its database. Zero fields take the
// default.
type Options struct {
	// MaxConns is how many connections to Postgres may be open, 16 by default.
	// SQLite has one that writes, and as many that read, at most 4.
	MaxConns int
	// Keyring seals users' tokens. Without a key, none can be stored.
	Keyring access.Keyring
	// Timeout ends every call but EachPost, 30 seconds by default.
	Timeout time.Duration
}

const (
	defaultMaxConns = 16
	defaultTimeout  = 30 * time.Second
	// longTimeout ends what works through all posts of a task.
	longTimeout = time.Hour
	// healthTimeout is HealthChecker's promise.
	healthTimeout = 2 * time.Second
	// maxTries is how often a transaction that lost a race (a deadlock, a
	// serialisation failure) is begun before the caller hears of it.
	maxTries = 4
)

// Store is a ports.Store in a SQL database.
type Store struct {
	// db writes. On SQLite it is one connection, so that writers queue up in
	// this process instead of meeting SQLITE_BUSY.
	db *bun.DB
	// read is for plain reads; on Postgres it is db.
	read    *bun.DB
	dialect dialect
	keys    access.Keyring
	timeout time.Duration
	// These are made once: their texts never change.
	taskQuery, figuresQuery func() string
	// counting holds one who counts repeats.
	counting chan struct{}
}

// Open connects to postgres://… or opens sqlite:PATH, which is made, for this
// user's eyes only, if it is not there. It does not migrate. The caller closes
// the Store.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	if opts.MaxConns <= 0 {
		opts.MaxConns = defaultMaxConns
	}
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	scheme, rest, _ := strings.Cut(url, ":")
	var store *Store
	var err error
	switch scheme {
	case "postgres", "postgresql":
		store, err = openPostgres(url, opts)
	case "sqlite":
		store, err = openSQLite(rest, opts)
	default:
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "a database address begins with postgres:// or sqlite:")
	}
	if err != nil {
		return nil, err
	}
	store.timeout, store.keys = opts.Timeout, opts.Keyring
	store.counting = make(chan struct{}, 1)
	store.taskQuery = sync.OnceValue(func() string { return newTaskQuery(store) })
	store.figuresQuery = sync.OnceValue(func() string { return newFiguresQuery(store.dialect) })
	ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
	defer cancel()
	if err := store.db.PingContext(ctx); err != nil {
		return nil, errors.Join(store.fault(err), store.Close())
	}
	return store, nil
}

// Close closes all connections. Calls after it fail.
func (s *Store) Close() error {
	if s.read != s.db {
		return errors.Join(s.read.Close(), s.db.Close())
	}
	return s.db.Close()
}

// Pooled tells that the database is reached through a pooler of connections,
// such as PgBouncer: sessions are not the Store's own, so that what lives in
// one, as River's LISTEN and Migrate's lock, needs another address.
func (s *Store) Pooled() bool { return s.dialect.pooled() }

// Healthy returns nil if the database answers, within 2 seconds.
func (s *Store) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	var one int
	return s.fault(s.read.NewSelect().ColumnExpr("1").Scan(ctx, &one))
}

// callerError carries an error of the caller's own function through a
// transaction, to be returned as it is.
type callerError struct{ err error }

func (e callerError) Error() string { return e.err.Error() }

// inTx runs fn in a transaction, again if it lost a race. What it returns is
// for the port's caller.
func (s *Store) inTx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for try := 1; ; try++ {
		err := s.runInTx(ctx, s.db, nil, fn)
		if try < maxTries && ctx.Err() == nil && s.dialect.lostRace(err) {
			continue
		}
		return s.fault(err)
	}
}

// runInTx runs fn in one transaction of db, with the server's own limits.
func (s *Store) runInTx(ctx context.Context, db bun.IDB, opts *sql.TxOptions, fn func(ctx context.Context, tx bun.Tx) error) error {
	return db.RunInTx(ctx, opts, func(ctx context.Context, tx bun.Tx) error {
		if err := s.dialect.limited(ctx, tx); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// bounded returns ctx with the store's timeout, for single statements.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}

// fault translates what came back from the database for the port's caller.
func (s *Store) fault(err error) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[callerError](err); ok {
		return own.err
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return notFound()
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone):
		return unavailable(err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the database did not answer in time")
	}
	return s.dialect.translate(err)
}

func notFound() *fault.Error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "there is no such thing, or it is not yours")
}

func unavailable(err error) *fault.Error {
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the database cannot be used now; try again")
}

func badText(err error) *fault.Error {
	return fault.Wrap(err, fault.Invalid, fault.CodeInvalidValue, "a text holds NUL bytes or broken UTF-8; clean it before it is stored")
}

// checkIDs returns NotFound unless all ids are UUIDs as Soundings writes them:
// nothing else is in the database, and Postgres would refuse to compare.
func checkIDs[T ~string](ids ...T) error {
	for _, id := range ids {
		if parsed, err := uuid.Parse(string(id)); err != nil || parsed.String() != string(id) {
			return notFound()
		}
	}
	return nil
}

// newID returns a fresh UUID v7. Ids made one after the other by one process
// sort in that order.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
