package fakeapi

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limitWindow is the window of the rate limit: 100 a minute over ten minutes.
const limitWindow = 600 * time.Second

// callLimit is the rate limit of a client: so many calls in a window.
type callLimit struct {
	calls int

	mu    sync.Mutex
	until time.Time
	used  int
}

// take counts a call and tells whether it is within the limit.
func (l *callLimit) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	if l.calls > 0 && l.used >= l.calls {
		return false
	}
	l.used++
	return true
}

func (l *callLimit) turn(now time.Time) {
	if !now.Before(l.until) {
		l.until, l.used = now.Add(limitWindow), 0
	}
}

// headers writes what Reddit says of the limit: the rest is a float.
func (l *callLimit) headers(h http.Header, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	left := 1000
	if l.calls > 0 {
		left = l.calls - l.used
	}
	h.Set("X-Ratelimit-Used", strconv.Itoa(l.used))
	h.Set("X-Ratelimit-Remaining", fmt.Sprintf("%.1f", float64(left)))
	h.Set("X-Ratelimit-Reset", strconv.Itoa(int(math.Ceil(l.until.Sub(now).Seconds()))))
}

// overlapKey marks a request that came while another one of its kind and
// token was open.
type overlapKey struct{}

// enter counts the open calls to morechildren.
func (t *reddit) enter(r *http.Request, path string) (*http.Request, func()) {
	if strings.TrimSuffix(path, "/") != "api/morechildren" {
		return r, func() {}
	}
	_, secret := identify(r)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.expanding[secret] > 0 && !t.overlap {
		r = r.WithContext(context.WithValue(r.Context(), overlapKey{}, true))
	}
	t.expanding[secret]++
	return r, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.expanding[secret]--
		if t.expanding[secret] == 0 {
			delete(t.expanding, secret)
		}
	}
}
