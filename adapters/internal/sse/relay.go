package sse

import (
	"context"
	"net/http"
	"time"
)

// pingEvery is how often an idle stream shows that it lives (contract §2).
const pingEvery = 15 * time.Second

// Event is what Send sends.
type Event struct{ Type, ID, Data string }

// Relay opens a stream on w and sends the events that tell makes of each update,
// until there are no more, ctx ends, or nobody is left to read them. An error is
// one of tell. w is to be the server's own writer: one around it may hide that a
// client has gone.
func Relay[T any](ctx context.Context, w http.ResponseWriter, updates <-chan T, tell func(T) ([]Event, error)) error {
	stream, err := Open(w)
	if err != nil {
		return nil //nolint:nilerr // the client has gone
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var events []Event
		select {
		case <-ctx.Done():
			return nil
		case <-ping.C:
			if stream.Ping() != nil {
				return nil
			}
		case update, open := <-updates:
			if !open {
				return nil
			}
			if events, err = tell(update); err != nil {
				return err
			}
		}
		for _, e := range events {
			if stream.Send(e.Type, e.ID, e.Data) != nil {
				return nil
			}
		}
	}
}
