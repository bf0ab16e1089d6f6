package task

import (
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// SubtaskID identifies a subtask, a UUID v7.
type SubtaskID string

// SubtaskType tells what a subtask does.
type SubtaskType string

// The types, spelt as the HTTP contract has them.
const (
	// FetchContent walks one listing of a provider, a page a transaction.
	FetchContent SubtaskType = "FETCH_CONTENT"
	// DetectSpam judges one batch of posts.
	DetectSpam SubtaskType = "DETECT_SPAM"
	// AnalyzeSentiment scores one batch of posts.
	AnalyzeSentiment SubtaskType = "ANALYZE_SENTIMENT"
	// ExportPosts writes one file.
	ExportPosts SubtaskType = "EXPORT_POSTS"
)

// BatchID names the posts that are judged together. It is the id of the
// DETECT_SPAM subtask that will judge them, and each post carries it.
type BatchID = SubtaskID

// BatchSize is how many posts a batch has before it is closed; a page may
// carry it over by the posts of that one page.
const BatchSize = 500

// Payload says what a subtask works on; which fields count depends on the type.
type Payload struct {
	// Source is the index in the task's sources (FETCH_CONTENT).
	Source int `json:"source,omitempty"`
	// Listing is what is walked (FETCH_CONTENT).
	Listing content.Listing `json:"listing,omitzero"`
	// Batch names the posts (DETECT_SPAM, ANALYZE_SENTIMENT).
	Batch BatchID `json:"batch,omitempty"`
	// Repeats asks DETECT_SPAM for the last pass: first collect the posts whose
	// text now occurs more often than when they were judged, then judge them.
	Repeats bool `json:"repeats,omitempty"`
}

// SubtaskState is everything about a subtask as it stands.
type SubtaskState struct {
	ID     SubtaskID
	TaskID ID
	Type   SubtaskType
	Status SubtaskStatus
	// Generation grows each time the row becomes deliverable again. A message,
	// a claim and every write of a handler name it.
	Generation int64
	// Attempt counts runs since the last stored page that ended in an error
	// that the retry policy counts.
	Attempt int
	// Lost counts leases that ran out since the last stored page.
	Lost    int
	Payload Payload
	Cursor  content.Cursor
	// Batch is where a FETCH_CONTENT subtask puts the posts it stores now, and
	// BatchPosts how many are in it.
	Batch      BatchID
	BatchPosts int64
	// Counters have not been added to the task's while the subtask is open.
	Counters Counters
	Missing  map[content.Cause]int64
	Problem  *Problem
	// TokenSource, AuthMethod and IntegrationID tell whose token fetched last.
	TokenSource   access.TokenSource
	AuthMethod    access.AuthMethod
	IntegrationID string
	RunAt         time.Time
	// ParkedSince is when the parks began that no page has ended; zero for none.
	ParkedSince time.Time
	CreatedAt   time.Time
	StartedAt   time.Time
	FinishedAt  time.Time
}

// Subtask is one piece of a task's work. Only its methods change its state.
type Subtask struct{ state SubtaskState }

// RestoreSubtask returns the subtask of a state that a store has kept.
func RestoreSubtask(s SubtaskState) *Subtask { return &Subtask{state: s} }

// State returns the subtask as it stands.
func (s *Subtask) State() SubtaskState { return s.state }

func (t *Task) newSubtask(id SubtaskID, typ SubtaskType, p Payload, now time.Time) *Subtask {
	return NewSubtask(id, t.state.ID, typ, p, now)
}

// NewSubtask returns a pending subtask that is due now.
func NewSubtask(id SubtaskID, of ID, typ SubtaskType, p Payload, now time.Time) *Subtask {
	return &Subtask{state: SubtaskState{
		ID: id, TaskID: of, Type: typ, Status: SubtaskPending, Generation: 1,
		Payload: p, RunAt: now, CreatedAt: now,
	}}
}

// MaxLost is how many leases may run out in a row before the subtask fails, so
// that a page which kills its worker cannot kill the fleet for ever.
const MaxLost = 5

// LeaseLost takes the subtask back from a worker that went away.
func (s *Subtask) LeaseLost(now time.Time) {
	s.state.Lost++
	if s.state.Lost >= MaxLost {
		s.End(Fail(workerLost()), now)
		return
	}
	s.deliverAgain(SubtaskPending, now)
}

// End applies how a run ended.
func (s *Subtask) End(o Outcome, now time.Time) {
	if o.Problem != nil {
		p := *o.Problem
		p.SubtaskID = s.state.ID
		s.state.Problem = &p
	}
	switch o.Kind {
	case Succeeded:
		s.state.Status, s.state.FinishedAt = SubtaskSucceeded, now
		s.state.Counters.Succeeded = 1
	case FailedForGood:
		s.state.Status, s.state.FinishedAt = SubtaskFailed, now
		s.state.Counters.Failed = 1
	case RetryLater:
		s.state.Attempt++
		s.deliverAgain(SubtaskPending, o.At)
	case ParkedUntil:
		if s.state.ParkedSince.IsZero() {
			s.state.ParkedSince = now
		}
		s.deliverAgain(parkedStatus(o.At, now), o.At)
	case HandedBack:
		s.deliverAgain(SubtaskPending, now)
	}
}

// parkedStatus tells a park that people are told of from a short delay.
func parkedStatus(until, now time.Time) SubtaskStatus {
	if until.Sub(now) > LongestDelay {
		return SubtaskWaiting
	}
	return SubtaskPending
}

func (s *Subtask) deliverAgain(status SubtaskStatus, at time.Time) {
	s.state.Status, s.state.RunAt = status, at
	s.state.Generation++
}
