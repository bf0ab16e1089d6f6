// Package riverqueue is the queue for those who run no Redis: River on SQLite
// in embedded mode, and on Postgres.
package riverqueue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/soundings-io/soundings/adapters/internal/handling"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	queueName = "soundings"

	// callTimeout bounds one call of Enqueue or Depth.
	callTimeout = 15 * time.Second
	// healthTimeout is what ports.HealthChecker promises.
	healthTimeout = 2 * time.Second
	// connectTimeout bounds how long OpenPostgres waits for the database.
	connectTimeout = 5 * time.Second
	// insertBatch is how many deliveries go into one statement.
	insertBatch = 1000
	// abandonedAfter is how long after a delivery was taken another Enqueue of it
	// means that whoever took it is gone: the application adds a delivery again
	// only while nobody has claimed its subtask, and handlers claim first.
	abandonedAfter = 20 * time.Second
	// abandonments bounds how many abandoned deliveries one Enqueue steps over.
	abandonments = 8
	// longestRun is River's timeout of a job, which no run is to reach: the
	// handler does not get that context. It only lets River clear away, a day
	// later, what a process left as running when it died.
	longestRun = 7 * 24 * time.Hour
)

// Options are the settings of a Queue.
type Options struct {
	// Concurrency is how many handlers Run calls at a time.
	Concurrency int
	Logger      *slog.Logger
	// RetryDelay is when a delivery comes again that could not be settled; 5
	// seconds if zero, which is also the longest that River does not leave to a
	// leader.
	RetryDelay time.Duration
}

var (
	_ ports.Queue         = (*Queue)(nil)
	_ ports.HealthChecker = (*Queue)(nil)
)

// Queue delivers through one River queue. A delivery is unique while it stands
// or is being handled; what is done is deleted by River within a minute. Of
// River's own reliability nothing is used but that. It is safe for concurrent
// use.
type Queue struct {
	river    riverClient
	database database
	opts     Options

	// starting keeps Enqueue from waking River's producer while that is made.
	starting sync.RWMutex
	handler  *handling.Handler
}

// riverClient is the part of a river.Client that has the same form for each
// kind of transaction.
type riverClient interface {
	InsertMany(ctx context.Context, jobs []river.InsertManyParams) ([]*rivertype.JobInsertResult, error)
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// database is what is asked without River.
type database interface {
	// count runs a query that returns one number.
	count(ctx context.Context, query string) (int, error)
	close() error
}

// deliver is a delivery as River's job. Each field counts for uniqueness.
type deliver struct {
	SubtaskID  task.SubtaskID `json:"subtaskId"`
	Generation int64          `json:"generation"`
	// Abandoned is the job of the same delivery that somebody took and did not
	// settle: River keeps it as running, and would keep this one out.
	Abandoned int64 `json:"abandoned,omitempty"`
}

// Kind names the job in River's table.
func (deliver) Kind() string { return "subtask.deliver" }

// worker hands River's jobs to the Run that goes on.
type worker struct {
	river.WorkerDefaults[deliver]
	queue *Queue
}

// Work handles one job. A job that is not settled is snoozed, because an error
// would count against it and be kept in its row.
func (w *worker) Work(_ context.Context, job *river.Job[deliver]) error {
	err := w.queue.handler.Handle(ports.Delivery{SubtaskID: job.Args.SubtaskID, Generation: job.Args.Generation})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, handling.ErrStopping):
		return river.JobSnooze(0)
	}
	return river.JobSnooze(w.queue.opts.RetryDelay)
}

func newQueue(db database, opts Options) *Queue {
	opts.RetryDelay = cmp.Or(opts.RetryDelay, 5*time.Second)
	return &Queue{database: db, opts: opts}
}

