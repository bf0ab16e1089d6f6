package portstest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// StoreWithWatch is what the kit of ports.WatchStore needs: tasks that get on.
type StoreWithWatch interface {
	ports.Store
	ports.WatchStore
}

// WatchCheck is one guarantee of ports.WatchStore. It gets a store of its own,
// empty.
type WatchCheck struct {
	Name string
	Run  func(t StoreT, s StoreWithWatch)
}

// WatchChecks returns the kit of ports.WatchStore.
func WatchChecks() []WatchCheck {
	return []WatchCheck{
		{"tasks are as Task has them, at every step", watchedAsRead},
		{"tasks come once, whoever's they are, and what is none is left out", watchedOnce},
		{"any number of tasks is read", watchedMany},
	}
}

// TestWatchStore runs the kit. newStore returns an empty, migrated store.
func TestWatchStore(t *testing.T, newStore func(t *testing.T) StoreWithWatch) {
	for _, c := range WatchChecks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, newStore(t))
		})
	}
}

func watchedAsRead(t StoreT, s StoreWithWatch) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	same := func(step string) task.State {
		got, err := s.TasksNow(w.ctx, []task.ID{created.ID})
		require.NoError(t, err, step)
		require.Equal(t, []task.State{w.task(created.ID)}, got, step)
		require.Equal(t, w.task(created.ID).Revision(), got[0].Revision(), step)
		return got[0]
	}
	claimed := same("claimed")
	w.save(l, ports.PageWrite{
		Posts: comments(0, 3), Cursor: at("next", 1), Title: "a title", Expected: 9, Opened: 1,
		Missing: map[content.Cause]int64{content.BeforeSince: 2},
	})
	stored := same("a page of an open subtask")
	require.EqualValues(t, 3, stored.Counters.Fetched)
	require.EqualValues(t, 9, stored.Counters.Expected)
	require.NotEqual(t, claimed.Revision(), stored.Revision())
	w.finish(l, task.Outcome{Kind: task.ParkedUntil, At: now().Add(task.LongestDelay * 2), Problem: &task.Problem{Message: "used up"}})
	same("parked")
	_, err := s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	require.Equal(t, task.Cancelled, same("cancelled").Status)
}

func watchedOnce(t StoreT, s StoreWithWatch) {
	w := newWorld(t, s)
	mine, theirs, gone := w.create(w.user, task.Options{}), w.create(w.newUser("eve"), task.Options{}), w.create(w.user, task.Options{})
	_, err := s.UpdateTask(w.ctx, w.user, gone.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	_, err = s.DeleteTask(w.ctx, w.user, gone.ID)
	require.NoError(t, err)
	asked := []task.ID{theirs.ID, "garbage", mine.ID, gone.ID, "", mine.ID, task.ID(newID())}
	before := slices.Clone(asked)
	got, err := s.TasksNow(w.ctx, asked)
	require.NoError(t, err)
	slices.SortFunc(got, func(a, b task.State) int { return cmp.Compare(a.ID, b.ID) })
	require.Equal(t, []task.State{mine, theirs}, got)
	require.Equal(t, before, asked, "the caller's slice stays as it was")
	for _, none := range [][]task.ID{nil, {"garbage"}} {
		got, err := s.TasksNow(w.ctx, none)
		require.NoError(t, err)
		require.Empty(t, got)
	}
}

func watchedMany(t StoreT, s StoreWithWatch) {
	w := newWorld(t, s)
	var ids []task.ID
	for range 1001 {
		ids = append(ids, w.create(w.user, task.Options{}).ID)
	}
	states, err := s.TasksNow(w.ctx, ids)
	require.NoError(t, err)
	var got []task.ID
	for _, s := range states {
		got = append(got, s.ID)
	}
	require.ElementsMatch(t, ids, got)
}
