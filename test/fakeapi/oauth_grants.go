package fakeapi

import (
	"context"
	"crypto/rand"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-oauth2/oauth2/v4"
	"github.com/go-oauth2/oauth2/v4/models"
)

// grants keeps codes and tokens for the library, and tells the APIs which
// access tokens they accept.
type grants struct {
	service     Service
	credentials *credentials

	mu      sync.Mutex
	codes   map[string]models.Token
	access  map[string]models.Token
	refresh map[string]models.Token
}

func newGrants(service Service, c *credentials) *grants {
	return &grants{
		service: service, credentials: c,
		codes: map[string]models.Token{}, access: map[string]models.Token{}, refresh: map[string]models.Token{},
	}
}

// Create keeps a code, or an access token with its refresh token.
func (g *grants) Create(_ context.Context, info oauth2.TokenInfo) error {
	token := *info.(*models.Token) // the library makes no other
	g.mu.Lock()
	defer g.mu.Unlock()
	if token.Code != "" {
		g.codes[token.Code] = token
		return nil
	}
	g.access[token.Access] = token
	if token.Refresh != "" {
		g.refresh[token.Refresh] = token
	}
	g.credentials.accept(AccessToken{
		Secret: token.Access, Service: g.service, Account: token.UserID, Scopes: scopesIn(token.Scope),
		ExpiresAt: g.credentials.now().Add(token.AccessExpiresIn),
	})
	return nil
}

// RemoveByCode forgets a code that was redeemed.
func (g *grants) RemoveByCode(_ context.Context, code string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.codes, code)
	return nil
}

// RemoveByAccess lets an access token die.
func (g *grants) RemoveByAccess(_ context.Context, access string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.access, access)
	g.credentials.drop(access)
	return nil
}

// RemoveByRefresh lets a refresh token die.
func (g *grants) RemoveByRefresh(_ context.Context, refresh string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.refresh, refresh)
	return nil
}

// GetByCode returns the grant of a code, or nil.
func (g *grants) GetByCode(_ context.Context, code string) (oauth2.TokenInfo, error) {
	return g.copyOf(g.codes, code), nil
}

// GetByAccess returns the grant of an access token, or nil.
func (g *grants) GetByAccess(_ context.Context, access string) (oauth2.TokenInfo, error) {
	return g.copyOf(g.access, access), nil
}

// GetByRefresh returns the grant of a refresh token, or nil.
func (g *grants) GetByRefresh(_ context.Context, refresh string) (oauth2.TokenInfo, error) {
	return g.copyOf(g.refresh, refresh), nil
}

// copyOf returns a copy, which the library may change; an untyped nil where
// there is none.
func (g *grants) copyOf(from map[string]models.Token, secret string) oauth2.TokenInfo {
	g.mu.Lock()
	defer g.mu.Unlock()
	token, ok := from[secret]
	if !ok {
		return nil
	}
	return &token
}

// kill forgets the refresh tokens of accounts, or all.
func (g *grants) kill(accounts []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.refresh, func(_ string, t models.Token) bool {
		return len(accounts) == 0 || slices.Contains(accounts, t.UserID)
	})
}

// revoke ends what a token stands for and tells whether it was alive. A refresh
// token takes the account's access tokens with it, and where whole is set an
// access token takes the refresh tokens.
func (g *grants) revoke(secret string, whole bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	token, isRefresh := g.refresh[secret]
	if !isRefresh {
		var known bool
		if token, known = g.access[secret]; !known {
			return false
		}
	}
	if !isRefresh && !whole {
		g.end(secret)
		return true
	}
	for access, t := range g.access {
		if t.UserID == token.UserID {
			g.end(access)
		}
	}
	maps.DeleteFunc(g.refresh, func(name string, t models.Token) bool {
		return name == secret || whole && t.UserID == token.UserID
	})
	return true
}

func (g *grants) end(access string) {
	delete(g.access, access)
	g.credentials.drop(access)
}

// What a consent leaves in the grant for the exchange of the code.
const (
	offlineNote     = "offline"
	refreshLifeNote = "refresh_seconds"
)

// decisionKey carries the url.Values of a decision to the code's generator.
type decisionKey struct{}

// tokenNames makes codes and tokens in a platform's form.
type tokenNames struct{ code, access, refresh string }

// authorizeNames and accessNames are the two generators that the library
// wants; their methods have the same name.
type authorizeNames struct{ tokenNames }

type accessNames struct{ tokenNames }

// Token returns a code.
func (n authorizeNames) Token(ctx context.Context, data *oauth2.GenerateBasic) (string, error) {
	if notes, ok := ctx.Value(decisionKey{}).(url.Values); ok {
		data.TokenInfo.(oauth2.ExtendableTokenInfo).SetExtension(notes)
	}
	return n.code + rand.Text(), nil
}

// Token returns an access token, and a refresh token where the consent was for
// one and the grant hands it out.
func (n accessNames) Token(_ context.Context, data *oauth2.GenerateBasic, withRefresh bool) (access, refresh string, err error) {
	access = n.access + rand.Text() + "-" + rand.Text()
	notes := data.TokenInfo.(oauth2.ExtendableTokenInfo).GetExtension()
	if !withRefresh || notes.Get(offlineNote) == "" {
		return access, "", nil
	}
	if seconds, _ := strconv.Atoi(notes.Get(refreshLifeNote)); seconds > 0 {
		data.TokenInfo.SetRefreshExpiresIn(time.Duration(seconds) * time.Second)
	}
	return access, n.refresh + rand.Text() + rand.Text(), nil
}
