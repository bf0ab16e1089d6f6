package sqlstore

import (
	"context"
	"database/sql"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// dialect is where Postgres and SQLite differ.
type dialect interface {
	// migrations returns what goose needs.
	migrations() (goose.Dialect, fs.FS, []goose.ProviderOption, error)
	// translate turns an error of the driver into one that says what the caller
	// can do about it. It is the only place that knows the driver's errors.
	translate(err error) error
	// lostRace tells that the same transaction may succeed when begun again.
	lostRace(err error) bool

	// prepared returns the arguments of a statement that is worth being prepared,
	// and param its n-th parameter, of a type of Postgres.
	prepared(args ...any) []any
	param(n int, typ string) string
	// after is SQL for the database's clock, d from now.
	after(d time.Duration) schema.QueryAppender
	// lock makes a query lock the rows it returns until the transaction ends.
	// With skip, rows that somebody else has locked are left out.
	lock(q *bun.SelectQuery, skip bool) *bun.SelectQuery
	// awaitTurn and takeTurn let the processes dispatch in turns. Whoever has taken
	// the turn, or keeps others from it, is alone until the transaction ends.
	awaitTurn(ctx context.Context, s *Store) (asked time.Time, served bool, err error)
	takeTurn(ctx context.Context, tx bun.Tx, asked time.Time) (bool, error)
	keepTurn(ctx context.Context, tx bun.Tx) error
	// claim claims a subtask of a task that runs, if the dialect can do it at once.
	claim(ctx context.Context, s *Store, d ports.Delivery, owner string, lease time.Duration) (l ports.Lease, done bool, err error)
	// relax lets the transaction of the query commit before it is on the disk.
	relax(q *bun.SelectQuery) *bun.SelectQuery
	// firm takes that back.
	firm(ctx context.Context, tx bun.Tx) error
	// limited gives a transaction the server's own limits where its session cannot
	// keep them, which is through a pooler.
	limited(ctx context.Context, tx bun.Tx) error
	// pooled tells that the session may be another one after each transaction.
	pooled() bool
	// unlimited lifts the server's own time limit for the transaction.
	unlimited(ctx context.Context, tx bun.Tx) error
	// snapshot are the options of a transaction whose reads all see one state.
	snapshot() *sql.TxOptions
	// like is the operator for LIKE in any case of ASCII letters at least.
	like() schema.QueryAppender
	// keepMonths is KeepMonths.
	keepMonths(ctx context.Context, s *Store) error
	// tableOf returns the table that the posts of a task lie in, quoted. A
	// statement that goes by a batch names it, and not the task: where a planner
	// takes a new task, or a month, for a few rows, it would read all of it for
	// each batch. It is asked for outside of transactions.
	tableOf(ctx context.Context, s *Store, id task.ID) (bun.Safe, error)

	postTable
}

// postTable is how posts are written and read in bulk.
type postTable interface {
	// insertPosts inserts the rows and treats those whose key exists by the
	// conflict clause. It returns how many rows were inserted or updated.
	insertPosts(ctx context.Context, tx bun.Tx, rows []postRow, conflict string) (int64, error)
	// updatePosts brings posts that are there already up to the rows, all but the
	// text, and returns those that differed, with their old texts and verdicts.
	updatePosts(ctx context.Context, tx bun.Tx, rows []postRow) ([]postRow, error)
	// setSpam and setSentiments write verdicts onto posts of a batch.
	setSpam(ctx context.Context, tx bun.Tx, at span, rows []spamRow) error
	setSentiments(ctx context.Context, tx bun.Tx, at span, rows []sentimentRow) error
	// deletePosts deletes up to so many posts of a task behind one in the order of
	// external ids, which it returns.
	deletePosts(ctx context.Context, tx bun.Tx, table bun.Safe, id task.ID, after string, limit int) ([]string, error)
	// streamPosts calls fn with each post of the walk, one and the same, in a
	// snapshot that may stay open for long.
	streamPosts(ctx context.Context, db *bun.DB, w walk, fn func(*streamed) error) error
	// readPosts does the same for a short query that is worth being prepared, with
	// the task and the occurrences behind the columns.
	readPosts(ctx context.Context, db *bun.DB, query string, args []any, fn func(*streamed) error) error
	// eachFigure calls fn with each post of the task that the query of figures
	// has, one and the same, within the transaction that is open on the connection.
	eachFigure(ctx context.Context, conn bun.Conn, query, id string, fn func(*analysis.SummaryPost)) error
}

// span is a stretch of a batch in the order of ids, and the table that it lies
// in. Naming it beside the ids keeps every plan within these few rows, whatever
// the planner believes of the table: without it a hash join reads a whole batch,
// or a whole task, for each 500 verdicts.
type span struct {
	table       bun.Safe
	batch       task.BatchID
	first, last string
}
