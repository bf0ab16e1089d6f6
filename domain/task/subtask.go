package task

import (
	"slices"
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
	// Refresh says how much of the listing a later run reads; empty in the first
	// run, which reads all of it (FETCH_CONTENT).
	Refresh Refresh `json:"refresh,omitempty"`
	// Batch names the posts (DETECT_SPAM, ANALYZE_SENTIMENT), Batches those of
	// several batches.
	Batch   BatchID   `json:"batch,omitempty"`
	Batches []BatchID `json:"batches,omitempty"`
	// Repeats asks DETECT_SPAM for the last pass over the batches: the posts whose
	// text occurs more often in the task than they were judged with. Without any
	// batch, it asks to find out which batches have such posts.
	Repeats bool `json:"repeats,omitempty"`
}

// PostBatches returns the batches whose posts are worked on.
func (p Payload) PostBatches() []BatchID {
	if p.Batch != "" {
		return []BatchID{p.Batch}
	}
	return p.Batches
}

// StaleBatch tells how many posts of a batch want to be judged again.
type StaleBatch struct {
	Batch BatchID
	Posts int64
}

// JudgeAgain returns what the subtasks of the last pass work on: batches are put
// together until there is enough to do for a run.
func JudgeAgain(stale []StaleBatch) []Payload {
	var passes []Payload
	var posts int64
	for _, s := range stale {
		if posts == 0 {
			passes = append(passes, Payload{Repeats: true})
		}
		last := &passes[len(passes)-1]
		last.Batches = append(last.Batches, s.Batch)
		if posts += s.Posts; posts >= BatchSize {
			posts = 0
		}
	}
	return passes
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
	// Fallback tells why that was not the user's own token, nil if it was.
	Fallback *access.Fallback
	RunAt    time.Time
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

// LeaseLost takes the subtask back from a worker that went away. What it
// returns is to be stored as from End.
func (s *Subtask) LeaseLost(now time.Time) []*Subtask {
	s.state.Lost++
	if s.state.Lost >= MaxLost {
		return s.End(Fail(workerLost()), now)
	}
	s.deliverAgain(SubtaskPending, now)
	return nil
}

// OpenBatch returns where the posts of the next page go: the batch that is
// open, or fresh where none is.
func (s *Subtask) OpenBatch(fresh BatchID) BatchID {
	if s.state.Batch == "" {
		s.state.Batch, s.state.BatchPosts = fresh, 0
	}
	return s.state.Batch
}

// Brought is what a stored page adds to its subtask.
type Brought struct {
	Cursor   content.Cursor
	Counters Counters
	Missing  map[content.Cause]int64
	// ToJudge is how many posts went into the open batch.
	ToJudge int64
	// Spawn are the subtasks that walk what the page led to.
	Spawn []*Subtask
}

// PageStored notes a stored page. Whatever went wrong before is forgiven. It
// returns the subtasks to be stored in the same transaction: the page's own,
// and the DETECT_SPAM subtask of a batch that became full.
func (s *Subtask) PageStored(b Brought, now time.Time) []*Subtask {
	s.state.Cursor = b.Cursor
	s.state.Counters = s.state.Counters.Add(b.Counters)
	if len(b.Missing) > 0 {
		s.state.Missing = AddMissing(s.state.Missing, b.Missing)
	}
	s.state.Attempt, s.state.Lost, s.state.ParkedSince, s.state.Problem = 0, 0, time.Time{}, nil
	s.state.BatchPosts += b.ToJudge
	created := s.spawned(slices.Clone(b.Spawn))
	if s.state.BatchPosts >= BatchSize {
		created = append(created, s.closeBatch(now)...)
	}
	return created
}

// closeBatch returns the subtask that judges the open batch, if that has posts.
func (s *Subtask) closeBatch(now time.Time) []*Subtask {
	b, n := s.state.Batch, s.state.BatchPosts
	s.state.Batch, s.state.BatchPosts = "", 0
	if b == "" || n == 0 {
		return nil
	}
	return s.spawned([]*Subtask{NewSubtask(b, s.state.TaskID, DetectSpam, Payload{Batch: b}, now)})
}

// spawned counts subtasks that this one creates.
func (s *Subtask) spawned(created []*Subtask) []*Subtask {
	s.state.Counters.Subtasks += int64(len(created))
	return created
}

// End applies how a run ended. It returns the subtasks to be stored in the
// same transaction: the outcome's own, and, at the end, the one that judges
// what is in the open batch, so that no post stays unjudged however its
// subtask ended.
func (s *Subtask) End(o Outcome, now time.Time) []*Subtask {
	s.state.Problem = nil
	if o.Problem != nil {
		p := *o.Problem
		p.SubtaskID = s.state.ID
		if !p.RetryAt.IsZero() && p.RetryAt.Equal(o.At) {
			p.RetryAt = o.due(now) // people are told the time that holds
		}
		s.state.Problem = &p
	}
	if len(o.Missing) > 0 {
		s.state.Missing = AddMissing(s.state.Missing, o.Missing)
	}
	created := s.spawned(slices.Clone(o.Spawn))
	switch o.Kind {
	case Succeeded:
		s.state.Status, s.state.FinishedAt = SubtaskSucceeded, now
		s.state.Counters.Succeeded = 1
		created = append(created, s.closeBatch(now)...)
	case FailedForGood:
		s.state.Status, s.state.FinishedAt = SubtaskFailed, now
		s.state.Counters.Failed = 1
		if s.state.Type == FetchContent {
			s.state.Missing = AddMissing(s.state.Missing, map[content.Cause]int64{content.FetchFailed: content.UnknownCount})
		}
		created = append(created, s.closeBatch(now)...)
	case RetryLater:
		s.state.Attempt++
		s.deliverAgain(SubtaskPending, o.due(now))
	case ParkedUntil:
		if s.state.ParkedSince.IsZero() {
			s.state.ParkedSince = now
		}
		s.deliverAgain(parkedStatus(o.due(now), now), o.due(now))
	case HandedBack:
		s.deliverAgain(SubtaskPending, now)
	}
	return created
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
