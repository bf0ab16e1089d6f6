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

// exportChecks are the guarantees of ports.ExportStore.
var exportChecks = []StoreCheck{
	{"exports/a task has one key, which goes with it", keyOfTask},
	{"exports/many ask for a key at once and get the same", keyOfMany},
	{"exports/files are listed when their time is over, oldest first", filesExpire},
	{"exports/a removed file is not listed again", filesRemoved},
	{"exports/the file of a deleted export is listed at once", filesOfDeleted},
}

func keyOfTask(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	one, other := w.create(w.user, task.Options{}), w.create(w.user, task.Options{})
	key := func(user access.UserID, id task.ID, fresh string) string {
		got, err := s.PseudonymKey(w.ctx, user, id, []byte(fresh))
		require.NoError(t, err)
		return string(got)
	}
	require.Equal(t, "first\x00", key(w.user, one.ID, "first\x00"))
	require.Equal(t, "first\x00", key(w.user, one.ID, "second"))
	require.Equal(t, "third", key(w.user, other.ID, "third"))
	for _, stranger := range []task.ID{one.ID, task.ID(newID()), "garbage"} {
		_, err := s.PseudonymKey(w.ctx, w.newUser("eve"), stranger, []byte("x"))
		requireKind(t, fault.NotFound, err)
	}
	_, err := s.UpdateTask(w.ctx, w.user, one.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	_, err = s.DeleteTask(w.ctx, w.user, one.ID)
	require.NoError(t, err)
	_, err = s.PseudonymKey(w.ctx, w.user, one.ID, []byte("x"))
	requireKind(t, fault.NotFound, err)
}

func keyOfMany(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	of := w.create(w.user, task.Options{})
	keys := make([]string, 8)
	var asking sync.WaitGroup
	for i := range keys {
		asking.Go(func() {
			key, err := s.PseudonymKey(w.ctx, w.user, of.ID, []byte(newID()))
			if err == nil {
				keys[i] = string(key)
			}
		})
	}
	asking.Wait()
	for _, key := range keys {
		require.NotEmpty(t, key)
		require.Equal(t, keys[0], key)
	}
}

// exported returns a completed export whose file is kept until the time given.
func (w *world) exported(of task.State, until time.Time) task.ID {
	w.Helper()
	export, first := task.NewExport(w.user, of, task.ExportSpec{TaskID: of.ID, Format: "csv"}, newID, now())
	require.NoError(w, w.CreateTask(w.ctx, export, first))
	var claimed ports.Lease
	for _, d := range w.dispatch() {
		if d.SubtaskID == first[0].State().ID {
			claimed = w.claim(d)
		}
	}
	done, spec := task.Succeed(), *export.State().Export
	spec.ExpiresAt = until
	done.Export = &spec
	w.finish(claimed, done)
	require.Equal(w, task.Completed, w.task(export.State().ID).Status)
	return export.State().ID
}

func (w *world) expired(at time.Time, limit int) []task.ID {
	w.Helper()
	files, err := w.ExpiredExports(w.ctx, at, limit)
	require.NoError(w, err)
	ids := []task.ID{}
	for _, f := range files {
		require.Equal(w, "csv", f.Format)
		ids = append(ids, f.Task)
	}
	return ids
}

func filesExpire(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	of := w.create(w.user, task.Options{})
	later, soon := w.exported(of, epoch.Add(2*time.Hour)), w.exported(of, epoch.Add(time.Hour))
	running, first := task.NewExport(w.user, of, task.ExportSpec{TaskID: of.ID, Format: "csv"}, newID, now())
	require.NoError(t, s.CreateTask(w.ctx, running, first))
	require.Empty(t, w.expired(epoch.Add(time.Hour-time.Microsecond), 10))
	require.Equal(t, []task.ID{soon}, w.expired(epoch.Add(time.Hour), 10))
	require.Equal(t, []task.ID{soon, later}, w.expired(epoch.Add(3*time.Hour), 10))
	require.Equal(t, []task.ID{soon}, w.expired(epoch.Add(3*time.Hour), 1))
}

func filesRemoved(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	of := w.create(w.user, task.Options{})
	one, other := w.exported(of, epoch), w.exported(of, epoch)
	before := w.task(one)
	require.NoError(t, s.ExportsRemoved(w.ctx, nil))
	require.Len(t, w.expired(now(), 10), 2)
	require.NoError(t, s.ExportsRemoved(w.ctx, []task.ID{one, task.ID(newID())}))
	require.Equal(t, []task.ID{other}, w.expired(now(), 10))
	require.NoError(t, s.ExportsRemoved(w.ctx, []task.ID{one}), "a second time")
	require.Equal(t, before, w.task(one), "the task shows what there was")
}

func filesOfDeleted(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	of := w.create(w.user, task.Options{})
	fresh := w.exported(of, now().Add(time.Hour))
	begun, first := task.NewExport(w.user, of, task.ExportSpec{TaskID: of.ID, Format: "csv"}, newID, now())
	require.NoError(t, s.CreateTask(w.ctx, begun, first))
	require.Empty(t, w.expired(now(), 10))
	for _, id := range []task.ID{of.ID, begun.State().ID} {
		_, err := s.UpdateTask(w.ctx, w.user, id, func(of *task.Task) error { return of.Cancel(now()) })
		require.NoError(t, err)
	}
	_, err := s.DeleteTask(w.ctx, w.user, of.ID)
	require.NoError(t, err)
	require.ElementsMatch(t, []task.ID{fresh, begun.State().ID}, w.expired(now(), 10), "whether or not it came to its end")
	require.NoError(t, s.ExportsRemoved(w.ctx, []task.ID{fresh, begun.State().ID}))
	require.Empty(t, w.expired(now(), 10))
}
