package portstest

import (
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// workChecks are the guarantees of ports.WorkStore.
var workChecks = []StoreCheck{
	{"work/a claim starts the task, and there is only one", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created := w.create(w.user, task.Options{})
		deliveries := w.dispatch()
		require.Len(t, deliveries, 1)
		require.Equal(t, task.SubtaskQueued, w.subtasks(created.ID)[0].Status)
		require.Empty(t, w.dispatch(), "what stands on the queue is not due")
		require.Equal(t, task.Pending, w.task(created.ID).Status)

		l := w.claim(deliveries[0])
		require.Equal(t, task.SubtaskRunning, l.Subtask.Status)
		require.Equal(t, created.ID, l.Task.ID)
		require.Equal(t, created.Sources, l.Task.Sources)
		started := w.task(created.ID)
		require.Equal(t, task.Running, started.Status)
		require.False(t, started.StartedAt.IsZero())
		_, err := s.Claim(w.ctx, deliveries[0], "worker-2", leaseLength)
		require.ErrorIs(t, err, ports.ErrLeaseLost)
	}},
	{"work/void deliveries claim nothing", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		w.create(w.user, task.Options{})
		d := w.dispatch()[0]
		for _, void := range []ports.Delivery{
			{SubtaskID: d.SubtaskID, Generation: d.Generation + 1}, {SubtaskID: d.SubtaskID},
			{SubtaskID: task.SubtaskID(newID()), Generation: 1}, {SubtaskID: "garbage", Generation: 1},
		} {
			_, err := s.Claim(w.ctx, void, "worker-1", leaseLength)
			require.ErrorIs(t, err, ports.ErrLeaseLost)
		}
	}},
	{"work/a pending row may be claimed before it is dispatched", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created := w.create(w.user, task.Options{})
		w.claim(ports.Delivery{SubtaskID: w.subtasks(created.ID)[0].ID, Generation: 1})
	}},
	{"work/renewing tells what is still held", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		first, l := w.begin(task.Options{})
		_, other := w.begin(task.Options{})
		both := []task.SubtaskID{l.Subtask.ID, other.Subtask.ID}
		held, err := s.Renew(w.ctx, "worker-1", both, leaseLength)
		require.NoError(t, err)
		require.ElementsMatch(t, both, held)
		held, err = s.Renew(w.ctx, "worker-1", nil, leaseLength)
		require.NoError(t, err)
		require.Empty(t, held)
		_, err = s.UpdateTask(w.ctx, w.user, first.ID, func(of *task.Task) error { return of.Cancel(now()) })
		require.NoError(t, err)
		held, err = s.Renew(w.ctx, "worker-1", both, leaseLength)
		require.NoError(t, err)
		require.Equal(t, []task.SubtaskID{other.Subtask.ID}, held)
		held, err = s.Renew(w.ctx, "worker-2", both, leaseLength)
		require.NoError(t, err)
		require.Empty(t, held)
	}},
	{"work/a lease that is not renewed by name runs out", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		w.create(w.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"))
		var leases []ports.Lease
		for _, d := range w.dispatch() {
			l, err := s.Claim(w.ctx, d, "worker-1", -time.Second)
			require.NoError(t, err)
			leases = append(leases, l)
		}
		_, err := s.Renew(w.ctx, "worker-1", []task.SubtaskID{leases[0].Subtask.ID}, leaseLength)
		require.NoError(t, err)
		swept, err := s.Sweep(w.ctx, ports.SweepLimits{Unclaimed: time.Minute, Rows: 100})
		require.NoError(t, err)
		require.Equal(t, 1, swept.Lost)
		w.finish(leases[0], task.Succeed())
		require.ErrorIs(t, s.Finish(w.ctx, leases[1], task.Succeed()), ports.ErrLeaseLost)
	}},
	{"work/an outcome is applied once", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		w.finish(l, task.Fail(task.Problem{Code: fault.CodeSourceNotFound, Message: "gone"}))
		require.ErrorIs(t, s.Finish(w.ctx, l, task.Succeed()), ports.ErrLeaseLost)
		ended := w.task(created.ID)
		require.Equal(t, task.Failed, ended.Status)
		require.False(t, ended.FinishedAt.IsZero())
		require.Equal(t, task.Counters{Subtasks: 1, Failed: 1}, ended.Counters)
		require.Equal(t, []task.Problem{{Code: fault.CodeSourceNotFound, Message: "gone", SubtaskID: l.Subtask.ID}}, ended.Problems)
	}},
	{"work/a retry comes when it is due, in a new generation", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		w.finish(l, task.Outcome{Kind: task.RetryLater, At: time.Now().Add(time.Hour), Problem: &task.Problem{Code: fault.CodeProviderUnavailable, Message: "later"}})
		require.Empty(t, w.dispatch())
		require.Equal(t, task.Running, w.task(created.ID).Status)
		sub := w.subtasks(created.ID)[0]
		require.Equal(t, 1, sub.Attempt)
		require.EqualValues(t, 2, sub.Generation)
		require.Equal(t, fault.CodeProviderUnavailable, sub.Problem.Code)

		_, l = w.begin(task.Options{})
		w.finish(l, task.Outcome{Kind: task.RetryLater, At: time.Now().Add(-time.Minute)})
		deliveries := w.dispatch()
		require.Len(t, deliveries, 1)
		require.Equal(t, ports.Delivery{SubtaskID: l.Subtask.ID, Generation: 2}, deliveries[0])
	}},
	{"work/a worker's clock delays nothing", clocksDiffer},
	{"work/a park makes the task wait until it is over", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		until := now().Add(time.Hour)
		w.finish(l, task.Outcome{Kind: task.ParkedUntil, At: until, Problem: &task.Problem{Code: fault.CodeQuotaExhausted, Message: "used up", RetryAt: until}})
		parked := w.task(created.ID)
		require.Equal(t, task.Waiting, parked.Status)
		require.Equal(t, until, parked.RetryAt)
		require.Len(t, parked.Problems, 1)
		require.Equal(t, until, parked.Problems[0].RetryAt)
		require.Empty(t, w.dispatch())
		swept, err := s.Sweep(w.ctx, ports.SweepLimits{Unclaimed: time.Minute, Rows: 100})
		require.NoError(t, err)
		require.Zero(t, swept.Unparked)
		require.Equal(t, task.SubtaskWaiting, w.subtasks(created.ID)[0].Status)
		require.Zero(t, w.subtasks(created.ID)[0].Attempt)
	}},
	{"work/a park that is over goes on", parkIsOver},
	{"work/a lease that ran out is taken back, and five are enough", leasesRunOut},
	{"work/unclaimed deliveries come again under the same key", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		w.create(w.user, task.Options{})
		deliveries := w.dispatch()
		swept, err := s.Sweep(w.ctx, ports.SweepLimits{Unclaimed: time.Minute, Rows: 100})
		require.NoError(t, err)
		require.Empty(t, swept.Again)
		swept, err = s.Sweep(w.ctx, ports.SweepLimits{Unclaimed: -time.Second, Rows: 100})
		require.NoError(t, err)
		require.Equal(t, deliveries, swept.Again)
	}},
	{"work/releasing gives back an owner's leases, uncounted", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, _ := w.begin(task.Options{})
		n, err := s.Release(w.ctx, "worker-2")
		require.NoError(t, err)
		require.Zero(t, n)
		n, err = s.Release(w.ctx, "worker-1")
		require.NoError(t, err)
		require.Equal(t, 1, n)
		sub := w.subtasks(created.ID)[0]
		require.Equal(t, task.SubtaskPending, sub.Status)
		require.Zero(t, sub.Lost)
		require.EqualValues(t, 2, sub.Generation)
		w.claim(w.dispatch()[0])
		n, err = s.Release(w.ctx, "")
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}},
	{"work/dispatch keeps to the limits and to one task where asked", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		eve := w.newUser("eve")
		var mine []task.State
		for range 3 {
			mine = append(mine, w.create(w.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"), source("ccccccccccc")))
		}
		hers := w.create(eve, task.Options{}, source("ddddddddddd"), source("eeeeeeeeeee"))
		only, err := s.Dispatch(w.ctx, task.Limits{PerTask: 1, PerUser: 9, Running: 9, Total: 9, Only: mine[1].ID})
		require.NoError(t, err)
		require.Len(t, only, 1)
		d, err := s.Dispatch(w.ctx, task.Limits{PerTask: 2, PerUser: 3, Running: 2, Total: 99})
		require.NoError(t, err)
		perUser := map[access.UserID]int{}
		for _, t := range append(mine, hers) {
			queued := 0
			listed, err := s.Subtasks(w.ctx, t.User, t.ID, ports.Paging{Limit: 100})
			require.NoError(w, err)
			for _, sub := range listed.Items {
				if sub.Status == task.SubtaskQueued {
					queued++
				}
			}
			require.LessOrEqual(w, queued, 2)
			perUser[t.User] += queued
		}
		require.Equal(t, map[access.UserID]int{w.user: 3, eve: 2}, perUser)
		require.Len(t, d, 4)
	}},
	{"work/a task with nothing open is settled by the sweep at the latest", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		w.finish(l, task.Succeed())
		require.True(t, w.task(created.ID).Status.Ended())
		_, err := s.Sweep(w.ctx, ports.SweepLimits{Unclaimed: time.Minute, Rows: 100})
		require.NoError(t, err)
	}},
}

