package application

import (
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/access"
)

const (
	// callerTTL bounds how long a revoked key may still be accepted: the
	// contract allows 5 seconds.
	callerTTL  = 3 * time.Second
	callersMax = 10_000
)

// callerCache remembers who called a moment ago, so that a client that polls
// does not cost a read of its key at each request.
type callerCache struct {
	mu      sync.Mutex
	callers map[string]cachedCaller
}

type cachedCaller struct {
	caller access.Caller
	until  time.Time
}

func newCallerCache() *callerCache { return &callerCache{callers: map[string]cachedCaller{}} }

func (c *callerCache) get(key string) (access.Caller, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cached, ok := c.callers[key]
	return cached.caller, ok && time.Now().Before(cached.until)
}

func (c *callerCache) put(key string, caller access.Caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.callers) >= callersMax {
		clear(c.callers)
	}
	c.callers[key] = cachedCaller{caller: caller, until: time.Now().Add(callerTTL)}
}

func (c *callerCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.callers)
}
