package handling_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/handling"
	"github.com/soundings-io/soundings/ports"
)

var (
	one = ports.Delivery{SubtaskID: "one", Generation: 1}
	two = ports.Delivery{SubtaskID: "two", Generation: 1}
)

// A library that gave up on a handler may deliver again while it runs, and
// stops without waiting for it.
func TestHandlerOutlivesTheLibrary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		release, waited := make(chan struct{}), make(chan struct{})
		h := handling.New(ctx, 2, func(ctx context.Context, d ports.Delivery) error {
			if d == one {
				<-release
			}
			return ctx.Err()
		}, slog.New(slog.DiscardHandler))

		first := make(chan error, 1)
		go func() { first <- h.Handle(one) }()
		synctest.Wait()
		require.ErrorIs(t, h.Handle(one), handling.ErrBusy)
		require.NoError(t, h.Handle(two))

		stop()
		go func() { h.Wait(); close(waited) }()
		synctest.Wait()
		require.ErrorIs(t, h.Handle(two), handling.ErrStopping)
		select {
		case <-waited:
			t.Error("Wait returned while a handler ran")
		default:
		}
		close(release)
		require.NoError(t, <-first, "the handler's context has not ended")
		<-waited
	})
}

// Handlers beyond the concurrency wait, also those that the library lost.
func TestHandlersBeyondTheConcurrencyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		release := make(chan struct{})
		h := handling.New(ctx, 1, func(context.Context, ports.Delivery) error { <-release; return nil },
			slog.New(slog.DiscardHandler))
		results := make(chan error, 2)
		go func() { results <- h.Handle(one) }()
		synctest.Wait()
		go func() { results <- h.Handle(two) }()
		synctest.Wait()
		stop()
		require.ErrorIs(t, <-results, handling.ErrStopping)
		close(release)
		require.NoError(t, <-results)
		h.Wait()
	})
}

func TestErrorsAndPanicsAreReturned(t *testing.T) {
	t.Parallel()
	failure := errors.New("the database cannot be reached")
	h := handling.New(t.Context(), 1, func(_ context.Context, d ports.Delivery) error {
		if d == two {
			panic("a defect")
		}
		return failure
	}, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, h.Handle(one), failure)
	err := h.Handle(two)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "a defect")
	assert.Contains(t, err.Error(), "handling_test.go", "where it happened")
}
