package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/task"
)

// Delivery is a queue's message: run this subtask, if it still has this
// generation. Both together are the message's idempotency key.
type Delivery struct {
	SubtaskID  task.SubtaskID
	Generation int64
}

// Queue delivers. It holds no truth: the rows of the Store do, so that a queue
// may be emptied, may deliver twice, late, or out of order, and nothing is
// lost or done twice. A queue's own retry, schedule, archive and crash
// recovery are not used.
type Queue interface {
	// Enqueue adds the deliveries. One that stands on the queue already counts
	// as added; one that was delivered before may be added again. An error may
	// leave some of them added: adding all of them again is safe.
	// Error kinds: Unavailable.
	Enqueue(ctx context.Context, deliveries []Delivery) error

	// Run calls handle for each delivery, from as many goroutines at a time as
	// the queue was made for, until ctx ends; then it takes no more deliveries,
	// waits for the handlers that run (their contexts are not ended by ctx), and
	// returns nil. A handler that returns nil has settled the delivery, whatever
	// came of it. An error means that nothing could be settled: the delivery
	// comes again within 30 seconds. A handler may run for hours; no queue cuts
	// it off or delivers it to a second handler of the same Run meanwhile.
	// Run is called once at most. Error kinds: Unavailable, when it cannot begin.
	Run(ctx context.Context, handle func(ctx context.Context, d Delivery) error) error

	// Depth returns how many deliveries stand on the queue, those that are being
	// handled not counted. Error kinds: Unavailable.
	Depth(ctx context.Context) (int, error)
}
