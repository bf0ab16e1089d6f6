package portstest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// StoreWithRetention is what the kit of ports.RetentionStore needs: tasks with
// posts.
type StoreWithRetention interface {
	ports.Store
	ports.RetentionStore
}

// TestRetentionStore runs the kit of ports.RetentionStore. newStore returns an
// empty, migrated store.
func TestRetentionStore(t *testing.T, newStore func(t *testing.T) StoreWithRetention) {
	for name, check := range map[string]func(*retention){
		"every run is noted when it begins":               runsNoted,
		"texts are dropped in batches, scores stay":       textsDropped,
		"what a later run has seen is kept":               textsSeenAgain,
		"a text that is fetched again is judged again":    textsFetchedAgain,
		"tasks are old when they ended long ago":          tasksOld,
		"posts of deleted tasks go in batches":            postsDeleted,
		"the months of tasks that are there are kept":     monthsKept,
		"a user's requests are forgotten, and no other's": userForgotten,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			check(&retention{world: newWorld(t, s), RetentionStore: s})
		})
	}
}

type retention struct {
	*world
	ports.RetentionStore
}

// judged returns an ended task with n comments, all of which were judged.
func (w *retention) judged(n int) task.State {
	w.Helper()
	created, l, batch := w.fetched(comments(0, n))
	w.judgeAll(l, batch, w.batch(created.ID, batch), func(i int) bool { return i == 0 })
	w.finish(l, task.Succeed())
	w.runDry()
	return w.task(created.ID)
}

// runDry ends everything that is due.
func (w *retention) runDry() {
	w.Helper()
	for due := w.dispatch(); len(due) > 0; due = w.dispatch() {
		for _, d := range due {
			w.finish(w.claim(d), task.Succeed())
		}
	}
}

func (w *retention) runs(before time.Time) []task.Run {
	w.Helper()
	found, err := w.RunsWithTexts(w.ctx, content.YouTube, before, 100)
	require.NoError(w, err)
	return found
}

func (w *retention) drop(r task.Run, limit int) (batches int) {
	w.Helper()
	for after := ""; batches == 0 || after != ""; batches++ {
		var err error
		after, err = w.DropTexts(w.ctx, r, after, limit)
		require.NoError(w, err)
	}
	return batches
}

func (w *retention) posts(id task.ID) []analysis.JudgedPost {
	w.Helper()
	page, err := w.Posts(w.ctx, w.user, id, analysis.PostFilter{}, analysis.OldestFirst, ports.Paging{Limit: 100})
	require.NoError(w, err)
	return page.Items
}

func (w *retention) refresh(id task.ID) ports.Lease {
	w.Helper()
	_, err := w.UpdateTask(w.ctx, w.user, id, func(t *task.Task) error { return t.Refresh(task.RefreshAll) })
	require.NoError(w, err)
	return w.claim(w.dispatch()[0])
}

var tomorrow = time.Now().AddDate(0, 0, 1)

func runsNoted(w *retention) {
	of := w.judged(2)
	require.Len(w, w.runs(tomorrow), 1)
	require.Equal(w, of.CreatedAt, w.runs(tomorrow)[0].BeganAt)
	require.Empty(w, w.runs(of.CreatedAt), "none began before the first")
	since, err := w.TextsSince(w.ctx, of.ID)
	require.NoError(w, err)
	require.Equal(w, of.CreatedAt, since)

	w.finish(w.refresh(of.ID), task.Succeed())
	runs := w.runs(tomorrow)
	require.Len(w, runs, 2)
	require.Equal(w, []int{1, 2}, []int{runs[0].Run, runs[1].Run})
	require.False(w, runs[1].BeganAt.Before(runs[0].BeganAt))
	other, err := w.RunsWithTexts(w.ctx, content.Reddit, tomorrow, 100)
	require.NoError(w, err)
	require.Empty(w, other)
}

func textsDropped(w *retention) {
	of := w.judged(7)
	before := w.posts(of.ID)
	require.Equal(w, 4, w.drop(w.runs(tomorrow)[0], 2), "seven posts, two at a time")
	after := w.posts(of.ID)
	for i, p := range after {
		require.Empty(w, p.Text)
		require.Empty(w, p.Author)
		want := before[i]
		want.Text, want.Author = "", content.Author{}
		require.Equal(w, want, p, "everything else stays")
	}
	require.Equal(w, of.Counters, w.task(of.ID).Counters)
	require.Empty(w, w.runs(tomorrow), "it is done")
	since, err := w.TextsSince(w.ctx, of.ID)
	require.NoError(w, err)
	require.Zero(w, since)
}