func parkIsOver(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	// End tells a park from a short delay by the caller's clock, dueness by the
	// database's: a lease is made that saw the time pass.
	w.finish(l, task.Outcome{Kind: task.ParkedUntil, At: time.Now().Add(2 * time.Minute)})
	require.Equal(t, task.Waiting, w.task(created.ID).Status)
	_, err := s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Pause() })
	require.NoError(t, err)
	_, err = s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Resume() })
	require.NoError(t, err)
	resumed := w.task(created.ID)
	require.Equal(t, task.Pending, resumed.Status)
	require.True(t, resumed.RetryAt.IsZero())
}

func leasesRunOut(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	created := w.create(w.user, task.Options{})
	limits := ports.SweepLimits{Unclaimed: time.Minute, Rows: 100}
	for lost := 1; lost <= task.MaxLost; lost++ {
		deliveries := w.dispatch()
		require.Len(t, deliveries, 1)
		l, err := s.Claim(w.ctx, deliveries[0], "worker-1", -time.Second)
		require.NoError(t, err)
		swept, err := s.Sweep(w.ctx, limits)
		require.NoError(t, err)
		require.Equal(t, 1, swept.Lost)
		require.ErrorIs(t, s.Finish(w.ctx, l, task.Succeed()), ports.ErrLeaseLost, "the zombie's work is void")
		require.Equal(t, lost, w.subtasks(created.ID)[0].Lost)
		require.Zero(t, w.subtasks(created.ID)[0].Attempt, "a lost lease spends no attempt")
	}
	ended := w.task(created.ID)
	require.Equal(t, task.Failed, ended.Status)
	require.Equal(t, fault.CodeWorkerLost, ended.Problems[0].Code)
	require.Empty(t, w.dispatch())
}

