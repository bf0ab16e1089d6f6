package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

// brokenStore breaks one promise of ports.Store, which the named check must
// notice.
type brokenStore struct {
	notices string
	broken  func(ports.Store) ports.Store
}

// TestTheKitFailsOnBrokenStores proves the kit: the check that must notice a
// broken store passes on the one that is not broken.
func TestTheKitFailsOnBrokenStores(t *testing.T) {
	t.Parallel()
	for _, kind := range []map[string]brokenStore{brokenTasks, brokenAccounts} {
		for name, c := range kind {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check := checkOf(t, c.notices)
				require.False(t, fails(t, check, newSQLite(t)), "the check fails on a good store")
				require.True(t, fails(t, check, c.broken(newSQLite(t))), "nothing was noticed")
			})
		}
	}
}

// brokenTasks are wrappers that break promises about tasks, posts, users and
// keys.
var brokenTasks = map[string]brokenStore{
	"loses the last post of a page": {
		"page/is one transaction: posts, cursor, counters, subtasks",
		func(s ports.Store) ports.Store { return losesPosts{s} },
	},
	"forgets a page's subtasks": {
		"page/is one transaction: posts, cursor, counters, subtasks",
		func(s ports.Store) ports.Store { return forgetsSpawn{s} },
	},
	"stores posts over the cap": {
		"page/never goes over the cap, and meets it",
		func(s ports.Store) ports.Store { return ignoresCap{s} },
	},
	"sorts the caller's slice": {
		"page/the caller's slice stays as it was",
		func(s ports.Store) ports.Store { return sortsCallersSlice{s} },
	},
	"claims what is claimed": {
		"work/a claim starts the task, and there is only one",
		func(s ports.Store) ports.Store { return claimsTwice{s} },
	},
	"lets a lost lease finish": {
		"work/an outcome is applied once",
		func(s ports.Store) ports.Store { return zombieFinishes{s} },
	},
	"says that all leases are held": {
		"work/renewing tells what is still held",
		func(s ports.Store) ports.Store { return &renewsAll{Store: s} },
	},
	"never takes a lease back": {
		"work/a lease that ran out is taken back, and five are enough",
		func(s ports.Store) ports.Store { return neverSweeps{s} },
	},
	"dispatches without limits": {
		"work/dispatch keeps to the limits and to one task where asked",
		func(s ports.Store) ports.Store { return dispatchesAll{s} },
	},
	"shows tasks to everybody": {
		"task/of somebody else, unknown or garbage is not found",
		func(s ports.Store) ports.Store { return &showsAll{Store: s} },
	},
	"swallows the error of an update": {
		"task/update stores what fn made, or nothing",
		func(s ports.Store) ports.Store { return swallowsErrors{s} },
	},
	"deletes nothing": {
		"task/deleting takes subtasks, posts and exports with it",
		func(s ports.Store) ports.Store { return deletesNothing{s} },
	},
	"gathers no repeats": {
		"judge/the last pass finds what turned out to be repeated",
		func(s ports.Store) ports.Store { return countsNoRepeats{s} },
	},
	"keeps verdicts of half a batch": {
		"judge/verdicts and sentiments are kept and counted",
		func(s ports.Store) ports.Store { return halfVerdicts{s} },
	},
	"walks on behind an error": {
		"read/each post in order, once, until told to stop",
		func(s ports.Store) ports.Store { return walksOn{s} },
	},
	"takes threads apart": {
		"threads/each comment is followed by its tree, depth first",
		func(s ports.Store) ports.Store { return goesByTime{s} },
	},
	"makes a key for each export": {
		"exports/a task has one key, which goes with it",
		func(s ports.Store) ports.Store { return freshKeys{s} },
	},
	"forgets the files of what is deleted": {
		"exports/the file of a deleted export is listed at once",
		func(s ports.Store) ports.Store { return forgetsFiles{s} },
	},
	"ignores the filter": {
		"read/filters choose",
		func(s ports.Store) ports.Store { return ignoresFilter{s} },
	},
	"forgets answers": {
		"access/idempotent requests keep the first answer",
		func(s ports.Store) ports.Store { return forgetsAnswers{s} },
	},
	"revokes no key": {
		"access/keys are found by their hash until revoked",
		func(s ports.Store) ports.Store { return revokesNothing{s} },
	},
	"makes a user at each request for it": {
		"access/users exist once",
		func(s ports.Store) ports.Store { return newUserEachTime{s} },
	},
}

func checkOf(t *testing.T, name string) portstest.StoreCheck {
	t.Helper()
	checks := portstest.StoreChecks()
	i := slices.IndexFunc(checks, func(c portstest.StoreCheck) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, "there is no check %q", name)
	return checks[i]
}

// fails runs a check on a goroutine of its own, which FailNow ends.
func fails(t *testing.T, c portstest.StoreCheck, s ports.Store) bool {
	r := &recorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		c.Run(r, s)
	}()
	<-done
	return r.failed
}

type recorder struct {
	ctx    context.Context
	failed bool
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(string, ...any)    { r.failed = true }
func (r *recorder) FailNow()                 { r.failed = true; runtime.Goexit() }

type losesPosts struct{ ports.Store }

func (s losesPosts) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	w.Posts = w.Posts[:max(0, len(w.Posts)-1)]
	return s.Store.SavePage(ctx, l, w)
}

type forgetsSpawn struct{ ports.Store }

func (s forgetsSpawn) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	w.Spawn = nil
	return s.Store.SavePage(ctx, l, w)
}

type ignoresCap struct{ ports.Store }

func (s ignoresCap) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	l.Task.Options.MaxPosts = 0
	return s.Store.SavePage(ctx, l, w)
}

