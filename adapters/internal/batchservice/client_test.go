package batchservice_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/batchservice"
	"github.com/soundings-io/soundings/domain/fault"
)

// inProcess carries requests to a handler without a network, so that time in
// a synctest bubble passes while the client waits.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// hang is a handler that answers nothing until the client gives up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// script answers with its handlers one after the other, the last one again
// and again, and counts the requests.
type script struct {
	steps []http.HandlerFunc
	calls atomic.Int64
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(s.calls.Add(1))
	s.steps[min(n, len(s.steps))-1](w, r)
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if len(header) == 2 {
			w.Header().Set(header[0], header[1])
		}
		w.WriteHeader(code)
	}
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

var service = batchservice.Service{Name: "test service", Unavailable: fault.CodeSpamUnavailable}

func newClient(t *testing.T, handler http.Handler, opts batchservice.Options) *batchservice.Client {
	t.Helper()
	opts.Transport = inProcess{handler}
	client, err := batchservice.New("http://service.test/base/", service, opts)
	require.NoError(t, err)
	return client
}

// post sends an empty object and accepts the answer "ok" alone.
func post(ctx context.Context, client *batchservice.Client) error {
	return client.Post(ctx, "/judge", struct{}{}, func(body []byte) error {
		if string(body) != "ok" {
			return errors.New("not ok")
		}
		return nil
	})
}

func assertUnavailable(t *testing.T, err error) {
	t.Helper()
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	assert.Equal(t, fault.CodeSpamUnavailable, fault.As(err).Code)
}

func TestNewRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:8001", "ftp://host", "http://", "://", "/path"} {
		_, err := batchservice.New(address, service, batchservice.Options{})
		assert.True(t, fault.Is(err, fault.Invalid), address)
	}
}

func TestPostSendsJSON(t *testing.T) {
	t.Parallel()
	var got *http.Request
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body("ok")(w, r)
	}), batchservice.Options{})
	require.NoError(t, post(t.Context(), client))
	assert.Equal(t, "POST /base/judge", got.Method+" "+got.URL.Path)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
}

func TestTransientFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []int{408, 429, 500, 502, 503, 504, 401, 404, 302} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: []http.HandlerFunc{status(code), status(code), body("ok")}}
			require.NoError(t, post(t.Context(), newClient(t, s, batchservice.Options{})), code)
			assert.EqualValues(t, 3, s.calls.Load(), code)
		})
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]func() string{
		"seconds": func() string { return "20" },
		"a date":  func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		for _, code := range []int{429, 503} {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: []http.HandlerFunc{status(code, "Retry-After", value()), body("ok")}}
				began := time.Now()
				require.NoError(t, post(t.Context(), newClient(t, s, batchservice.Options{})))
				assert.InDelta(t, 20, time.Since(began).Seconds(), 1, "%s %d", name, code)
				assert.EqualValues(t, 2, s.calls.Load())
			})
		}
	}
}

func TestRetryAfterBeyondPatienceEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := post(t.Context(), newClient(t, status(503, "Retry-After", "3600"), batchservice.Options{}))
		assertUnavailable(t, err)
		assert.Less(t, time.Since(began), time.Second)
	})
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"errors": status(503), "short Retry-After": status(429, "Retry-After", "7"), "hanging": hang,
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			assertUnavailable(t, post(t.Context(), newClient(t, handler, batchservice.Options{})))
			assert.GreaterOrEqual(t, time.Since(began), 50*time.Second, name)
			assert.LessOrEqual(t, time.Since(began), 60*time.Second, name)
		})
	}
}

func TestAHangingRequestTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{hang, body("ok")}}
		began := time.Now()
		require.NoError(t, post(t.Context(), newClient(t, s, batchservice.Options{RequestTimeout: 5 * time.Second})))
		assert.InDelta(t, 5, time.Since(began).Seconds(), 1)
	})
}

func TestGarbledAnswersHaveOneRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{body("<html>"), body("ok")}}
		require.NoError(t, post(t.Context(), newClient(t, s, batchservice.Options{})))
		assert.EqualValues(t, 2, s.calls.Load())

		s = &script{steps: []http.HandlerFunc{body("<html>"), status(500), body(strings.Repeat("x", 5<<20)), body("ok")}}
		err := post(t.Context(), newClient(t, s, batchservice.Options{}))
		assert.True(t, fault.Is(err, fault.Rejected), "%v", err)
		assert.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code)
		assert.EqualValues(t, 3, s.calls.Load())
	})
}

func TestRefusalsAreNotRetried(t *testing.T) {
	t.Parallel()
	for _, code := range []int{422, 400, 413} {
		s := &script{steps: []http.HandlerFunc{status(code)}}
		assert.ErrorIs(t, post(t.Context(), newClient(t, s, batchservice.Options{})), batchservice.ErrRefused)
		assert.EqualValues(t, 1, s.calls.Load())
	}
}

func TestCancellingEndsEveryWait(t *testing.T) {
	t.Parallel()
	for _, handler := range []http.HandlerFunc{hang, status(503), status(503, "Retry-After", "30")} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			client := newClient(t, handler, batchservice.Options{Concurrency: 1})
			var both sync.WaitGroup
			for range 2 { // one at work, one waiting for its turn
				both.Go(func() { assert.ErrorIs(t, post(ctx, client), context.DeadlineExceeded) })
			}
			both.Wait()
		})
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			now += n
			most = max(most, now)
		}
		client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			count(1)
			<-time.After(time.Second)
			count(-1)
			body("ok")(w, r)
		}), batchservice.Options{Concurrency: 3})
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() { assert.NoError(t, post(t.Context(), client)) })
		}
		began := time.Now()
		all.Wait()
		assert.Equal(t, 3, most)
		assert.Equal(t, 4*time.Second, time.Since(began))
	})
}

func TestAnErrorNeverShowsTheAddress(t *testing.T) {
	t.Parallel()
	client, err := batchservice.New("http://user:secret@127.0.0.1:1", service, batchservice.Options{Patience: time.Millisecond})
	require.NoError(t, err)
	for _, err := range []error{post(t.Context(), client), client.Healthy(t.Context())} {
		assertUnavailable(t, err)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	var path string
	code := http.StatusOK
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		w.WriteHeader(code)
	}), batchservice.Options{})
	require.NoError(t, client.Healthy(t.Context()))
	assert.Equal(t, "GET /base/health", path)
	code = http.StatusServiceUnavailable
	assertUnavailable(t, client.Healthy(t.Context()))
}

func TestHealthyAnswersWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		assertUnavailable(t, newClient(t, http.HandlerFunc(hang), batchservice.Options{}).Healthy(t.Context()))
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}
