package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/task"
)

// Message is what a callback is told.
type Message struct {
	// ID stays the same each time the message is sent again, so that a receiver
	// can tell that it has it already.
	ID string
	// Body is a JSON document.
	Body []byte
	// Trace is the traceparent of the task's run, for whoever watches; it is not
	// sent.
	Trace string
}

// Notifier delivers messages. It may be used by many goroutines.
type Notifier interface {
	// Notify sends the message once, signed, and returns nil if the receiver
	// accepted it. It takes at most 10 seconds, does not retry, follows no
	// redirects and keeps nothing of the message. A message may arrive although
	// an error comes back.
	//
	// Error kinds: Gone, the receiver wants no more of it; Forbidden, the address
	// lies in a network that messages may not reach; Invalid, the address cannot
	// be used. These three are final. RateLimited with RetryAt; Unavailable for
	// everything else. The error's message is fit for the task's owner: it names
	// no address that a name led to.
	Notify(ctx context.Context, target task.CallbackURL, m Message) error
}
