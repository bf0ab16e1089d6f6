package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
)

const (
	// monthsAhead is for how many months behind this one there are tables.
	monthsAhead = 2
	// monthPatience is how long a change of the tables waits for those who read
	// them, and everybody else behind it. The next sweep tries again.
	monthPatience = 50 * time.Millisecond
	// otherPosts is the table of what belongs to no month that has one.
	otherPosts = "posts_other"
	// monthGrace is longer than clocks differ that make the ids of tasks.
	monthGrace = 24 * time.Hour
	// monthsLock is any number that nothing else locks.
	monthsLock int64 = 0x736f756e64696e68
)

// KeepMonths does on Postgres alone what ports.RetentionStore says: SQLite has
// one table of posts.
func (s *Store) KeepMonths(ctx context.Context) error { return s.dialect.keepMonths(ctx, s) }

// keepMonths is done by one process at a time, table by table.
func (p postgres) keepMonths(ctx context.Context, s *Store) error {
	inTurn := func(fn func(ctx context.Context, tx bun.Tx, tables []monthTable, now time.Time) error) error {
		return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?)", monthsLock).Exec(ctx); err != nil {
				return err
			}
			now, tables, err := readMonths(ctx, tx)
			if err != nil {
				return err
			}
			return fn(ctx, tx, tables, now)
		})
	}
	var failed error
	for ahead := range monthsAhead + 1 {
		failed = errors.Join(failed, inTurn(func(ctx context.Context, tx bun.Tx, tables []monthTable, now time.Time) error {
			return makeMonth(ctx, tx, tables, startOfMonth(now).AddDate(0, ahead, 0))
		}))
	}
	return errors.Join(failed, inTurn(dropMonths))
}

// monthTable is a table of posts: those of the tasks from one id on and below
// another. An empty id is no bound; the table of what has none other has two.
type monthTable struct {
	Name string `bun:"name"`
	Low  string `bun:"low"`
	High string `bun:"high"`
}

func (m monthTable) has(taskID string) bool { return m.Low <= taskID && taskID < m.High }

// readMonths reads the bounds as Postgres writes them: FOR VALUES FROM ('…') TO ('…').
func readMonths(ctx context.Context, tx bun.IDB) (now time.Time, tables []monthTable, err error) {
	if err := tx.NewRaw("SELECT statement_timestamp()").Scan(ctx, &now); err != nil {
		return now, nil, err
	}
	err = tx.NewRaw(`SELECT c.relname AS name,
			coalesce(substring(b.bounds FROM 'FROM \(''([^'']*)''\)'), '') AS low, coalesce(substring(b.bounds FROM 'TO \(''([^'']*)''\)'), '') AS high
		FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid, pg_get_expr(c.relpartbound, c.oid) AS b (bounds)
		WHERE i.inhparent = 'posts'::regclass ORDER BY high`).Scan(ctx, &tables)
	return now.UTC(), tables, err
}

// knownMonths are tables that were read before. A task's table does not change
// while the task is there, but for that of what has none other.
type knownMonths struct {
	mu     sync.Mutex
	tables []monthTable
}

// of returns the name of a task's table, empty if that is not known.
func (k *knownMonths) of(id task.ID) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.tables {
		if t.has(string(id)) {
			return t.Name
		}
	}
	return ""
}

func (k *knownMonths) set(tables []monthTable) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tables = tables
}

// tableOf reads the tables again for a task of none that is known.
func (p postgres) tableOf(ctx context.Context, s *Store, id task.ID) (bun.Safe, error) {
	name := p.months.of(id)
	if name == "" {
		_, tables, err := readMonths(ctx, s.read)
		if err != nil {
			return "", err
		}
		p.months.set(tables)
		if name = p.months.of(id); name == "" {
			name = otherPosts
		}
	}
	return bun.Safe(pgx.Identifier{name}.Sanitize()), nil
}

func startOfMonth(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// firstID is the lowest UUID v7 of a time: it begins with the milliseconds
// since 1970 (RFC 9562, section 5.7).
func firstID(t time.Time) string {
	ms := t.UnixMilli()
	return fmt.Sprintf("%08x-%04x-0000-0000-000000000000", ms>>16, ms&0xffff)
}

// makeMonth makes the table of a month, if it has none. It is attached when it
// is ready, for which nobody who reads or writes other months has to wait.
func makeMonth(ctx context.Context, tx bun.Tx, tables []monthTable, start time.Time) error {
	low, high := firstID(start), firstID(start.AddDate(0, 1, 0))
	for _, t := range tables {
		if t.has(low) {
			return nil
		}
	}
	name := start.Format("posts_2006_01")
	_, err := tx.NewRaw("SET LOCAL lock_timeout = ?0; CREATE TABLE ?1 (LIKE posts INCLUDING DEFAULTS) WITH (fillfactor = 45); "+
		"ALTER TABLE posts ATTACH PARTITION ?1 FOR VALUES FROM (?2) TO (?3)", monthPatience.Milliseconds(), bun.Ident(name), low, high).Exec(ctx)
	return err
}

// dropMonths drops the tables of past months of which no task is left, with
// what is listed for DeletePosts in them.
func dropMonths(ctx context.Context, tx bun.Tx, tables []monthTable, now time.Time) error {
	over := firstID(now.Add(-monthGrace))
	for _, t := range tables {
		if t.High == "" || t.High > over {
			continue
		}
		low := t.Low
		if low == "" {
			low = uuid.Nil.String()
		}
		used, err := tx.NewSelect().Table("tasks").Where("id >= ? AND id < ?", low, t.High).Exists(ctx)
		if err != nil {
			return err
		}
		if used {
			continue
		}
		if _, err := tx.NewRaw("SET LOCAL lock_timeout = ?; DROP TABLE ?", monthPatience.Milliseconds(), bun.Ident(t.Name)).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Table("deleted_tasks").Where("task_id >= ? AND task_id < ?", low, t.High).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
