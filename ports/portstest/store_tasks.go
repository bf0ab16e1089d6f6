package portstest

import (
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// taskChecks are the guarantees of ports.TaskStore.
var taskChecks = []StoreCheck{
	{"task/is read as it was created", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		o := task.Options{MaxPosts: 7, IncludeReplies: true, Since: epoch, Auth: task.AuthMaster}
		created := w.create(w.user, o, source("aaaaaaaaaaa"), source("bbbbbbbbbbb"))
		require.Equal(t, created, w.task(created.ID))
		subs := w.subtasks(created.ID)
		require.Len(t, subs, 2)
		require.Equal(t, task.SubtaskPending, subs[0].Status)
		require.Equal(t, task.FetchContent, subs[0].Type)
		require.EqualValues(t, 1, subs[0].Generation)
		require.Equal(t, 1, subs[1].Payload.Source)
		require.Equal(t, content.ListingSource, subs[1].Payload.Listing.Kind)
	}},
	{"task/is due at once, however far ahead the clock is of who created it", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		of, first := task.NewAnalysis(w.user, []content.Source{source("aaaaaaaaaaa")}, "", task.Options{}, newID, now().Add(time.Hour))
		require.NoError(t, s.CreateTask(w.ctx, of, first))
		require.Len(t, w.dispatch(), 1)
	}},
	{"task/hands its trace to whoever claims", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		of, first := task.NewAnalysis(w.user, []content.Source{source("aaaaaaaaaaa")}, "", task.Options{}, newID, now())
		of.BelongTo("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		require.NoError(t, s.CreateTask(w.ctx, of, first))
		require.Equal(t, of.State().Trace, w.claim(w.dispatch()[0]).Task.Trace)
		_, err := s.UpdateTask(w.ctx, w.user, of.State().ID, func(of *task.Task) error { of.BelongTo(""); return nil })
		require.NoError(t, err)
		require.Empty(t, w.task(of.State().ID).Trace)
	}},
	{"task/of an export keeps its spec", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		of := w.create(w.user, task.Options{})
		e, first := task.NewExport(w.user, of, task.ExportSpec{TaskID: of.ID, Format: "csv", FormulaGuard: true, FileName: "x"}, newID, now())
		require.NoError(t, s.CreateTask(w.ctx, e, first))
		require.Equal(t, e.State(), w.task(e.State().ID))
	}},
	{"task/of somebody else, unknown or garbage is not found", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		mine, other := w.create(w.user, task.Options{}), w.newUser("eve")
		for _, id := range []task.ID{mine.ID, task.ID(newID()), "garbage", ""} {
			user := other
			_, err := s.Task(w.ctx, user, id)
			requireKind(t, fault.NotFound, err)
			_, err = s.UpdateTask(w.ctx, user, id, func(*task.Task) error { return nil })
			requireKind(t, fault.NotFound, err)
			_, err = s.DeleteTask(w.ctx, user, id)
			requireKind(t, fault.NotFound, err)
			_, err = s.Subtasks(w.ctx, user, id, ports.Paging{Limit: 10})
			requireKind(t, fault.NotFound, err)
			_, err = s.Summary(w.ctx, user, id)
			requireKind(t, fault.NotFound, err)
		}
		require.Equal(t, mine.Status, w.task(mine.ID).Status)
	}},
	{"task/lists page by page, newest first, each once, filtered", listsTasks},
	{"task/update stores what fn made, or nothing", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created := w.create(w.user, task.Options{})
		boom := errors.New("boom")
		_, err := s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error {
			require.NoError(t, of.Cancel(now()))
			return boom
		})
		require.ErrorIs(t, err, boom)
		require.Equal(t, task.Pending, w.task(created.ID).Status)
		after, err := s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Cancel(now()) })
		require.NoError(t, err)
		require.Equal(t, task.Cancelled, after.Status)
		require.Equal(t, after, w.task(created.ID))
	}},
	{"task/cancelling cancels what is open and counts it", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		w.save(l, ports.PageWrite{Posts: comments(0, 3), Cursor: at("next", 1)})
		after, err := s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Cancel(now()) })
		require.NoError(t, err)
		require.Equal(t, task.Counters{Subtasks: 1, Cancelled: 1, Fetched: 3}, after.Counters)
		require.Equal(t, task.SubtaskCancelled, w.subtasks(created.ID)[0].Status)
		_, err = s.SavePage(w.ctx, l, ports.PageWrite{Posts: comments(3, 5), Cursor: at("", 2), FreshBatch: task.BatchID(newID())})
		require.ErrorIs(t, err, ports.ErrLeaseLost)
		require.Equal(t, after.Counters, w.task(created.ID).Counters)
		require.Empty(t, w.dispatch())
	}},
	{"task/pausing holds it and resuming lets it go on", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		_, err := s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Pause() })
		require.NoError(t, err)
		require.Equal(t, task.SubtaskPending, w.subtasks(created.ID)[0].Status)
		require.ErrorIs(t, s.Finish(w.ctx, l, task.Succeed()), ports.ErrLeaseLost)
		require.Empty(t, w.dispatch())
		_, err = s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Resume() })
		require.NoError(t, err)
		require.Len(t, w.dispatch(), 1)
	}},
	{"task/retry runs what failed once more, counted once", retries},
	{"task/deleting takes subtasks, posts and exports with it", deletes},
}

