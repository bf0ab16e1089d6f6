package task_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func TestRetryPolicy(t *testing.T) {
	t.Parallel()
	policy := task.DefaultRetryPolicy()
	in := func(d time.Duration) time.Time { return noon.Add(d) }
	for name, c := range map[string]struct {
		err       error
		sub       task.SubtaskState
		want      task.OutcomeKind
		at        time.Time
		retryable bool
	}{
		"an outage is tried again":      {err: fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "down"), want: task.RetryLater, at: in(500 * time.Millisecond), retryable: true},
		"later each time":               {err: fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "down"), sub: task.SubtaskState{Attempt: 3}, want: task.RetryLater, at: in(4 * time.Second), retryable: true},
		"the fifth is the last":         {err: fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "down"), sub: task.SubtaskState{Attempt: 4}, want: task.FailedForGood, retryable: true},
		"a short Retry-After is kept":   {err: fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "down").At(in(30 * time.Second)), want: task.RetryLater, at: in(30 * time.Second), retryable: true},
		"a long one parks":              {err: fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "down").At(in(2 * time.Minute)), sub: task.SubtaskState{Attempt: 4}, want: task.ParkedUntil, at: in(2 * time.Minute), retryable: true},
		"a defect is tried again":       {err: errors.New("nil map"), want: task.RetryLater, at: in(500 * time.Millisecond), retryable: true},
		"the quota parks":               {err: fault.New(fault.QuotaExhausted, fault.CodeQuotaExhausted, "used up").At(in(9 * time.Hour)), sub: task.SubtaskState{Attempt: 4}, want: task.ParkedUntil, at: in(9 * time.Hour), retryable: true},
		"a limit without a time":        {err: fault.New(fault.RateLimited, fault.CodeRateLimited, "slow down"), sub: task.SubtaskState{Attempt: 4}, want: task.ParkedUntil, at: in(1500 * time.Millisecond), retryable: true},
		"waits longer each time":        {err: fault.New(fault.RateLimited, fault.CodeRateLimited, "slow down"), sub: task.SubtaskState{ParkedSince: in(-40 * time.Second)}, want: task.ParkedUntil, at: in(20*time.Second + 500*time.Millisecond), retryable: true},
		"parks end":                     {err: fault.New(fault.QuotaExhausted, fault.CodeQuotaExhausted, "used up").At(in(9 * time.Hour)), sub: task.SubtaskState{ParkedSince: in(-40 * time.Hour)}, want: task.FailedForGood, retryable: true},
		"what is gone stays gone":       {err: fault.New(fault.NotFound, fault.CodeSourceNotFound, "gone"), want: task.FailedForGood},
		"what is private may be opened": {err: fault.New(fault.Forbidden, fault.CodeSourceForbidden, "private"), want: task.FailedForGood, retryable: true},
		"credentials may be mended":     {err: fault.New(fault.Unauthenticated, fault.CodeNoCredentials, "none"), want: task.FailedForGood, retryable: true},
	} {
		o := policy.Decide(c.err, c.sub, noon, 0.5)
		require.Equal(t, c.want, o.Kind, name)
		require.Equal(t, c.at, o.At, name)
		require.Equal(t, fault.As(c.err).Code, o.Problem.Code, name)
		require.Equal(t, c.retryable, o.Problem.Retryable, name)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	policy := task.DefaultRetryPolicy()
	policy.Attempts = 1000
	down := fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "down")
	for attempt := range 500 {
		o := policy.Decide(down, task.SubtaskState{Attempt: attempt}, noon, 0.999)
		require.Equal(t, task.RetryLater, o.Kind)
		require.LessOrEqual(t, o.At.Sub(noon), task.LongestDelay)
	}
}

func subtask() *task.Subtask {
	return task.NewSubtask("s1", "t1", task.FetchContent, task.Payload{}, noon)
}

func TestEachWayARunEnds(t *testing.T) {
	t.Parallel()
	problem := &task.Problem{Code: fault.CodeProviderUnavailable, Message: "down"}
	for name, c := range map[string]struct {
		o          task.Outcome
		status     task.SubtaskStatus
		generation int64
		attempt    int
		counters   task.Counters
	}{
		"succeeded":    {task.Succeed(), task.SubtaskSucceeded, 1, 0, task.Counters{Succeeded: 1}},
		"failed":       {task.Fail(*problem), task.SubtaskFailed, 1, 0, task.Counters{Failed: 1}},
		"retry":        {task.Outcome{Kind: task.RetryLater, At: noon.Add(time.Second), Problem: problem}, task.SubtaskPending, 2, 1, task.Counters{}},
		"park":         {task.Outcome{Kind: task.ParkedUntil, At: noon.Add(time.Hour), Problem: problem}, task.SubtaskWaiting, 2, 0, task.Counters{}},
		"short park":   {task.Outcome{Kind: task.ParkedUntil, At: noon.Add(time.Minute), Problem: problem}, task.SubtaskPending, 2, 0, task.Counters{}},
		"handed back":  {task.HandBack(), task.SubtaskPending, 2, 0, task.Counters{}},
		"with a child": {task.Succeed(subtask()), task.SubtaskSucceeded, 1, 0, task.Counters{Succeeded: 1, Subtasks: 1}},
	} {
		s := subtask()
		created := s.End(c.o, noon)
		got := s.State()
		require.Equal(t, c.status, got.Status, name)
		require.Equal(t, c.generation, got.Generation, name)
		require.Equal(t, c.attempt, got.Attempt, name)
		require.Equal(t, c.counters, got.Counters, name)
		require.Len(t, created, len(c.o.Spawn), name)
		require.Equal(t, !c.status.Open(), !got.FinishedAt.IsZero(), name)
		if c.o.Problem != nil {
			require.Equal(t, task.SubtaskID("s1"), got.Problem.SubtaskID, name)
		}
	}
}

