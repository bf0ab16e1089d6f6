// Package redisqueue is the queue of production: asynq on Redis.
//
// asynq finds deliveries only by asking again and again. Asking often costs an
// idle worker several percent of a core, and asking seldom makes a delivery
// wait. So there is a doorbell: Enqueue publishes a ring on a channel of Redis,
// each Run listens, and a hook on the client, which knows asynq's question by
// its keys, holds back the answer "there is nothing" until it rings or a quarter
// of a second has passed. asynq itself is unchanged and is told nothing untrue;
// where no ring gets through it polls, four times a second.
package redisqueue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	queueName = "soundings"
	taskType  = "subtask.deliver"

	// connectTimeout bounds how long Open waits for Redis.
	connectTimeout = 5 * time.Second
	// healthTimeout is what ports.HealthChecker promises.
	healthTimeout = 2 * time.Second
	// enqueueTimeout bounds one call of Enqueue.
	enqueueTimeout = 15 * time.Second
	// enqueuers is how many deliveries of a batch are on their way to Redis at a
	// time: asynq adds one by one, and beyond 16 a faster Redis is what counts.
	enqueuers = 16
	// forEver is asynq's timeout of a task and of a shutdown, which would be 30
	// minutes and 8 seconds: how long a run may take is for the application to say.
	forEver = 10 * 365 * 24 * time.Hour
)

// Options are the settings of a Queue.
type Options struct {
	// Concurrency is how many handlers Run calls at a time.
	Concurrency int
	Logger      *slog.Logger
	// RetryDelay is when a delivery comes again that could not be settled, and
	// how often asynq looks for such; 5 seconds if zero.
	RetryDelay time.Duration
}

var (
	_ ports.Queue         = (*Queue)(nil)
	_ ports.HealthChecker = (*Queue)(nil)
)

// Queue delivers through one asynq queue. Of asynq's own reliability only the
// lease and its recovery are at work, which can deliver late or twice but never
// archive: a failure does not count as one. It is safe for concurrent use.
type Queue struct {
	redis  redis.UniversalClient
	client *asynq.Client
	bell   *doorbell
	opts   Options
}

// message is a delivery as it stands in Redis.
type message struct {
	SubtaskID  task.SubtaskID `json:"subtaskId"`
	Generation int64          `json:"generation"`
}

// Open connects to Redis at an address of one of these forms, and returns an
// error of one line, without the password, where it is not one or where Redis
// does not answer within 5 seconds. In all of them rediss for redis means TLS,
// and settings of go-redis may follow, as ?read_timeout=5s. Sentinels that want
// credentials of their own get them from ?username=…&password=….
//
//	redis://[user:password@]host[:port][/database]
//	redis-cluster://[user:password@]host[:port],host[:port],…
//	redis-sentinel://[user:password@]host[:port],host[:port],…/master[/database]
func Open(ctx context.Context, redisURL string, opts Options) (*Queue, error) {
	client, err := connect(redisURL)
	if err != nil {
		return nil, err
	}
	opts.RetryDelay = cmp.Or(opts.RetryDelay, 5*time.Second)
	q := &Queue{redis: client, client: asynq.NewClientFromRedisClient(client), bell: newDoorbell(), opts: opts}
	client.AddHook(q.bell)
	if err := q.ping(ctx, connectTimeout); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return q, nil
}

// Close ends the connections to Redis. A Run must have ended before.
func (q *Queue) Close() error { return q.redis.Close() }

// Healthy returns nil if Redis answers.
func (q *Queue) Healthy(ctx context.Context) error { return q.ping(ctx, healthTimeout) }

func (q *Queue) ping(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return unavailable(q.redis.Ping(ctx).Err())
}

// Enqueue adds the deliveries, several at a time, and rings once for all.
func (q *Queue) Enqueue(ctx context.Context, deliveries []ports.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, enqueueTimeout)
	defer cancel()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(enqueuers)
	for _, d := range deliveries {
		if groupCtx.Err() != nil {
			break
		}
		group.Go(func() error { return q.enqueue(groupCtx, d) })
	}
	err := cmp.Or(group.Wait(), ctx.Err())
	if len(deliveries) > 0 {
		ring(ctx, q.redis) // also after an error: some of them may stand there
	}
	return unavailable(err)
}

func (q *Queue) enqueue(ctx context.Context, d ports.Delivery) error {
	payload, err := json.Marshal(message(d))
	if err != nil {
		return fmt.Errorf("encoding a delivery: %w", err)
	}
	_, err = q.client.EnqueueContext(ctx, asynq.NewTask(taskType, payload),
		asynq.Queue(queueName), asynq.TaskID(fmt.Sprintf("%s:%d", d.SubtaskID, d.Generation)),
		asynq.MaxRetry(math.MaxInt32), asynq.Timeout(forEver))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return err
}

// Depth returns how many deliveries wait in asynq's list and in its set of
// retries. asynq's Inspector reads the same, and more: it samples memory, takes
// no context, and knows no queue after Redis was emptied.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	var pending, retry *redis.IntCmd
	_, err := q.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		pending = p.LLen(ctx, pendingKey)
		retry = p.ZCard(ctx, retryKey)
		return nil
	})
	if err != nil {
		return 0, unavailable(err)
	}
	return int(pending.Val() + retry.Val()), nil
}

// unavailable gives err, if it is one, the only kind that the port has.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "Redis cannot be reached")
}
