package portstest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

func grantAddress(t grantT, g *Grantor) {
	verifier := access.NewSecret()
	by := ports.Authorization{State: "a state & more", Verifier: access.NewToken(verifier), RedirectURL: kitRedirect}
	address := g.Authority.AuthorizationURL(by)
	u, err := url.Parse(address)
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(verifier)) // RFC 7636 §4.2
	for name, want := range map[string]string{
		"state": by.State, "redirect_uri": kitRedirect, "scope": strings.Join(g.Authority.Scopes(), " "),
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256",
	} {
		assert.Equal(t, want, u.Query().Get(name), name)
	}
	assert.NotContains(t, address, verifier)
	by.Verifier = access.NewToken(access.NewSecret())
	assert.NotEqual(t, address, g.Authority.AuthorizationURL(by))
	require.NotEmpty(t, g.Authority.Scopes())
	g.Authority.Scopes()[0] = "changed by a caller"
	assert.NotContains(t, g.Authority.Scopes(), "changed by a caller")
	assert.NotEmpty(t, g.Authority.Provider())
}

func grantExchange(t grantT, g *Grantor) {
	began := time.Now()
	grant := g.granted(t)
	require.False(t, grant.Access.Empty())
	require.False(t, grant.Refresh.Empty())
	require.NotEqual(t, grant.Access, grant.Refresh)
	require.Subset(t, grant.Scopes, g.Authority.Scopes())
	require.WithinRange(t, grant.ExpiresAt, began, began.Add(24*time.Hour))
	require.Equal(t, time.UTC, grant.ExpiresAt.Location())
	g.account(t, grant.Access)
	require.NotEqual(t, grant.Access, g.granted(t).Access)
}

func grantOnce(t grantT, g *Grantor) {
	code, verifier := g.authorized(t)
	_, err := g.Authority.Exchange(t.Context(), code, verifier, kitRedirect)
	require.NoError(t, err)
	_, err = g.Authority.Exchange(t.Context(), code, verifier, kitRedirect)
	requireFinal(t, err)
}

func grantVerifier(t grantT, g *Grantor) {
	code, _ := g.authorized(t)
	grant, err := g.Authority.Exchange(t.Context(), code, access.NewToken(access.NewSecret()), kitRedirect)
	requireFinal(t, err)
	require.Zero(t, grant)
}

func grantRefresh(t grantT, g *Grantor) {
	first := g.granted(t)
	second, err := g.Authority.Refresh(t.Context(), first.Refresh)
	require.NoError(t, err)
	require.False(t, second.Access.Empty())
	require.NotEqual(t, first.Access, second.Access)
	require.True(t, second.ExpiresAt.After(time.Now()))
	require.Equal(t, g.account(t, first.Access), g.account(t, second.Access))

	_, kept := access.Integration{Scopes: first.Scopes}.Renewed(first.Credentials, second)
	_, err = g.Authority.Refresh(t.Context(), kept.Refresh)
	require.NoError(t, err, "what Renewed keeps is good for the next time")
}

func grantUnknown(t grantT, g *Grantor) {
	for _, method := range []string{"Exchange", "Refresh", "Account"} {
		requireFinal(t, g.calls()[method](t.Context()))
	}
	grant, err := g.Authority.Refresh(t.Context(), access.Token{})
	requireFinal(t, err)
	require.Zero(t, grant)
}

func grantRevoke(t grantT, g *Grantor) {
	grant, other := g.granted(t), g.granted(t)
	require.NoError(t, g.Authority.Revoke(t.Context(), grant.Credentials))
	_, err := g.Authority.Account(t.Context(), grant.Access)
	requireFinal(t, err)
	_, err = g.Authority.Refresh(t.Context(), grant.Refresh)
	requireFinal(t, err)
	require.NoError(t, g.Authority.Revoke(t.Context(), grant.Credentials), "again")

	require.NoError(t, g.Authority.Revoke(t.Context(), access.Credentials{Access: other.Access}), "without a refresh token")
	_, err = g.Authority.Account(t.Context(), other.Access)
	requireFinal(t, err)
}

func grantRevokeUnknown(t grantT, g *Grantor) {
	unknown := access.NewToken(access.NewSecret())
	for _, c := range []access.Credentials{
		{}, {Access: unknown}, {Refresh: unknown}, {Access: unknown, Refresh: access.NewToken(access.NewSecret())},
	} {
		require.NoError(t, g.Authority.Revoke(t.Context(), c))
	}
}

func grantApp(t grantT, g *Grantor) {
	grant, err := g.Authority.AppGrant(t.Context())
	if !g.AppGrants {
		require.Error(t, err)
		require.Equal(t, fault.NotFound.String(), fault.KindOf(err).String(), "%v", err)
		require.Zero(t, g.Requests(), "there is nobody to ask")
		return
	}
	require.NoError(t, err)
	require.False(t, grant.Access.Empty())
	require.True(t, grant.Refresh.Empty())
	require.True(t, grant.ExpiresAt.After(time.Now()))
}

func grantRefusals(t grantT, g *Grantor) {
	for _, kind := range []fault.Kind{fault.RateLimited, fault.Unavailable, fault.Rejected} {
		g.Answer(&kind)
		for name, call := range g.calls() {
			if kind == fault.Rejected && name == "Account" {
				continue // a token names its client, so no client is refused there
			}
			before := g.Requests()
			err := call(t.Context())
			assert.Equal(t, before+1, g.Requests(), "%s is not repeated", name)
			if !assert.Error(t, err, name) {
				continue
			}
			assert.Equal(t, kind.String(), fault.KindOf(err).String(), "%s: %v", name, err)
			assert.NotEmpty(t, fault.As(err).Message, name)
			switch kind {
			case fault.RateLimited:
				assert.True(t, fault.As(err).RetryAt.After(time.Now()), name)
			case fault.Rejected:
				assert.Equal(t, fault.CodeCredentialsRejected, fault.As(err).Code, name)
			}
		}
	}
	g.Answer(nil)
	g.granted(t)
}

func grantSecrets(t grantT, g *Grantor) {
	grant := g.granted(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		printed := fmt.Sprintf(verb, grant)
		assert.NotContains(t, printed, grant.Access.Reveal(), verb)
		assert.NotContains(t, printed, grant.Refresh.Reveal(), verb)
	}
	unavailable := fault.Unavailable
	for _, refusal := range []*fault.Kind{nil, &unavailable} {
		g.Answer(refusal)
		for name, call := range g.calls() {
			for err := call(t.Context()); err != nil; err = errors.Unwrap(err) {
				for _, verb := range []string{"%v", "%+v", "%#v"} {
					assert.NotContains(t, fmt.Sprintf(verb, err), kitSecret, name)
				}
			}
		}
	}
}

func grantEnded(t grantT, g *Grantor) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range g.calls() {
		assert.ErrorIs(t, call(ctx), context.Canceled, name)
	}
}

func grantConcurrently(t grantT, g *Grantor) {
	const users = 20
	var mu sync.Mutex
	var working sync.WaitGroup
	tokens := map[string]bool{}
	for range users {
		code, verifier := g.authorized(t)
		working.Go(func() {
			grant, err := g.Authority.Exchange(t.Context(), code, verifier, kitRedirect)
			if !assert.NoError(t, err) {
				return
			}
			renewed, err := g.Authority.Refresh(t.Context(), grant.Refresh)
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			tokens[grant.Access.Reveal()], tokens[renewed.Access.Reveal()] = true, true
		})
	}
	working.Wait()
	require.Len(t, tokens, 2*users)
}
