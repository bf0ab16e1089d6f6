package memory_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func newQueueBackend(testing.TB) portstest.QueueBackend {
	return func(concurrency int) ports.Queue { return memory.NewQueue(concurrency) }
}

func TestQueue(t *testing.T) {
	defer goleak.VerifyNone(t)
	portstest.TestQueue(t, portstest.QueueFeatures{Deduplicates: true, LongRun: time.Second}, newQueueBackend)
}

func BenchmarkQueue(b *testing.B) { portstest.BenchmarkQueue(b, newQueueBackend) }
