// Package task says what may happen to the work that Soundings has accepted:
// tasks, their subtasks, how each ends, and what happens next.
package task

import (
	"fmt"
	"slices"

	"github.com/soundings-io/soundings/domain/fault"
)

// Status is a task's state. See the diagram in the README, which is drawn from
// the table below.
type Status string

// The states of a task, spelt as the HTTP contract has them.
const (
	// Pending: accepted; nothing of it has run yet, or it waits for its turn.
	Pending Status = "pending"
	// Running: something of it runs, or can run.
	Running Status = "running"
	// Waiting: nothing runs or can run before RetryAt, because of a park.
	Waiting Status = "waiting"
	// Paused: a person stopped it; its open subtasks keep their place.
	Paused Status = "paused"
	// Completed: everything that the provider would show is stored and judged.
	Completed Status = "completed"
	// CompletedPartial: something asked for is missing, for a reason in Problems.
	CompletedPartial Status = "completed_partial"
	// Failed: no post was stored and no source could be opened.
	Failed Status = "failed"
	// Cancelled: a person ended it.
	Cancelled Status = "cancelled"
)

// Statuses returns all states of a task.
func Statuses() []Status {
	return []Status{Pending, Running, Waiting, Paused, Completed, CompletedPartial, Failed, Cancelled}
}

// Ended tells whether nothing happens any more unless somebody asks for it.
func (s Status) Ended() bool {
	return s == Completed || s == CompletedPartial || s == Failed || s == Cancelled
}

// Live returns the states in which a task's subtasks may be delivered.
func Live() []Status { return []Status{Pending, Running, Waiting} }

// Event is something that happens to a task.
type Event string

// The events. The first six come from people, the others from the work.
const (
	EventCancel  Event = "cancel"
	EventPause   Event = "pause"
	EventResume  Event = "resume"
	EventRetry   Event = "retry"
	EventDelete  Event = "delete"
	EventRefresh Event = "refresh"
	EventStart   Event = "start"   // a subtask was claimed
	EventPark    Event = "park"    // all that is open waits for a time
	EventSucceed Event = "succeed" // all subtasks ended, nothing is missing
	EventFallBy  Event = "fall_by" // all subtasks ended, something is missing
	EventFail    Event = "fail"    // all subtasks ended and there is nothing
	EventProceed Event = "proceed" // something can run again
)

// Events returns all events.
func Events() []Event {
	return []Event{
		EventCancel, EventPause, EventResume, EventRetry, EventDelete, EventRefresh,
		EventStart, EventPark, EventSucceed, EventFallBy, EventFail, EventProceed,
	}
}

// next says what each event makes of each state; what is not in it is refused.
// Deleted tasks have no state: EventDelete leads to the state it was in.
var next = map[Event]map[Status]Status{
	EventCancel:  {Pending: Cancelled, Running: Cancelled, Waiting: Cancelled, Paused: Cancelled, Cancelled: Cancelled},
	EventPause:   {Pending: Paused, Running: Paused, Waiting: Paused, Paused: Paused},
	EventResume:  {Paused: Pending},
	EventRetry:   {CompletedPartial: Pending, Failed: Pending, Cancelled: Pending},
	EventDelete:  {Paused: Paused, Completed: Completed, CompletedPartial: CompletedPartial, Failed: Failed, Cancelled: Cancelled},
	EventRefresh: {Completed: Pending, CompletedPartial: Pending, Failed: Pending, Cancelled: Pending},
	EventStart:   {Pending: Running, Running: Running, Waiting: Running},
	EventPark:    {Pending: Waiting, Running: Waiting, Waiting: Waiting},
	EventProceed: {Pending: Running, Running: Running, Waiting: Running},
	EventSucceed: {Pending: Completed, Running: Completed, Waiting: Completed},
	EventFallBy:  {Pending: CompletedPartial, Running: CompletedPartial, Waiting: CompletedPartial},
	EventFail:    {Pending: Failed, Running: Failed, Waiting: Failed},
}

// Next returns the state after the event, or Conflict with what is allowed.
func (s Status) Next(e Event) (Status, error) {
	if to, ok := next[e][s]; ok {
		return to, nil
	}
	f := fault.New(fault.Conflict, fault.CodeWrongState, "a %s task cannot %s", s, verb(e))
	f.Allowed = s.Allowed()
	return s, f
}

// Allowed returns the requests of people that the state takes, but for a refresh:
// it is a new run, and no way on in this one.
func (s Status) Allowed() []string {
	allowed := []string{}
	for _, e := range []Event{EventCancel, EventPause, EventResume, EventRetry, EventDelete} {
		if _, ok := next[e][s]; ok {
			allowed = append(allowed, string(e))
		}
	}
	return allowed
}

func verb(e Event) string {
	switch e {
	case EventCancel, EventDelete:
		return fmt.Sprintf("be %sd", map[Event]string{EventCancel: "cancelle", EventDelete: "delete"}[e])
	case EventPause, EventResume:
		return fmt.Sprintf("be %sd", e)
	case EventRetry:
		return "be retried"
	case EventRefresh:
		return "be refreshed"
	}
	return string(e)
}

// SubtaskStatus is a subtask's state.
type SubtaskStatus string

// The states of a subtask, spelt as the HTTP contract has them.
const (
	SubtaskPending   SubtaskStatus = "pending"
	SubtaskQueued    SubtaskStatus = "queued"
	SubtaskRunning   SubtaskStatus = "running"
	SubtaskWaiting   SubtaskStatus = "waiting"
	SubtaskSucceeded SubtaskStatus = "succeeded"
	SubtaskFailed    SubtaskStatus = "failed"
	SubtaskCancelled SubtaskStatus = "cancelled"
)

// Open tells whether the subtask still has something to do.
func (s SubtaskStatus) Open() bool {
	return slices.Contains(OpenSubtaskStatuses(), s)
}

// OpenSubtaskStatuses returns the states of subtasks that are not at their end.
func OpenSubtaskStatuses() []SubtaskStatus {
	return []SubtaskStatus{SubtaskPending, SubtaskQueued, SubtaskRunning, SubtaskWaiting}
}

// Claimable tells whether a delivery may start the subtask.
func (s SubtaskStatus) Claimable() bool { return s == SubtaskPending || s == SubtaskQueued }
