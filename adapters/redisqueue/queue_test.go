package redisqueue_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/soundings-io/soundings/adapters/redisqueue"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
	"github.com/soundings-io/soundings/test/env"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// features of asynq. Its lease is 30 seconds and cannot be set, so that a
// handler has to run longer to show that it is kept.
func features() portstest.QueueFeatures {
	f := portstest.QueueFeatures{Deduplicates: true, Shared: true, Durable: true, LongRun: 33 * time.Second}
	if testing.Short() {
		f.LongRun = time.Second
	}
	return f
}

func open(t testing.TB, url string, opts redisqueue.Options) *redisqueue.Queue {
	t.Helper()
	opts.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	q, err := redisqueue.Open(t.Context(), url, opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, q.Close()) })
	return q
}

func backendAt(t testing.TB, url string) portstest.QueueBackend {
	return func(concurrency int) ports.Queue {
		return open(t, url, redisqueue.Options{Concurrency: concurrency, RetryDelay: time.Second})
	}
}

// inProcess returns the address of an empty in-process server. Time does not
// pass there by itself: a ticker lets it.
func inProcess(t testing.TB) string {
	t.Helper()
	server := miniredis.RunT(t)
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				server.FastForward(time.Second)
			}
		}
	}()
	t.Cleanup(func() { close(ended); <-stopped })
	return "redis://" + server.Addr()
}

func TestQueueInProcess(t *testing.T) {
	t.Parallel()
	f := features()
	f.Many = 2000 // the server's Lua is interpreted in Go
	portstest.TestQueue(t, f, func(t testing.TB) portstest.QueueBackend { return backendAt(t, inProcess(t)) })
}

func TestQueueOnServer(t *testing.T) {
	t.Parallel()
	portstest.TestQueue(t, features(), func(t testing.TB) portstest.QueueBackend { return backendAt(t, env.Redis(t)) })
}

// TestQueueOnACluster runs the kit on three nodes. That long runs are kept is
// shown on the server.
func TestQueueOnACluster(t *testing.T) {
	t.Parallel()
	f := features()
	f.LongRun = time.Second
	portstest.TestQueue(t, f, func(t testing.TB) portstest.QueueBackend { return backendAt(t, env.RedisCluster(t)) })
}

// TestAnotherMasterTakesOver: what stood on the old one may be lost or come
// twice, which the rows mend; the queue goes on with the new one.
func TestAnotherMasterTakesOver(t *testing.T) {
	t.Parallel()
	sentinels := env.RedisSentinel(t)
	q := open(t, sentinels.URL, redisqueue.Options{Concurrency: 1, RetryDelay: time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	handled, ended := make(chan ports.Delivery, 100), make(chan error, 1)
	go func() {
		ended <- q.Run(ctx, func(_ context.Context, d ports.Delivery) error { handled <- d; return nil })
	}()
	first, second := ports.Delivery{SubtaskID: "a", Generation: 1}, ports.Delivery{SubtaskID: "b", Generation: 1}
	require.NoError(t, q.Enqueue(t.Context(), []ports.Delivery{first}))
	require.Equal(t, first, <-handled)
	sentinels.Failover()
	require.Eventually(t, func() bool { // as the sweep does: again and again
		return q.Enqueue(t.Context(), []ports.Delivery{second}) == nil
	}, 30*time.Second, 100*time.Millisecond)
	for next := range handled {
		if next == second {
			break
		}
	}
	require.NoError(t, q.Healthy(t.Context()))
	cancel()
	require.NoError(t, <-ended)
}

func BenchmarkQueue(b *testing.B) {
	portstest.BenchmarkQueue(b, func(t testing.TB) portstest.QueueBackend { return backendAt(t, env.Redis(t)) })
}

// Emptying Redis in mid-run loses what stood there and nothing else: the rows
// are the truth, and the sweep adds again what is missing.
func TestEmptiedInMidRun(t *testing.T) {
	server := miniredis.RunT(t)
	q := open(t, "redis://"+server.Addr(), redisqueue.Options{Concurrency: 1, RetryDelay: time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	handled, ended := make(chan ports.Delivery), make(chan error, 1)
	go func() {
		ended <- q.Run(ctx, func(_ context.Context, d ports.Delivery) error { handled <- d; return nil })
	}()
	first, second := ports.Delivery{SubtaskID: "a", Generation: 1}, ports.Delivery{SubtaskID: "b", Generation: 1}
	require.NoError(t, q.Enqueue(t.Context(), []ports.Delivery{first}))
	require.Equal(t, first, <-handled)

	server.FlushAll()
	depth, err := q.Depth(t.Context())
	require.NoError(t, err)
	assert.Zero(t, depth)
	require.NoError(t, q.Enqueue(t.Context(), []ports.Delivery{second}))
	require.Equal(t, second, <-handled)
	cancel()
	require.NoError(t, <-ended)
}

// A message that is none of ours is dropped with a line in the log.
func TestForeignMessage(t *testing.T) {
	server := miniredis.RunT(t)
	q := open(t, "redis://"+server.Addr(), redisqueue.Options{Concurrency: 1})
	client := asynq.NewClient(asynq.RedisClientOpt{Addr: server.Addr()})
	_, err := client.Enqueue(asynq.NewTask("foreign", []byte("hello")), asynq.Queue("soundings"), asynq.TaskID("foreign"))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- q.Run(ctx, func(context.Context, ports.Delivery) error { t.Error("the handler was called"); return nil })
	}()
	require.Eventually(t, func() bool {
		return len(server.Keys()) > 0 && !strings.Contains(fmt.Sprint(server.Keys()), ":t:foreign")
	}, 10*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
}

func TestRedisOutOfReach(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := closed.Addr().String()
	require.NoError(t, closed.Close())

	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()

	for name, addr := range map[string]string{"refused": address, "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			_, err := redisqueue.Open(t.Context(), "redis://user:secret@"+addr, redisqueue.Options{Logger: slog.Default()})
			require.Error(t, err)
			assert.True(t, fault.Is(err, fault.Unavailable))
			assert.Less(t, time.Since(begun), 6*time.Second)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "secret")
			t.Log(err)
		})
	}
}

func TestRedisGoesAway(t *testing.T) {
	server := miniredis.RunT(t)
	q := open(t, "redis://"+server.Addr(), redisqueue.Options{Concurrency: 1})
	require.NoError(t, q.Healthy(t.Context()))
	server.Close()
	begun := time.Now()
	_, depthErr := q.Depth(t.Context())
	for what, err := range map[string]error{
		"Healthy": q.Healthy(t.Context()),
		"Enqueue": q.Enqueue(t.Context(), []ports.Delivery{{SubtaskID: "a", Generation: 1}}),
		"Depth":   depthErr,
		"Run":     q.Run(t.Context(), func(context.Context, ports.Delivery) error { return nil }),
	} {
		assert.Truef(t, fault.Is(err, fault.Unavailable), "%s: %v", what, err)
	}
	assert.Less(t, time.Since(begun), 20*time.Second)
}
