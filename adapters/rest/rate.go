package rest

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// maxLimiters is how many users a generation of limiters holds.
const maxLimiters = 10_000

// rateLimits bounds the requests of each user, with a burst of one second. It
// remembers two generations of users, so that its memory is bounded and who was
// forgotten has not called while 10,000 others did.
type rateLimits struct {
	perSecond rate.Limit
	burst     int

	mu            sync.Mutex
	recent, older map[access.UserID]*rate.Limiter
}

// newRateLimits returns limits; 0 requests a second is no limit.
func newRateLimits(perSecond float64) *rateLimits {
	return &rateLimits{
		perSecond: rate.Limit(perSecond), burst: max(1, int(math.Ceil(perSecond))),
		recent: map[access.UserID]*rate.Limiter{},
	}
}

// take counts a request, or returns RateLimited with the time of the next one.
func (l *rateLimits) take(user access.UserID) error {
	if l.perSecond <= 0 {
		return nil
	}
	now := time.Now()
	limiter := l.limiter(user)
	if limiter.AllowN(now, 1) {
		return nil
	}
	missing := 1 - limiter.TokensAt(now)
	wait := time.Duration(missing / float64(l.perSecond) * float64(time.Second))
	return fault.New(fault.RateLimited, fault.CodeTooManyRequests,
		"more than %g requests a second; slow down", float64(l.perSecond)).At(now.Add(wait))
}

func (l *rateLimits) limiter(user access.UserID) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.recent[user]
	if ok {
		return found
	}
	if found, ok = l.older[user]; !ok {
		found = rate.NewLimiter(l.perSecond, l.burst)
	}
	if len(l.recent) >= maxLimiters {
		l.older, l.recent = l.recent, map[access.UserID]*rate.Limiter{}
	}
	l.recent[user] = found
	return found
}
