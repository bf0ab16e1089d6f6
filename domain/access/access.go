// Package access describes on whose behalf Soundings acts: users and what they
// may do, their connected accounts, tokens, and the execution context that
// every call to a provider is made in.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
)

// UserID identifies a user, a UUID v7.
type UserID string

// User is somebody for whom Soundings works.
type User struct {
	ID UserID
	// Name is for people; unique among users without an issuer.
	Name string
	// Issuer and Subject name the user in the web app's JWTs; empty for users
	// made by `soundings apikey create`.
	Issuer    string
	Subject   string
	CreatedAt time.Time
}

// Permission allows a group of requests.
type Permission string

// The permissions, spelt as the HTTP contract has them.
const (
	TasksRead         Permission = "tasks:read"
	TasksWrite        Permission = "tasks:write"
	ExportsWrite      Permission = "exports:write"
	IntegrationsWrite Permission = "integrations:write"
	QueuesAdmin       Permission = "queues:admin"
	UsersAdmin        Permission = "users:admin"
)

// AllPermissions returns every permission.
func AllPermissions() []Permission {
	return []Permission{TasksRead, TasksWrite, ExportsWrite, IntegrationsWrite, QueuesAdmin, UsersAdmin}
}

// DefaultPermissions returns what a JWT without a scope, or a key made without
// naming any, may do.
func DefaultPermissions() []Permission {
	return []Permission{TasksRead, TasksWrite, ExportsWrite, IntegrationsWrite}
}

// ParsePermission returns the permission of that name, or Invalid.
func ParsePermission(name string) (Permission, error) {
	if p := Permission(name); slices.Contains(AllPermissions(), p) {
		return p, nil
	}
	return "", fault.New(fault.Invalid, fault.CodeInvalidValue, "%q is not a permission", name).In("permissions")
}

// Caller is an authenticated user with what this request may do.
type Caller struct {
	User        User
	Permissions []Permission
}

// May returns nil, or Forbidden with the permission that is missing.
func (c Caller) May(p Permission) error {
	if slices.Contains(c.Permissions, p) {
		return nil
	}
	return fault.New(fault.Forbidden, fault.CodeForbidden, "this needs the permission %s", p)
}

// APIKey is a key without its secret.
type APIKey struct {
	ID          string
	UserID      UserID
	Name        string
	Permissions []Permission
	CreatedAt   time.Time
	// ExpiresAt and RevokedAt are zero for never.
	ExpiresAt time.Time
	RevokedAt time.Time
}

// Usable returns nil, or Unauthenticated with the reason.
func (k APIKey) Usable(now time.Time) error {
	switch {
	case !k.RevokedAt.IsZero():
		return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "this API key was revoked; use another one")
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "this API key has expired; make a new one")
	}
	return nil
}

const apiKeyPrefix = "snd_"

// NewAPIKeySecret returns a fresh secret: "snd_" and 43 characters (256 random
// bits, base64url). It is shown once; only its hash is kept.
func NewAPIKeySecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return apiKeyPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// LooksLikeAPIKey tells an API key from a JWT.
func LooksLikeAPIKey(bearer string) bool { return strings.HasPrefix(bearer, apiKeyPrefix) }

// HashAPIKey returns what is stored of a secret. A plain SHA-256 is enough for
// 256 random bits: there is nothing to guess.
func HashAPIKey(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}
