package riverqueue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// OpenSQLite opens the queue in a file of its own, which it makes and migrates
// where needed. One process at a time may use the file. The Queue that enqueues
// has to be the one that runs: it is how Run learns of a delivery at once and
// not by the second.
func OpenSQLite(ctx context.Context, path string, opts Options) (*Queue, error) {
	if err := makeFile(path); err != nil {
		return nil, unavailable(fmt.Errorf("opening the queue's file: %w", err))
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, unavailable(err)
	}
	// One connection never waits for another's lock, and River asks for it.
	db.SetMaxOpenConns(1)
	q := newQueue(sqliteDatabase{db}, opts)
	if err := q.useSQLite(ctx, db); err != nil {
		return nil, errors.Join(unavailable(fmt.Errorf("opening the queue's file: %w", err)), db.Close())
	}
	return q, nil
}

// makeFile makes the file for its owner alone, where there is none; SQLite gives
// its journals the same mode.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// dataSource names the file and how it is used: readers beside the writer, no
// sync at each commit (a power cut may lose the last deliveries, which the
// sweep adds again), and a lock taken when a transaction begins.
func dataSource(path string) string {
	file := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)"},
		"_txlock": {"immediate"},
	}.Encode()}
	return file.String()
}

func (q *Queue) useSQLite(ctx context.Context, db *sql.DB) error {
	driver := &wokenDriver{riversqlite.New(db)}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: atLeastWarn(q.opts.Logger)})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	client, err := river.NewClient(driver, q.config())
	q.river = client
	return err
}

// wokenDriver says that SQLite has no listener. River then wakes the producer
// of the client that inserts, at once; with the listener, which reads a table
// 20 times a second, a delivery waits for the next look.
type wokenDriver struct{ *riversqlite.Driver }

// SupportsListener returns false.
func (*wokenDriver) SupportsListener() bool { return false }

// SupportsListenNotify returns false.
func (*wokenDriver) SupportsListenNotify() bool { return false }

type sqliteDatabase struct{ *sql.DB }

func (db sqliteDatabase) count(ctx context.Context, query string) (n int, err error) {
	err = db.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}

func (db sqliteDatabase) close() error { return db.Close() }