func listsTasks(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	other := w.newUser("eve")
	var want []task.ID
	for range 7 {
		want = append([]task.ID{w.create(w.user, task.Options{}).ID}, want...)
		w.create(other, task.Options{})
	}
	var got []task.ID
	for after := ""; ; {
		page, err := s.Tasks(w.ctx, w.user, ports.TaskFilter{}, ports.Paging{Limit: 3, After: after})
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Items), 3)
		for _, item := range page.Items {
			got = append(got, item.ID)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	require.Equal(t, want, got)

	_, err := s.UpdateTask(w.ctx, w.user, want[0], func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	for f, n := range map[string]struct {
		ports.TaskFilter
		int
	}{
		"cancelled": {ports.TaskFilter{Statuses: []task.Status{task.Cancelled}}, 1},
		"pending":   {ports.TaskFilter{Statuses: []task.Status{task.Pending}}, 6},
		"both":      {ports.TaskFilter{Statuses: []task.Status{task.Pending, task.Cancelled}}, 7},
		"youtube":   {ports.TaskFilter{Providers: []content.ProviderID{content.YouTube}}, 7},
		"reddit":    {ports.TaskFilter{Providers: []content.ProviderID{content.Reddit}}, 0},
		"video":     {ports.TaskFilter{Kinds: []string{"video"}}, 7},
		"export":    {ports.TaskFilter{Kinds: []string{"export"}}, 0},
	} {
		page, err := s.Tasks(w.ctx, w.user, n.TaskFilter, ports.Paging{Limit: 100})
		require.NoError(t, err, f)
		require.Len(t, page.Items, n.int, f)
	}
	_, err = s.Tasks(w.ctx, w.user, ports.TaskFilter{}, ports.Paging{Limit: 3, After: "garbage"})
	requireKind(t, fault.Invalid, err)
	require.Equal(t, fault.CodeBadCursor, fault.As(err).Code)
}

func retries(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	w.save(l, ports.PageWrite{Posts: comments(0, 4), Cursor: at("next", 1), Opened: 1})
	w.finish(l, task.Fail(task.Problem{Code: fault.CodeProviderUnavailable, Message: "gone", Retryable: true}))
	for _, d := range w.dispatch() { // what was fetched is judged
		w.finish(w.claim(d), task.Succeed())
	}
	for _, d := range w.dispatch() { // the last pass
		w.finish(w.claim(d), task.Succeed())
	}
	failed := w.task(created.ID)
	require.Equal(t, task.CompletedPartial, failed.Status)
	require.Len(t, failed.Problems, 1)
	require.Equal(t, fault.CodeProviderUnavailable, failed.Problems[0].Code)

	after, err := s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Retry() })
	require.NoError(t, err)
	require.Equal(t, task.Pending, after.Status)
	require.Zero(t, after.Counters.Failed)
	require.Empty(t, after.Problems)
	require.True(t, after.FinishedAt.IsZero())

	deliveries := w.dispatch()
	require.Len(t, deliveries, 1, "only what failed runs again")
	again := w.claim(deliveries[0])
	require.Equal(t, "next", again.Subtask.Cursor.Token, "the walk goes on where it was")
	require.Zero(t, again.Subtask.Attempt)
	w.save(again, ports.PageWrite{Posts: comments(3, 6), Cursor: at("", 2), End: succeeded()})
	require.EqualValues(t, 6, w.task(created.ID).Counters.Fetched)
}

