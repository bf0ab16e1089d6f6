// Package handling keeps what ports.Queue promises about handlers, whatever
// the queue library underneath does when a lease runs out or a shutdown drags.
package handling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/soundings-io/soundings/ports"
)

var (
	// ErrStopping means that the Run is ending and the handler was not called:
	// the delivery goes back to the queue at once.
	ErrStopping = errors.New("the queue is stopping")
	// ErrBusy means that this Run is handling the same delivery already and the
	// handler was not called again: the delivery comes again later.
	ErrBusy = errors.New("the delivery is being handled already")
)

// Handler calls the handler of one Run. It is safe for concurrent use.
type Handler struct {
	ctx    context.Context //nolint:containedctx // one Run is one Handler, and ends with this.
	handle func(context.Context, ports.Delivery) error
	log    *slog.Logger
	slots  chan struct{}

	mu      sync.Mutex
	held    map[ports.Delivery]bool
	running sync.WaitGroup
}

// New returns the Handler of a Run that takes deliveries until ctx ends, at
// most concurrency at a time. The logger tells of what could not be settled.
func New(
	ctx context.Context, concurrency int, handle func(context.Context, ports.Delivery) error, log *slog.Logger,
) *Handler {
	return &Handler{
		ctx: ctx, handle: handle, log: log,
		slots: make(chan struct{}, concurrency), held: map[ports.Delivery]bool{},
	}
}

// Handle calls the handler in the caller's goroutine and returns nil when the
// delivery is settled. Anything else means that it has to come again. A panic
// of the handler is returned as an error. The handler's context carries the
// values of the Run's, and nothing ends it: a library may give up on a handler
// whose lease it could not renew, but then the handler still works.
func (h *Handler) Handle(d ports.Delivery) error {
	select {
	case <-h.ctx.Done():
		return ErrStopping
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	}
	if err := h.begin(d); err != nil {
		return err
	}
	defer h.end(d)
	err := h.call(d)
	if err != nil {
		h.log.WarnContext(h.ctx, "a delivery could not be settled; it comes again",
			"subtask", d.SubtaskID, "generation", d.Generation, "error", err)
	}
	return err
}

// Wait returns when the Run's context has ended and no handler runs.
func (h *Handler) Wait() {
	<-h.ctx.Done()
	// Who had the lock before is counted; who gets it later sees that the
	// context has ended. So nobody adds to the group while it is waited for.
	h.mu.Lock()
	h.mu.Unlock() //nolint:staticcheck // the empty section is the barrier.
	h.running.Wait()
}

func (h *Handler) begin(d ports.Delivery) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ctx.Err() != nil:
		return ErrStopping
	case h.held[d]:
		return ErrBusy
	}
	h.held[d] = true
	h.running.Add(1)
	return nil
}

func (h *Handler) end(d ports.Delivery) {
	h.mu.Lock()
	delete(h.held, d)
	h.mu.Unlock()
	h.running.Done()
}

func (h *Handler) call(d ports.Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return h.handle(context.WithoutCancel(h.ctx), d)
}
