package application

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// Accounts tells who calls, and manages the keys with which they do.
type Accounts struct {
	store ports.AccessStore
	cache *callerCache
}

// NewAccounts returns the use cases.
func NewAccounts(store ports.Store) *Accounts {
	return &Accounts{store: store, cache: newCallerCache()}
}

// ByAPIKey returns the caller of an API key. A key that was revoked elsewhere
// is refused within 5 seconds. Error kinds: Unauthenticated.
func (a *Accounts) ByAPIKey(ctx context.Context, secret string) (access.Caller, error) {
	hash := access.HashAPIKey(secret)
	if caller, ok := a.cache.get(string(hash)); ok {
		return caller, nil
	}
	key, user, err := a.store.APIKey(ctx, hash)
	if fault.Is(err, fault.NotFound) {
		return access.Caller{}, fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "this API key is not known here")
	}
	if err != nil {
		return access.Caller{}, err
	}
	if err := key.Usable(now()); err != nil {
		return access.Caller{}, err
	}
	caller := access.Caller{User: user, Permissions: key.Permissions}
	a.cache.put(string(hash), caller)
	return caller, nil
}

// KnowsKey tells whether there is a key with that secret, usable or not.
func (a *Accounts) KnowsKey(ctx context.Context, secret string) (bool, error) {
	_, _, err := a.store.APIKey(ctx, access.HashAPIKey(secret))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// BySubject returns the caller that an accepted JWT names; the user exists
// from then on. A token without a scope gets the default permissions, and
// scopes that are no permissions are passed over.
func (a *Accounts) BySubject(ctx context.Context, issuer, subject, name string, scopes []string) (access.Caller, error) {
	permissions := access.DefaultPermissions()
	if scopes != nil {
		permissions = permissionsIn(scopes)
	}
	cacheKey := fmt.Sprintf("%q %q %q", issuer, subject, permissions)
	if caller, ok := a.cache.get(cacheKey); ok {
		return caller, nil
	}
	user, err := a.store.EnsureUser(ctx, access.User{
		ID: access.UserID(newID()), Name: name, Issuer: issuer, Subject: subject, CreatedAt: now(),
	})
	if err != nil {
		return access.Caller{}, err
	}
	caller := access.Caller{User: user, Permissions: permissions}
	a.cache.put(cacheKey, caller)
	return caller, nil
}

func permissionsIn(scopes []string) []access.Permission {
	permissions := []access.Permission{}
	for _, s := range scopes {
		if p, err := access.ParsePermission(s); err == nil {
			permissions = append(permissions, p)
		}
	}
	return permissions
}

// Local returns a user of that name who may do everything, made if there is
// none: whoever runs Soundings on their own machine.
func (a *Accounts) Local(ctx context.Context, name string) (access.Caller, error) {
	user, err := a.store.EnsureUser(ctx, access.User{ID: access.UserID(newID()), Name: name, CreatedAt: now()})
	return access.Caller{User: user, Permissions: access.AllPermissions()}, err
}

// NewAPIKey is a request for a key.
type NewAPIKey struct {
	Name        string
	Permissions []access.Permission // empty: the default ones that the caller has
	ExpiresAt   time.Time           // zero: never
}

// CreateKey makes a key for the caller. The secret is returned this once. No
// key may do more than who makes it.
func (a *Accounts) CreateKey(ctx context.Context, by access.Caller, req NewAPIKey) (access.APIKey, string, error) {
	permissions := req.Permissions
	if len(permissions) == 0 {
		permissions = slices.DeleteFunc(access.DefaultPermissions(), func(p access.Permission) bool { return by.May(p) != nil })
	}
	for _, p := range permissions {
		if err := by.May(p); err != nil {
			return access.APIKey{}, "", err
		}
	}
	if !req.ExpiresAt.IsZero() && !req.ExpiresAt.After(now()) {
		return access.APIKey{}, "", fault.New(fault.Invalid, fault.CodeInvalidValue, "expiresAt must lie ahead").In("expiresAt")
	}
	secret := access.NewAPIKeySecret()
	key := access.APIKey{
		ID: newID(), UserID: by.User.ID, Name: req.Name, Permissions: permissions,
		CreatedAt: now(), ExpiresAt: req.ExpiresAt,
	}
	if err := a.store.CreateAPIKey(ctx, key, access.HashAPIKey(secret)); err != nil {
		return access.APIKey{}, "", err
	}
	return key, secret, nil
}

// Keys lists the caller's keys that are not revoked, newest first.
func (a *Accounts) Keys(ctx context.Context, by access.Caller, p ports.Paging) (ports.Listed[access.APIKey], error) {
	return a.store.APIKeys(ctx, by.User.ID, p)
}

// RevokeKey ends a key of the caller.
func (a *Accounts) RevokeKey(ctx context.Context, by access.Caller, id string) error {
	if err := a.store.RevokeAPIKey(ctx, by.User.ID, id, now()); err != nil {
		return err
	}
	a.cache.clear()
	return nil
}
