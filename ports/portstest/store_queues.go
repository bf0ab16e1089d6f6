package portstest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// QueueShowingStore is a store that shows its queues as well.
type QueueShowingStore interface {
	ports.Store
	ports.QueueStore
}

// QueueStoreCheck is one guarantee of ports.QueueStore. It gets a store of its
// own, empty.
type QueueStoreCheck struct {
	Name string
	Run  func(t StoreT, s QueueShowingStore)
}

// TestQueueStore runs the checks of ports.QueueStore; newStore as in TestStore.
func TestQueueStore(t *testing.T, newStore func(t *testing.T) QueueShowingStore) {
	for _, c := range QueueStoreChecks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, newStore(t))
		})
	}
}

// queues is a world whose queues can be seen.
type queues struct {
	*world
	QueueShowingStore
}

func newQueues(t StoreT, s QueueShowingStore) queues { return queues{newWorld(t, s), s} }

func (q queues) queue(of task.SubtaskType) ports.QueueState {
	q.world.Helper()
	all, err := q.QueueShowingStore.Queues(q.ctx)
	require.NoError(q.world, err)
	require.Len(q.world, all, len(task.SubtaskTypes()))
	for i, t := range task.SubtaskTypes() {
		require.Equal(q.world, t, all[i].Type)
	}
	return all[slices.IndexFunc(all, func(s ports.QueueState) bool { return s.Type == of })]
}

func (q queues) depth(of task.SubtaskType) [4]int64 {
	q.world.Helper()
	d := q.queue(of).Depth
	return [4]int64{d[task.JobWaiting], d[task.JobQueued], d[task.JobRunning], d[task.JobDead]}
}

func (q queues) jobs(of task.SubtaskType, states ...task.JobState) []ports.Job {
	q.world.Helper()
	listed, err := q.Jobs(q.ctx, of, states, ports.Paging{Limit: 100})
	require.NoError(q.world, err)
	return listed.Items
}

// QueueStoreChecks returns the checks of ports.QueueStore.
func QueueStoreChecks() []QueueStoreCheck {
	return []QueueStoreCheck{
		{"queues/are counted by state, for all users", queuesAreCounted},
		{"queues/tasks are counted by status, for all users", tasksAreCounted},
		{"queues/jobs are listed once each, a page at a time", jobsAreListed},
		{"queues/a paused queue delivers nothing, and what was delivered is void", pausedQueues},
		{"queues/a paused queue holds up no other", pausedQueuesAlone},
		{"queues/a dead job runs again", deadJobsRunAgain},
		{"queues/all dead jobs run again, but for those of cancelled tasks", allDeadJobs},
		{"queues/a deleted job ends its task partial", deletedJobs},
		{"queues/unknown jobs are not found, and others refused", refusedJobs},
	}
}

func tasksAreCounted(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	none := ports.TaskCounts{
		Live:        map[task.Status]int64{task.Pending: 0, task.Running: 0, task.Waiting: 0},
		EndedLately: map[task.Status]int64{task.Completed: 0, task.CompletedPartial: 0, task.Failed: 0, task.Cancelled: 0},
	}
	counted := func() ports.TaskCounts {
		counts, err := s.TaskCounts(q.ctx)
		require.NoError(t, err)
		return counts
	}
	require.Equal(t, none, counted())
	for range 2 {
		q.create(q.user, task.Options{})
		q.create(q.newUser("eve"), task.Options{})
	}
	q.create(q.user, task.Options{})
	deliveries := q.dispatch()
	q.finish(q.claim(deliveries[0]), task.Fail(task.Problem{Code: fault.CodeSourceNotFound, Message: "a text"}))
	q.finish(q.claim(deliveries[1]), task.Outcome{Kind: task.ParkedUntil, At: time.Now().Add(time.Hour)})
	q.claim(deliveries[2])
	want := none
	want.Live = map[task.Status]int64{task.Pending: 2, task.Running: 1, task.Waiting: 1}
	want.EndedLately[task.Failed] = 1
	require.Equal(t, want, counted())
}

