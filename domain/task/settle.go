package task

import (
	"maps"
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

// Tally counts the open subtasks of a task.
type Tally struct {
	Runnable int64 // pending, queued or running
	Waiting  int64 // parked
	// NextPark is when the first park is over, where there is one.
	NextPark time.Time
}

// Absorb takes over what a subtask brought, when it ended or stopped for now.
// An ended subtask's counters are added once; its problem replaces an older
// one of the same subtask.
func (t *Task) Absorb(s SubtaskState) {
	if !s.Status.Open() {
		t.state.Counters = t.state.Counters.Add(s.Counters)
		t.Miss(s.Missing)
	}
	if s.TokenSource != "" {
		t.state.TokenSource, t.state.Fallback = s.TokenSource, s.Fallback
	}
	t.forgetProblem(s.ID)
	tell := !s.Status.Open() || s.Status == SubtaskWaiting
	if s.Problem != nil && tell && len(t.state.Problems) < MaxProblems {
		t.state.Problems = append(t.state.Problems, *s.Problem)
	}
}

// Miss adds to what the task misses. An unknown count stays unknown.
func (t *Task) Miss(missing map[content.Cause]int64) {
	if len(missing) == 0 {
		return
	}
	t.state.Missing = AddMissing(t.state.Missing, missing)
}

// AddMissing returns the sums by cause in a new map; unknown and anything is
// unknown.
func AddMissing(a, b map[content.Cause]int64) map[content.Cause]int64 {
	sum := make(map[content.Cause]int64, len(a)+len(b))
	maps.Copy(sum, a)
	for cause, n := range b {
		if had, ok := sum[cause]; n == content.UnknownCount || (ok && had == content.UnknownCount) {
			sum[cause] = content.UnknownCount
		} else {
			sum[cause] = had + n
		}
	}
	return sum
}

// Settle brings the task's status in line with what is open. When all that was
// asked for has been fetched and judged, it returns the last spam pass, once:
// the subtask must be stored in the same transaction. Call it under the lock
// of the task's row, after the last Absorb.
func (t *Task) Settle(open Tally, newID func() string, now time.Time) *Subtask {
	if t.state.Status.Ended() || t.state.Status == Paused {
		return nil
	}
	switch {
	case open.Runnable > 0:
		_ = t.on(EventProceed)
		t.state.RetryAt = time.Time{}
	case open.Waiting > 0:
		_ = t.on(EventPark)
		t.state.RetryAt = open.NextPark
	case t.wantsFinalPass():
		_ = t.on(EventProceed)
		t.state.FinalPass = true
		t.state.Counters.Subtasks++
		return t.newSubtask(SubtaskID(newID()), DetectSpam, Payload{Repeats: true}, now)
	default:
		_ = t.on(t.ending())
		t.state.FinishedAt, t.state.RetryAt = now, time.Time{}
	}
	return nil
}

// wantsFinalPass tells whether texts may have turned out to be repeated since
// they were judged.
func (t *Task) wantsFinalPass() bool {
	return t.state.Kind == Analysis && !t.state.FinalPass && t.state.Counters.Fetched > 1
}

func (t *Task) ending() Event {
	c := t.state.Counters
	switch {
	case t.state.Kind == Export && c.Failed > 0:
		return EventFail
	case t.state.Kind == Analysis && c.Fetched == 0 && c.Opened == 0 && (c.Failed > 0 || c.Cancelled == 0):
		return EventFail
	case len(t.state.Problems) > 0 || c.Failed+c.Cancelled > 0:
		return EventFallBy // cancelled: an operator deleted a part of it
	}
	return EventSucceed
}
