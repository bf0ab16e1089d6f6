package reddit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/reddit"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// ledger is a Meter that notes what it is told.
type ledger struct {
	mu      sync.Mutex
	taken   []string
	heard   []access.Allowance
	refused []time.Time
	err     error
}

func (l *ledger) Take(_ context.Context, _ access.ExecutionContext, method string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = append(l.taken, method)
	return l.err
}

func (l *ledger) Heard(_ context.Context, _ access.ExecutionContext, a access.Allowance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, a)
}

func (l *ledger) Refused(_ context.Context, _ access.ExecutionContext, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = append(l.refused, until)
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func metered(t *testing.T, handler http.Handler, meter *ledger) *reddit.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return reddit.New(reddit.Options{BaseURL: server.URL, WebURL: server.URL, Meter: meter, Now: func() time.Time { return noon }})
}

func TestEveryCallIsTakenFromTheBudget(t *testing.T) {
	t.Parallel()
	meter, p := &ledger{}, &platform{}
	s := metered(t, p, meter)
	_, err := collect(t.Context(), parsed(t, "https://redd.it/post1"), nil, s)
	require.NoError(t, err)
	_, err = s.Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/r/golang"))
	require.NoError(t, err)
	assert.Len(t, meter.taken, len(p.made()))
	for _, method := range []string{"comments", "morechildren", "listing"} {
		assert.Contains(t, meter.taken, method)
	}
}

func TestABudgetThatIsUsedUpMakesNoCall(t *testing.T) {
	t.Parallel()
	p := &platform{}
	exhausted := fault.New(fault.RateLimited, fault.CodeRateLimited, "wait").At(noon)
	s := metered(t, p, &ledger{err: exhausted})
	_, err := s.Open(t.Context(), withToken(), parsed(t, "https://redd.it/post1"))
	assert.Same(t, exhausted, err)
	s = metered(t, p, &ledger{err: errors.New("database gone")})
	_, err = s.Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/r/golang/s/AbCdEfGhIj"))
	requireFault(t, err, fault.Unavailable, fault.CodeProviderUnavailable)
	assert.Empty(t, p.made())
}

func TestBudgetHeadersArePassedOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header map[string]string
		heard  []access.Allowance
	}{
		"floats": {
			map[string]string{"X-Ratelimit-Used": "10", "X-Ratelimit-Remaining": "589.5", "X-Ratelimit-Reset": "131"},
			[]access.Allowance{{Used: 10, Left: 589, ResetAt: noon.Add(131 * time.Second)}},
		},
		"no use told": {
			map[string]string{"X-Ratelimit-Remaining": "0.0", "X-Ratelimit-Reset": "0.2"},
			[]access.Allowance{{ResetAt: noon.Add(time.Second)}},
		},
		"half":     {map[string]string{"X-Ratelimit-Remaining": "5"}, nil},
		"nonsense": {map[string]string{"X-Ratelimit-Remaining": "NaN", "X-Ratelimit-Reset": "-1"}, nil},
		"endless":  {map[string]string{"X-Ratelimit-Remaining": "+Inf", "X-Ratelimit-Reset": "9"}, nil},
		"none":     {nil, nil},
	} {
		meter := &ledger{}
		_, err := metered(t, answer{404, c.header, ""}, meter).Open(t.Context(), withToken(), parsed(t, "https://redd.it/post1"))
		requireFault(t, err, fault.NotFound, fault.CodeSourceNotFound)
		assert.Equal(t, c.heard, meter.heard, name)
		assert.Empty(t, meter.refused, name)
	}
}

func TestRateLimitsTellTheirEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header map[string]string
		until  time.Time
	}{
		"Retry-After":   {map[string]string{"Retry-After": "4", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "90"}, noon.Add(4 * time.Second)},
		"the window":    {map[string]string{"X-Ratelimit-Remaining": "0.0", "X-Ratelimit-Reset": "90", "X-Ratelimit-Used": "600"}, noon.Add(90 * time.Second)},
		"nobody knows":  {nil, time.Time{}},
		"not readable":  {map[string]string{"Retry-After": "soon"}, time.Time{}},
		"as a date too": {map[string]string{"Retry-After": noon.Add(time.Minute).Format(http.TimeFormat)}, noon.Add(time.Minute)},
	} {
		meter := &ledger{}
		_, err := metered(t, answer{429, c.header, html}, meter).Open(t.Context(), withToken(), parsed(t, "https://redd.it/post1"))
		f := requireFault(t, err, fault.RateLimited, fault.CodeRateLimited)
		assert.Equal(t, c.until, f.RetryAt, name)
		if c.until.IsZero() {
			assert.Empty(t, meter.refused, name)
		} else {
			assert.Equal(t, []time.Time{c.until}, meter.refused, name)
		}
	}
}

// Reddit answers a second morechildren call of the same account with 429.
func TestOneCallOfMoreChildrenAtATime(t *testing.T) {
	t.Parallel()
	var busy, most atomic.Int32
	p := &platform{override: func(_ http.ResponseWriter, r *http.Request, path string) bool {
		if path == "api/morechildren" {
			most.Store(max(most.Load(), busy.Add(1)))
			_ = r.ParseForm()
			busy.Add(-1)
		}
		return false
	}}
	s := serve(t, p)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			_, err := s.Fetch(t.Context(), withToken(), content.Listing{Kind: "more", IDs: []string{"0:d,e,f"}, RootID: "t3_post1"}, "")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, most.Load())
}

func TestWaitingForAnothersCallHasAnEnd(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	s := reddit.New(reddit.Options{BaseURL: server.URL, Timeout: 600 * time.Millisecond, Now: func() time.Time { return noon }})
	l := content.Listing{Kind: "more", IDs: []string{"0:d"}, RootID: "t3_post1"}
	first := make(chan error, 1)
	go func() {
		_, err := s.Fetch(t.Context(), withToken(), l, "")
		first <- err
	}()
	<-begun
	_, err := s.Fetch(t.Context(), withToken(), l, "")
	f := requireFault(t, err, fault.RateLimited, fault.CodeRateLimited)
	assert.True(t, f.RetryAt.After(noon))
	requireFault(t, <-first, fault.Unavailable, fault.CodeProviderUnavailable)
}
