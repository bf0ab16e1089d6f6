package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/soundings-io/soundings/adapters/redisqueue"
	"github.com/soundings-io/soundings/adapters/riverqueue"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// claimers work at a time, as a worker's handlers do.
	claimers = 8
	// Each claimer has so many subtasks to do, and the tasks that they belong to
	// come in turns, so that settling one waits for another as it does in a run.
	claimsEach = 500
	claimTasks = 16
	allClaims  = claimers * claimsEach
)

// measureClaims compares what a subtask costs that does nothing (delivered,
// claimed, run, settled) with pgbench running the claim's and the settlement's
// statements at the same concurrency, and with the queue's library alone.
func measureClaims(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	if err := riverqueue.MigratePostgres(ctx, address, quiet); err != nil {
		return err
	}
	c := &claims{bench: b, address: address}
	if c.store, err = b.openStore(ctx, address); err != nil {
		return err
	}
	defer func() { _ = c.store.Close() }()
	if c.script, err = c.record(ctx); err != nil {
		return fmt.Errorf("recording the statements: %w", err)
	}
	sides := []func(context.Context) (float64, error){
		c.pgbench("prepared"), c.onAsynq, c.onRiver, c.bareAsynq, c.bareRiver, c.embedded, c.pgbench("simple"),
	}
	rates := make([][]float64, len(sides))
	for range rounds { // in turns: machines are noisy
		for i, side := range sides {
			rate, err := side(ctx)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], rate)
		}
	}
	b.say("claims a second by round: pgbench %.0f, asynq %.0f, River %.0f", rates[0], rates[1], rates[2])
	limit := median(rates[0])
	b.table.atLeast("subtasks that do nothing, asynq, beside pgbench with the same statements prepared", median(rates[1]), limit, 0.5, "/s")
	b.table.note("… asynq alone, jobs that do nothing", figure{median(rates[3]), "/s"}.String())
	b.table.atLeast("subtasks that do nothing, River on Postgres, beside pgbench", median(rates[2]), limit, 0.5, "/s")
	b.table.note("… River alone, jobs that do nothing", figure{median(rates[4]), "/s"}.String())
	b.table.note("… embedded, River on SQLite", figure{median(rates[5]), "/s"}.String())
	b.table.note("… pgbench without preparing", figure{median(rates[6]), "/s"}.String())
	return nil
}

var quiet = slog.New(slog.DiscardHandler)

// claims is a database in which subtasks that do nothing are made and done.
type claims struct {
	bench   *bench
	address string
	store   *sqlstore.Store
	script  string // pgbench's
}

// Ids are numbered, so that pgbench can name them.
const (
	numberedTask    = "019a0000-0000-7000-9000-%012d"
	numberedSubtask = "019a0000-0000-7000-8000-%012d"
	firstNumber     = 100_000_000_000
)

func numbered(form string, n int) string { return fmt.Sprintf(form, firstNumber+n) }

// fill makes the tasks and their subtasks, which score batches of no posts. It
// returns what delivers them.
func fill(ctx context.Context, store ports.Store) ([]ports.Delivery, error) {
	user, err := store.EnsureUser(ctx, access.User{ID: access.UserID(newID()), Name: benchUser, CreatedAt: time.Now()})
	if err != nil {
		return nil, err
	}
	source := content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: "BenchVideo0", URL: "https://www.youtube.com/watch?v=BenchVideo0"}
	deliveries := make([]ports.Delivery, allClaims)
	for k := range claimTasks {
		id := numbered(numberedTask, k)
		made, _ := task.NewAnalysis(user.ID, []content.Source{source}, "", task.Options{}, func() string { return id }, time.Now())
		var subtasks []*task.Subtask
		for n := k; n < allClaims; n += claimTasks {
			sub := task.NewSubtask(task.SubtaskID(numbered(numberedSubtask, n)), task.ID(id), task.AnalyzeSentiment, task.Payload{}, time.Now())
			deliveries[n] = ports.Delivery{SubtaskID: sub.State().ID, Generation: sub.State().Generation}
			subtasks = append(subtasks, sub)
		}
		if err := store.CreateTask(ctx, made, subtasks); err != nil {
			return nil, err
		}
	}
	return deliveries, nil
}