type sortsCallersSlice struct{ ports.Store }

func (s sortsCallersSlice) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	slices.Reverse(w.Posts)
	return s.Store.SavePage(ctx, l, w)
}

type claimsTwice struct{ ports.Store }

func (s claimsTwice) Claim(ctx context.Context, d ports.Delivery, owner string, lease time.Duration) (ports.Lease, error) {
	l, err := s.Store.Claim(ctx, d, owner, lease)
	if errors.Is(err, ports.ErrLeaseLost) {
		return ports.Lease{}, nil
	}
	return l, err
}

type zombieFinishes struct{ ports.Store }

func (s zombieFinishes) Finish(ctx context.Context, l ports.Lease, o task.Outcome) error {
	if err := s.Store.Finish(ctx, l, o); !errors.Is(err, ports.ErrLeaseLost) {
		return err
	}
	return nil
}

type renewsAll struct {
	ports.Store
	seen []task.SubtaskID
}

func (s *renewsAll) Renew(ctx context.Context, owner string, ids []task.SubtaskID, lease time.Duration) ([]task.SubtaskID, error) {
	held, err := s.Store.Renew(ctx, owner, ids, lease)
	s.seen = append(s.seen, held...)
	slices.Sort(s.seen)
	s.seen = slices.Compact(s.seen)
	return s.seen, err
}

type neverSweeps struct{ ports.Store }

func (neverSweeps) Sweep(context.Context, ports.SweepLimits) (ports.Swept, error) {
	return ports.Swept{}, nil
}

type dispatchesAll struct{ ports.Store }

func (s dispatchesAll) Dispatch(ctx context.Context, _ task.Limits) ([]ports.Delivery, error) {
	return s.Store.Dispatch(ctx, task.Limits{PerTask: 100, PerUser: 100, Running: 100, Total: 1000})
}

type showsAll struct {
	ports.Store
	owner access.UserID
}

func (s *showsAll) CreateTask(ctx context.Context, t *task.Task, first []*task.Subtask) error {
	s.owner = t.State().User
	return s.Store.CreateTask(ctx, t, first)
}

func (s *showsAll) Task(ctx context.Context, _ access.UserID, id task.ID) (task.State, error) {
	return s.Store.Task(ctx, s.owner, id)
}

type swallowsErrors struct{ ports.Store }

func (s swallowsErrors) UpdateTask(ctx context.Context, user access.UserID, id task.ID, fn func(*task.Task) error) (task.State, error) {
	var kept error
	state, err := s.Store.UpdateTask(ctx, user, id, func(t *task.Task) error { kept = fn(t); return nil })
	return state, errors.Join(err, kept)
}

type deletesNothing struct{ ports.Store }

func (s deletesNothing) DeleteTask(ctx context.Context, user access.UserID, id task.ID) ([]task.State, error) {
	t, err := s.Store.Task(ctx, user, id)
	return []task.State{t}, err
}

type countsNoRepeats struct{ ports.Store }

func (countsNoRepeats) CountRepeats(context.Context, ports.Lease) ([]task.StaleBatch, error) {
	return nil, nil
}

type halfVerdicts struct{ ports.Store }

func (s halfVerdicts) SaveSpam(ctx context.Context, l ports.Lease, b task.BatchID, r []ports.SpamResult) error {
	return s.Store.SaveSpam(ctx, l, b, r[:len(r)/2])
}

type walksOn struct{ ports.Store }

func (s walksOn) EachPost(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, o analysis.WalkOrder, fn func(*analysis.JudgedPost) error) error {
	return s.Store.EachPost(ctx, user, id, f, o, func(p *analysis.JudgedPost) error { _ = fn(p); return nil })
}

type goesByTime struct{ ports.Store }

func (s goesByTime) EachPost(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, _ analysis.WalkOrder, fn func(*analysis.JudgedPost) error) error {
	return s.Store.EachPost(ctx, user, id, f, analysis.ByTime, fn)
}

type freshKeys struct{ ports.Store }

func (s freshKeys) PseudonymKey(ctx context.Context, user access.UserID, id task.ID, fresh []byte) ([]byte, error) {
	_, err := s.Store.PseudonymKey(ctx, user, id, fresh)
	return fresh, err
}

type forgetsFiles struct{ ports.Store }

func (s forgetsFiles) DeleteTask(ctx context.Context, user access.UserID, id task.ID) ([]task.State, error) {
	removed, err := s.Store.DeleteTask(ctx, user, id)
	for _, t := range removed {
		err = errors.Join(err, s.ExportsRemoved(ctx, []task.ID{t.ID}))
	}
	return removed, err
}

type ignoresFilter struct{ ports.Store }

func (s ignoresFilter) Posts(ctx context.Context, user access.UserID, id task.ID, _ analysis.PostFilter, o analysis.Order, p ports.Paging) (ports.Listed[analysis.JudgedPost], error) {
	return s.Store.Posts(ctx, user, id, analysis.PostFilter{}, o, p)
}

type forgetsAnswers struct{ ports.Store }

func (s forgetsAnswers) KeepAnswer(ctx context.Context, r ports.IdempotentRequest, _ ports.StoredAnswer) error {
	return s.ForgetRequest(ctx, r)
}

type revokesNothing struct{ ports.Store }

func (revokesNothing) RevokeAPIKey(context.Context, access.UserID, string, time.Time) error {
	return nil
}

type newUserEachTime struct{ ports.Store }

func (s newUserEachTime) EnsureUser(ctx context.Context, u access.User) (access.User, error) {
	u.Name, u.Subject = fmt.Sprint(u.Name, u.ID), fmt.Sprint(u.Subject, u.ID)
	return s.Store.EnsureUser(ctx, u)
}