func textsSeenAgain(w *retention) {
	of := w.judged(4)
	l := w.refresh(of.ID)
	w.save(l, ports.PageWrite{Posts: comments(0, 2), Cursor: at("", 1), End: succeeded()})
	w.runDry()
	w.drop(w.runs(tomorrow)[0], 100)
	texts := []bool{}
	for _, p := range w.posts(of.ID) {
		texts = append(texts, p.Text != "")
	}
	require.Equal(w, []bool{true, true, false, false}, texts)
	require.Equal(w, 2, w.runs(tomorrow)[0].Run)
}

func textsFetchedAgain(w *retention) {
	of := w.judged(2)
	w.drop(w.runs(tomorrow)[0], 100)
	l := w.refresh(of.ID)
	batch := task.BatchID(newID())
	w.save(l, ports.PageWrite{Posts: comments(0, 2), Cursor: at("", 1), FreshBatch: batch, End: succeeded()})
	require.Len(w, w.batch(of.ID, batch), 2, "it stands in a batch again")
	for _, p := range w.posts(of.ID) {
		require.NotEmpty(w, p.Text)
		require.NotEmpty(w, p.Author)
		require.Nil(w, p.Sentiment)
	}
}

func tasksOld(w *retention) {
	of := w.judged(1)
	running, _ := w.begin(task.Options{})
	old, err := w.TasksEnded(w.ctx, content.YouTube, tomorrow, 10)
	require.NoError(w, err)
	require.Len(w, old, 1)
	require.Equal(w, of.ID, old[0].ID)
	require.NotEqual(w, running.ID, old[0].ID)
	old, err = w.TasksEnded(w.ctx, content.YouTube, of.FinishedAt.Add(-time.Minute), 10)
	require.NoError(w, err)
	require.Empty(w, old)
}

func userForgotten(w *retention) {
	other := w.newUser("somebody else")
	asked := ports.IdempotentRequest{User: w.user, Path: "/tasks", Key: "k", BodyHash: []byte("a")}
	theirs := asked
	theirs.User = other
	for _, r := range []ports.IdempotentRequest{asked, theirs} {
		_, err := w.BeginRequest(w.ctx, r, now())
		require.NoError(w, err)
		require.NoError(w, w.KeepAnswer(w.ctx, r, ports.StoredAnswer{Status: 202, Body: []byte("{}")}))
	}
	require.NoError(w, w.ForgetUser(w.ctx, w.user))
	var kept []bool
	for _, r := range []ports.IdempotentRequest{asked, theirs} {
		answer, err := w.BeginRequest(w.ctx, r, now())
		require.NoError(w, err)
		kept = append(kept, answer != nil)
	}
	require.Equal(w, []bool{false, true}, kept)
}

func postsDeleted(w *retention) {
	gone, stays := w.judged(7), w.judged(7)
	next, err := w.world.DeletePosts(w.ctx, gone.ID, "", 3)
	require.NoError(w, err)
	require.Empty(w, next)
	require.Len(w, w.posts(gone.ID), 7, "the task was not deleted")
	require.Empty(w, w.deleted())

	_, err = w.DeleteTask(w.ctx, w.user, gone.ID)
	require.NoError(w, err)
	require.Equal(w, []task.ID{gone.ID}, w.deleted())
	_, err = w.Posts(w.ctx, w.user, gone.ID, analysis.PostFilter{}, analysis.OldestFirst, ports.Paging{Limit: 100})
	requireKind(w, fault.NotFound, err)
	batches := 0
	for after := ""; batches == 0 || after != ""; batches++ {
		require.Equal(w, []task.ID{gone.ID}, w.deleted(), "until the last is gone")
		after, err = w.world.DeletePosts(w.ctx, gone.ID, after, 3)
		require.NoError(w, err)
	}
	require.Equal(w, 3, batches)
	require.Empty(w, w.deleted())
	require.Len(w, w.posts(stays.ID), 7)
	for _, id := range []task.ID{gone.ID, task.ID(newID()), "garbage", ""} {
		next, err := w.world.DeletePosts(w.ctx, id, "", 3)
		require.NoError(w, err)
		require.Empty(w, next)
	}
}

func (w *retention) deleted() []task.ID {
	w.Helper()
	found, err := w.TasksDeleted(w.ctx, 10)
	require.NoError(w, err)
	return found
}

func monthsKept(w *retention) {
	of := w.judged(3)
	for range 2 {
		require.NoError(w, w.KeepMonths(w.ctx))
		require.Len(w, w.posts(of.ID), 3)
	}
	again := w.judged(2)
	require.Len(w, w.posts(again.ID), 2)
}
