package task

import (
	"maps"
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// Cancel ends the task and its open subtasks. Cancelling twice changes nothing.
func (t *Task) Cancel(now time.Time) error {
	if t.state.Status == Cancelled {
		return nil
	}
	if err := t.on(EventCancel); err != nil {
		return err
	}
	t.openBecome = SubtaskCancelled
	t.state.FinishedAt, t.state.RetryAt = now, time.Time{}
	return nil
}

// Pause stops the task; its open subtasks become pending and keep their place.
// Pausing twice changes nothing.
func (t *Task) Pause() error {
	if t.state.Status == Paused {
		return nil
	}
	if err := t.on(EventPause); err != nil {
		return err
	}
	t.openBecome = SubtaskPending
	t.state.RetryAt = time.Time{}
	return nil
}

// Resume lets a paused task go on.
func (t *Task) Resume() error { return t.on(EventResume) }

// Retry lets the task run what failed or was cancelled once more: each such
// subtask is to be given to Reopen in the same transaction.
func (t *Task) Retry() error {
	if _, err := t.state.Status.Next(EventRetry); err != nil {
		return err
	}
	if t.state.Counters.Failed+t.state.Counters.Cancelled == 0 {
		return fault.New(fault.Conflict, fault.CodeNothingToRetry, "nothing of this task failed or was cancelled")
	}
	t.reopen = true
	return t.runAgain()
}

// runAgain takes an ended task back into work. The last spam pass is to come
// again: what is fetched now may repeat what was judged then.
func (t *Task) runAgain() error {
	if err := t.on(EventRetry); err != nil {
		return err
	}
	t.beginAgain()
	return nil
}

// beginAgain forgets that the task had ended.
func (t *Task) beginAgain() {
	t.state.FinalPass = false
	t.state.FinishedAt = time.Time{}
}

// OpenSubtasksBecome returns what a person's request makes of the subtasks
// that are open, and whether it makes anything of them: if so, each of them is
// to be given to Stop in the same transaction.
func (t *Task) OpenSubtasksBecome() (SubtaskStatus, bool) { return t.openBecome, t.openBecome != "" }

// Reopened tells whether failed and cancelled subtasks run again.
func (t *Task) Reopened() bool { return t.reopen }

// Stop does to an open subtask what Cancel or Pause was asked to do. Its
// generation grows, so that a claim on its way and a run that goes on find it
// gone.
func (t *Task) Stop(s *Subtask, now time.Time) {
	if t.openBecome == SubtaskCancelled {
		s.cancel(t.state.FinishedAt)
	} else {
		s.pause(now)
	}
	t.Absorb(s.state)
}

// Reopen lets an ended subtask of the task run again. Its problem goes, and
// what it brought is taken off the task's counters, because it is added once
// more when it ends. What the task misses is to be counted anew (Recount): an
// unknown number cannot be subtracted.
func (t *Task) Reopen(s *Subtask, now time.Time) {
	t.state.Counters = t.state.Counters.minus(s.state.Counters)
	t.forgetProblem(s.state.ID)
	if t.Refreshed() && s.opens() {
		s.openAnew(t.refresh, now)
	} else {
		s.reopen(now)
	}
}

// Recount replaces what the task misses by the sum of what its ended subtasks do.
func (t *Task) Recount(missing map[content.Cause]int64) { t.state.Missing = missing }

// RetryJob lets one dead subtask run again because an operator asks for it. A
// task that its owner cancelled stays so.
func (t *Task) RetryJob(s *Subtask, now time.Time) error {
	if s.state.Status != SubtaskFailed {
		return refuseJob(s.state.Status, JobRetry)
	}
	if t.state.Status == Cancelled {
		f := fault.New(fault.Conflict, fault.CodeWrongState, "the task of this job was cancelled; its owner may retry the task")
		f.Allowed = []string{string(JobDelete)}
		return f
	}
	if t.state.Status.Ended() {
		if err := t.runAgain(); err != nil {
			return err
		}
	}
	t.Reopen(s, now)
	return nil
}

// Drop cancels one subtask that does not run because an operator deletes it.
// It returns the subtask that judges what was in the open batch, to be stored
// in the same transaction, before the task is settled. The task ends partial.
func (t *Task) Drop(s *Subtask, now time.Time) ([]*Subtask, error) {
	switch {
	case s.state.Status == SubtaskFailed:
		// Counted already; why it failed still says what the task lacks.
		t.state.Counters = t.state.Counters.minus(Counters{Failed: 1}).Add(Counters{Cancelled: 1})
		s.state.Counters.Failed = 0
		s.cancel(s.state.FinishedAt)
		return nil, nil
	case !s.state.Status.Open() || s.state.Status == SubtaskRunning:
		return nil, refuseJob(s.state.Status, JobDelete)
	}
	s.state.Problem = dropped(s.state)
	if s.state.Type == FetchContent {
		s.state.Missing = AddMissing(s.state.Missing, map[content.Cause]int64{content.FetchFailed: content.UnknownCount})
	}
	created := s.closeBatch(now)
	s.cancel(now)
	t.Absorb(s.state)
	return created, nil
}

func dropped(s SubtaskState) *Problem {
	code := map[SubtaskType]fault.Code{
		DetectSpam: fault.CodeSpamUnavailable, AnalyzeSentiment: fault.CodeSentimentUnavailable, ExportPosts: fault.CodeExportFailed,
	}[s.Type]
	if code == "" {
		code = fault.CodeProviderUnavailable
	}
	return &Problem{
		Code: code, SubtaskID: s.ID, Retryable: true,
		Message: "an operator deleted this part of the work from its queue; retry the task to have it done",
	}
}

// cancel ends the subtask. Its place and its open batch are kept for a retry.
func (s *Subtask) cancel(now time.Time) {
	s.state.Status, s.state.FinishedAt = SubtaskCancelled, now
	s.state.Counters.Cancelled = 1
	s.state.Generation++
}

// pause makes an open subtask pending, in its place. A park ends with it:
// whoever resumes wants it tried again, and ParkedSince still counts.
func (s *Subtask) pause(now time.Time) {
	at := s.state.RunAt
	if s.state.Status == SubtaskWaiting {
		at = now
	}
	s.deliverAgain(SubtaskPending, at)
}

// Recall takes a subtask off its queue: a delivery on its way is void.
func (s *Subtask) Recall() { s.deliverAgain(SubtaskPending, s.state.RunAt) }

// reopen makes an ended subtask pending, as if nothing had gone wrong yet.
func (s *Subtask) reopen(now time.Time) {
	s.state.Counters.Succeeded, s.state.Counters.Failed, s.state.Counters.Cancelled = 0, 0, 0
	s.state.Attempt, s.state.Lost, s.state.ParkedSince = 0, 0, time.Time{}
	s.state.Problem, s.state.FinishedAt = nil, time.Time{}
	s.state.Missing = maps.Clone(s.state.Missing)
	delete(s.state.Missing, content.FetchFailed) // it is to be fetched after all
	s.deliverAgain(SubtaskPending, now)
}

func (t *Task) forgetProblem(of SubtaskID) {
	t.state.Problems = slices.DeleteFunc(slices.Clone(t.state.Problems), func(p Problem) bool { return p.SubtaskID == of })
}

func (c Counters) minus(d Counters) Counters {
	return c.Add(Counters{
		Subtasks: -d.Subtasks, Succeeded: -d.Succeeded, Failed: -d.Failed, Cancelled: -d.Cancelled,
		Fetched: -d.Fetched, Spam: -d.Spam, Scored: -d.Scored, Expected: -d.Expected, Opened: -d.Opened,
	})
}
