package application

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// start begins reading unless somebody does already; the lock is held. The
// reader outlives the request of the watcher who came first.
func (w *Watch) start(ctx context.Context) {
	if w.stop != nil || len(w.topics) == 0 {
		return
	}
	before, done := w.done, make(chan struct{})
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.done = done
	go func() {
		defer close(done)
		if before != nil {
			<-before // it is on its way out: there is one reader at a time
		}
		w.read(ctx)
	}()
}

// read looks once a second until ctx ends.
func (w *Watch) read(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := w.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			w.log.WarnContext(ctx, "watched tasks cannot be read; their watchers wait", "error", err)
		}
		failing = err != nil
	}
}

// look is one turn: whoever may not watch any more goes, the others hear what
// has changed.
func (w *Watch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	watchers := w.watchers()
	allowed, err := w.check(ctx, watchers)
	if err != nil || len(allowed) == 0 {
		return err
	}
	ids := make([]task.ID, 0, len(watchers))
	for id := range watchers {
		ids = append(ids, id)
	}
	found, err := w.store.TasksNow(ctx, ids)
	if err != nil {
		return err
	}
	states := make(map[task.ID]task.State, len(found))
	for _, s := range found {
		states[s.ID] = s
	}
	w.spread(allowed, states)
	return nil
}

// watchers returns who watches before the tasks are read: what is read then is
// no news for those who come later.
func (w *Watch) watchers() map[task.ID][]*Subscription {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make(map[task.ID][]*Subscription, len(w.topics))
	for id, t := range w.topics {
		for s := range t.watchers {
			all[id] = append(all[id], s)
		}
	}
	return all
}

// check asks for each watcher whether they still may, and lets those go who may
// not. Whoever cannot be asked about is told nothing this time.
func (w *Watch) check(ctx context.Context, watchers map[task.ID][]*Subscription) ([]*Subscription, error) {
	var allowed []*Subscription
	var unsure error
	for _, of := range watchers {
		for _, s := range of {
			switch err := s.who.still(ctx); {
			case err == nil:
				allowed = append(allowed, s)
			case fault.Is(err, fault.Unauthenticated), fault.Is(err, fault.Forbidden):
				s.Close()
			default:
				unsure = err
			}
		}
	}
	if len(allowed) == 0 {
		return nil, unsure
	}
	return allowed, nil
}

// still returns nil if the watcher is who they were and may read tasks.
func (w Watcher) still(ctx context.Context) error {
	by, err := w.Again(ctx)
	if err != nil {
		return err
	}
	if by.User.ID != w.User.ID {
		return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "this is somebody else now")
	}
	return by.May(access.TasksRead)
}

// spread tells the watchers what is new to them.
func (w *Watch) spread(watchers []*Subscription, states map[task.ID]task.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, seen := time.Now(), map[task.ID]task.Progress{}
	for _, s := range watchers {
		state, exists := states[s.id]
		switch {
		case s.ended:
			continue
		case !exists:
			w.end(s) // somebody deleted the task
			continue
		}
		p, looked := seen[s.id]
		if !looked {
			p = w.topics[s.id].pace.Look(state, now)
			seen[s.id] = p
		}
		if p.Revision != s.told && (p.Status.Ended() || now.Sub(s.at) >= watchEvery-watchLeeway) {
			s.tell(p)
		}
	}
}