// anew empties the tables and fills them.
func (c *claims) anew(ctx context.Context) ([]ports.Delivery, error) {
	if err := c.bench.execute(ctx, c.address, "TRUNCATE tasks CASCADE"); err != nil {
		return nil, err
	}
	deliveries, err := fill(ctx, c.store)
	if err != nil {
		return nil, err
	}
	return deliveries, c.bench.execute(ctx, c.address, "ANALYZE tasks, subtasks", "CHECKPOINT")
}

func (c *claims) onAsynq(ctx context.Context) (float64, error) {
	q, err := redisqueue.Open(ctx, c.bench.servers.Redis.URL, redisqueue.Options{Concurrency: claimers, Logger: quiet})
	if err != nil {
		return 0, err
	}
	defer func() { _ = q.Close() }()
	return c.on(ctx, q)
}

func (c *claims) onRiver(ctx context.Context) (float64, error) {
	q, err := riverqueue.OpenPostgres(ctx, c.address, riverqueue.Options{Concurrency: claimers, Logger: quiet})
	if err != nil {
		return 0, err
	}
	defer func() { _ = q.Close() }()
	return c.on(ctx, q)
}

func (c *claims) on(ctx context.Context, q ports.Queue) (float64, error) {
	deliveries, err := c.anew(ctx)
	if err != nil {
		return 0, err
	}
	return drain(ctx, c.store, q, deliveries)
}

// embedded does the same in two files.
func (c *claims) embedded(ctx context.Context) (float64, error) {
	folder, err := c.bench.newFolder("claims")
	if err != nil {
		return 0, err
	}
	store, err := c.bench.openStore(ctx, "sqlite:"+filepath.Join(folder, "store.db"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = store.Close() }()
	q, err := riverqueue.OpenSQLite(ctx, filepath.Join(folder, "queue.db"), riverqueue.Options{Concurrency: claimers, Logger: quiet})
	if err != nil {
		return 0, err
	}
	defer func() { _ = q.Close() }()
	deliveries, err := fill(ctx, store)
	if err != nil {
		return 0, err
	}
	return drain(ctx, store, q, deliveries)
}

// drain has a worker do everything that the queue delivers, and returns how
// many it settles in a second.
func drain(ctx context.Context, store ports.Store, q ports.Queue, deliveries []ports.Delivery) (float64, error) {
	if err := q.Enqueue(ctx, deliveries); err != nil {
		return 0, err
	}
	ctx, done := context.WithTimeout(ctx, pipelineEnd)
	defer done()
	counted := &countedQueue{Queue: q, done: done}
	counted.left.Store(int64(len(deliveries)))
	worker := application.NewWorker(application.Work{
		Store: store, Queue: counted, Dispatcher: application.NewDispatcher(store, counted, task.DefaultLimits(), quiet),
		Processors: application.Processors{task.AnalyzeSentiment: application.NewSentimentJudge(store, nil)},
	}, application.WorkerOptions{Owner: benchUser, Grace: time.Second}, quiet)
	began := time.Now()
	if err := worker.Run(ctx); err != nil {
		return 0, err
	}
	if counted.left.Load() > 0 {
		return 0, fmt.Errorf("%d of %d subtasks were not done in time", counted.left.Load(), len(deliveries))
	}
	return float64(len(deliveries)) / counted.ended.Sub(began).Seconds(), nil
}

// countedQueue ends its Run when so many deliveries are settled.
type countedQueue struct {
	ports.Queue

	left  atomic.Int64
	done  func()
	ended time.Time
}

// Run counts what is settled.
func (q *countedQueue) Run(ctx context.Context, handle func(context.Context, ports.Delivery) error) error {
	return q.Queue.Run(ctx, func(ctx context.Context, d ports.Delivery) error {
		err := handle(ctx, d)
		if err == nil && q.left.Add(-1) == 0 {
			q.ended = time.Now()
			q.done()
		}
		return err
	})
}
