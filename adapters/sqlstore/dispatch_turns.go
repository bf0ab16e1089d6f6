package sqlstore

import (
	"context"
	"math/rand/v2"
	"sync"
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

// rest is how long the next turn has to wait.
func (d dispatchTurn) rest() time.Duration { return d.BeganAt.Add(dispatchSpacing).Sub(d.AskedAt) }

// turns is what this process knows of the turns.
type turns struct {
	mu    sync.Mutex
	last  dispatchTurn
	asked time.Time // before last was asked for, by this process's clock
}

// look asks for the last turn.
func (t *turns) look(ctx context.Context, s *Store) (last dispatchTurn, err error) {
	asked := time.Now()
	if err := s.read.NewRaw(lastTurn).Scan(ctx, &last); err != nil {
		return last, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.asked = last, asked
	return last, nil
}

// now returns what a look would tell, without one where the last look was just
// before: a busy process looks once for each turn. The time is never behind the
// server's clock, since the server answered after it was asked.
func (t *turns) now(ctx context.Context, s *Store) (dispatchTurn, error) {
	if known := t.known(); known.rest() > 0 {
		return known, nil
	}
	return t.look(ctx, s)
}

func (t *turns) known() dispatchTurn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return dispatchTurn{BeganAt: t.last.BeganAt, AskedAt: t.last.AskedAt.Add(time.Since(t.asked))}
}

// awaitTurn waits until the last dispatch is long enough ago. It returns when
// it was asked, and whether another process has dispatched since: that one has
// seen all that was stored before the question. Not all wait equally long, so
// that most find that one has dispatched, and not that it is about to.
func (p postgres) awaitTurn(ctx context.Context, s *Store) (asked time.Time, served bool, err error) {
	last, err := p.turns.now(ctx, s)
	if err != nil || last.rest() <= 0 {
		return last.AskedAt, false, err
	}
	over := time.NewTimer(last.rest() + rand.N(dispatchSpacing/2))
	defer over.Stop()
	select {
	case <-ctx.Done():
		return asked, false, ctx.Err()
	case <-over.C:
	}
	now, err := p.turns.look(ctx, s)
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
