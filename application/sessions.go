package application

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// SessionTime is how long somebody stays signed in at the console.
const SessionTime = 12 * time.Hour

// Sessions signs people in at the console with an API key, for which their
// session stands: it is good only while the key is.
type Sessions struct {
	accounts *Accounts
	keys     ports.AccessStore
	store    ports.SessionStore
}

// NewSessions returns the use cases.
func NewSessions(accounts *Accounts, keys ports.Store, store ports.SessionStore) *Sessions {
	return &Sessions{accounts: accounts, keys: keys, store: store}
}

// SignIn begins a session of the key and returns its id, which is a secret; only
// its hash is kept. Error kinds: Unauthenticated.
func (s *Sessions) SignIn(ctx context.Context, secret string) (string, error) {
	key, _, err := s.keys.APIKey(ctx, access.HashAPIKey(secret))
	if fault.Is(err, fault.NotFound) {
		return "", fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "this API key is not known here")
	}
	if err != nil {
		return "", err
	}
	if err := key.Usable(now()); err != nil {
		return "", err
	}
	id := access.NewSecret()
	return id, s.store.CreateSession(ctx, hashSession(id), key.ID, now().Add(SessionTime))
}

// Caller returns who is signed in. A session that ended, or whose key was
// revoked, is refused within 5 seconds, in other processes as well. Error kinds:
// Unauthenticated.
func (s *Sessions) Caller(ctx context.Context, id string) (access.Caller, error) {
	hash := hashSession(id)
	cacheKey := "session " + string(hash)
	if caller, ok := s.accounts.cache.get(cacheKey); ok {
		return caller, nil
	}
	key, user, err := s.store.Session(ctx, hash, now())
	if fault.Is(err, fault.NotFound) {
		return access.Caller{}, fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "you are not signed in, or no longer")
	}
	if err != nil {
		return access.Caller{}, err
	}
	if err := key.Usable(now()); err != nil {
		return access.Caller{}, err
	}
	caller := access.Caller{User: user, Permissions: key.Permissions}
	s.accounts.cache.put(cacheKey, caller)
	return caller, nil
}

// SignOut ends the session.
func (s *Sessions) SignOut(ctx context.Context, id string) error {
	if err := s.store.DeleteSession(ctx, hashSession(id)); err != nil {
		return err
	}
	s.accounts.cache.clear()
	return nil
}

// hashSession returns what is stored of a session's id. Like an API key it has
// 256 random bits, so that a plain SHA-256 is enough.
func hashSession(id string) []byte { return access.HashAPIKey(id) }