// concurrencyChecks are what holds when many do the same at once.
var concurrencyChecks = []StoreCheck{
	{"concurrent/claims of one delivery give one lease", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		w.create(w.user, task.Options{})
		d := w.dispatch()[0]
		won := count(8, func(int) bool {
			_, err := s.Claim(w.ctx, d, "worker", leaseLength)
			return err == nil
		})
		require.Equal(t, 1, won)
	}},
	{"concurrent/dispatchers hand out each subtask once", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		for range 20 {
			w.create(w.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"))
		}
		var mu sync.Mutex
		seen := map[ports.Delivery]int{}
		count(6, func(int) bool {
			d, err := s.Dispatch(w.ctx, task.Limits{PerTask: 10, PerUser: 1000, Running: 1000, Total: 1000})
			mu.Lock()
			defer mu.Unlock()
			for _, one := range d {
				seen[one]++
			}
			return err == nil
		})
		for _, one := range w.dispatch() { // what a dispatcher that lost a race has left
			seen[one]++
		}
		require.Len(t, seen, 40)
		for d, n := range seen {
			require.Equal(t, 1, n, "delivery %v", d)
		}
	}},
	{"concurrent/the last two subtasks settle the task", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		for range 5 {
			created := w.create(w.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"), source("ccccccccccc"))
			var leases []ports.Lease
			for _, d := range w.dispatch() {
				leases = append(leases, w.claim(d))
			}
			require.Len(t, leases, 3)
			finished := count(3, func(i int) bool {
				return untilServed(func() error { return s.Finish(w.ctx, leases[i], task.Succeed()) }) == nil
			})
			require.Equal(t, 3, finished)
			ended := w.task(created.ID)
			require.True(t, ended.Status.Ended(), "the task is %s", ended.Status)
			require.EqualValues(t, 3, ended.Counters.Succeeded)
		}
	}},
	{"concurrent/pages with the same posts store each once", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created := w.create(w.user, task.Options{}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"), source("ccccccccccc"), source("ddddddddddd"))
		var leases []ports.Lease
		for _, d := range w.dispatch() {
			leases = append(leases, w.claim(d))
		}
		stored := count(4, func(i int) bool {
			l := leases[i]
			for page := range 5 {
				var got ports.PageStored
				err := untilServed(func() (err error) {
					got, err = s.SavePage(w.ctx, l, ports.PageWrite{Posts: comments(page*20, page*20+40), Cursor: at("t", page+1), FreshBatch: task.BatchID(newID())})
					return err
				})
				if err != nil {
					return false
				}
				l.Subtask = got.Subtask
			}
			return true
		})
		require.Equal(t, 4, stored)
		require.EqualValues(t, 120, w.task(created.ID).Counters.Fetched)
		w.requireRows(created.ID, 120)
	}},
	{"concurrent/a cap is met exactly", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created := w.create(w.user, task.Options{MaxPosts: 50}, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"), source("ccccccccccc"), source("ddddddddddd"))
		var leases []ports.Lease
		for _, d := range w.dispatch() {
			leases = append(leases, w.claim(d))
		}
		capped := count(4, func(i int) bool {
			var got ports.PageStored
			err := untilServed(func() (err error) {
				got, err = s.SavePage(w.ctx, leases[i], ports.PageWrite{Posts: comments(i*100, i*100+30), Cursor: at("t", 1), FreshBatch: task.BatchID(newID())})
				return err
			})
			return err == nil && got.Capped
		})
		require.Equal(t, 3, capped)
		require.EqualValues(t, 50, w.task(created.ID).Counters.Fetched)
		w.requireRows(created.ID, 50)
	}},
}

// count runs fn n times at once and returns how often it was true.
func count(n int, fn func(i int) bool) int {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		times int
	)
	for i := range n {
		wg.Go(func() {
			if fn(i) {
				mu.Lock()
				times++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return times
}

// untilServed repeats what the store may ask to be repeated.
func untilServed(fn func() error) error {
	var err error
	for range 20 {
		if err = fn(); err == nil || !fault.Is(err, fault.Unavailable) {
			return err
		}
	}
	return err
}

// requireRows compares the rows that a reader sees with what was counted.
func (w *world) requireRows(id task.ID, n int) {
	w.Helper()
	summary, err := w.Summary(w.ctx, w.user, id)
	require.NoError(w, err)
	require.EqualValues(w, n, summary.Total)
}
