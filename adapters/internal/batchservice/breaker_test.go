package batchservice_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/batchservice"
)

// switchable is a service that is down until it is switched on.
type switchable struct {
	up    atomic.Bool
	calls atomic.Int64
}

func (s *switchable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	if !s.up.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body("ok")(w, r)
}

// A batch that used up its patience opens the breaker: later ones end at once.
func TestLaterBatchesEndAtOnceWhileTheBreakerIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{}
		client := newClient(t, s, batchservice.Options{})
		assertUnavailable(t, post(t.Context(), client))
		calls, began := s.calls.Load(), time.Now()
		for range 20 {
			assertUnavailable(t, post(t.Context(), client))
		}
		assert.Equal(t, calls, s.calls.Load())
		assert.Zero(t, time.Since(began))
	})
}

// Patience is spent once: half open, a call is one attempt.
func TestAHalfOpenBreakerTriesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{}
		client := newClient(t, s, batchservice.Options{})
		assertUnavailable(t, post(t.Context(), client))
		for range 5 {
			<-time.After(2 * time.Second)
			calls, began := s.calls.Load(), time.Now()
			assertUnavailable(t, post(t.Context(), client))
			assert.Equal(t, calls+1, s.calls.Load())
			assert.Zero(t, time.Since(began))
		}
	})
}

// When the service is back, calls that come at the same time all succeed: one
// is the trial, the others wait for it.
func TestTheBreakerClosesForAllWhenTheServiceIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{}
		client := newClient(t, s, batchservice.Options{Concurrency: 8})
		assertUnavailable(t, post(t.Context(), client))
		s.up.Store(true)
		<-time.After(1100 * time.Millisecond)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { assert.NoError(t, post(t.Context(), client)) })
		}
		all.Wait()
	})
}

// A cancelled trial gives its leave back.
func TestACancelledTrialDoesNotBlockTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{status(503, "Retry-After", "900"), hang, body("ok")}}
		client := newClient(t, s, batchservice.Options{})
		assertUnavailable(t, post(t.Context(), client))
		<-time.After(2 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, post(ctx, client), context.DeadlineExceeded)
		<-time.After(2 * time.Second)
		require.NoError(t, post(t.Context(), client))
	})
}

// A batch on which the service always fails does not turn others away while
// they get their answers.
func TestOneBadBatchDoesNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/base/bad" {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			body("ok")(w, r)
		}), batchservice.Options{})
		var bad sync.WaitGroup
		bad.Go(func() {
			assertUnavailable(t, client.Post(t.Context(), "/bad", nil, func([]byte) error { return nil }))
		})
		for range 70 {
			require.NoError(t, post(t.Context(), client))
			<-time.After(time.Second)
		}
		bad.Wait()
		require.NoError(t, post(t.Context(), client))
	})
}