func (q *Queue) config() *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{queue: q})
	return &river.Config{
		Logger:     atLeastWarn(q.opts.Logger),
		Queues:     map[string]river.QueueConfig{queueName: {MaxWorkers: max(1, q.opts.Concurrency)}},
		Workers:    workers,
		Middleware: []rivertype.Middleware{&dueAtOnce{}},
		// The cool-down of 100 ms would allow ten fetches a second.
		FetchCooldown:               time.Millisecond,
		FetchPollInterval:           time.Second,
		JobTimeout:                  longestRun,
		RescueStuckJobsAfter:        longestRun + 24*time.Hour,
		CompletedJobRetentionPeriod: time.Second,
		MaxAttempts:                 math.MaxInt16,
	}
}

// Close ends the connections to the database. A Run must have ended before.
func (q *Queue) Close() error { return q.database.close() }

// Healthy returns nil if the database answers.
func (q *Queue) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	_, err := q.database.count(ctx, "SELECT 1")
	return unavailable(err)
}

// Depth returns how many deliveries wait.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	n, err := q.database.count(ctx, "SELECT count(*) FROM river_job WHERE queue = '"+queueName+
		"' AND state IN ('available', 'pending', 'retryable', 'scheduled')")
	return n, unavailable(err)
}

// Enqueue adds the deliveries that do not stand on the queue already.
func (q *Queue) Enqueue(ctx context.Context, deliveries []ports.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	q.starting.RLock()
	defer q.starting.RUnlock()
	jobs := distinctJobs(deliveries)
	for range abandonments {
		var abandoned []deliver
		for batch := range slices.Chunk(jobs, insertBatch) {
			again, err := q.insert(ctx, batch)
			if err != nil {
				return unavailable(err)
			}
			abandoned = append(abandoned, again...)
		}
		jobs = abandoned
	}
	return nil
}

// distinctJobs leaves out what is there twice: Postgres refuses a batch with
// the same key twice.
func distinctJobs(deliveries []ports.Delivery) []deliver {
	seen := make(map[ports.Delivery]bool, len(deliveries))
	jobs := make([]deliver, 0, len(deliveries))
	for _, d := range deliveries {
		if !seen[d] {
			seen[d] = true
			jobs = append(jobs, deliver{SubtaskID: d.SubtaskID, Generation: d.Generation})
		}
	}
	return jobs
}

// insert adds jobs and returns those to add instead of the ones that River
// kept out although whoever took them before is gone.
func (q *Queue) insert(ctx context.Context, jobs []deliver) (instead []deliver, err error) {
	params := make([]river.InsertManyParams, len(jobs))
	for i, job := range jobs {
		params[i] = river.InsertManyParams{Args: job, InsertOpts: &river.InsertOpts{
			Queue: queueName,
			UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
				rivertype.JobStateRunning, rivertype.JobStateScheduled,
			}},
		}}
	}
	results, err := q.river.InsertMany(ctx, params)
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		if !r.UniqueSkippedAsDuplicate || !abandoned(r.Job) {
			continue
		}
		var job deliver
		if err := json.Unmarshal(r.Job.EncodedArgs, &job); err != nil {
			return nil, fmt.Errorf("reading job %d: %w", r.Job.ID, err)
		}
		job.Abandoned = r.Job.ID
		instead = append(instead, job)
	}
	return instead, nil
}

func abandoned(job *rivertype.JobRow) bool {
	return job.State == rivertype.JobStateRunning && job.AttemptedAt != nil && time.Since(*job.AttemptedAt) > abandonedAfter
}

// Run handles deliveries until ctx ends and the handlers that run are done.
func (q *Queue) Run(ctx context.Context, handle func(context.Context, ports.Delivery) error) error {
	q.handler = handling.New(ctx, q.opts.Concurrency, handle, q.opts.Logger)
	// River would end the handlers with the context that it is started with.
	alive := context.WithoutCancel(ctx)
	if err := q.start(alive); err != nil {
		return unavailable(fmt.Errorf("starting River: %w", err))
	}
	<-ctx.Done()
	err := q.river.Stop(alive)
	q.handler.Wait()
	return unavailable(err)
}

func (q *Queue) start(ctx context.Context) error {
	q.starting.Lock()
	defer q.starting.Unlock()
	return q.river.Start(ctx)
}

// unavailable gives err, if it is one, the only kind that the port has.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the queue's database cannot be reached")
}
