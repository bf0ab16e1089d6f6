package memory_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestTokenAuthorityKit(t *testing.T) {
	t.Parallel()
	portstest.TestTokenAuthority(t, func(*testing.T) *portstest.Grantor {
		var refusal atomic.Pointer[fault.Kind]
		var requests atomic.Int64
		a := memory.NewTokenAuthority(content.Reddit, time.Hour, "identity", "read")
		a.Before = func(context.Context, string) error {
			requests.Add(1)
			if kind := refusal.Load(); kind != nil {
				return &fault.Error{Kind: *kind, Code: fault.CodeCredentialsRejected, Message: "not now", RetryAt: time.Now().Add(time.Minute)}
			}
			return nil
		}
		return &portstest.Grantor{
			Authority: a, AccountName: "ada", AppGrants: true, Answer: refusal.Store,
			Requests: func() int { return int(requests.Load()) },
			Consent: func(_ *testing.T, address string) (state, code string) {
				return a.Consent(address, ports.Account{ID: "t2_ada", Name: "ada"})
			},
		}
	})
}

func TestTokenAuthorityTellsItsTokensApart(t *testing.T) {
	t.Parallel()
	a := memory.NewTokenAuthority(content.Reddit, time.Hour, "read")
	g := a.Grant(ports.Account{ID: "t2_a"}, time.Hour)
	_, err := a.Refresh(t.Context(), g.Access)
	assert.Equal(t, fault.CodeNeedsReconnect, fault.As(err).Code, "an access token renews nothing")
	_, err = a.Account(t.Context(), g.Refresh)
	assert.Equal(t, fault.CodeNeedsReconnect, fault.As(err).Code, "a refresh token fetches nothing")
}

func TestTokenAuthorityFromConsentToRevocation(t *testing.T) {
	t.Parallel()
	a := memory.NewTokenAuthority(content.Reddit, time.Hour, "read")
	verifier, who := access.NewToken(access.NewSecret()), ports.Account{ID: "t2_a", Name: "A"}
	address := a.AuthorizationURL(ports.Authorization{State: "s", Verifier: verifier, RedirectURL: "http://127.0.0.1/back"})
	assert.NotContains(t, address, verifier.Reveal())

	state, code := a.Consent(address, who)
	assert.Equal(t, "s", state)
	_, err := a.Exchange(t.Context(), access.NewToken(code), access.NewToken("another verifier"), "")
	assert.Equal(t, fault.CodeNeedsReconnect, fault.As(err).Code)
	_, err = a.Exchange(t.Context(), access.NewToken(code), verifier, "")
	assert.Equal(t, fault.CodeNeedsReconnect, fault.As(err).Code, "a code is good for one request")

	_, code = a.Consent(address, who)
	g, err := a.Exchange(t.Context(), access.NewToken(code), verifier, "")
	require.NoError(t, err)
	account, err := a.Account(t.Context(), g.Access)
	require.NoError(t, err)
	assert.Equal(t, who, account)
	renewed, err := a.Refresh(t.Context(), g.Refresh)
	require.NoError(t, err)
	assert.True(t, renewed.Refresh.Empty())
	require.NoError(t, a.Revoke(t.Context(), g.Credentials))
	_, err = a.Refresh(t.Context(), g.Refresh)
	assert.Equal(t, fault.Unauthenticated, fault.KindOf(err))
	app, err := a.AppGrant(t.Context())
	require.NoError(t, err)
	assert.True(t, a.Knows(app.Access))
}
