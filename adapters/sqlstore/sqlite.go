package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// sqliteDB is the dialect of SQLite.
type sqliteDB struct{}

var _ dialect = sqliteDB{}

// openSQLite opens the file with two pools. One connection writes; transactions
// on it begin with the write lock (_txlock), because a lock that is asked for
// in mid-transaction fails at once however long busy_timeout is. Readers do not
// wait for it (WAL).
func openSQLite(path string, opts Options) (*Store, error) {
	if path == "" {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "name the database file: sqlite:PATH")
	}
	// SQLite gives -wal and -shm the mode of the main file.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, fault.CodeInvalidValue, "the database file cannot be opened")
	}
	if err := file.Close(); err != nil {
		return nil, unavailable(err)
	}
	// The name begins with file:, otherwise SQLite ignores its own keys.
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"
	// The keys of posts come in no order, so that each page of them touches many
	// pages of the indexes: a cache of 16 MiB for them, and a log of up to 160 MiB
	// before they are written to their places, each once for all its changes.
	writer, err := sql.Open("sqlite", dsn+"&_txlock=immediate&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(40000)&_pragma=journal_size_limit(33554432)")
	if err != nil {
		return nil, unavailable(err)
	}
	writer.SetMaxOpenConns(1)
	writer.SetMaxIdleConns(1)
	reader, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		return nil, unavailable(errors.Join(err, writer.Close()))
	}
	readers := min(opts.MaxConns, maxSQLiteReaders)
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return &Store{
		db: bun.NewDB(writer, sqlitedialect.New()), read: bun.NewDB(reader, sqlitedialect.New()), dialect: sqliteDB{},
	}, nil
}

const maxSQLiteReaders = 4

func (sqliteDB) migrations() (goose.Dialect, fs.FS, []goose.ProviderOption, error) {
	files, err := fs.Sub(migrationFiles, "migrations/sqlite")
	return goose.DialectSQLite3, files, nil, err
}

// translate maps SQLite's result codes, see sqlite.org/rescode.html; the low
// byte is the code, the rest says more about it.
func (sqliteDB) translate(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return fault.As(err)
	}
	switch {
	case e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE, e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fault.Wrap(err, fault.Conflict, fault.CodeWrongState, "this exists already")
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return unavailable(err)
	}
	return fault.As(err)
}

func (sqliteDB) lostRace(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func (sqliteDB) prepared(args ...any) []any { return args }

func (sqliteDB) param(n int, _ string) string { return "?" + strconv.Itoa(n) }

// after takes this process's clock: it is the machine's, as the database's is.
func (sqliteDB) after(d time.Duration) schema.QueryAppender {
	return bun.NullTime{Time: micro(time.Now().Add(d))}
}

// lock has nothing to do: who has begun to write is alone.
func (sqliteDB) lock(q *bun.SelectQuery, _ bool) *bun.SelectQuery { return q }

func (sqliteDB) keepMonths(context.Context, *Store) error { return nil }

func (sqliteDB) tableOf(context.Context, *Store, task.ID) (bun.Safe, error) { return "posts", nil }

// claim leaves it to the transaction: RETURNING knows one table alone here.
func (sqliteDB) claim(context.Context, *Store, ports.Delivery, string, time.Duration) (l ports.Lease, done bool, err error) {
	return l, false, nil
}

func (sqliteDB) relax(q *bun.SelectQuery) *bun.SelectQuery { return q }

func (sqliteDB) firm(context.Context, bun.Tx) error { return nil }

func (sqliteDB) limited(context.Context, bun.Tx) error { return nil }

func (sqliteDB) pooled() bool { return false }

func (sqliteDB) unlimited(context.Context, bun.Tx) error { return nil }

func (sqliteDB) snapshot() *sql.TxOptions { return nil } // every transaction reads one

// like ignores the case of ASCII letters alone; see caseVariants.
func (sqliteDB) like() schema.QueryAppender { return bun.Safe("LIKE") }
