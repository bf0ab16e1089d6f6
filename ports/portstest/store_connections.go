package portstest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// connectionChecks are the guarantees of ports.ConnectionStore.
var connectionChecks = []StoreCheck{
	{"connection/is answered, then taken by who began it, once", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		c, began, until := w.beginConnection("state"), now(), now().Add(access.CodeTime)
		w.requireNotTaken(w.user, c.ID, began) // not answered yet
		answered, err := s.AnswerConnection(w.ctx, access.HashState("state"), access.NewToken("code"), until, began)
		require.NoError(t, err)
		c.Code, c.ExpiresAt = access.NewToken("code"), until
		require.Equal(t, c, answered)

		w.requireNotTaken(w.newUser("eve"), c.ID, began)
		for _, id := range []string{"", "unknown", "gar\x00bage\xff"} {
			w.requireNotTaken(w.user, id, began)
		}
		w.requireNotTaken("garbage", c.ID, began)
		taken, err := s.TakeConnection(w.ctx, w.user, c.ID, began)
		require.NoError(t, err)
		require.Equal(t, c, taken)
		w.requireNotTaken(w.user, c.ID, began)
	}},
	{"connection/a state is good for one answer", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		c, other := w.beginConnection("state"), w.beginConnection("other")
		w.requireNoAnswer("unknown", now())
		_, err := s.AnswerConnection(w.ctx, access.HashState("state"), access.NewToken("code"), now().Add(time.Minute), now())
		require.NoError(t, err)
		w.requireNoAnswer("state", now())
		for _, none := range [][]byte{nil, {}} {
			_, err := s.AnswerConnection(w.ctx, none, access.NewToken("another code"), now().Add(time.Minute), now())
			requireKind(t, fault.NotFound, err) // no state is not that of an attempt whose state was used
		}
		taken, err := s.TakeConnection(w.ctx, w.user, c.ID, now())
		require.NoError(t, err)
		require.Equal(t, access.NewToken("code"), taken.Code, "the code of the first answer")
		w.requireNoAnswer("state", now())
		w.requireNotTaken(w.user, other.ID, now())
	}},
	{"connection/ends at its time, before the answer and after it", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		c := w.beginConnection("state")
		w.requireNoAnswer("state", c.ExpiresAt)
		until := now().Add(time.Minute)
		_, err := s.AnswerConnection(w.ctx, access.HashState("state"), access.NewToken("code"), until, c.ExpiresAt.Add(-time.Second))
		require.NoError(t, err)
		w.requireNotTaken(w.user, c.ID, until)
		_, err = s.TakeConnection(w.ctx, w.user, c.ID, until.Add(-time.Second))
		require.NoError(t, err)
	}},
	{"connection/a refusal ends it", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		c := w.beginConnection("state")
		answered, err := s.AnswerConnection(w.ctx, access.HashState("state"), access.Token{}, now().Add(time.Minute), now())
		require.NoError(t, err)
		require.Equal(t, c.ID, answered.ID)
		require.Equal(t, c.ReturnTo, answered.ReturnTo)
		w.requireNoAnswer("state", now())
		w.requireNotTaken(w.user, c.ID, now())
	}},
	{"concurrent/of many callbacks and completions one each wins", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		c := w.beginConnection("state")
		require.Equal(t, 1, count(12, func(int) bool {
			_, err := s.AnswerConnection(w.ctx, access.HashState("state"), access.NewToken("code"), now().Add(time.Minute), now())
			return err == nil
		}))
		require.Equal(t, 1, count(12, func(int) bool {
			_, err := s.TakeConnection(w.ctx, w.user, c.ID, now())
			return err == nil
		}))
	}},
}

// beginConnection begins an attempt of the user under the state.
func (w *world) beginConnection(state string) access.Connection {
	w.Helper()
	c := access.Connection{
		ID: access.NewSecret(), UserID: w.user, Provider: content.Reddit, ReturnTo: "http://localhost:3000/settings?from=größe",
		Verifier: access.NewToken(access.NewSecret()), ExpiresAt: now().Add(access.ConsentTime),
	}
	require.NoError(w, w.BeginConnection(w.ctx, c, access.HashState(state)))
	return c
}

func (w *world) requireNoAnswer(state string, at time.Time) {
	w.Helper()
	_, err := w.AnswerConnection(w.ctx, access.HashState(state), access.NewToken("another code"), at.Add(time.Minute), at)
	requireKind(w, fault.NotFound, err)
}

func (w *world) requireNotTaken(user access.UserID, id string, at time.Time) {
	w.Helper()
	_, err := w.TakeConnection(w.ctx, user, id, at)
	requireKind(w, fault.NotFound, err)
}

// budgetChecks are the guarantees of ports.BudgetStore.
var budgetChecks = []StoreCheck{
	{"budget/one that is not there is empty", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		key := access.BudgetKey{Provider: content.YouTube, Credential: "12345"}
		require.Equal(t, access.Budget{}, w.budget(key))
		require.NoError(t, s.UpdateBudget(w.ctx, key, func(b *access.Budget, _ time.Time) {
			require.Equal(t, access.Budget{}, *b)
		}))
		require.Equal(t, access.Budget{}, w.budget(key))
	}},
	{"budget/keeps what was made of it, each by its key", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		one := access.BudgetKey{Provider: content.YouTube, Credential: "12345"}
		full := access.Budget{
			Planned:   access.BudgetWindow{EndsAt: epoch, Limit: 10_000, Used: 7},
			Told:      access.BudgetWindow{EndsAt: epoch.Add(time.Millisecond), Limit: 600, Used: 599},
			HeldUntil: epoch.Add(time.Hour),
		}
		require.NoError(t, s.UpdateBudget(w.ctx, one, func(b *access.Budget, at time.Time) {
			require.WithinDuration(t, time.Now(), at, time.Minute)
			*b = full
		}))
		for _, other := range []access.BudgetKey{{Provider: content.Reddit, Credential: "12345"}, {Provider: content.YouTube, Credential: "1234"}} {
			require.Equal(t, access.Budget{}, w.budget(other))
			require.NoError(t, s.UpdateBudget(w.ctx, other, func(b *access.Budget, _ time.Time) { b.Planned.Used = 1 }))
		}
		require.Equal(t, full, w.budget(one))
		require.NoError(t, s.UpdateBudget(w.ctx, one, func(b *access.Budget, _ time.Time) {
			require.Equal(t, full, *b)
			b.Planned.Used++
		}))
		full.Planned.Used++
		require.Equal(t, full, w.budget(one))
	}},
	{"concurrent/nothing that many spend of a budget is lost", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		key := access.BudgetKey{Provider: content.YouTube, Credential: "12345"}
		done := count(24, func(int) bool {
			return untilServed(func() error {
				return s.UpdateBudget(w.ctx, key, func(b *access.Budget, _ time.Time) { b.Planned.Used++ })
			}) == nil
		})
		require.Equal(t, 24, done)
		require.EqualValues(t, 24, w.budget(key).Planned.Used)
	}},
}

// budget returns the budget as it stands.
func (w *world) budget(key access.BudgetKey) access.Budget {
	w.Helper()
	b, at, err := w.Budget(w.ctx, key)
	require.NoError(w, err)
	require.WithinDuration(w, time.Now(), at, time.Minute)
	return b
}
