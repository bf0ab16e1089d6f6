package application_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// watchedTasks is a store of tasks that a test changes by hand.
type watchedTasks struct {
	ports.Store // of nothing else

	mu    sync.Mutex
	tasks map[task.ID]task.State
	asked [][]task.ID
	fails error
	// held, where there is one, keeps an answer of TasksNow back until it is closed.
	held chan struct{}
}

func (s *watchedTasks) Task(_ context.Context, user access.UserID, id task.ID) (task.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.tasks[id]; ok && found.User == user {
		return found, s.fails
	}
	return task.State{}, fault.New(fault.NotFound, fault.CodeNotFound, "none")
}

func (s *watchedTasks) TasksNow(_ context.Context, ids []task.ID) ([]task.State, error) {
	s.mu.Lock()
	held, states := s.held, []task.State(nil)
	s.asked = append(s.asked, ids)
	for _, id := range ids {
		if found, ok := s.tasks[id]; ok {
			states = append(states, found)
		}
	}
	err := s.fails
	s.mu.Unlock()
	if held != nil {
		<-held
	}
	return states, err
}

// set changes tasks of ada's, the number of whose posts tells them apart.
func (s *watchedTasks) set(fetched int64, status task.Status, ids ...task.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.tasks[id] = task.State{ID: id, User: "ada", Kind: task.Analysis, Run: 1, Status: status, Counters: task.Counters{Fetched: fetched}}
	}
}

func (s *watchedTasks) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

func (s *watchedTasks) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// watchRoom is a Watch over them.
type watchRoom struct {
	*testing.T
	*watchedTasks
	watch *application.Watch
}

// inWatchRoom runs a test in virtual time, which ends with an error if a reader
// is left.
func inWatchRoom(t *testing.T, test func(r *watchRoom)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &watchedTasks{tasks: map[task.ID]task.State{}}
		store.set(1, task.Running, "t1")
		tasks := application.NewTasks(store, nil, nil, 1000)
		test(&watchRoom{t, store, application.NewWatch(tasks, store, slog.New(slog.DiscardHandler))})
	})
}

func ada() application.Watcher {
	by := access.Caller{User: access.User{ID: "ada"}, Permissions: access.DefaultPermissions()}
	return application.Watcher{Caller: by, Again: func(context.Context) (access.Caller, error) { return by, nil }}
}

func (r *watchRoom) subscribe(who application.Watcher, id task.ID) *application.Subscription {
	r.Helper()
	s, err := r.watch.Subscribe(r.Context(), who, id)
	require.NoError(r, err)
	r.Cleanup(s.Close)
	return s
}

// pass lets time pass, and the reader do its work.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// had returns the posts of what the watcher was told and has not read, -1 for
// the end, and -2 for nothing.
func had(s *application.Subscription) int64 {
	select {
	case p, open := <-s.Updates():
		if !open {
			return -1
		}
		return p.Counters.Fetched
	default:
		return -2
	}
}

func TestAWatcherHearsOfChangesUntilTheEnd(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		s := r.subscribe(ada(), "t1")
		require.EqualValues(r, 1, had(s), "the task as it stands, at once")
		pass(5 * time.Second)
		require.EqualValues(r, -2, had(s), "nothing changed")
		for n := range int64(3) {
			r.set(10+n, task.Running, "t1")
			pass(time.Second)
			require.Equal(r, 10+n, had(s))
		}
		for n := range int64(5) {
			r.set(20+n, task.Running, "t1")
			pass(time.Second)
		}
		require.EqualValues(r, 24, had(s), "whoever reads slowly has the newest alone")
		require.EqualValues(r, -2, had(s))
		r.set(30, task.Completed, "t1")
		pass(time.Second)
		require.EqualValues(r, 30, had(s))
		require.EqualValues(r, -1, had(s))
		before := r.reads()
		pass(time.Minute)
		require.Equal(r, before, r.reads(), "nobody watches any more")
	})
}

func TestAWatcherHearsAtMostOnceASecond(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		r.subscribe(ada(), "t1") // from whom the reader has its beat
		<-time.After(700 * time.Millisecond)
		s := r.subscribe(ada(), "t1")
		require.EqualValues(r, 1, had(s))
		r.set(2, task.Running, "t1")
		pass(900 * time.Millisecond)
		require.EqualValues(r, -2, had(s), "the reader has looked 0.3 s after the first state")
		pass(400 * time.Millisecond)
		require.EqualValues(r, 2, had(s))
		pass(500 * time.Millisecond)
		late := r.subscribe(ada(), "t1")
		require.EqualValues(r, 2, had(late))
		r.set(3, task.Cancelled, "t1")
		pass(600 * time.Millisecond)
		require.EqualValues(r, 3, had(late), "the end is told without delay")
	})
}

func TestAnEndedTaskIsToldOnce(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		r.set(7, task.Failed, "t1")
		for range 2 * application.MaxWatches {
			s := r.subscribe(ada(), "t1")
			require.EqualValues(r, 7, had(s))
			require.EqualValues(r, -1, had(s))
		}
		pass(10 * time.Second)
		require.Zero(r, r.reads())
	})
}

func TestThereIsOneReaderForAll(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		ids := []task.ID{"t1", "t2", "t3"}
		r.set(1, task.Running, ids...)
		var all []*application.Subscription
		for range 10 {
			for _, id := range ids {
				all = append(all, r.subscribe(ada(), id))
			}
		}
		pass(10 * time.Second)
		require.Equal(r, 10, r.reads(), "once a second")
		for _, asked := range r.asked {
			require.ElementsMatch(r, ids, asked, "each task once")
		}
		for _, s := range all[:len(all)-1] {
			s.Close()
			s.Close()
		}
		pass(time.Second)
		require.Equal(r, []task.ID{"t3"}, r.asked[10])
		all[len(all)-1].Close()
		again := r.subscribe(ada(), "t1")
		pass(3 * time.Second)
		require.Equal(r, 14, r.reads(), "the one that came first has ended")
		require.EqualValues(r, 1, had(again))
	})
}