func deletes(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	w.save(l, ports.PageWrite{Posts: comments(0, 4), Cursor: at("next", 1)})
	_, err := s.DeleteTask(w.ctx, w.user, created.ID)
	requireKind(t, fault.Conflict, err)
	require.Equal(t, fault.CodeWrongState, fault.As(err).Code)

	_, err = s.UpdateTask(w.ctx, w.user, created.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	e, first := task.NewExport(w.user, w.task(created.ID), task.ExportSpec{TaskID: created.ID, Format: "csv"}, newID, now())
	require.NoError(t, s.CreateTask(w.ctx, e, first))

	removed, err := s.DeleteTask(w.ctx, w.user, created.ID)
	require.NoError(t, err)
	ids := map[task.ID]bool{}
	for _, r := range removed {
		ids[r.ID] = true
	}
	require.Equal(t, map[task.ID]bool{created.ID: true, e.State().ID: true}, ids)
	for id := range ids {
		_, err = s.Task(w.ctx, w.user, id)
		requireKind(t, fault.NotFound, err)
	}
	require.Empty(t, w.dispatch())
	again := w.create(w.user, task.Options{})
	require.Zero(t, w.task(again.ID).Counters.Fetched)
}

// accessChecks are the guarantees of ports.AccessStore and ports.IdempotencyStore.
var accessChecks = []StoreCheck{
	{"access/users exist once", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		first, err := s.EnsureUser(w.ctx, access.User{ID: access.UserID(newID()), Name: "Jo", Issuer: "web", Subject: "42", CreatedAt: now()})
		require.NoError(t, err)
		again, err := s.EnsureUser(w.ctx, access.User{ID: access.UserID(newID()), Name: "Joe", Issuer: "web", Subject: "42", CreatedAt: now()})
		require.NoError(t, err)
		require.Equal(t, first.ID, again.ID)
		elsewhere, err := s.EnsureUser(w.ctx, access.User{ID: access.UserID(newID()), Name: "Jo", Issuer: "other", Subject: "42", CreatedAt: now()})
		require.NoError(t, err)
		require.NotEqual(t, first.ID, elsewhere.ID)
		require.Equal(t, w.user, w.newUser("ada"))
		require.NotEqual(t, w.user, w.newUser("Jo"))
	}},
	{"access/keys are found by their hash until revoked", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		secret := access.NewAPIKeySecret()
		k := access.APIKey{ID: newID(), UserID: w.user, Name: "laptop", Permissions: []access.Permission{access.TasksRead, access.QueuesAdmin}, CreatedAt: now(), ExpiresAt: now().Add(time.Hour)}
		require.NoError(t, s.CreateAPIKey(w.ctx, k, access.HashAPIKey(secret)))
		got, user, err := s.APIKey(w.ctx, access.HashAPIKey(secret))
		require.NoError(t, err)
		require.Equal(t, k, got)
		require.Equal(t, w.user, user.ID)
		require.Equal(t, "ada", user.Name)
		_, _, err = s.APIKey(w.ctx, access.HashAPIKey("snd_other"))
		requireKind(t, fault.NotFound, err)

		requireKind(t, fault.NotFound, s.RevokeAPIKey(w.ctx, w.newUser("eve"), k.ID, now()))
		require.NoError(t, s.RevokeAPIKey(w.ctx, w.user, k.ID, now()))
		requireKind(t, fault.NotFound, s.RevokeAPIKey(w.ctx, w.user, k.ID, now()))
		requireKind(t, fault.NotFound, s.RevokeAPIKey(w.ctx, w.user, "garbage", now()))
		got, _, err = s.APIKey(w.ctx, access.HashAPIKey(secret))
		if err == nil {
			require.Error(t, got.Usable(now()))
		} else {
			requireKind(t, fault.NotFound, err)
		}
		listed, err := s.APIKeys(w.ctx, w.user, ports.Paging{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, listed.Items)
	}},
	{"access/idempotent requests keep the first answer", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		r := ports.IdempotentRequest{User: w.user, Path: "/tasks", Key: "k1", BodyHash: []byte("one")}
		answer, err := s.BeginRequest(w.ctx, r, now())
		require.NoError(t, err)
		require.Nil(t, answer)
		_, err = s.BeginRequest(w.ctx, r, now())
		requireKind(t, fault.Conflict, err)
		require.Equal(t, fault.CodeIdempotencyInFlight, fault.As(err).Code)
		kept := ports.StoredAnswer{Status: 202, Location: "/tasks/1", Body: []byte(`{"id":"1"}`)}
		require.NoError(t, s.KeepAnswer(w.ctx, r, kept))
		answer, err = s.BeginRequest(w.ctx, r, now())
		require.NoError(t, err)
		require.Equal(t, &kept, answer)

		other := r
		other.BodyHash = []byte("two")
		_, err = s.BeginRequest(w.ctx, other, now())
		requireKind(t, fault.Invalid, err)
		require.Equal(t, fault.CodeIdempotencyMismatch, fault.As(err).Code)
		for _, fresh := range []ports.IdempotentRequest{
			{User: w.newUser("eve"), Path: r.Path, Key: r.Key, BodyHash: r.BodyHash},
			{User: r.User, Path: "/tasks/export", Key: r.Key, BodyHash: r.BodyHash},
			{User: r.User, Path: r.Path, Key: "k2", BodyHash: r.BodyHash},
		} {
			answer, err = s.BeginRequest(w.ctx, fresh, now())
			require.NoError(t, err)
			require.Nil(t, answer)
			require.NoError(t, s.ForgetRequest(w.ctx, fresh))
			answer, err = s.BeginRequest(w.ctx, fresh, now())
			require.NoError(t, err)
			require.Nil(t, answer)
		}
		answer, err = s.BeginRequest(w.ctx, r, now().Add(25*time.Hour))
		require.NoError(t, err)
		require.Nil(t, answer, "answers are kept for 24 hours")
	}},
}
