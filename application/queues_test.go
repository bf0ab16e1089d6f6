package application_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// operator returns the queues' use cases, in a process of their own, and
// somebody who may use them.
func (r *rig) operator() (*application.Queues, access.Caller) {
	elsewhere := application.NewDispatcher(r.store, memory.NewQueue(1), task.DefaultLimits(), slog.New(slog.DiscardHandler))
	return application.NewQueues(r.store, elsewhere), access.Caller{User: access.User{ID: "operator"}, Permissions: []access.Permission{access.QueuesAdmin}}
}

// TestAPausedQueueStopsAndGoesOn: in every process, whatever its own queue held.
func TestAPausedQueueStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		queues, operator := a.operator()
		paused, err := queues.Pause(t.Context(), operator, "detect_spam")
		require.NoError(t, err)
		require.True(t, paused.Paused)
		first := a.start()
		id := first.collect(battery)
		waits := func(s ports.QueueState) bool { return s.Depth[task.JobWaiting] > 0 }
		a.until("all is fetched and spam waits", func() bool {
			fetching, err := queues.Queue(t.Context(), operator, "fetch_content")
			require.NoError(t, err)
			judging, err := queues.Queue(t.Context(), operator, "detect_spam")
			require.NoError(t, err)
			return waits(judging) && !waits(fetching) && fetching.Depth[task.JobQueued]+fetching.Depth[task.JobRunning] == 0
		})
		first.stop()
		second := a.start() // a pause is in the rows, and survives every process
		second.until("the second process works", func() bool { return len(a.posts(id)) > 0 })
		for _, p := range a.posts(id) {
			require.Nil(t, p.Spam, "nothing is judged")
		}
		require.Equal(t, task.Running, a.when(id, "is there", func(task.State) bool { return true }).Status)
		_, err = queues.Resume(t.Context(), operator, "detect_spam")
		require.NoError(t, err)
		ended := second.ended(id)
		assert.Equal(t, task.Completed, ended.Status, codes(ended))
		a.requireAllJudged(id)
		a.requireCountersAreRows(ended)
	})
}

func TestDeadJobsComeBackByAnOperator(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, a aged) {
		queues, operator := a.operator()
		a.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Effect: fakeapi.Error, Status: 403, Reason: "forbidden"})
		p := a.start()
		var ids []task.ID
		for range 3 {
			ids = append(ids, p.collect(battery))
		}
		for _, id := range ids {
			require.Equal(t, task.Failed, p.ended(id).Status)
		}
		dead, err := queues.Jobs(t.Context(), operator, "fetch_content", []task.JobState{task.JobDead}, ports.Paging{Limit: 10})
		require.NoError(t, err)
		require.Len(t, dead.Items, 3)
		require.NotEmpty(t, dead.Items[0].LastError)
		a.fake.ClearRules()
		n, err := queues.Retry(t.Context(), operator, "fetch_content", dead.Items[0].ID)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		n, err = queues.RetryDead(t.Context(), operator, "fetch_content")
		require.NoError(t, err)
		require.Equal(t, 2, n)
		for _, id := range ids {
			ended := p.ended(id)
			assert.Equal(t, task.Completed, ended.Status, codes(ended))
			a.requireCountersAreRows(ended)
		}
	})
}

func TestQueuesAreForOperatorsAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	queues, _ := r.operator()
	others := slices.DeleteFunc(access.AllPermissions(), func(p access.Permission) bool { return p == access.QueuesAdmin })
	by := access.Caller{User: r.by.User, Permissions: others}
	ctx := t.Context()
	var errs []error
	_, err := queues.List(ctx, by)
	errs = append(errs, err)
	_, err = queues.Queue(ctx, by, "unknown")
	errs = append(errs, err)
	_, err = queues.Pause(ctx, by, "fetch_content")
	errs = append(errs, err)
	_, err = queues.Resume(ctx, by, "fetch_content")
	errs = append(errs, err)
	_, err = queues.Jobs(ctx, by, "fetch_content", nil, ports.Paging{Limit: 1})
	errs = append(errs, err)
	_, err = queues.Retry(ctx, by, "fetch_content", "x")
	errs = append(errs, err)
	_, err = queues.RetryDead(ctx, by, "fetch_content")
	errs = append(errs, err, queues.Delete(ctx, by, "fetch_content", "x"))
	for i, err := range errs {
		require.True(t, fault.Is(err, fault.Forbidden), "%d: %v", i, err)
	}
}
