package fakeapi

import (
	"cmp"
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

// AccessToken is an OAuth token that the fake YouTube or Reddit accepts.
type AccessToken struct {
	Secret string
	// Service is the API that accepts the token: YouTube where it is empty, or Reddit.
	Service Service
	// Account is whose token it is; empty for an app-only token, which at
	// YouTube stands for DemoGoogleAccount.
	Account string
	Scopes  []string
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
	BasicAuth  AuthKind = "basic"
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
	s.credentials.accept(t)
}

func (c *credentials) accept(t AccessToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Service = cmp.Or(t.Service, YouTube)
	c.tokens[t.Secret] = t
}

// RevokeToken accepts an access token no longer: 401 authError.
func (s *Server) RevokeToken(secret string) {
	s.credentials.drop(secret)
}

func (c *credentials) drop(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tokens, secret)
}

// ExpireTokens lets the access tokens of these accounts, or of all where none
// is named, run out now. Their refresh tokens live on.
func (s *Server) ExpireTokens(accounts ...string) {
	c := s.credentials
	c.mu.Lock()
	defer c.mu.Unlock()
	for secret, t := range c.tokens {
		if len(accounts) == 0 || slices.Contains(accounts, t.Account) {
			t.ExpiresAt = c.now()
			c.tokens[secret] = t
		}
	}
}

// bearer returns the token that a request carries, where the service accepts
// it now.
func (c *credentials) bearer(secret string, service Service) (AccessToken, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, known := c.tokens[secret]
	alive := t.ExpiresAt.IsZero() || c.now().Before(t.ExpiresAt)
	return t, known && alive && t.Service == service
}

// identify returns how a request identifies itself, and its secret.
func identify(r *http.Request) (AuthKind, string) {
	switch scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.ToLower(scheme) {
	case "bearer":
		return BearerAuth, secret
	case "basic":
		return BasicAuth, secret
	}
	if key := r.Header.Get("X-Goog-Api-Key"); key != "" {
		return KeyHeader, key
	}
	if key := r.URL.Query().Get("key"); key != "" {
		return KeyQuery, key
	}
	return NoAuth, ""
}

// check returns the token of a request that may use a method which needs one
// of the scopes, the zero token for a key, else what Google says.
func (c *credentials) check(r *http.Request, scopes []string) (AccessToken, *apiError) {
	kind, secret := identify(r)
	token, accepted := c.bearer(secret, YouTube)
	reason := ""
	switch {
	case kind == NoAuth:
		reason = "unregisteredCallers"
	case kind != BearerAuth && !c.hasKey(secret):
		reason = "API_KEY_INVALID"
	case kind != BearerAuth:
		return AccessToken{}, nil
	case !accepted:
		reason = "authError"
	case !token.mayUse(scopes):
		reason = "insufficientPermissions"
	default:
		return token, nil
	}
	e := reasonNamed(reason)
	return token, &e
}

func (c *credentials) hasKey(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys[key]
}

// mayUse tells whether a token has one of the scopes.
func (t AccessToken) mayUse(scopes []string) bool {
	return slices.ContainsFunc(t.Scopes, func(s string) bool { return slices.Contains(scopes, s) })
}
