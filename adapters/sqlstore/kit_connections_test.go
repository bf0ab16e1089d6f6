package sqlstore

import (
	"context"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// These are the wrappers of brokenAccounts that break promises about
// connections and budgets.

type answersAgain struct {
	ports.Store
	answers sync.Map
}

func (s *answersAgain) AnswerConnection(ctx context.Context, hash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	if c, before := s.answers.Load(string(hash)); before {
		return c.(access.Connection), nil
	}
	c, err := s.Store.AnswerConnection(ctx, hash, code, until, now)
	if err == nil {
		s.answers.Store(string(hash), c)
	}
	return c, err
}

type takenByAnybody struct {
	ports.Store
	owners sync.Map
}

func (s *takenByAnybody) BeginConnection(ctx context.Context, c access.Connection, hash []byte) error {
	s.owners.Store(c.ID, c.UserID)
	return s.Store.BeginConnection(ctx, c, hash)
}

func (s *takenByAnybody) TakeConnection(ctx context.Context, user access.UserID, id string, now time.Time) (access.Connection, error) {
	if owner, ok := s.owners.Load(id); ok {
		user = owner.(access.UserID)
	}
	return s.Store.TakeConnection(ctx, user, id, now)
}

type neverTooLate struct{ ports.Store }

func (s neverTooLate) TakeConnection(ctx context.Context, user access.UserID, id string, now time.Time) (access.Connection, error) {
	return s.Store.TakeConnection(ctx, user, id, now.Add(-time.Hour))
}

type ignoresRefusal struct{ ports.Store }

func (s ignoresRefusal) AnswerConnection(ctx context.Context, hash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	if code.Empty() {
		code = access.NewToken("no code")
	}
	return s.Store.AnswerConnection(ctx, hash, code, until, now)
}

type oneBudget struct{ ports.Store }

func (s oneBudget) UpdateBudget(ctx context.Context, key access.BudgetKey, fn func(*access.Budget, time.Time)) error {
	key.Credential = "all"
	return s.Store.UpdateBudget(ctx, key, fn)
}

func (s oneBudget) Budget(ctx context.Context, key access.BudgetKey) (access.Budget, time.Time, error) {
	key.Credential = "all"
	return s.Store.Budget(ctx, key)
}

// losesSpending lets two read before either writes.
type losesSpending struct {
	ports.Store
	first access.Budget
	once  sync.Once
}

func (s *losesSpending) UpdateBudget(ctx context.Context, key access.BudgetKey, fn func(*access.Budget, time.Time)) error {
	s.once.Do(func() { s.first, _, _ = s.Budget(ctx, key) })
	return s.Store.UpdateBudget(ctx, key, func(b *access.Budget, now time.Time) {
		*b = s.first
		fn(b, now)
	})
}

type wrongClock struct{ ports.Store }

func (s wrongClock) Budget(ctx context.Context, key access.BudgetKey) (access.Budget, time.Time, error) {
	b, now, err := s.Store.Budget(ctx, key)
	return b, now.Add(-time.Hour), err
}

type answersLate struct{ ports.Store }

func (s answersLate) AnswerConnection(ctx context.Context, hash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	return s.Store.AnswerConnection(ctx, hash, code, until, now.Add(-time.Hour))
}

// answersNone finds an attempt whose state was taken away by no state.
type answersNone struct {
	ports.Store
	last access.Connection
}

func (s *answersNone) AnswerConnection(ctx context.Context, hash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	if len(hash) == 0 && s.last.ID != "" {
		return s.last, nil
	}
	c, err := s.Store.AnswerConnection(ctx, hash, code, until, now)
	if err == nil {
		s.last = c
	}
	return c, err
}

type allCallbacksWin struct{ ports.Store }

func (s allCallbacksWin) AnswerConnection(ctx context.Context, hash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	c, err := s.Store.AnswerConnection(ctx, hash, code, until, now)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return c, nil
	}
	return c, err
}
