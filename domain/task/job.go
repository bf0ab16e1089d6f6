package task

import (
	"slices"
	"strings"

	"github.com/soundings-io/soundings/domain/fault"
)

// QueueName is what operators call the subtasks of one type: its name in lower
// case. Whatever delivers them, each type is a queue of its own to people.
type QueueName string

// SubtaskTypes returns all types, in the order in which a task's work goes.
func SubtaskTypes() []SubtaskType {
	return []SubtaskType{FetchContent, DetectSpam, AnalyzeSentiment, ExportPosts}
}

// Queue returns the name of the type's queue.
func (t SubtaskType) Queue() QueueName { return QueueName(strings.ToLower(string(t))) }

// Type returns the type of subtask that the queue is for, or NotFound.
func (q QueueName) Type() (SubtaskType, error) {
	types := SubtaskTypes()
	i := slices.IndexFunc(types, func(t SubtaskType) bool { return t.Queue() == q })
	if i < 0 {
		return "", fault.New(fault.NotFound, fault.CodeNotFound, "there is no such queue; GET /queues names them")
	}
	return types[i], nil
}

// JobState is a subtask's state as operators of a queue see it. Subtasks that
// ended well or were cancelled are no jobs any more.
type JobState string

// The states of a job, spelt as the HTTP contract has them.
const (
	JobWaiting JobState = "waiting" // for its turn, its time, or the end of a pause
	JobQueued  JobState = "queued"
	JobRunning JobState = "running"
	JobDead    JobState = "dead" // failed; nobody tries again by himself
)

// JobStates returns all states of a job.
func JobStates() []JobState { return []JobState{JobWaiting, JobQueued, JobRunning, JobDead} }

// Statuses returns the states of subtasks that the job state stands for.
func (j JobState) Statuses() []SubtaskStatus {
	switch j {
	case JobWaiting:
		return []SubtaskStatus{SubtaskPending, SubtaskWaiting}
	case JobQueued:
		return []SubtaskStatus{SubtaskQueued}
	case JobRunning:
		return []SubtaskStatus{SubtaskRunning}
	case JobDead:
		return []SubtaskStatus{SubtaskFailed}
	}
	return nil
}

// JobRequest is what an operator may ask of a job.
type JobRequest string

// The requests.
const (
	JobRetry  JobRequest = "retry"
	JobDelete JobRequest = "delete"
)

// jobAllows says which requests each state of a subtask takes; all others are
// refused.
var jobAllows = map[SubtaskStatus][]string{
	SubtaskPending: {string(JobDelete)}, SubtaskWaiting: {string(JobDelete)}, SubtaskQueued: {string(JobDelete)},
	SubtaskFailed: {string(JobRetry), string(JobDelete)},
}

func refuseJob(s SubtaskStatus, r JobRequest) *fault.Error {
	verb := map[JobRequest]string{JobRetry: "retried", JobDelete: "deleted"}[r]
	f := fault.New(fault.Conflict, fault.CodeWrongState, "a %s job cannot be %s", s, verb)
	f.Allowed = slices.Clone(jobAllows[s])
	return f
}
