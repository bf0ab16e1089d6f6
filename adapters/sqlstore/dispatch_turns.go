package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// dispatchSpacing lies between the dispatches of all processes together. Each
// looks at every live task, and each process asks for one whenever a subtask of
// its own ends: without turns, more workers would mostly dispatch more.
const dispatchSpacing = 30 * time.Millisecond

// lastTurn is what a process asks for its turn by, all by the server's clock. A
// turn in the future is none: the clock was set back.
const lastTurn = `SELECT began_at, statement_timestamp() AS asked_at FROM dispatch_turns WHERE began_at <= statement_timestamp()
	UNION ALL SELECT 'epoch', statement_timestamp() LIMIT 1`

type dispatchTurn struct {
	BeganAt time.Time `bun:"began_at"`
	AskedAt time.Time `bun:"asked_at"`
}

// awaitTurn waits until the last dispatch is long enough ago. It returns when
// it was asked, and whether another process has dispatched since: that one has
// seen all that was stored before the question.
func (postgres) awaitTurn(ctx context.Context, s *Store) (asked time.Time, served bool, err error) {
	var last, now dispatchTurn
	if err := s.read.NewRaw(lastTurn).Scan(ctx, &last); err != nil {
		return asked, false, err
	}
	rest := last.BeganAt.Add(dispatchSpacing).Sub(last.AskedAt)
	if rest <= 0 {
		return last.AskedAt, false, nil
	}
	over := time.NewTimer(rest)
	defer over.Stop()
	select {
	case <-ctx.Done():
		return asked, false, ctx.Err()
	case <-over.C:
	}
	err = s.read.NewRaw(lastTurn).Scan(ctx, &now)
	return last.AskedAt, now.BeganAt.After(last.AskedAt), err
}

// takeTurn tells whether nobody has dispatched since the question. The row of
// the turns is the lock: whoever waited for it finds the turn taken. A dispatch
// that a crash of the server undoes is done again, with the same deliveries, so
// that none waits for the disk.
func (postgres) takeTurn(ctx context.Context, tx bun.Tx, asked time.Time) (bool, error) {
	var relaxed []string
	err := tx.NewRaw(`UPDATE dispatch_turns SET began_at = clock_timestamp() WHERE began_at <= ? OR began_at > clock_timestamp()
		RETURNING set_config('synchronous_commit', 'off', true)`, asked).Scan(ctx, &relaxed)
	return len(relaxed) > 0, err
}

func (postgres) keepTurn(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("SELECT began_at FROM dispatch_turns FOR UPDATE").Exec(ctx)
	return err
}

// Turns of SQLite's one process are always its own.
func (sqliteDB) awaitTurn(context.Context, *Store) (time.Time, bool, error) {
	return time.Time{}, false, nil
}

func (sqliteDB) takeTurn(context.Context, bun.Tx, time.Time) (bool, error) { return true, nil }

func (sqliteDB) keepTurn(context.Context, bun.Tx) error { return nil }
