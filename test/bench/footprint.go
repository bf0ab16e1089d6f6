package main

import (
	"context"
	"path/filepath"
	"time"
)

const (
	restarts = 5
	// restFor is how long a process idles before its memory is read, and watchFor
	// the last of it, in which its time is counted.
	restFor  = 30 * time.Second
	watchFor = 20 * time.Second
)

// measureFootprint starts an embedded Soundings with and without a data folder,
// and then watches it and a worker on Redis do nothing.
func measureFootprint(ctx context.Context, b *bench) error {
	var first, again []float64
	var folder string
	for range rounds {
		parent, err := b.newFolder("footprint")
		if err != nil {
			return err
		}
		folder = filepath.Join(parent, "data")
		if first, err = b.startOnce(ctx, folder, first); err != nil {
			return err
		}
	}
	for range restarts {
		var err error
		if again, err = b.startOnce(ctx, folder, again); err != nil {
			return err
		}
	}
	b.table.below("soundings serve, embedded: ready on first start", median(first), 1500, "ms")
	b.table.below("… with an existing data folder", median(again), 300, "ms")
	return b.watchIdle(ctx, folder)
}

func (b *bench) startOnce(ctx context.Context, folder string, took []float64) ([]float64, error) {
	served, err := b.start(ctx, "serve", "SOUNDINGS_DATA_DIR="+folder)
	if err != nil {
		return nil, err
	}
	served.stop()
	return append(took, milliseconds(served.readyAfter)), nil
}

// watchIdle lets an embedded serve and a worker on Redis idle side by side.
func (b *bench) watchIdle(ctx context.Context, folder string) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	served, err := b.start(ctx, "serve", "SOUNDINGS_DATA_DIR="+folder)
	if err != nil {
		return err
	}
	defer served.stop()
	worker, err := b.start(ctx, "worker", "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder+"-worker")
	if err != nil {
		return err
	}
	defer worker.stop()
	if err := wait(ctx, restFor-watchFor); err != nil {
		return err
	}
	var before [2]float64
	idle := [2]*process{served, worker}
	for i, p := range idle {
		if before[i], err = p.cpu(); err != nil {
			return err
		}
	}
	if err := wait(ctx, watchFor); err != nil {
		return err
	}
	for i, p := range idle {
		after, err := p.cpu()
		if err != nil {
			return err
		}
		resident, err := p.memory("VmRSS")
		if err != nil {
			return err
		}
		name := [2]string{"serve, embedded", "worker on Redis"}[i]
		b.table.below("idle "+name+": of a core", (after-before[i])/watchFor.Seconds()*100, 2, "%")
		b.table.below("… resident 30 s after the start", resident, 60, "MiB")
	}
	return nil
}
