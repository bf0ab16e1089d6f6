package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/soundings-io/soundings/ports"
)

// BenchmarkQueue measures what every adapter of ports.Queue is compared by:
// adding one by one and in batches, draining, and how long an idle queue takes
// from Enqueue to the handler.
func BenchmarkQueue(b *testing.B, newBackend func(t testing.TB) QueueBackend) {
	b.Helper()
	b.Run("enqueue=1", func(b *testing.B) { benchEnqueue(b, newBackend(b)(8), 1) })
	b.Run("enqueue=100", func(b *testing.B) { benchEnqueue(b, newBackend(b)(8), 100) })
	b.Run("drain", func(b *testing.B) { benchDrain(b, newBackend(b)(8)) })
	b.Run("pickup", func(b *testing.B) { benchPickup(b, newBackend(b)(8)) })
}

func benchEnqueue(b *testing.B, q ports.Queue, batch int) {
	added := 0
	for b.Loop() {
		if err := q.Enqueue(b.Context(), deliveries(added, batch)); err != nil {
			b.Fatal(err)
		}
		added += batch
	}
	b.ReportMetric(float64(added)/b.Elapsed().Seconds(), "added/s")
}

func benchDrain(b *testing.B, q ports.Queue) {
	const batch = 500
	for from := 0; from < b.N; from += batch {
		if err := q.Enqueue(b.Context(), deliveries(from, min(batch, b.N-from))); err != nil {
			b.Fatal(err)
		}
	}
	seen := newHandlerLog(QueueFeatures{})
	b.ResetTimer()
	r := startRun(b.Context(), QueueFeatures{}, q, seen.handle)
	if err := seen.until("all", func() bool { return len(seen.handled) == b.N }); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "drained/s")
	if err := r.stop(); err != nil {
		b.Fatal(err)
	}
}

func benchPickup(b *testing.B, q ports.Queue) {
	arrived := make(chan time.Time, 1)
	r := startRun(b.Context(), QueueFeatures{}, q, func(context.Context, ports.Delivery) error {
		arrived <- time.Now()
		return nil
	})
	var took []time.Duration
	for i := range b.N {
		watch(b.Context(), 30*time.Millisecond) // the queue comes to rest.
		added := time.Now()
		if err := q.Enqueue(b.Context(), deliveries(i, 1)); err != nil {
			b.Fatal(err)
		}
		took = append(took, (<-arrived).Sub(added))
	}
	if err := r.stop(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
