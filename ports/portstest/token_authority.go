package portstest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// Grantor is a provider's OAuth server as the kit plays with it.
type Grantor struct {
	Authority ports.TokenAuthority
	// Consent plays a user who follows the address and grants all that is asked
	// for. It returns what the provider sends them back with.
	Consent func(t *testing.T, address string) (state, code string)
	// AccountName is whose consent that is.
	AccountName string
	// Answer makes the provider refuse every request with an error of the kind:
	// RateLimited, Unavailable or Rejected. nil is as ever, as it is at first.
	Answer func(refusal *fault.Kind)
	// Requests tells how many have reached the provider, refused or not; Consent's
	// do not count.
	Requests func() int
	// AppGrants tells that the provider grants tokens to the client itself.
	AppGrants bool

	test *testing.T // for Consent
}

// grantT is what a check needs of a test, so that the kit itself can be tried
// on authorities that are broken.
type grantT interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// grantChecks are the guarantees of ports.TokenAuthority.
var grantChecks = map[string]func(t grantT, g *Grantor){
	"the address carries state, scopes and challenge": grantAddress,
	"a code becomes the tokens of who consented":      grantExchange,
	"a code is good once":                             grantOnce,
	"a code is worth nothing without its verifier":    grantVerifier,
	"a grant is renewed":                              grantRefresh,
	"a token that nobody gave is refused for good":    grantUnknown,
	"a revoked grant is over":                         grantRevoke,
	"what is not known is revoked":                    grantRevokeUnknown,
	"the client has a token of its own, or NotFound":  grantApp,
	"a refusal says what to do, and is not repeated":  grantRefusals,
	"no secret is in an error or a printed grant":     grantSecrets,
	"a context that ended ends the call":              grantEnded,
	"many are connected at a time":                    grantConcurrently,
}

// TestTokenAuthority is the kit of ports.TokenAuthority. newGrantor returns a
// server that nobody has used.
func TestTokenAuthority(t *testing.T, newGrantor func(t *testing.T) *Grantor) {
	for name, check := range grantChecks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGrantor(t)
			g.test = t
			check(t, g)
		})
	}
}

// kitRedirect is the redirect address of the kit; whatever checks addresses
// must allow it.
const kitRedirect = "http://127.0.0.1:8080/integrations/callback"

// authorized returns a code with the verifier that belongs to it.
func (g *Grantor) authorized(t grantT) (code, verifier access.Token) {
	t.Helper()
	verifier = access.NewToken(access.NewSecret())
	sent := access.NewSecret()
	state, text := g.Consent(g.test, g.Authority.AuthorizationURL(ports.Authorization{
		State: sent, Verifier: verifier, RedirectURL: kitRedirect,
	}))
	require.Equal(t, sent, state)
	require.NotEmpty(t, text)
	return access.NewToken(text), verifier
}

func (g *Grantor) granted(t grantT) access.Grant {
	t.Helper()
	code, verifier := g.authorized(t)
	grant, err := g.Authority.Exchange(t.Context(), code, verifier, kitRedirect)
	require.NoError(t, err)
	return grant
}

// account returns whose token it is, and checks the name.
func (g *Grantor) account(t grantT, token access.Token) ports.Account {
	t.Helper()
	account, err := g.Authority.Account(t.Context(), token)
	require.NoError(t, err)
	require.NotEmpty(t, account.ID)
	require.Equal(t, g.AccountName, account.Name)
	return account
}

// calls are the methods that ask the provider, each with secrets that it could
// have given.
func (g *Grantor) calls() map[string]func(ctx context.Context) error {
	a, secret := g.Authority, func(of string) access.Token { return access.NewToken(of + kitSecret) }
	calls := map[string]func(context.Context) error{
		"Exchange": func(ctx context.Context) error {
			_, err := a.Exchange(ctx, secret("code"), secret("verifier"), kitRedirect)
			return err
		},
		"Refresh": func(ctx context.Context) error {
			_, err := a.Refresh(ctx, secret("refresh"))
			return err
		},
		"Account": func(ctx context.Context) error {
			_, err := a.Account(ctx, secret("access"))
			return err
		},
		"Revoke": func(ctx context.Context) error {
			return a.Revoke(ctx, access.Credentials{Access: secret("access")})
		},
	}
	if g.AppGrants {
		calls["AppGrant"] = func(ctx context.Context) error {
			_, err := a.AppGrant(ctx)
			return err
		}
	}
	return calls
}

// kitSecret is in every secret of calls.
const kitSecret = "-S3cr3t0fTheK1t"

// requireFinal checks a refusal after which the user must connect again.
func requireFinal(t grantT, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, fault.Unauthenticated.String(), fault.KindOf(err).String(), "%v", err)
	require.Equal(t, fault.CodeNeedsReconnect, fault.As(err).Code)
	require.NotEmpty(t, fault.As(err).Message)
}
