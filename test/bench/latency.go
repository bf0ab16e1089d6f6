package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	samples = 100
	// quietVideo has no comments: its task is over after two calls.
	quietVideo = "https://www.youtube.com/watch?v=SoundCheck0"
	// settle is how long the system idles before each sample, and jitter spreads
	// the samples over whatever turns a queue's polling has.
	settle = 40 * time.Millisecond
	jitter = 60 * time.Millisecond
)

// measureLatency takes the time from POST /tasks to the first call at the
// provider, which is this process, on an idle system with each queue.
func measureLatency(ctx context.Context, b *bench) error {
	watched, err := startWatched(ctx)
	if err != nil {
		return err
	}
	defer watched.stop()
	for _, queue := range []struct {
		name string
		run  func(ctx context.Context, w *watchedPlatform) ([]float64, error)
	}{
		{"asynq on Redis", b.latencyAsynq},
		{"River on SQLite", b.latencyEmbedded},
		{"River on Postgres", b.latencyRiver},
	} {
		took, err := queue.run(ctx, watched)
		if err != nil {
			b.table.broken("latency, "+queue.name, err)
			continue
		}
		b.table.below("POST /tasks to the first call, "+queue.name+", median", percentile(took, 50), 25, "ms")
		b.table.below("… 95th percentile", percentile(took, 95), 60, "ms")
	}
	return nil
}

func (b *bench) latencyAsynq(ctx context.Context, w *watchedPlatform) ([]float64, error) {
	return b.latencyOnPostgres(ctx, w, "QUEUE=asynq", "REDIS_URL="+b.servers.Redis.URL)
}

func (b *bench) latencyRiver(ctx context.Context, w *watchedPlatform) ([]float64, error) {
	return b.latencyOnPostgres(ctx, w, "QUEUE=river")
}

func (b *bench) latencyOnPostgres(ctx context.Context, w *watchedPlatform, queue ...string) ([]float64, error) {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return nil, err
	}
	defer drop()
	folder, err := b.newFolder("latency")
	if err != nil {
		return nil, err
	}
	environ := append([]string{"DATABASE_URL=" + address, "SOUNDINGS_DATA_DIR=" + folder}, append(queue, w.environ...)...)
	if out, err := b.command(ctx, "migrate", environ...).Output(); err != nil {
		return nil, fmt.Errorf("migrate: %w: %s", err, out)
	}
	served, err := b.start(ctx, "serve", environ...)
	if err != nil {
		return nil, err
	}
	defer served.stop()
	c, err := b.newClient(ctx, served, address)
	if err != nil {
		return nil, err
	}
	return w.sample(ctx, c)
}

func (b *bench) latencyEmbedded(ctx context.Context, w *watchedPlatform) ([]float64, error) {
	folder, err := b.newFolder("latency")
	if err != nil {
		return nil, err
	}
	served, err := b.start(ctx, "serve", append(w.environ, "SOUNDINGS_DATA_DIR="+filepath.Join(folder, "data"))...)
	if err != nil {
		return nil, err
	}
	defer served.stop()
	c, err := localClient(served, filepath.Join(folder, "data"))
	if err != nil {
		return nil, err
	}
	return w.sample(ctx, c)
}

// watchedPlatform is a fake YouTube that tells when it is called.
type watchedPlatform struct {
	environ []string
	called  chan time.Time
	server  *http.Server
}

func startWatched(ctx context.Context) (*watchedPlatform, error) {
	data, err := fakeapi.LoadDemo()
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	platform := fakeapi.New(data)
	w := &watchedPlatform{called: make(chan time.Time, 1), environ: []string{
		"YOUTUBE_API_URL=http://" + listener.Addr().String() + "/youtube/v3", "YOUTUBE_MASTER_ACCESS_TOKEN=" + fakeapi.DemoKey,
	}}
	w.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		select {
		case w.called <- time.Now():
		default: // the first call of a task is told already
		}
		platform.ServeHTTP(rw, r)
	})}
	go func() { _ = w.server.Serve(listener) }() // ends with stop
	return w, nil
}

func (w *watchedPlatform) stop() { _ = w.server.Close() }

// sample posts one task after the other, each when the one before is over, and
// returns the milliseconds to the first call.
func (w *watchedPlatform) sample(ctx context.Context, c client) ([]float64, error) {
	var took []float64
	for range samples {
		if err := wait(ctx, settle+rand.N(jitter)); err != nil {
			return nil, err
		}
		select {
		case <-w.called: // a later call of the task before
		default:
		}
		began := time.Now()
		made, err := c.analyze(ctx, quietVideo)
		if err != nil {
			return nil, err
		}
		select {
		case at := <-w.called:
			took = append(took, milliseconds(at.Sub(began)))
		case <-time.After(startWithin):
			return nil, fmt.Errorf("task %s never called the provider", made.ID)
		}
		if _, err := c.completed(ctx, made.ID, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return took, nil
}
