package task

import (
	"time"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// OutcomeKind tells how a run of a subtask ended.
type OutcomeKind uint8

// The ways in which a run ends.
const (
	// Succeeded: done; a Problem may tell what was not to be had.
	Succeeded OutcomeKind = iota + 1
	// FailedForGood: dead until somebody retries the task.
	FailedForGood
	// RetryLater: the next attempt is due At.
	RetryLater
	// ParkedUntil: due again At; spends no attempt.
	ParkedUntil
	// HandedBack: due again now; spends no attempt.
	HandedBack
)

// Outcome is how a run of a subtask ended, and what it leaves to others.
type Outcome struct {
	Kind OutcomeKind
	At   time.Time
	// Decided is when a retry or a park was decided, by the clock that At is by.
	// A worker's may differ from the database's, which says when the next run is
	// due: what counts is the time between the two. It is zero where the clocks
	// are one. A wait for a time of day (a quota's reset) is moved as well: whoever
	// comes too early is refused again and parks again, and spends no attempt.
	Decided time.Time
	Problem *Problem
	// Spawn are follow-on subtasks, created in the same transaction.
	Spawn []*Subtask
	// Missing is added to what the task misses.
	Missing map[content.Cause]int64
	// Export is what an EXPORT_POSTS subtask published.
	Export *ExportSpec
}

// due returns when the next run is due by the clock that says now.
func (o Outcome) due(now time.Time) time.Time {
	if apart := now.Sub(o.Decided); o.Decided.IsZero() || apart.Abs() < sameClock {
		return o.At
	}
	return now.Add(o.At.Sub(o.Decided))
}

// Succeed returns the outcome of work that is done.
func Succeed(spawn ...*Subtask) Outcome { return Outcome{Kind: Succeeded, Spawn: spawn} }

// Fail returns the outcome of work that will not succeed by itself.
func Fail(p Problem) Outcome { return Outcome{Kind: FailedForGood, Problem: &p} }

// HandBack returns the outcome of work that another run continues.
func HandBack() Outcome { return Outcome{Kind: HandedBack} }

// LongestDelay is the longest wait between attempts; a longer one is a park.
const LongestDelay = 60 * time.Second

// sameClock is how far two clocks may seem apart because it takes time to store
// what was decided. A time of day is not moved for it.
const sameClock = 5 * time.Second

// RetryPolicy says when a subtask that failed runs again. It is the only one:
// no queue's own retry is used.
type RetryPolicy struct {
	FirstDelay time.Duration // doubled at each attempt up to LongestDelay
	Attempts   int
	MaxPark    time.Duration
}

// DefaultRetryPolicy is 1 s doubled to at most 60 s with full jitter, 5
// attempts, and parks of at most 48 h in all.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{FirstDelay: time.Second, Attempts: 5, MaxPark: 48 * time.Hour}
}

// Decide returns how a run that ended in err goes on. jitter is a random
// number in [0, 1).
func (p RetryPolicy) Decide(err error, s SubtaskState, now time.Time, jitter float64) Outcome {
	f := fault.As(err)
	problem := Problem{Code: f.Code.ForProblem(), Message: f.Message, SubtaskID: s.ID, Retryable: true, RetryAt: f.RetryAt}
	switch f.Kind {
	case fault.RateLimited, fault.QuotaExhausted:
		return p.park(f, problem, s, now, jitter)
	case fault.Unavailable, fault.Internal:
		if f.RetryAt.Sub(now) > LongestDelay {
			return p.park(f, problem, s, now, jitter)
		}
		return p.retry(f, problem, s, now, jitter)
	}
	problem.Retryable = retryableByHand(f.Kind)
	return Fail(problem)
}

// retryableByHand tells whether a person who retries later may succeed.
func retryableByHand(k fault.Kind) bool {
	return k == fault.Unauthenticated || k == fault.Forbidden || k == fault.Rejected
}

func (p RetryPolicy) retry(f *fault.Error, problem Problem, s SubtaskState, now time.Time, jitter float64) Outcome {
	if s.Attempt+1 >= p.Attempts {
		return Fail(problem)
	}
	at := now.Add(p.backoff(s.Attempt, jitter))
	if f.RetryAt.After(at) {
		at = f.RetryAt
	}
	problem.RetryAt = at
	return Outcome{Kind: RetryLater, At: at, Decided: now, Problem: &problem}
}

// park waits without spending an attempt. A limit that names no time is tried
// again after half of what was waited so far, at least FirstDelay.
func (p RetryPolicy) park(f *fault.Error, problem Problem, s SubtaskState, now time.Time, jitter float64) Outcome {
	var waited time.Duration
	if !s.ParkedSince.IsZero() {
		waited = now.Sub(s.ParkedSince)
	}
	at := f.RetryAt
	if !at.After(now) {
		at = now.Add(min(max(waited/2, p.FirstDelay), LongestDelay) + time.Duration(jitter*float64(p.FirstDelay)))
	}
	if waited+at.Sub(now) > p.MaxPark {
		return Fail(problem)
	}
	problem.RetryAt = at
	return Outcome{Kind: ParkedUntil, At: at, Decided: now, Problem: &problem}
}

// backoff returns full jitter: anything from nothing to the doubled delay.
func (p RetryPolicy) backoff(attempt int, jitter float64) time.Duration {
	limit := p.FirstDelay
	for range attempt {
		limit = min(2*limit, LongestDelay)
	}
	return time.Duration(jitter * float64(limit))
}

func workerLost() Problem {
	return Problem{
		Code: fault.CodeWorkerLost, Retryable: true,
		Message: "the workers that ran this went away five times in a row; retry the task, and look into the workers' logs if it happens again",
	}
}
