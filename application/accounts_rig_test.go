package application_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// accountStore keeps integrations and connections in memory, by the contracts of
// ports.IntegrationStore and ports.ConnectionStore, and can be made to fail. The
// tests of the use cases need no database; the SQL store has the same kit.
type accountStore struct {
	mu          sync.Mutex
	rows        []*accountRow
	connections map[string]*connectionRow // by state hash

	reads, saves int
	failSaves    int // how many of the next SaveRefreshed fail
	failReseals  error
	stale        int // secrets that another key wrote
}

type accountRow struct {
	ports.HeldIntegration
	claimedUntil time.Time
}

type connectionRow struct {
	access.Connection
	answered, over bool
}

func newAccountStore() *accountStore { return &accountStore{connections: map[string]*connectionRow{}} }

var errNoRow = fault.New(fault.NotFound, fault.CodeNotFound, "there is no such row")

// add stores an integration of a grant as it is.
func (s *accountStore) add(user access.UserID, p content.ProviderID, g access.Grant, change ...func(*ports.HeldIntegration)) string {
	held := ports.HeldIntegration{
		Integration: access.Integration{
			ID: uuid.Must(uuid.NewV7()).String(), UserID: user, Provider: p, Scopes: g.Scopes, ExpiresAt: g.ExpiresAt,
			Renewable: !g.Refresh.Empty(), CreatedAt: time.Now(), Version: 1, LastUsedAt: time.Now(),
		},
		Credentials: g.Credentials,
	}
	held.AccountID = held.ID
	for _, c := range change {
		c(&held)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, &accountRow{HeldIntegration: held})
	return held.ID
}

// row returns an integration as it is stored.
func (s *accountStore) row(id string) ports.HeldIntegration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(id); r != nil {
		return r.HeldIntegration
	}
	return ports.HeldIntegration{}
}

// change changes a row behind everybody's back.
func (s *accountStore) change(id string, fn func(*ports.HeldIntegration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(&s.find(id).HeldIntegration)
}

func (s *accountStore) find(id string) *accountRow {
	for _, r := range s.rows {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (s *accountStore) Integrations(_ context.Context, user access.UserID, p ports.Paging) (ports.Listed[access.Integration], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var listed ports.Listed[access.Integration]
	for _, r := range slices.Backward(s.rows) {
		if r.UserID == user && len(listed.Items) < p.Limit {
			listed.Items = append(listed.Items, r.Integration)
		}
	}
	return listed, nil
}

func (s *accountStore) Integration(ctx context.Context, user access.UserID, p content.ProviderID, id string) (ports.HeldIntegration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	var newest *accountRow
	for _, r := range slices.Backward(s.rows) {
		if r.UserID != user || r.Provider != p || id != "" && r.ID != id {
			continue
		}
		if newest == nil || newest.Reason != "" && r.Reason == "" {
			newest = r
		}
	}
	if newest == nil {
		return ports.HeldIntegration{}, errNoRow
	}
	return newest.HeldIntegration, ctx.Err()
}

func (s *accountStore) SaveIntegration(_ context.Context, in ports.HeldIntegration) (access.Integration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.UserID == in.UserID && r.Provider == in.Provider && r.AccountID == in.AccountID {
			in.ID, in.CreatedAt, in.Version = r.ID, r.CreatedAt, r.Version+1
			r.HeldIntegration = in
			return in.Integration, nil
		}
	}
	in.Version = 1
	s.rows = append(s.rows, &accountRow{HeldIntegration: in})
	return in.Integration, nil
}

func (s *accountStore) ClaimRefresh(_ context.Context, id string, version int64, length time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil || r.Version != version || time.Now().Before(r.claimedUntil) {
		return false, nil
	}
	r.claimedUntil = time.Now().Add(length)
	return true, nil
}

func (s *accountStore) SaveRefreshed(_ context.Context, in ports.HeldIntegration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failSaves > 0 {
		s.failSaves--
		return false, fault.Wrap(errors.New("disk full"), fault.Unavailable, fault.CodeUnavailable, "the database is out of reach")
	}
	r := s.find(in.ID)
	if r == nil || r.Version != in.Version {
		return false, nil
	}
	s.saves++
	in.Version++
	*r = accountRow{HeldIntegration: in}
	return true, nil
}

func (s *accountStore) MarkReconnect(_ context.Context, id string, version int64, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(id); r != nil && r.Version == version {
		r.Reason, r.claimedUntil = reason, time.Time{}
	}
	return nil
}

func (s *accountStore) TouchIntegration(_ context.Context, id string, now time.Time) error {
	s.change(id, func(h *ports.HeldIntegration) { h.LastUsedAt = now })
	return nil
}

func (s *accountStore) DeleteIntegration(_ context.Context, user access.UserID, id string) (ports.HeldIntegration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil || r.UserID != user {
		return ports.HeldIntegration{}, errNoRow
	}
	s.rows = slices.DeleteFunc(s.rows, func(o *accountRow) bool { return o == r })
	return r.HeldIntegration, nil
}

func (s *accountStore) ResealSecrets(_ context.Context, limit int) (int, error) {
	if s.failReseals != nil {
		return 0, s.failReseals
	}
	n := min(limit, s.stale)
	s.stale -= n
	return n, nil
}

func (s *accountStore) BeginConnection(_ context.Context, c access.Connection, stateHash []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections[string(stateHash)] = &connectionRow{Connection: c}
	return nil
}

func (s *accountStore) AnswerConnection(_ context.Context, stateHash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.connections[string(stateHash)]
	if c == nil || c.answered || !now.Before(c.ExpiresAt) {
		return access.Connection{}, errNoRow
	}
	c.answered, c.over, c.Code, c.ExpiresAt = true, code.Empty(), code, until
	return c.Connection, nil
}

func (s *accountStore) TakeConnection(_ context.Context, user access.UserID, id string, now time.Time) (access.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.connections {
		if c.ID == id && c.UserID == user && c.answered && !c.over && now.Before(c.ExpiresAt) {
			c.over = true
			return c.Connection, nil
		}
	}
	return access.Connection{}, errNoRow
}

var (
	_ ports.IntegrationStore = (*accountStore)(nil)
	_ ports.ConnectionStore  = (*accountStore)(nil)
)
