package fakeapi

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-oauth2/oauth2/v4"
	"github.com/go-oauth2/oauth2/v4/errors"
	"github.com/go-oauth2/oauth2/v4/manage"
	"github.com/go-oauth2/oauth2/v4/models"
	"github.com/go-oauth2/oauth2/v4/server"
)

// OAuthClient is an application that an authorization server knows.
type OAuthClient struct {
	ID, Secret string
	// RedirectURIs are compared to the letter.
	RedirectURIs []string
}

// The clients of the demo. Their secrets open nothing but this package.
const (
	DemoGoogleClientID     = "100000000001-soundingsdemo.apps.googleusercontent.com"
	DemoGoogleClientSecret = "soundings-demo-google-secret"
	DemoRedditClientID     = "SoundingsDemoApp"
	DemoRedditClientSecret = "soundings-demo-reddit-secret"
	DemoRedirectURI        = "http://127.0.0.1:8080/integrations/callback"
)

const (
	// codeLife is how long a code can be redeemed.
	codeLife = 10 * time.Minute
	// scopeSeparators part the scopes of a request: by the standard a space,
	// Reddit takes commas too.
	scopeSeparators = " ,+"
)

// traits are what tells the authorization servers of the platforms apart.
type traits struct {
	// service accepts the access tokens.
	service Service
	client  OAuthClient
	account string
	scopes  []string
	life    time.Duration
	// offline tells whether a consent brings a refresh token.
	offline func(query url.Values, firstConsent bool) bool
	// identify reads the client's id and secret from a token request.
	identify func(*http.Request) (id, secret string)
	kinds    []oauth2.GrantType
	names    tokenNames
}

// authority is an authorization server with one client: it asks for consent,
// gives out codes and turns them into tokens.
type authority struct {
	traits
	engine *server.Server
	manage *manage.Manager
	grants *grants
	// exchange admits one token request at a time, so that a code is redeemed
	// once although the library looks it up and removes it in two steps.
	exchange sync.Mutex

	mu         sync.Mutex
	registered OAuthClient
	// allowed are redirect addresses besides the client's own.
	allowed   []string
	consent   *Consent
	consented map[string]bool
}

func newAuthority(t traits, c *credentials) *authority {
	a := &authority{
		traits: t, registered: t.client, consented: map[string]bool{},
		manage: manage.NewManager(), grants: newGrants(t.service, c),
	}
	a.manage.MapTokenStorage(a.grants)
	a.manage.MapClientStorage(a)
	a.manage.MapAuthorizeGenerate(authorizeNames{t.names})
	a.manage.MapAccessGenerate(accessNames{t.names})
	a.manage.SetAuthorizeCodeExp(codeLife)
	a.manage.SetValidateURIHandler(func(_, uri string) error { return a.checkRedirect(uri) })
	a.manage.SetAuthorizeCodeTokenCfg(&manage.Config{AccessTokenExp: t.life, IsGenerateRefresh: true})
	a.manage.SetClientTokenCfg(&manage.Config{AccessTokenExp: t.life})
	a.manage.SetRefreshTokenCfg(&manage.RefreshingConfig{AccessTokenExp: t.life})
	config := server.NewConfig()
	config.AllowedResponseTypes = []oauth2.ResponseType{oauth2.Code}
	config.AllowedGrantTypes = t.kinds
	config.AllowedCodeChallengeMethods = []oauth2.CodeChallengeMethod{oauth2.CodeChallengeS256, oauth2.CodeChallengePlain}
	a.engine = server.NewServer(config, a.manage)
	a.engine.ClientInfoHandler = a.authenticate
	a.engine.RefreshingScopeHandler = func(q *oauth2.TokenGenerateRequest, granted string) (bool, error) {
		return len(within(q.Scope, scopesIn(granted))) == len(scopesIn(q.Scope)), nil
	}
	a.engine.RefreshingValidationHandler = func(t oauth2.TokenInfo) (bool, error) {
		return t.GetClientID() == a.known().ID, nil
	}
	return a
}

// rotate changes the refresh token with every refresh.
func (a *authority) rotate() {
	a.manage.SetRefreshTokenCfg(&manage.RefreshingConfig{
		AccessTokenExp: a.life, IsGenerateRefresh: true, IsRemoveRefreshing: true,
	})
}

func (a *authority) known() OAuthClient {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.registered
}

func (a *authority) setClient(c OAuthClient) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	a.registered = c
}

func (a *authority) allowRedirect(uri string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.allowed = append(a.allowed, uri)
}

func (a *authority) checkRedirect(uri string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.registered.RedirectURIs, uri) && !slices.Contains(a.allowed, uri) {
		return errors.ErrInvalidRedirectURI
	}
	return nil
}

// GetByID returns the client for the library.
func (a *authority) GetByID(_ context.Context, id string) (oauth2.ClientInfo, error) {
	client := a.known()
	if id != client.ID {
		return nil, errors.ErrInvalidClient
	}
	return &models.Client{ID: client.ID, Secret: client.Secret}, nil
}

// authenticate checks the client of a token request, a refresh included.
func (a *authority) authenticate(r *http.Request) (id, secret string, err error) {
	id, secret = a.identify(r)
	client := a.known()
	if id != client.ID || subtle.ConstantTimeCompare([]byte(secret), []byte(client.Secret)) == 0 {
		return "", "", errors.ErrInvalidClient
	}
	return id, secret, nil
}

// token answers a token request as the library does.
func (a *authority) token(r *http.Request) (oauth2.TokenInfo, error) {
	a.exchange.Lock()
	defer a.exchange.Unlock()
	grant, request, err := a.engine.ValidationTokenRequest(r)
	if err != nil {
		return nil, err
	}
	return a.engine.GetAccessToken(r.Context(), grant, request)
}

// scopesIn splits a scope parameter.
func scopesIn(scope string) []string {
	return strings.FieldsFunc(scope, func(r rune) bool { return strings.ContainsRune(scopeSeparators, r) })
}

// within returns the scopes that stand in others, too.
func within(scope string, others []string) []string {
	return slices.DeleteFunc(scopesIn(scope), func(s string) bool { return !slices.Contains(others, s) })
}

// AllowRedirect accepts a redirect address at both authorization servers.
func (s *Server) AllowRedirect(uri string) {
	s.google.allowRedirect(uri)
	s.redditWWW.allowRedirect(uri)
}

// KillRefreshTokens lets the refresh tokens of these accounts, or of all where
// none is named, die as a user's revocation at the platform does. Access
// tokens live on until they expire.
func (s *Server) KillRefreshTokens(accounts ...string) {
	s.google.grants.kill(accounts)
	s.redditWWW.grants.kill(accounts)
}
