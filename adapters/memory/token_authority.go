package memory

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.TokenAuthority = (*TokenAuthority)(nil)

// TokenAuthority is an OAuth 2.0 server in memory, with PKCE, for unit tests and
// for work without a network. Codes are good once, refresh tokens until they are
// revoked; like Google, it does not hand out a refresh token again.
type TokenAuthority struct {
	provider content.ProviderID
	scopes   []string
	lives    time.Duration
	// Before, if it is set, is called at the beginning of each request with the
	// method's name in lower case. It may wait, and its error is the answer. Set
	// it before the first request.
	Before func(ctx context.Context, method string) error

	mu      sync.Mutex
	codes   map[string]consent
	holding map[string]ports.Account // whose access tokens are
	granted map[string]consent       // what refresh tokens renew
	calls   map[string]int
}

type consent struct {
	account   ports.Account
	challenge string
	scopes    []string
}

// NewTokenAuthority returns a server whose access tokens hold that long.
func NewTokenAuthority(p content.ProviderID, lives time.Duration, scopes ...string) *TokenAuthority {
	return &TokenAuthority{
		provider: p, scopes: slices.Clone(scopes), lives: lives, codes: map[string]consent{},
		holding: map[string]ports.Account{}, granted: map[string]consent{}, calls: map[string]int{},
	}
}

// Provider names the platform that it stands for.
func (a *TokenAuthority) Provider() content.ProviderID { return a.provider }

// Scopes returns those that fetching needs.
func (a *TokenAuthority) Scopes() []string { return slices.Clone(a.scopes) }

// AuthorizationURL returns an address for Consent; nothing listens there.
func (a *TokenAuthority) AuthorizationURL(by ports.Authorization) string {
	q := url.Values{
		"state": {by.State}, "redirect_uri": {by.RedirectURL}, "scope": {strings.Join(a.scopes, " ")},
		"code_challenge": {challengeOf(by.Verifier)}, "code_challenge_method": {"S256"},
	}
	return "https://" + string(a.provider) + ".invalid/authorize?" + q.Encode()
}

// challengeOf is RFC 7636 §4.2.
func challengeOf(verifier access.Token) string {
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Consent plays the user at the provider: it returns the state and a code for
// the account. Without scopes, all that were asked for are granted.
func (a *TokenAuthority) Consent(authorizationURL string, account ports.Account, scopes ...string) (state, code string) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return "", ""
	}
	if scopes == nil {
		scopes = a.scopes
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	code = access.NewSecret()
	a.codes[code] = consent{account: account, challenge: u.Query().Get("code_challenge"), scopes: scopes}
	return u.Query().Get("state"), code
}

// Grant returns tokens as after a consent, the access token good for that long.
func (a *TokenAuthority) Grant(account ports.Account, lives time.Duration) access.Grant {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.grant(consent{account: account, scopes: a.scopes}, lives)
}

func (a *TokenAuthority) grant(c consent, lives time.Duration) access.Grant {
	g := a.renew(c, lives)
	g.Refresh = access.NewToken("refresh-" + access.NewSecret())
	a.granted[g.Refresh.Reveal()] = c
	return g
}

// renew returns an access token alone.
func (a *TokenAuthority) renew(c consent, lives time.Duration) access.Grant {
	token := access.NewToken("access-" + access.NewSecret())
	a.holding[token.Reveal()] = c.account
	return access.Grant{
		Credentials: access.Credentials{Access: token},
		ExpiresAt:   time.Now().UTC().Truncate(time.Microsecond).Add(lives), Scopes: slices.Clone(c.scopes),
	}
}

// Calls returns how often a method was asked for: exchange, refresh, revoke,
// account, appgrant.
func (a *TokenAuthority) Calls(method string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[method]
}

// Knows tells whether a token holds.
func (a *TokenAuthority) Knows(t access.Token) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, holds := a.holding[t.Reveal()]
	_, renews := a.granted[t.Reveal()]
	return holds || renews
}

func (a *TokenAuthority) begin(ctx context.Context, method string) error {
	a.mu.Lock()
	a.calls[method]++
	a.mu.Unlock()
	if a.Before != nil {
		if err := a.Before(ctx, method); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Exchange turns a code into a grant, if the verifier fits its challenge.
func (a *TokenAuthority) Exchange(ctx context.Context, code, verifier access.Token, _ string) (access.Grant, error) {
	if err := a.begin(ctx, "exchange"); err != nil {
		return access.Grant{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.codes[code.Reveal()]
	delete(a.codes, code.Reveal())
	if !ok || c.challenge != challengeOf(verifier) {
		return access.Grant{}, finalRefusal()
	}
	return a.grant(c, a.lives), nil
}

func finalRefusal() error {
	return fault.New(fault.Unauthenticated, fault.CodeNeedsReconnect, "the grant is not known, or was revoked")
}

// Refresh renews a grant.
func (a *TokenAuthority) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	if err := a.begin(ctx, "refresh"); err != nil {
		return access.Grant{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.granted[refresh.Reveal()]
	if !ok {
		return access.Grant{}, finalRefusal()
	}
	return a.renew(c, a.lives), nil
}

// Revoke ends a grant.
func (a *TokenAuthority) Revoke(ctx context.Context, c access.Credentials) error {
	if err := a.begin(ctx, "revoke"); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.holding, c.Access.Reveal())
	delete(a.granted, c.Refresh.Reveal())
	return nil
}

// Account tells whose token it is.
func (a *TokenAuthority) Account(ctx context.Context, token access.Token) (ports.Account, error) {
	if err := a.begin(ctx, "account"); err != nil {
		return ports.Account{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.holding[token.Reveal()]
	if !ok {
		return ports.Account{}, finalRefusal()
	}
	return account, nil
}

// AppGrant returns a token of the deployment's own.
func (a *TokenAuthority) AppGrant(ctx context.Context) (access.Grant, error) {
	if err := a.begin(ctx, "appgrant"); err != nil {
		return access.Grant{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.renew(consent{scopes: a.scopes}, a.lives), nil
}
