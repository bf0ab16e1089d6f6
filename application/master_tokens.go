package application

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// MasterTokens holds the deployment's own tokens and keys by provider.
type MasterTokens map[content.ProviderID]access.Token

// AppGrants holds the providers at which the deployment's own OAuth client is
// granted tokens (client_credentials).
type AppGrants map[content.ProviderID]ports.TokenAuthority

// masters gives out the deployment's own credentials.
type masters struct {
	tokens  MasterTokens
	grants  AppGrants
	flights singleflight.Group

	mu     sync.Mutex
	cached map[content.ProviderID]appToken
}

// appToken is a grant with the moment from which it is renewed.
type appToken struct {
	access.Grant
	renewAt time.Time
}

func newMasters(tokens MasterTokens, grants AppGrants) *masters {
	return &masters{tokens: tokens, grants: grants, cached: map[content.ProviderID]appToken{}}
}

func (m *masters) has(p content.ProviderID) bool { return !m.tokens[p].Empty() || m.renews(p) }

// renews tells whether the provider's token can be asked for anew.
func (m *masters) renews(p content.ProviderID) bool {
	return m.tokens[p].Empty() && m.grants[p] != nil
}

// token returns the deployment's token, another one than was refused. Its
// errors are *unusable.
func (m *masters) token(ctx context.Context, p content.ProviderID, refused *access.ExecutionContext) (access.Token, error) {
	if token := m.tokens[p]; !token.Empty() {
		return token, nil
	}
	if m.grants[p] == nil {
		return access.Token{}, &unusable{why: "this deployment has no credentials of its own (" + masterHint(p) + ")"}
	}
	cached, ok := m.lookUp(p, refused)
	if ok && (cached.renewAt.IsZero() || now().Before(cached.renewAt)) {
		return cached.Access, nil
	}
	fetched, err := m.fetch(ctx, p)
	if err != nil && ok && now().Before(cached.ExpiresAt) && ctx.Err() == nil {
		return cached.Access, nil
	}
	return fetched, err
}

func (m *masters) lookUp(p content.ProviderID, refused *access.ExecutionContext) (appToken, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cached, ok := m.cached[p]
	if ok && refused != nil && refused.TokenSource() == access.MasterAPIKey && refused.Carries(cached.Access) {
		delete(m.cached, p)
		return appToken{}, false
	}
	return cached, ok
}

// fetch asks for a new grant, once for all who wait. The call goes on if a
// caller goes away, and ends by itself.
func (m *masters) fetch(ctx context.Context, p content.ProviderID) (access.Token, error) {
	detached := context.WithoutCancel(ctx)
	answered := m.flights.DoChan(string(p), func() (any, error) {
		ctx, cancel := context.WithTimeout(detached, providerTimeout)
		defer cancel()
		grant, err := m.grants[p].AppGrant(ctx)
		if err != nil {
			return nil, appRefused(p, err)
		}
		m.keep(p, grant)
		return grant.Access, nil
	})
	select {
	case <-ctx.Done():
		return access.Token{}, ctx.Err()
	case a := <-answered:
		token, _ := a.Val.(access.Token)
		return token, a.Err
	}
}

func (m *masters) keep(p content.ProviderID, g access.Grant) {
	kept := appToken{Grant: g}
	if !g.ExpiresAt.IsZero() {
		kept.renewAt = g.ExpiresAt.Add(-access.RefreshEarly - rand.N(earlySpread))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cached[p] = kept
}

func appRefused(p content.ProviderID, cause error) *unusable {
	name := providerNames[p]
	switch fault.KindOf(cause) {
	case fault.RateLimited, fault.Unavailable, fault.Internal:
		return &unusable{
			why:   fmt.Sprintf("%s did not give this deployment a token", name),
			later: cause,
		}
	}
	return &unusable{why: fmt.Sprintf(
		"%s does not take this deployment's client; whoever runs it checks the client's id and secret", name)}
}

func masterHint(p content.ProviderID) string {
	switch p {
	case content.YouTube:
		return "set YOUTUBE_MASTER_ACCESS_TOKEN to an API key and retry the task"
	case content.Reddit:
		return "set REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET and retry the task"
	}
	return "ask whoever runs it"
}
