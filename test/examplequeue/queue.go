// Package examplequeue is one more queue, made by the README's "Swapping an
// adapter" alone: goqite, which keeps its messages in SQLite.
package examplequeue

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"maragu.dev/goqite"
	_ "modernc.org/sqlite" // the driver

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// taken is how long goqite keeps a message from others. It is longer than
	// any handler works; what a dead process took, the sweep adds again.
	taken = 365 * 24 * time.Hour
	// again is when a delivery comes again that could not be settled.
	again = time.Second
	// lookEvery is how often a free handler looks for a message.
	lookEvery = 20 * time.Millisecond
)

//go:embed schema.sql
var schema string

var _ ports.Queue = (*Queue)(nil)

// Queue delivers through one goqite queue in a file. It is safe for concurrent use.
type Queue struct {
	db          *sql.DB
	messages    *goqite.Queue
	concurrency int
	handled     sync.Map // the deliveries in the hands of a handler
}

// Open opens the queue in a file, for so many handlers at a time.
func Open(ctx context.Context, path string, concurrency int) (*Queue, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, unavailable(err)
	}
	db.SetMaxOpenConns(1) // SQLite has one writer
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(unavailable(err), db.Close())
	}
	messages := goqite.New(goqite.NewOpts{DB: db, Name: "soundings", Timeout: taken, MaxReceive: math.MaxInt32})
	return &Queue{db: db, messages: messages, concurrency: concurrency}, nil
}

// Close closes the file. A Run must have ended before.
func (q *Queue) Close() error { return q.db.Close() }

// Enqueue adds all deliveries or none.
func (q *Queue) Enqueue(ctx context.Context, deliveries []ports.Delivery) error {
	tx, err := q.db.BeginTx(ctx, nil)
	if err != nil {
		return unavailable(err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, d := range deliveries {
		body, err := json.Marshal(d)
		if err == nil {
			err = q.messages.SendTx(ctx, tx, goqite.Message{Body: body})
		}
		if err != nil {
			return unavailable(err)
		}
	}
	return unavailable(tx.Commit())
}

// Depth returns how many deliveries wait, those that come again included.
func (q *Queue) Depth(ctx context.Context) (n int, err error) {
	err = q.db.QueryRowContext(ctx, "SELECT count(*) FROM goqite WHERE timeout < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 day')").Scan(&n)
	return n, unavailable(err)
}

// Run has each handler look for messages until ctx ends.
func (q *Queue) Run(ctx context.Context, handle func(context.Context, ports.Delivery) error) error {
	var handlers sync.WaitGroup
	for range q.concurrency {
		handlers.Go(func() {
			for ctx.Err() == nil {
				m, err := q.messages.ReceiveAndWait(ctx, lookEvery)
				if err != nil { // the file cannot be read, or ctx has ended
					wait(ctx, again)
					continue
				}
				// Where this fails, the sweep adds the delivery again.
				if q.settle(ctx, m.Body, handle) != nil {
					_ = q.messages.Extend(context.WithoutCancel(ctx), m.ID, again)
				} else {
					_ = q.messages.Delete(context.WithoutCancel(ctx), m.ID)
				}
			}
		})
	}
	handlers.Wait()
	return nil
}

func (q *Queue) settle(ctx context.Context, body []byte, handle func(context.Context, ports.Delivery) error) (err error) {
	var d ports.Delivery
	if err := errors.Join(json.Unmarshal(body, &d), ctx.Err()); err != nil {
		return err
	}
	if _, busy := q.handled.LoadOrStore(d, true); busy {
		return errors.New("another message of the same delivery is being handled")
	}
	defer q.handled.Delete(d)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	return handle(context.WithoutCancel(ctx), d)
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the queue's file cannot be used")
}
