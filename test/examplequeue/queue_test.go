package examplequeue_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
	"github.com/soundings-io/soundings/test/examplequeue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestQueue(t *testing.T) {
	// goqite keeps what stands twice twice: nothing comes of the second delivery.
	features := portstest.QueueFeatures{Shared: true, Durable: true, LongRun: 3 * time.Second, Many: 2000}
	portstest.TestQueue(t, features, func(t testing.TB) portstest.QueueBackend {
		path := filepath.Join(t.TempDir(), "queue.db")
		return func(concurrency int) ports.Queue {
			q, err := examplequeue.Open(t.Context(), path, concurrency)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, q.Close()) })
			return q
		}
	})
}
