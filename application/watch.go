package application

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// watchEvery is how often the watched tasks are read, and the most often that
	// a watcher hears of a task before its end (contract §2).
	watchEvery = time.Second
	// watchLeeway is what a tick may come early without skipping its turn.
	watchLeeway = 50 * time.Millisecond
	// watchTimeout bounds one read, so that a database that hangs is asked again.
	watchTimeout = 5 * time.Second
	// MaxWatches is how many tasks one user may watch at a time, in a process.
	MaxWatches = 50
)

// Watcher is who watches, and how to find out that they no longer may.
type Watcher struct {
	access.Caller
	// Again authenticates the caller once more. It is called every second, by one
	// goroutine at a time, so it must be cheap. Unauthenticated, or a caller who
	// is another or may not read tasks, ends the subscription; after any other
	// error the watcher is told nothing until it works again.
	Again func(context.Context) (access.Caller, error)
}

// Watch tells people how their tasks get on while they look: one reader a
// process asks for all watched tasks, once a second, while there are any. It is
// safe for concurrent use.
type Watch struct {
	tasks *Tasks
	store ports.WatchStore
	log   *slog.Logger

	mu     sync.Mutex
	topics map[task.ID]*topic
	users  map[access.UserID]int
	closed bool
	// stop ends the reader, which closes done; nil while there is none.
	stop context.CancelFunc
	done chan struct{}
}

// topic is a task that somebody watches.
type topic struct {
	pace     task.Pace
	watchers map[*Subscription]struct{}
}

// NewWatch returns the use case. Close ends it.
func NewWatch(tasks *Tasks, store ports.WatchStore, log *slog.Logger) *Watch {
	return &Watch{tasks: tasks, store: store, log: log, topics: map[task.ID]*topic{}, users: map[access.UserID]int{}}
}

// Subscription is one watcher's view of one task.
type Subscription struct {
	watch   *Watch
	id      task.ID
	who     Watcher
	updates chan task.Progress
	// The rest is guarded by watch.mu.
	told  string // the revision that the watcher had last
	at    time.Time
	ended bool
}

// Subscribe lets somebody watch a task of theirs: the task as it stands is the
// first update. Close the subscription when done with it. Error kinds: NotFound,
// Forbidden, RateLimited for the 51st at a time, Unavailable when the process is
// about to end.
func (w *Watch) Subscribe(ctx context.Context, who Watcher, id task.ID) (*Subscription, error) {
	s := &Subscription{watch: w, id: id, who: who, updates: make(chan task.Progress, 1)}
	if err := w.admit(who.User.ID); err != nil {
		return nil, err
	}
	now, err := w.tasks.Task(ctx, who.Caller, id)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && w.closed {
		err = errClosing()
	}
	if err != nil {
		w.release(who.User.ID)
		return nil, err
	}
	t := w.topics[id]
	if t == nil {
		t = &topic{watchers: map[*Subscription]struct{}{}}
		w.topics[id] = t
	}
	t.watchers[s] = struct{}{}
	s.tell(t.pace.Look(now, time.Now()))
	w.start(ctx)
	return s, nil
}

// Updates has the newest state that the watcher has not had; older ones are
// dropped. It is closed after the end of the task, and when there is nothing
// more to tell: the task was deleted, the watcher may not watch any more, or the
// process is about to end.
func (s *Subscription) Updates() <-chan task.Progress { return s.updates }

// Close ends the subscription. It may be called twice.
func (s *Subscription) Close() {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.watch.end(s)
}

// Close ends all subscriptions for good, and returns when the reader has ended.
func (w *Watch) Close() {
	if done := w.close(); done != nil {
		<-done
	}
}

func (w *Watch) close() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, t := range w.topics {
		for s := range t.watchers {
			w.end(s)
		}
	}
	return w.done
}

func errClosing() error {
	return fault.New(fault.Unavailable, fault.CodeUnavailable, "this process is about to end; try again")
}

// admit counts the watches of a user.
func (w *Watch) admit(user access.UserID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosing()
	}
	if w.users[user] >= MaxWatches {
		return fault.New(fault.RateLimited, fault.CodeTooManyRequests,
			"you watch %d tasks already; close a stream first", MaxWatches).At(now().Add(watchEvery))
	}
	w.users[user]++
	return nil
}

// release takes a watch off the user's count; the lock is held.
func (w *Watch) release(user access.UserID) {
	if w.users[user]--; w.users[user] == 0 {
		delete(w.users, user)
	}
}

// end lets a watcher go, and the reader with the last one; the lock is held.
func (w *Watch) end(s *Subscription) {
	if s.ended {
		return
	}
	s.ended = true
	close(s.updates)
	w.release(s.who.User.ID)
	t := w.topics[s.id]
	if delete(t.watchers, s); len(t.watchers) == 0 {
		delete(w.topics, s.id)
	}
	if len(w.topics) == 0 && w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// tell replaces what the watcher has not read yet; the lock is held, so that
// nobody else fills the channel.
func (s *Subscription) tell(p task.Progress) {
	select {
	case <-s.updates:
	default:
	}
	s.updates <- p
	s.told, s.at = p.Revision, time.Now()
	if p.Status.Ended() {
		s.watch.end(s)
	}
}
