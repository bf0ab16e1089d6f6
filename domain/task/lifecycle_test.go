package task_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func TestCancellingTwiceKeepsTheFirstEnd(t *testing.T) {
	t.Parallel()
	created, _ := newTask(t, 1)
	require.NoError(t, created.Cancel(noon))
	become, changes := created.OpenSubtasksBecome()
	require.True(t, changes)
	require.Equal(t, task.SubtaskCancelled, become)

	again := task.Restore(created.State())
	require.NoError(t, again.Cancel(noon.Add(time.Hour)))
	require.Equal(t, noon, again.State().FinishedAt)
	_, changes = again.OpenSubtasksBecome()
	require.False(t, changes)
}

func TestPausingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	created, _ := newTask(t, 1)
	require.NoError(t, created.Pause())
	again := task.Restore(created.State())
	require.NoError(t, again.Pause())
	require.Equal(t, created.State(), again.State())
	_, changes := again.OpenSubtasksBecome()
	require.False(t, changes)
}

// TestStoppingEachOpenState: whatever an open subtask did, its deliveries and
// runs are void, and its place stays.
func TestStoppingEachOpenState(t *testing.T) {
	t.Parallel()
	later, now := noon.Add(time.Hour), noon.Add(time.Minute)
	parked := &task.Problem{Code: fault.CodeQuotaExhausted, SubtaskID: "s1"}
	for _, status := range task.OpenSubtaskStatuses() {
		state := task.SubtaskState{
			ID: "s1", Status: status, Generation: 4, Attempt: 2, Lost: 1, Batch: "b1", BatchPosts: 3, RunAt: later, ParkedSince: noon,
			Cursor: content.Cursor{Token: "x", Page: 2}, Counters: task.Counters{Fetched: 7}, Problem: parked,
		}
		of := task.Restore(task.State{Status: task.Running, Problems: []task.Problem{*parked}})
		require.NoError(t, of.Pause())
		paused := task.RestoreSubtask(state)
		of.Stop(paused, now)
		want := state
		want.Status, want.Generation = task.SubtaskPending, 5
		if status == task.SubtaskWaiting {
			want.RunAt = now
		}
		require.Equal(t, want, paused.State(), "paused when %s", status)
		require.Zero(t, of.State().Counters, "an open subtask's counters are its own")
		require.Empty(t, of.State().Problems, "the park is over")

		of = task.Restore(task.State{Status: task.Running, Problems: []task.Problem{*parked}})
		require.NoError(t, of.Cancel(noon))
		cancelled := task.RestoreSubtask(state)
		of.Stop(cancelled, now)
		want = state
		want.Status, want.Generation, want.FinishedAt, want.Counters.Cancelled = task.SubtaskCancelled, 5, noon, 1
		require.Equal(t, want, cancelled.State(), "cancelled when %s", status)
		require.Equal(t, task.Counters{Fetched: 7, Cancelled: 1}, of.State().Counters)
	}
}

func TestRetryWantsSomethingToRetry(t *testing.T) {
	t.Parallel()
	state := task.State{Status: task.CompletedPartial, FinishedAt: noon, FinalPass: true, Problems: []task.Problem{{Code: fault.CodeCommentsDisabled, SubtaskID: "s0"}}}
	nothing := task.Restore(state)
	err := nothing.Retry()
	require.Equal(t, fault.CodeNothingToRetry, fault.As(err).Code)
	require.Equal(t, state, nothing.State())

	state.Counters.Failed = 2
	failed := task.Restore(state)
	require.NoError(t, failed.Retry())
	require.True(t, failed.Reopened())
	require.Equal(t, task.Pending, failed.State().Status)
	require.True(t, failed.State().FinishedAt.IsZero())
	require.False(t, failed.State().FinalPass)
}

// TestReopening: problems go with their subtasks, whether they said that a
// retry may help or not, and the others stay.
func TestReopening(t *testing.T) {
	t.Parallel()
	kept := task.Problem{Code: fault.CodeCommentsDisabled, SubtaskID: "s0"}
	for _, status := range []task.SubtaskStatus{task.SubtaskFailed, task.SubtaskCancelled} {
		counters := task.Counters{Fetched: 5, Subtasks: 1, Failed: 1}
		if status == task.SubtaskCancelled {
			counters = task.Counters{Fetched: 5, Subtasks: 1, Cancelled: 1}
		}
		gone := task.Problem{Code: fault.CodeSourceNotFound, SubtaskID: "s1"}
		of := task.Restore(task.State{
			Status: task.CompletedPartial, Counters: task.Counters{Fetched: 9, Subtasks: 4, Succeeded: 2}.Add(counters),
			Problems: []task.Problem{gone, kept},
		})
		sub := task.RestoreSubtask(task.SubtaskState{
			ID: "s1", Status: status, Generation: 3, Attempt: 4, Lost: 2, Problem: &gone, Batch: "b1", BatchPosts: 3, ParkedSince: noon,
			FinishedAt: noon, Counters: counters, Cursor: content.Cursor{Token: "x", Page: 2},
			Missing: map[content.Cause]int64{content.FetchFailed: content.UnknownCount, content.BeforeSince: 2},
		})
		require.NoError(t, of.Retry())
		of.Reopen(sub, noon.Add(time.Hour))
		require.Equal(t, task.SubtaskState{
			ID: "s1", Status: task.SubtaskPending, Generation: 4, Batch: "b1", BatchPosts: 3, RunAt: noon.Add(time.Hour),
			Counters: task.Counters{Fetched: 5, Subtasks: 1}, Cursor: content.Cursor{Token: "x", Page: 2},
			Missing: map[content.Cause]int64{content.BeforeSince: 2},
		}, sub.State(), "%s", status)
		require.Equal(t, task.Counters{Fetched: 9, Subtasks: 4, Succeeded: 2}, of.State().Counters, "what it brought is added when it ends")
		require.Equal(t, []task.Problem{kept}, of.State().Problems)
	}
}
