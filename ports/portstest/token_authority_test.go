package portstest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// The kit is tried on the authority in memory, which it must accept, and on
// authorities that break one promise each, which it must not: each check has
// at least one.

// brokenAuthority is noticed by the named check.
type brokenAuthority struct {
	notices string
	broken  func(ports.TokenAuthority) ports.TokenAuthority
}

func TestTheKitFailsOnBrokenAuthorities(t *testing.T) {
	t.Parallel()
	proved := map[string]bool{}
	for name, c := range brokenAuthorities {
		proved[c.notices] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := grantChecks[c.notices]
			require.NotNil(t, check, "there is no check %q", c.notices)
			require.False(t, grantFails(t, check, newMemoryGrantor(t)), "the check fails on a good authority")
			g := newMemoryGrantor(t)
			g.Authority = c.broken(g.Authority)
			require.True(t, grantFails(t, check, g), "nothing was noticed")
		})
	}
	for name := range grantChecks {
		require.True(t, proved[name], "nothing proves %q", name)
	}
}

func newMemoryGrantor(t *testing.T) *Grantor {
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
	return &Grantor{
		Authority: a, AccountName: "ada", AppGrants: true, Answer: refusal.Store, test: t,
		Requests: func() int { return int(requests.Load()) },
		Consent: func(_ *testing.T, address string) (state, code string) {
			return a.Consent(address, ports.Account{ID: "t2_ada", Name: "ada"})
		},
	}
}

// grantFails runs a check on a goroutine of its own, which FailNow ends.
func grantFails(t *testing.T, check func(grantT, *Grantor), g *Grantor) bool {
	r := &grantRecorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r, g)
	}()
	<-done
	return r.failed.Load()
}

type grantRecorder struct {
	ctx    context.Context
	failed atomic.Bool
}

func (r *grantRecorder) Helper()                  {}
func (r *grantRecorder) Context() context.Context { return r.ctx }
func (r *grantRecorder) Errorf(string, ...any)    { r.failed.Store(true) }
func (r *grantRecorder) FailNow()                 { r.failed.Store(true); runtime.Goexit() }

var brokenAuthorities = map[string]brokenAuthority{
	"lends out its own scopes": {"the address carries state, scopes and challenge", func(a ports.TokenAuthority) ports.TokenAuthority { return lendsScopes{a, a.Scopes()} }},
	"sends the verifier":       {"the address carries state, scopes and challenge", func(a ports.TokenAuthority) ports.TokenAuthority { return sendsVerifier{a} }},
	"takes everybody for one":  {"a code becomes the tokens of who consented", func(a ports.TokenAuthority) ports.TokenAuthority { return takesForAnother{a} }},
	"takes a code again":       {"a code is good once", func(a ports.TokenAuthority) ports.TokenAuthority { return &takesAgain{TokenAuthority: a} }},
	"asks for no verifier":     {"a code is worth nothing without its verifier", func(a ports.TokenAuthority) ports.TokenAuthority { return &asksNoVerifier{TokenAuthority: a} }},
	"makes a refresh token up": {"a grant is renewed", func(a ports.TokenAuthority) ports.TokenAuthority { return makesRefreshUp{a} }},
	"hopes for ever":           {"a token that nobody gave is refused for good", func(a ports.TokenAuthority) ports.TokenAuthority { return hopes{a} }},
	"revokes half of it":       {"a revoked grant is over", func(a ports.TokenAuthority) ports.TokenAuthority { return revokesHalf{a} }},
	"revokes what it knows":    {"what is not known is revoked", func(a ports.TokenAuthority) ports.TokenAuthority { return revokesKnown{a} }},
	"has no app grant":         {"the client has a token of its own, or NotFound", func(a ports.TokenAuthority) ports.TokenAuthority { return noAppGrant{a} }},
	"asks again":               {"a refusal says what to do, and is not repeated", func(a ports.TokenAuthority) ports.TokenAuthority { return asksAgain{a} }},
	"tells the secret":         {"no secret is in an error or a printed grant", func(a ports.TokenAuthority) ports.TokenAuthority { return tellsSecret{a} }},
	"does not stop":            {"a context that ended ends the call", func(a ports.TokenAuthority) ports.TokenAuthority { return unstopped{a} }},
	"gives all the same":       {"many are connected at a time", func(a ports.TokenAuthority) ports.TokenAuthority { return &givesAllTheSame{TokenAuthority: a} }},
}

