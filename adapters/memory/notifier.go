package memory

import (
	"bytes"
	"context"
	"sync"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.Notifier = (*Notifier)(nil)

// Notifier keeps the messages instead of sending them, for unit tests.
type Notifier struct {
	mu      sync.Mutex
	refusal error
	got     []ports.Message
}

// NewNotifier returns a notifier whose messages are all accepted.
func NewNotifier() *Notifier { return &Notifier{} }

// Refuse lets every further message be refused with the error; nil accepts.
func (n *Notifier) Refuse(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusal = err
}

// Received returns the messages so far, refused ones included, in order.
func (n *Notifier) Received() []ports.Message {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]ports.Message(nil), n.got...)
}

// Notify keeps a copy of the message.
func (n *Notifier) Notify(ctx context.Context, _ task.CallbackURL, m ports.Message) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the callback did not answer in time")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = append(n.got, ports.Message{ID: m.ID, Body: bytes.Clone(m.Body)})
	return n.refusal
}
