package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"golang.org/x/sync/errgroup"
)

const bareQueue = "bare"

// bareAsynq returns how many jobs that do nothing asynq does by itself in a
// second, added before.
func (c *claims) bareAsynq(ctx context.Context) (float64, error) {
	opt, err := asynq.ParseRedisURI(c.bench.servers.Redis.URL)
	if err != nil {
		return 0, err
	}
	client := asynq.NewClient(opt)
	defer func() { _ = client.Close() }()
	var adding errgroup.Group
	adding.SetLimit(claimers)
	for range allClaims {
		adding.Go(func() error {
			_, err := client.EnqueueContext(ctx, asynq.NewTask(bareQueue, nil), asynq.Queue(bareQueue))
			return err
		})
	}
	if err := adding.Wait(); err != nil {
		return 0, err
	}
	server := asynq.NewServer(opt, asynq.Config{Concurrency: claimers, Queues: map[string]int{bareQueue: 1}, LogLevel: asynq.FatalLevel})
	jobs := newCountdown()
	if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { jobs.done(); return nil })); err != nil {
		return 0, err
	}
	defer server.Shutdown()
	return jobs.rate(ctx)
}

// bareJob is a job of River's that does nothing.
type bareJob struct{}

// Kind names the job in River's table.
func (bareJob) Kind() string { return bareQueue }

// bareRiver is the same for River on Postgres, which may fetch each millisecond.
func (c *claims) bareRiver(ctx context.Context) (float64, error) {
	pool, err := pgxpool.New(ctx, c.address)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	jobs, workers := newCountdown(), river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[bareJob]) error { jobs.done(); return nil }))
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: quiet, Queues: map[string]river.QueueConfig{bareQueue: {MaxWorkers: claimers}}, Workers: workers,
		FetchCooldown: time.Millisecond,
	})
	if err != nil {
		return 0, err
	}
	all := make([]river.InsertManyParams, allClaims)
	for i := range all {
		all[i] = river.InsertManyParams{Args: bareJob{}, InsertOpts: &river.InsertOpts{Queue: bareQueue}}
	}
	if _, err := client.InsertMany(ctx, all); err != nil {
		return 0, err
	}
	jobs.began = time.Now()
	if err := client.Start(ctx); err != nil {
		return 0, err
	}
	rate, err := jobs.rate(ctx)
	if err == nil {
		err = client.Stop(ctx)
	}
	return rate, err
}

// countdown waits for allClaims jobs.
type countdown struct {
	began time.Time
	left  atomic.Int64
	over  chan struct{}
}

func newCountdown() *countdown {
	c := &countdown{began: time.Now(), over: make(chan struct{})}
	c.left.Store(allClaims)
	return c
}

func (c *countdown) done() {
	if c.left.Add(-1) == 0 {
		close(c.over)
	}
}

func (c *countdown) rate(ctx context.Context) (float64, error) {
	select {
	case <-c.over:
		return allClaims / time.Since(c.began).Seconds(), nil
	case <-time.After(pipelineEnd):
		return 0, fmt.Errorf("%d of %d jobs were not done in time", c.left.Load(), allClaims)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