type lendsScopes struct {
	ports.TokenAuthority
	scopes []string
}

func (a lendsScopes) Scopes() []string { return a.scopes }

type sendsVerifier struct{ ports.TokenAuthority }

func (a sendsVerifier) AuthorizationURL(by ports.Authorization) string {
	return a.TokenAuthority.AuthorizationURL(by) + "&code_verifier=" + by.Verifier.Reveal()
}

type takesForAnother struct{ ports.TokenAuthority }

func (takesForAnother) Account(context.Context, access.Token) (ports.Account, error) {
	return ports.Account{ID: "t2_eve", Name: "eve"}, nil
}

type takesAgain struct {
	ports.TokenAuthority
	given access.Grant
}

func (a *takesAgain) Exchange(ctx context.Context, code, verifier access.Token, back string) (access.Grant, error) {
	g, err := a.TokenAuthority.Exchange(ctx, code, verifier, back)
	if err != nil && !a.given.Access.Empty() {
		return a.given, nil
	}
	a.given = g
	return g, err
}

type asksNoVerifier struct {
	ports.TokenAuthority
	verifier access.Token
}

func (a *asksNoVerifier) AuthorizationURL(by ports.Authorization) string {
	a.verifier = by.Verifier
	return a.TokenAuthority.AuthorizationURL(by)
}

func (a *asksNoVerifier) Exchange(ctx context.Context, code, _ access.Token, back string) (access.Grant, error) {
	return a.TokenAuthority.Exchange(ctx, code, a.verifier, back)
}

type makesRefreshUp struct{ ports.TokenAuthority }

func (a makesRefreshUp) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	g, err := a.TokenAuthority.Refresh(ctx, refresh)
	g.Refresh = access.NewToken("null")
	return g, err
}

type hopes struct{ ports.TokenAuthority }

func (a hopes) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	g, err := a.TokenAuthority.Refresh(ctx, refresh)
	if err != nil {
		err = fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "try again")
	}
	return g, err
}

type revokesHalf struct{ ports.TokenAuthority }

func (a revokesHalf) Revoke(ctx context.Context, c access.Credentials) error {
	return a.TokenAuthority.Revoke(ctx, access.Credentials{Access: c.Access})
}

type revokesKnown struct{ ports.TokenAuthority }

func (a revokesKnown) Revoke(ctx context.Context, c access.Credentials) error {
	if _, err := a.Account(ctx, c.Access); err != nil {
		return err
	}
	return a.TokenAuthority.Revoke(ctx, c)
}

type noAppGrant struct{ ports.TokenAuthority }

func (noAppGrant) AppGrant(context.Context) (access.Grant, error) { return access.Grant{}, nil }

type asksAgain struct{ ports.TokenAuthority }

func (a asksAgain) Exchange(ctx context.Context, code, verifier access.Token, back string) (access.Grant, error) {
	g, err := a.TokenAuthority.Exchange(ctx, code, verifier, back)
	if err != nil {
		return a.TokenAuthority.Exchange(ctx, code, verifier, back)
	}
	return g, nil
}

type tellsSecret struct{ ports.TokenAuthority }

func (a tellsSecret) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	g, err := a.TokenAuthority.Refresh(ctx, refresh)
	if err != nil {
		err = fmt.Errorf("refresh_token=%s: %w", refresh.Reveal(), err)
	}
	return g, err
}

type unstopped struct{ ports.TokenAuthority }

func (a unstopped) Revoke(ctx context.Context, c access.Credentials) error {
	return a.TokenAuthority.Revoke(context.WithoutCancel(ctx), c)
}

type givesAllTheSame struct {
	ports.TokenAuthority
	once  sync.Once
	given access.Grant
	err   error
}

func (a *givesAllTheSame) Exchange(ctx context.Context, code, verifier access.Token, back string) (access.Grant, error) {
	a.once.Do(func() { a.given, a.err = a.TokenAuthority.Exchange(ctx, code, verifier, back) })
	return a.given, a.err
}