func TestNoPostStaysUnjudgedHoweverItsSubtaskEnds(t *testing.T) {
	t.Parallel()
	endings := map[string]func(*task.Subtask) []*task.Subtask{
		"succeeded": func(s *task.Subtask) []*task.Subtask { return s.End(task.Succeed(), noon) },
		"failed":    func(s *task.Subtask) []*task.Subtask { return s.End(task.Fail(task.Problem{}), noon) },
		"lost": func(s *task.Subtask) []*task.Subtask {
			for range task.MaxLost - 1 {
				require.Empty(t, s.LeaseLost(noon))
			}
			return s.LeaseLost(noon)
		},
	}
	for name, end := range endings {
		s := subtask()
		require.Equal(t, task.BatchID("b1"), s.OpenBatch("b1"))
		require.Equal(t, task.BatchID("b1"), s.OpenBatch("b2"), "a batch stays open")
		require.Empty(t, s.PageStored(task.Brought{Cursor: content.Cursor{Token: "x", Page: 1}, ToJudge: 3}, noon), name)
		created := end(s)
		require.Len(t, created, 1, name)
		require.Equal(t, task.DetectSpam, created[0].State().Type, name)
		require.Equal(t, task.SubtaskID("b1"), created[0].State().ID, name)
		require.Equal(t, task.BatchID("b1"), created[0].State().Payload.Batch, name)
		require.EqualValues(t, 1, s.State().Counters.Subtasks, name)
		require.False(t, s.State().Status.Open(), name)
	}
	empty := subtask()
	empty.OpenBatch("b1")
	require.Empty(t, empty.End(task.Succeed(), noon), "an empty batch needs no judge")
	handed := subtask()
	handed.OpenBatch("b1")
	handed.PageStored(task.Brought{ToJudge: 3}, noon)
	require.Empty(t, handed.End(task.HandBack(), noon), "the batch stays open when the walk goes on")
	require.EqualValues(t, 3, handed.State().BatchPosts)
}

func TestAFullBatchIsClosed(t *testing.T) {
	t.Parallel()
	s := subtask()
	s.OpenBatch("b1")
	require.Empty(t, s.PageStored(task.Brought{ToJudge: task.BatchSize - 1}, noon))
	created := s.PageStored(task.Brought{ToJudge: 1}, noon)
	require.Len(t, created, 1)
	require.Empty(t, s.State().Batch)
	require.Equal(t, task.BatchID("b2"), s.OpenBatch("b2"))
	require.Zero(t, s.State().BatchPosts)
}

func TestAStoredPageForgives(t *testing.T) {
	t.Parallel()
	s := task.RestoreSubtask(task.SubtaskState{
		Attempt: 3, Lost: 4, ParkedSince: noon, Problem: &task.Problem{}, Missing: map[content.Cause]int64{content.BeforeSince: 2},
	})
	s.PageStored(task.Brought{Counters: task.Counters{Fetched: 5}, Missing: map[content.Cause]int64{content.BeforeSince: 1}}, noon)
	got := s.State()
	require.Zero(t, got.Attempt)
	require.Zero(t, got.Lost)
	require.True(t, got.ParkedSince.IsZero())
	require.Nil(t, got.Problem)
	require.EqualValues(t, 5, got.Counters.Fetched)
	require.EqualValues(t, 3, got.Missing[content.BeforeSince])
}

func TestALostLeaseSpendsNoAttempt(t *testing.T) {
	t.Parallel()
	s := subtask()
	for lost := 1; lost < task.MaxLost; lost++ {
		s.LeaseLost(noon)
		require.Equal(t, task.SubtaskPending, s.State().Status)
		require.Equal(t, lost, s.State().Lost)
		require.EqualValues(t, lost+1, s.State().Generation)
		require.Zero(t, s.State().Attempt)
	}
	s.LeaseLost(noon)
	require.Equal(t, task.SubtaskFailed, s.State().Status)
	require.Equal(t, fault.CodeWorkerLost, s.State().Problem.Code)
}
