package task_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func TestQueuesHaveTheNamesOfTheContract(t *testing.T) {
	t.Parallel()
	var names []string
	for _, typ := range task.SubtaskTypes() {
		names = append(names, string(typ.Queue()))
		back, err := typ.Queue().Type()
		require.NoError(t, err)
		require.Equal(t, typ, back)
	}
	require.Equal(t, "fetch_content detect_spam analyze_sentiment export_posts", strings.Join(names, " "))
	for _, unknown := range []task.QueueName{"", "default", "FETCH_CONTENT", "fetch_content "} {
		_, err := unknown.Type()
		require.Equal(t, fault.NotFound, fault.KindOf(err), unknown)
	}
}

// TestJobStatesCoverWhatIsNotDone: every state of a subtask is in one job state
// at most, and those in none are ends that nobody has to look at.
func TestJobStatesCoverWhatIsNotDone(t *testing.T) {
	t.Parallel()
	seen := map[task.SubtaskStatus]task.JobState{}
	for _, j := range task.JobStates() {
		for _, s := range j.Statuses() {
			require.NotContains(t, seen, s)
			seen[s] = j
		}
	}
	require.Equal(t, map[task.SubtaskStatus]task.JobState{
		task.SubtaskPending: task.JobWaiting, task.SubtaskWaiting: task.JobWaiting,
		task.SubtaskQueued: task.JobQueued, task.SubtaskRunning: task.JobRunning, task.SubtaskFailed: task.JobDead,
	}, seen)
	require.Empty(t, task.JobState("done").Statuses())
}

// TestEveryJobAndRequest: "-" is refused with what is allowed.
func TestEveryJobAndRequest(t *testing.T) {
	t.Parallel()
	for status, c := range map[task.SubtaskStatus]struct{ retry, drop, allowed string }{
		task.SubtaskPending:   {"-", "cancelled", "delete"},
		task.SubtaskQueued:    {"-", "cancelled", "delete"},
		task.SubtaskWaiting:   {"-", "cancelled", "delete"},
		task.SubtaskRunning:   {"-", "-", ""},
		task.SubtaskFailed:    {"pending", "cancelled", "retry delete"},
		task.SubtaskSucceeded: {"-", "-", ""},
		task.SubtaskCancelled: {"-", "-", ""},
	} {
		for request, want := range map[string]string{"retry": c.retry, "delete": c.drop} {
			of := task.Restore(task.State{Status: task.Running})
			sub := task.RestoreSubtask(task.SubtaskState{ID: "s1", Type: task.DetectSpam, Status: status, Generation: 1})
			var err error
			if request == "delete" {
				_, err = of.Drop(sub, noon)
			} else {
				err = of.RetryJob(sub, noon)
			}
			if want == "-" {
				require.Equal(t, fault.CodeWrongState, fault.As(err).Code, "%s of %s", request, status)
				require.Equal(t, strings.Fields(c.allowed), append([]string{}, fault.As(err).Allowed...), "%s of %s", request, status)
				require.Equal(t, status, sub.State().Status)
				continue
			}
			require.NoError(t, err, "%s of %s", request, status)
			require.Equal(t, task.SubtaskStatus(want), sub.State().Status)
			require.EqualValues(t, 2, sub.State().Generation, "a delivery on its way is void")
		}
	}
}

func TestRetryingAJobTakesItsTaskBackIntoWork(t *testing.T) {
	t.Parallel()
	for before, after := range map[task.Status]task.Status{
		task.Running: task.Running, task.Waiting: task.Waiting, task.Paused: task.Paused,
		task.CompletedPartial: task.Pending, task.Failed: task.Pending,
	} {
		state := task.State{Status: before, FinalPass: true, Counters: task.Counters{Subtasks: 2, Succeeded: 1, Failed: 1}}
		if before.Ended() {
			state.FinishedAt = noon
		}
		of := task.Restore(state)
		sub := task.RestoreSubtask(task.SubtaskState{ID: "s1", Status: task.SubtaskFailed, Counters: task.Counters{Failed: 1}})
		require.NoError(t, of.RetryJob(sub, noon), before)
		require.Equal(t, after, of.State().Status)
		require.True(t, of.State().FinishedAt.IsZero())
		require.Equal(t, task.Counters{Subtasks: 2, Succeeded: 1}, of.State().Counters)
	}
	of := task.Restore(task.State{Status: task.Cancelled, FinishedAt: noon})
	err := of.RetryJob(task.RestoreSubtask(task.SubtaskState{Status: task.SubtaskFailed}), noon)
	require.Equal(t, fault.CodeWrongState, fault.As(err).Code, "what its owner ended stays ended")
	require.Equal(t, []string{"delete"}, fault.As(err).Allowed)
}

func TestADeletedJobEndsItsTaskPartial(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]task.Kind{"analysis": task.Analysis, "export": task.Export} {
		of := task.Restore(task.State{Kind: kind, Status: task.Pending, Counters: task.Counters{Subtasks: 1}})
		sub := task.NewSubtask("s1", "t1", task.FetchContent, task.Payload{}, noon)
		created, err := of.Drop(sub, noon)
		require.NoError(t, err)
		require.Empty(t, created)
		require.Equal(t, task.Counters{Subtasks: 1, Cancelled: 1}, of.State().Counters)
		require.Len(t, of.State().Problems, 1, "the task says why")
		require.True(t, of.State().Problems[0].Retryable)
		require.Nil(t, of.Settle(task.Tally{}, ids(), noon))
		require.Equal(t, task.CompletedPartial, of.State().Status, name)
		require.NoError(t, task.Restore(of.State()).Retry(), "and can be retried")
	}
}

func TestADeletedFetchHasItsPostsJudged(t *testing.T) {
	t.Parallel()
	of := task.Restore(task.State{Status: task.Running})
	sub := task.RestoreSubtask(task.SubtaskState{
		ID: "s1", TaskID: "t1", Type: task.FetchContent, Status: task.SubtaskPending, Batch: "b1", BatchPosts: 3, Counters: task.Counters{Fetched: 3},
	})
	created, err := of.Drop(sub, noon)
	require.NoError(t, err)
	require.Len(t, created, 1)
	require.Equal(t, task.BatchID("b1"), created[0].State().Payload.Batch)
	require.Equal(t, task.Counters{Fetched: 3, Subtasks: 1, Cancelled: 1}, of.State().Counters)
	require.Equal(t, content.UnknownCount, of.State().Missing[content.FetchFailed])
}

func TestADeletedDeadJobKeepsItsReason(t *testing.T) {
	t.Parallel()
	why := task.Problem{Code: fault.CodeSourceNotFound, SubtaskID: "s1"}
	of := task.Restore(task.State{Status: task.Failed, FinishedAt: noon, Counters: task.Counters{Subtasks: 1, Failed: 1}, Problems: []task.Problem{why}})
	sub := task.RestoreSubtask(task.SubtaskState{ID: "s1", Status: task.SubtaskFailed, FinishedAt: noon, Counters: task.Counters{Failed: 1}, Problem: &why})
	_, err := of.Drop(sub, noon)
	require.NoError(t, err)
	require.Equal(t, task.Counters{Subtasks: 1, Cancelled: 1}, of.State().Counters)
	require.Equal(t, task.Counters{Cancelled: 1}, sub.State().Counters)
	require.Equal(t, []task.Problem{why}, of.State().Problems)
	require.Equal(t, task.Failed, of.State().Status)
}
