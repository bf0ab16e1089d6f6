package fakeapi

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// DemoKey is the API key that a Server accepts by default. It is made up: AIza
// and 35 characters, the form of Google's keys.
const DemoKey = "AIza" + "SoundingsDemo-not-a-key-at-Google-0"

// ScopeForceSSL is the only scope that lets an access token read comments;
// ScopeReadonly is enough for the other methods.
const (
	ScopeForceSSL = "https://www.googleapis.com/auth/youtube.force-ssl"
	ScopeReadonly = "https://www.googleapis.com/auth/youtube.readonly"
)

// AccessToken is an OAuth token that the fake YouTube accepts.
type AccessToken struct {
	Secret string
	Scopes []string
	// ExpiresAt is zero for a token that never expires.
	ExpiresAt time.Time
}

// AuthKind tells how a call identified itself.
type AuthKind string

// The kinds of identification.
const (
	NoAuth     AuthKind = "none"
	KeyHeader  AuthKind = "key_header"
	KeyQuery   AuthKind = "key_query"
	BearerAuth AuthKind = "bearer"
)

// credentials are the keys and tokens that are accepted.
type credentials struct {
	mu     sync.Mutex
	keys   map[string]bool
	tokens map[string]AccessToken
	now    func() time.Time
}

// AllowToken accepts an access token, or changes what is known of it.
func (s *Server) AllowToken(t AccessToken) {
	s.credentials.mu.Lock()
	defer s.credentials.mu.Unlock()
	s.credentials.tokens[t.Secret] = t
}

// RevokeToken accepts an access token no longer: 401 authError.
func (s *Server) RevokeToken(secret string) {
	s.credentials.mu.Lock()
	defer s.credentials.mu.Unlock()
	delete(s.credentials.tokens, secret)
}

// identify returns how a request identifies itself, and its secret.
func identify(r *http.Request) (AuthKind, string) {
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return BearerAuth, secret
	}
	if key := r.Header.Get("X-Goog-Api-Key"); key != "" {
		return KeyHeader, key
	}
	if key := r.URL.Query().Get("key"); key != "" {
		return KeyQuery, key
	}
	return NoAuth, ""
}

// check returns nil where the request may use a method that needs one of the
// scopes, else what Google says.
func (c *credentials) check(r *http.Request, scopes []string) *apiError {
	kind, secret := identify(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	reason := ""
	switch token, known := c.tokens[secret]; {
	case kind == NoAuth:
		reason = "unregisteredCallers"
	case kind != BearerAuth && !c.keys[secret]:
		reason = "API_KEY_INVALID"
	case kind != BearerAuth:
		return nil
	case !known, !token.ExpiresAt.IsZero() && !c.now().Before(token.ExpiresAt):
		reason = "authError"
	case !slices.ContainsFunc(token.Scopes, func(s string) bool { return slices.Contains(scopes, s) }):
		reason = "insufficientPermissions"
	default:
		return nil
	}
	e := reasonNamed(reason)
	return &e
}