func queuesAreCounted(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	require.Equal(t, ports.QueueState{
		Type: task.ExportPosts, Depth: map[task.JobState]int64{task.JobWaiting: 0, task.JobQueued: 0, task.JobRunning: 0, task.JobDead: 0},
	}, q.queue(task.ExportPosts))
	for range 2 {
		q.create(q.user, task.Options{})
		q.create(q.newUser("eve"), task.Options{})
	}
	require.Equal(t, [4]int64{4, 0, 0, 0}, q.depth(task.FetchContent))
	require.Positive(t, q.queue(task.FetchContent).Oldest)
	require.Zero(t, q.queue(task.DetectSpam).Oldest)
	deliveries := q.dispatch()
	require.Equal(t, [4]int64{0, 4, 0, 0}, q.depth(task.FetchContent))
	require.Positive(t, q.queue(task.FetchContent).Oldest)
	var leases []ports.Lease
	for _, d := range deliveries {
		leases = append(leases, q.claim(d))
	}
	require.Equal(t, [4]int64{0, 0, 4, 0}, q.depth(task.FetchContent))
	require.Zero(t, q.queue(task.FetchContent).Oldest, "what runs does not wait")
	q.finish(leases[0], task.Fail(task.Problem{Code: fault.CodeSourceNotFound, Message: "a text"}))
	q.finish(leases[1], task.Succeed())
	q.finish(leases[2], task.Outcome{Kind: task.ParkedUntil, At: time.Now().Add(time.Hour)})
	require.Equal(t, [4]int64{1, 0, 1, 1}, q.depth(task.FetchContent))
	require.EqualValues(t, 2, q.queue(task.FetchContent).PerMinute)
	require.Zero(t, q.queue(task.FetchContent).Oldest, "what is parked is not due")
	require.Zero(t, q.queue(task.DetectSpam).PerMinute)
	dead := q.jobs(task.FetchContent, task.JobDead)
	require.Len(t, dead, 1)
	require.Equal(t, fault.CodeSourceNotFound, dead[0].LastError)
	require.Equal(t, leases[0].Subtask.ID, dead[0].ID)
	require.Equal(t, leases[0].Subtask.TaskID, dead[0].TaskID)

	paused := q.create(q.user, task.Options{})
	_, err := s.UpdateTask(q.ctx, q.user, paused.ID, (*task.Task).Pause)
	require.NoError(t, err)
	require.Equal(t, [4]int64{2, 0, 1, 1}, q.depth(task.FetchContent))
	require.Zero(t, q.queue(task.FetchContent).Oldest, "what its owner paused is not late")
}

func jobsAreListed(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	want := map[task.SubtaskID]task.JobState{}
	for i := range 9 {
		created := q.create(q.user, task.Options{})
		want[q.subtasks(created.ID)[0].ID] = task.JobWaiting
		if i == 5 {
			for n, d := range q.dispatch() {
				want[d.SubtaskID] = task.JobQueued
				if n%2 == 0 {
					q.claim(d)
					want[d.SubtaskID] = task.JobRunning
				}
			}
		}
	}
	for _, limit := range []int{1, 2, 4, 100} {
		got := map[task.SubtaskID]task.JobState{}
		last := time.Time{}
		for p := (ports.Paging{Limit: limit}); ; {
			listed, err := s.Jobs(q.ctx, task.FetchContent, task.JobStates(), p)
			require.NoError(t, err)
			require.LessOrEqual(t, len(listed.Items), limit)
			for _, j := range listed.Items {
				require.NotContains(t, got, j.ID)
				require.False(t, j.RunAt.Before(last), "longest due first")
				got[j.ID], last = j.State, j.RunAt
				require.Equal(t, task.FetchContent, j.Type)
			}
			if p.After = listed.Next; p.After == "" {
				break
			}
		}
		require.Equal(t, want, got, "in pages of %d", limit)
	}
	require.Len(t, q.jobs(task.FetchContent, task.JobWaiting), 3)
	require.Empty(t, q.jobs(task.DetectSpam, task.JobStates()...))
	first, err := s.Jobs(q.ctx, task.FetchContent, []task.JobState{task.JobWaiting}, ports.Paging{Limit: 1})
	require.NoError(t, err)
	for _, cursor := range []string{"garbage", first.Next + "x"} {
		_, err = s.Jobs(q.ctx, task.FetchContent, []task.JobState{task.JobWaiting}, ports.Paging{Limit: 1, After: cursor})
		requireKind(t, fault.Invalid, err)
	}
	_, err = s.Jobs(q.ctx, task.FetchContent, []task.JobState{task.JobQueued}, ports.Paging{Limit: 1, After: first.Next})
	requireKind(t, fault.Invalid, err)
}

