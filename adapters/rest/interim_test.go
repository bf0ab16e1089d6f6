package rest_test

import (
	"context"
	"sync"
	"time"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// sqlStore is the SQLite store, with connected accounts and budgets in memory
// until sqlstore keeps them: then this file goes, and sqlStore is *sqlstore.Store.
type sqlStore struct {
	*sqlstore.Store
	*accountRows
}

func newSQLStore(s *sqlstore.Store) sqlStore {
	return sqlStore{s, &accountRows{conns: map[string]access.Connection{}, ids: map[string]access.Connection{}}}
}

type accountRows struct {
	mu    sync.Mutex
	ins   []ports.HeldIntegration
	conns map[string]access.Connection
	ids   map[string]access.Connection
}

var znf = fault.New(fault.NotFound, fault.CodeNotFound, "there is nothing of that id")

func (s *accountRows) Integrations(ctx context.Context, user access.UserID, p ports.Paging) (ports.Listed[access.Integration], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var l ports.Listed[access.Integration]
	if p.After != "" {
		return l, fault.New(fault.Invalid, fault.CodeBadCursor, "bad")
	}
	for _, in := range s.ins {
		if in.UserID == user {
			l.Items = append(l.Items, in.Integration)
		}
	}
	return l, nil
}
func (s *accountRows) Integration(ctx context.Context, user access.UserID, provider content.ProviderID, id string) (ports.HeldIntegration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.ins {
		if in.UserID == user && in.ID == id && in.Provider == provider {
			return in, nil
		}
	}
	return ports.HeldIntegration{}, znf
}
func (s *accountRows) SaveIntegration(ctx context.Context, in ports.HeldIntegration) (access.Integration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ins = append(s.ins, in)
	return in.Integration, nil
}
func (s *accountRows) ClaimRefresh(ctx context.Context, id string, version int64, length time.Duration) (claimed bool, err error) {
	return false, nil
}
func (s *accountRows) SaveRefreshed(ctx context.Context, in ports.HeldIntegration) (saved bool, err error) {
	return false, nil
}
func (s *accountRows) MarkReconnect(ctx context.Context, id string, version int64, reason string) error {
	return nil
}
func (s *accountRows) TouchIntegration(ctx context.Context, id string, now time.Time) error {
	return nil
}
func (s *accountRows) DeleteIntegration(ctx context.Context, user access.UserID, id string) (ports.HeldIntegration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, in := range s.ins {
		if in.UserID == user && in.ID == id {
			s.ins = append(s.ins[:i:i], s.ins[i+1:]...)
			return in, nil
		}
	}
	return ports.HeldIntegration{}, znf
}
func (s *accountRows) ResealSecrets(ctx context.Context, limit int) (int, error) { return 0, nil }
func (s *accountRows) BeginConnection(ctx context.Context, c access.Connection, stateHash []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[string(stateHash)] = c
	return nil
}
func (s *accountRows) AnswerConnection(ctx context.Context, stateHash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.conns[string(stateHash)]
	if !ok {
		return c, znf
	}
	delete(s.conns, string(stateHash))
	c.Code = code
	if !code.Empty() {
		s.ids[c.ID] = c
	}
	return c, nil
}
func (s *accountRows) TakeConnection(ctx context.Context, user access.UserID, id string, now time.Time) (access.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.ids[id]
	if !ok || c.UserID != user {
		return access.Connection{}, znf
	}
	delete(s.ids, id)
	return c, nil
}
func (s *accountRows) UpdateBudget(ctx context.Context, key access.BudgetKey, fn func(b *access.Budget, now time.Time)) error {
	var b access.Budget
	fn(&b, time.Now())
	return nil
}
func (s *accountRows) Budget(ctx context.Context, key access.BudgetKey) (access.Budget, time.Time, error) {
	return access.Budget{}, time.Now(), nil
}
