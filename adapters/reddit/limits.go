package reddit

import (
	"context"
	"errors"
	"hash/maphash"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// lanes is how many calls of morechildren may be under way at once. Tokens are
// spread over them: two that meet in one lane wait for each other in vain, but
// no lane has to be made, found and thrown away for each token.
const lanes = 64

// busyDelay is when a call that found its lane busy is worth another try.
const busyDelay = 5 * time.Second

// enterLane waits until no other morechildren call of the same token is under
// way: Reddit answers the second with 429 (field-notes §3.2). Half of the
// call's time is left for the call itself. Other processes are not asked; their
// collisions end as rate limits.
func (s *Source) enterLane(ctx context.Context, ec access.ExecutionContext) (leave func(), err error) {
	lane := s.lanes[maphash.String(s.seed, access.BuildRequestConfig(ec).Value())%lanes]
	wait, cancel := context.WithTimeout(ctx, s.timeout/2)
	defer cancel()
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-wait.Done():
		return nil, fault.New(fault.RateLimited, fault.CodeRateLimited,
			"Reddit allows one such call of an account at a time, and others were before this one; the work goes on by itself").At(s.now().Add(busyDelay))
	}
}

// take asks the budget for a call.
func (s *Source) take(ctx context.Context, ec access.ExecutionContext, method string) error {
	err := s.meter.Take(ctx, ec, method)
	if _, known := errors.AsType[*fault.Error](err); err == nil || known {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeProviderUnavailable,
		"what is left of Reddit's budget could not be learnt in time; it is tried again")
}

// heard passes on what an answer tells of the budget.
func (s *Source) heard(ctx context.Context, c circumstances) {
	if a, told := allowance(c.answer.Header, c.now); told {
		s.meter.Heard(ctx, c.ec, a)
	}
	if until := c.retryAt(); c.answer.Status == http.StatusTooManyRequests && !until.IsZero() {
		s.meter.Refused(ctx, c.ec, until)
	}
}

// allowance reads X-Ratelimit-Used, -Remaining and -Reset, which are seconds.
// Reddit writes numbers as "599.0".
func allowance(h http.Header, now time.Time) (access.Allowance, bool) {
	left, leftTold := measure(h.Get("X-Ratelimit-Remaining"))
	reset, resetTold := measure(h.Get("X-Ratelimit-Reset"))
	if !leftTold || !resetTold {
		return access.Allowance{}, false
	}
	used, _ := measure(h.Get("X-Ratelimit-Used"))
	return access.Allowance{
		Used: int64(math.Ceil(used)), Left: int64(math.Floor(left)),
		ResetAt: now.Add(time.Duration(math.Ceil(reset)) * time.Second),
	}, true
}

// measure reads a number that counts calls or seconds.
func measure(text string) (float64, bool) {
	const most = 1 << 30
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && n >= 0 && n <= most // neither holds for NaN
}

// retryAt returns when the answer allows the next call: by its Retry-After,
// else by the end of the budget's window; zero where it says neither.
func (c circumstances) retryAt() time.Time {
	if at := outcall.RetryAt(c.answer.Header, c.now); !at.IsZero() {
		return at
	}
	if a, told := allowance(c.answer.Header, c.now); told {
		return a.ResetAt
	}
	return time.Time{}
}