func pausedQueues(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	q.create(q.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"))
	deliveries := q.dispatch()
	require.Len(t, deliveries, 2)
	running := q.claim(deliveries[0])
	for range 2 { // pausing what is paused is no error
		require.NoError(t, s.SetQueuePaused(q.ctx, task.FetchContent, true))
		require.True(t, q.queue(task.FetchContent).Paused)
	}
	_, err := s.Claim(q.ctx, deliveries[1], "worker-1", leaseLength)
	require.ErrorIs(t, err, ports.ErrLeaseLost)
	require.Empty(t, q.dispatch())
	swept, err := s.Sweep(q.ctx, ports.SweepLimits{Unclaimed: -time.Second, Rows: 100})
	require.NoError(t, err)
	require.Empty(t, swept.Again, "the sweep does not bring it back")
	require.Equal(t, [4]int64{1, 0, 1, 0}, q.depth(task.FetchContent))
	q.save(running, ports.PageWrite{Posts: comments(0, 3), Cursor: at("t", 1)})
	q.finish(running, task.HandBack())
	require.Empty(t, q.dispatch(), "what is handed back waits as well")
	for range 2 {
		require.NoError(t, s.SetQueuePaused(q.ctx, task.FetchContent, false))
	}
	require.False(t, q.queue(task.FetchContent).Paused)
	resumed := q.dispatch()
	require.Len(t, resumed, 2)
	for _, d := range resumed {
		q.finish(q.claim(d), task.Succeed())
	}
}

func pausedQueuesAlone(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	for _, typ := range []task.SubtaskType{task.DetectSpam, task.AnalyzeSentiment, task.ExportPosts} {
		require.NoError(t, s.SetQueuePaused(q.ctx, typ, true))
	}
	created, l := q.begin(task.Options{})
	q.save(l, ports.PageWrite{Posts: comments(0, 3), Cursor: at("t", 1), End: succeeded()})
	require.Empty(t, q.dispatch(), "spam waits")
	other := q.create(q.user, task.Options{})
	require.NoError(t, s.SetQueuePaused(q.ctx, task.FetchContent, true))
	require.Empty(t, q.dispatch())
	require.NoError(t, s.SetQueuePaused(q.ctx, task.DetectSpam, false))
	d := q.dispatch()
	require.Len(t, d, 1)
	judging := q.claim(d[0])
	require.Equal(t, task.DetectSpam, judging.Subtask.Type)
	require.Equal(t, created.ID, judging.Task.ID)
	require.Equal(t, task.Pending, q.task(other.ID).Status)
}

// died makes a task with one dead job.
func (q queues) died() (task.State, task.SubtaskID) {
	q.world.Helper()
	created, l := q.begin(task.Options{})
	q.finish(l, task.Fail(task.Problem{Code: fault.CodeSourceForbidden, Message: "private"}))
	return created, l.Subtask.ID
}

func deadJobsRunAgain(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	created, id := q.died()
	require.Equal(t, task.Failed, q.task(created.ID).Status)
	require.NoError(t, s.RetryJob(q.ctx, task.FetchContent, id))
	again := q.task(created.ID)
	require.Equal(t, task.Pending, again.Status)
	require.True(t, again.FinishedAt.IsZero())
	require.Empty(t, again.Problems)
	require.Empty(t, again.Missing)
	require.Equal(t, task.Counters{Subtasks: 1}, again.Counters)
	require.Equal(t, [4]int64{1, 0, 0, 0}, q.depth(task.FetchContent))
	d := q.dispatch()
	require.Len(t, d, 1)
	l := q.claim(d[0])
	require.Zero(t, l.Subtask.Attempt)
	requireKind(t, fault.Conflict, s.RetryJob(q.ctx, task.FetchContent, id))
	q.save(l, ports.PageWrite{Posts: comments(0, 1), Opened: 1, End: succeeded()})
}

func allDeadJobs(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	retriable := map[task.ID]bool{}
	for range 5 {
		created, _ := q.died()
		retriable[created.ID] = true
	}
	n, err := s.RetryDead(q.ctx, task.DetectSpam, 100)
	require.NoError(t, err)
	require.Zero(t, n, "another queue's")
	// One dead and one open job, and then its owner cancels the task.
	both := q.create(q.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"))
	q.finish(q.claim(q.dispatch()[0]), task.Fail(task.Problem{Code: fault.CodeSourceNotFound, Message: "gone"}))
	_, err = s.UpdateTask(q.ctx, q.user, both.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	require.Equal(t, [4]int64{0, 0, 0, 6}, q.depth(task.FetchContent))

	n, err = s.RetryDead(q.ctx, task.FetchContent, 3)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	n, err = s.RetryDead(q.ctx, task.FetchContent, 100)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, [4]int64{5, 0, 0, 1}, q.depth(task.FetchContent))
	require.Len(t, q.dispatch(), 5)
	for id := range retriable {
		require.Equal(t, task.Pending, q.task(id).Status)
	}
	require.Equal(t, task.Cancelled, q.task(both.ID).Status)
}

func deletedJobs(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	created := q.create(q.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"))
	deliveries := q.dispatch()
	l := q.claim(deliveries[0])
	requireKind(t, fault.Conflict, s.DeleteJob(q.ctx, task.FetchContent, l.Subtask.ID))
	require.NoError(t, s.DeleteJob(q.ctx, task.FetchContent, deliveries[1].SubtaskID))
	_, err := s.Claim(q.ctx, deliveries[1], "worker-1", leaseLength)
	require.ErrorIs(t, err, ports.ErrLeaseLost)
	require.Equal(t, task.Running, q.task(created.ID).Status)
	q.save(l, ports.PageWrite{Posts: comments(0, 1), Opened: 1, Cursor: at("t", 1)})
	q.finish(l, task.HandBack())
	// Deleted between two of its turns: what it fetched is judged.
	require.NoError(t, s.DeleteJob(q.ctx, task.FetchContent, l.Subtask.ID))
	judging := q.claim(q.dispatch()[0])
	require.Equal(t, task.DetectSpam, judging.Subtask.Type)
	q.finish(judging, task.Succeed())
	ended := q.task(created.ID)
	require.Equal(t, task.CompletedPartial, ended.Status)
	require.Equal(t, task.Counters{Subtasks: 3, Succeeded: 1, Cancelled: 2, Fetched: 1, Opened: 1}, ended.Counters)
	require.Len(t, ended.Problems, 2, "it says what is missing")
	require.Equal(t, [4]int64{}, q.depth(task.FetchContent))

	dead, id := q.died()
	require.NoError(t, s.DeleteJob(q.ctx, task.FetchContent, id))
	require.Equal(t, [4]int64{}, q.depth(task.FetchContent))
	after := q.task(dead.ID)
	require.Equal(t, task.Failed, after.Status)
	require.Equal(t, task.Counters{Subtasks: 1, Cancelled: 1}, after.Counters)
	_, err = s.UpdateTask(q.ctx, q.user, dead.ID, (*task.Task).Retry)
	require.NoError(t, err)
	require.Len(t, q.dispatch(), 1, "its owner can have it after all")
}

func refusedJobs(t StoreT, s QueueShowingStore) {
	q := newQueues(t, s)
	_, id := q.died()
	for _, unknown := range []task.SubtaskID{"garbage", "", task.SubtaskID(newID())} {
		requireKind(t, fault.NotFound, s.RetryJob(q.ctx, task.FetchContent, unknown))
		requireKind(t, fault.NotFound, s.DeleteJob(q.ctx, task.FetchContent, unknown))
	}
	requireKind(t, fault.NotFound, s.RetryJob(q.ctx, task.DetectSpam, id))
	requireKind(t, fault.NotFound, s.DeleteJob(q.ctx, task.DetectSpam, id))
	created := q.create(q.user, task.Options{})
	waiting := q.subtasks(created.ID)[0].ID
	err := s.RetryJob(q.ctx, task.FetchContent, waiting)
	requireKind(t, fault.Conflict, err)
	require.Equal(t, []string{"delete"}, fault.As(err).Allowed)
	_, err = s.UpdateTask(q.ctx, q.user, created.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	requireKind(t, fault.Conflict, s.RetryJob(q.ctx, task.FetchContent, waiting))
	requireKind(t, fault.Conflict, s.DeleteJob(q.ctx, task.FetchContent, waiting))
}