func TestOnlyTheOwnerWatches(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		eve := ada()
		eve.User.ID = "eve"
		nobody := ada()
		nobody.Permissions = []access.Permission{access.TasksWrite}
		for range 2 * application.MaxWatches { // a refusal is no watch
			_, err := r.watch.Subscribe(r.Context(), eve, "t1")
			require.Equal(r, fault.NotFound, fault.KindOf(err))
			_, err = r.watch.Subscribe(r.Context(), nobody, "t1")
			require.Equal(r, fault.Forbidden, fault.KindOf(err))
		}
		require.EqualValues(r, 1, had(r.subscribe(ada(), "t1")))
	})
}

func TestADeletedTaskEndsItsWatches(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		r.set(1, task.Paused, "t1", "t2")
		s, other := r.subscribe(ada(), "t1"), r.subscribe(ada(), "t2")
		require.EqualValues(r, 1, had(s))
		require.EqualValues(r, 1, had(other))
		r.mu.Lock()
		delete(r.tasks, "t1")
		r.mu.Unlock()
		pass(time.Second)
		require.EqualValues(r, -1, had(s))
		require.EqualValues(r, -2, had(other))
	})
}

func TestWatchersWaitForTheDatabase(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		s := r.subscribe(ada(), "t1")
		require.EqualValues(r, 1, had(s))
		r.fail(fault.New(fault.Unavailable, fault.CodeUnavailable, "down"))
		r.set(2, task.Running, "t1")
		pass(time.Minute)
		require.EqualValues(r, -2, had(s), "still there, and told nothing")
		r.fail(nil)
		pass(time.Second)
		require.EqualValues(r, 2, had(s))
	})
}

// TestWatchersAreAskedWhoTheyAre: a key may be revoked while its stream is open.
func TestWatchersAreAskedWhoTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		answer func() (access.Caller, error)
		want   int64
	}{
		"revoked": {func() (access.Caller, error) {
			return access.Caller{}, fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "revoked")
		}, -1},
		"may not read": {func() (access.Caller, error) { return access.Caller{User: ada().User}, nil }, -1},
		"somebody else": {func() (access.Caller, error) {
			return access.Caller{User: access.User{ID: "eve"}, Permissions: ada().Permissions}, nil
		}, -1},
		"nobody knows": {func() (access.Caller, error) {
			return access.Caller{}, fault.New(fault.Unavailable, fault.CodeUnavailable, "down")
		}, -2},
	} {
		t.Run(name, func(t *testing.T) {
			inWatchRoom(t, func(r *watchRoom) {
				who, good := ada(), ada().Again
				var asked atomic.Bool
				who.Again = func(ctx context.Context) (access.Caller, error) {
					if asked.Load() {
						return c.answer()
					}
					return good(ctx)
				}
				s, other := r.subscribe(who, "t1"), r.subscribe(ada(), "t1")
				pass(3 * time.Second)
				require.EqualValues(r, 1, had(s))
				require.EqualValues(r, 1, had(other))
				asked.Store(true)
				r.set(2, task.Running, "t1")
				pass(time.Second)
				assert.Equal(r, c.want, had(s), "told nothing of what came after")
				assert.EqualValues(r, 2, had(other), "the others are not disturbed")
				if asked.Store(false); c.want == -2 {
					pass(time.Second)
					require.EqualValues(r, 2, had(s))
				}
			})
		})
	}
}

func TestAUserWatchesABoundedNumber(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		var all []*application.Subscription
		for range application.MaxWatches {
			all = append(all, r.subscribe(ada(), "t1"))
		}
		_, err := r.watch.Subscribe(r.Context(), ada(), "t1")
		require.Equal(r, fault.RateLimited, fault.KindOf(err))
		require.False(r, fault.As(err).RetryAt.IsZero())
		all[3].Close()
		r.subscribe(ada(), "t1")
	})
}

// TestNoWatcherIsToldWhatIsOlder: a state that was read before somebody came is
// no news for them.
func TestNoWatcherIsToldWhatIsOlder(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		first := r.subscribe(ada(), "t1")
		require.EqualValues(r, 1, had(first))
		r.set(2, task.Running, "t1")
		held := make(chan struct{})
		r.mu.Lock()
		r.held = held
		r.mu.Unlock()
		pass(1500 * time.Millisecond) // the reader has read 2, and has not told yet
		r.mu.Lock()
		r.held = nil
		r.mu.Unlock()
		r.set(3, task.Running, "t1")
		late := r.subscribe(ada(), "t1")
		require.EqualValues(r, 3, had(late))
		close(held)
		synctest.Wait()
		require.EqualValues(r, 2, had(first))
		require.EqualValues(r, -2, had(late))
	})
}

func TestTheEndOfTheProcessEndsAllWatches(t *testing.T) {
	inWatchRoom(t, func(r *watchRoom) {
		s := r.subscribe(ada(), "t1")
		require.EqualValues(r, 1, had(s))
		r.watch.Close()
		require.EqualValues(r, -1, had(s))
		_, err := r.watch.Subscribe(r.Context(), ada(), "t1")
		require.Equal(r, fault.Unavailable, fault.KindOf(err))
		r.watch.Close()
	})
}
