package application_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const webApp = "https://app.example/settings?tab=accounts&x=%20#top"

// counter is where accounts are connected in a test.
type counter struct {
	t         *testing.T
	store     *accountStore
	authority *memory.TokenAuthority
	log       *bytes.Buffer
	*application.Integrations
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{t: t, store: newAccountStore(), authority: memory.NewTokenAuthority(content.Reddit, time.Hour, needed, "identity"), log: &bytes.Buffer{}}
	c.Integrations = application.NewIntegrations(application.IntegrationsDeps{
		Store: c.store, Connections: c.store, Authorities: application.TokenAuthorities{content.Reddit: c.authority},
	}, application.IntegrationSettings{
		Origins: []string{"https://app.example", "http://localhost:8080/"}, CallbackURL: "http://localhost:8080/integrations/callback",
	}, slog.New(slog.NewTextHandler(c.log, nil)))
	return c
}

func asUser(id access.UserID) access.Caller {
	return access.Caller{User: access.User{ID: id}, Permissions: access.DefaultPermissions()}
}

// consented begins for somebody and plays the consent.
func (c *counter) consented(scopes ...string) (state, code string) {
	c.t.Helper()
	address, err := c.Begin(c.t.Context(), asUser(somebody), content.Reddit, webApp)
	require.NoError(c.t, err)
	return c.authority.Consent(address, ports.Account{ID: "t2_a", Name: "quiet"}, scopes...)
}

// back plays the provider's redirect and returns a parameter of where it leads.
func (c *counter) back(a application.CallbackAnswer, parameter string) string {
	c.t.Helper()
	location, err := c.Callback(c.t.Context(), a)
	require.NoError(c.t, err)
	u, err := url.Parse(location)
	require.NoError(c.t, err)
	assert.Equal(c.t, "app.example", u.Host)
	assert.Equal(c.t, "accounts", u.Query().Get("tab"), "the query that was there stays")
	assert.Equal(c.t, "top", u.Fragment)
	return u.Query().Get(parameter)
}

func TestConnectingAnAccount(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	state, code := c.consented()
	connection := c.back(application.CallbackAnswer{State: state, Code: code}, "connection")
	assert.Empty(t, c.store.rows, "the callback connects nothing")

	_, err := c.Complete(t.Context(), asUser("somebody else"), connection)
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	in, err := c.Complete(t.Context(), asUser(somebody), connection)
	require.NoError(t, err)
	assert.Equal(t, somebody, in.UserID)
	assert.Equal(t, "quiet", in.AccountName)
	assert.Equal(t, []string{needed, "identity"}, in.Scopes)
	assert.Equal(t, access.Active, in.Health(time.Now()))
	assert.True(t, c.authority.Knows(c.store.row(in.ID).Access))
	_, err = c.Complete(t.Context(), asUser(somebody), connection)
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "a connection is completed once")
	_, err = c.Callback(t.Context(), application.CallbackAnswer{State: state, Code: code})
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "a state is used once")

	listed, err := c.List(t.Context(), asUser(somebody), ports.Paging{Limit: 10})
	require.NoError(t, err)
	assert.Len(t, listed.Items, 1)
	assert.NotContains(t, c.log.String(), code)
}

func TestConnectingAgainReplacesTheCredentials(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	var ids []string
	for range 2 {
		state, code := c.consented()
		in, err := c.Complete(t.Context(), asUser(somebody), c.back(application.CallbackAnswer{State: state, Code: code}, "connection"))
		require.NoError(t, err)
		ids = append(ids, in.ID)
	}
	assert.Equal(t, ids[0], ids[1])
	assert.Len(t, c.store.rows, 1)
}

func TestReturnTo(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for address, ok := range map[string]bool{
		"https://app.example":                       true,
		"https://APP.example:443/a?b=c#d":           true,
		"http://localhost:8080/console":             true,
		"":                                          false,
		"/settings":                                 false,
		"//app.example/x":                           false,
		"http://app.example/":                       false,
		"https://app.example:8443/":                 false,
		"https://app.example.evil.example/":         false,
		"https://evil.example/?https://app.example": false,
		"https://app.example@evil.example/":         false,
		"https://user@app.example/":                 false,
		"https://app.example\\@evil.example/":       false,
		"https://evil.example\\.app.example/":       false,
		"https://app.example%2eevil.example/":       false,
		"https://app.example/\r\nLocation: x":       false,
		" https://app.example/":                     false,
		"https:app.example":                         false,
		"https:///app.example":                      false,
		"javascript:alert(1)//https://app.example":  false,
		"https://аpp.example/":                      false, // a Cyrillic letter
		"https://app.example./":                     false,
		"ftp://app.example/":                        false,
		"http://localhost:80800/":                   false,
	} {
		_, err := c.Begin(t.Context(), asUser(somebody), content.Reddit, address)
		if ok {
			assert.NoError(t, err, address)
			continue
		}
		assert.Equal(t, fault.Invalid, fault.KindOf(err), address)
		assert.Equal(t, "returnTo", fault.As(err).Field, address)
	}
}

func TestWhoMayConnectAndWhere(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	reader := access.Caller{Permissions: []access.Permission{access.TasksRead}}
	_, err := c.Begin(t.Context(), reader, content.Reddit, webApp)
	assert.Equal(t, fault.Forbidden, fault.KindOf(err))
	_, err = c.Complete(t.Context(), reader, "x")
	assert.Equal(t, fault.Forbidden, fault.KindOf(err))
	assert.Equal(t, fault.Forbidden, fault.KindOf(c.Delete(t.Context(), reader, "x")))
	_, err = c.List(t.Context(), access.Caller{}, ports.Paging{})
	assert.Equal(t, fault.Forbidden, fault.KindOf(err))
	_, err = c.Begin(t.Context(), asUser(somebody), "myspace", webApp)
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	_, err = c.Begin(t.Context(), asUser(somebody), content.YouTube, webApp)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.ErrorContains(t, err, "YOUTUBE_CLIENT_ID and YOUTUBE_CLIENT_SECRET")
}

func TestACallbackThatBringsNoConsentSaysWhy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer application.CallbackAnswer
		want   string
	}{
		"refused":       {application.CallbackAnswer{Error: "access_denied"}, "access_denied"},
		"a known error": {application.CallbackAnswer{Error: "server_error"}, "server_error"},
		"words of its own, which are not passed on": {application.CallbackAnswer{Error: "<script>"}, "invalid_request"},
		"a code beside an error":                    {application.CallbackAnswer{Error: "access_denied", Code: "c"}, "access_denied"},
		"no code":                                   {application.CallbackAnswer{}, "invalid_request"},
		"a scope was left out":                      {application.CallbackAnswer{Code: "c", Scope: "identity openid"}, "insufficient_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			tc.answer.State, _ = c.consented()
			assert.Equal(t, tc.want, c.back(tc.answer, "error"))
			for _, row := range c.store.connections {
				_, err := c.Complete(t.Context(), asUser(somebody), row.ID)
				assert.Equal(t, fault.NotFound, fault.KindOf(err), "nothing is left to complete")
			}
		})
	}
	for _, state := range []string{"", "never given out", string(bytes.Repeat([]byte("x"), 1<<20))} {
		_, err := newCounter(t).Callback(t.Context(), application.CallbackAnswer{State: state, Code: "c"})
		assert.Equal(t, fault.NotFound, fault.KindOf(err))
	}
}

func TestAScopeThatTheGrantLacksIsSaidInTheIntegration(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	state, code := c.consented("identity")
	in, err := c.Complete(t.Context(), asUser(somebody), c.back(application.CallbackAnswer{State: state, Code: code}, "connection"))
	require.NoError(t, err)
	assert.Equal(t, access.ReasonInsufficientScope, in.Reason)
	assert.Equal(t, access.NeedsReconnect, in.Health(time.Now()))
}

// None of a provider's refusals may look like one of the user's own request.
func TestAProviderThatDoesNotGrant(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method string
		err    error
		kind   fault.Kind
	}{
		"code refused":      {"exchange", final, fault.Invalid},
		"client refused":    {"exchange", unknown, fault.Unavailable},
		"down":              {"exchange", down, fault.Unavailable},
		"down at the name":  {"account", down, fault.Unavailable},
		"refuses the token": {"account", final, fault.Invalid},
		"a defect":          {"exchange", errors.New("x"), fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			state, code := c.consented()
			connection := c.back(application.CallbackAnswer{State: state, Code: code}, "connection")
			c.authority.Before = func(_ context.Context, m string) error {
				if m == tc.method {
					return tc.err
				}
				return nil
			}
			_, err := c.Complete(t.Context(), asUser(somebody), connection)
			assert.Equal(t, tc.kind, fault.KindOf(err))
			assert.Contains(t, fault.As(err).Message, "Reddit")
			assert.Empty(t, c.store.rows)
		})
	}
}

func TestDeletingRevokesAndErases(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{"revoked": nil, "the provider is down": down} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			g := c.authority.Grant(ports.Account{ID: "a"}, time.Hour)
			id := c.store.add(somebody, content.Reddit, g)
			c.authority.Before = func(context.Context, string) error { return refusal }
			assert.Equal(t, fault.NotFound, fault.KindOf(c.Delete(t.Context(), asUser("somebody else"), id)))
			require.NoError(t, c.Delete(t.Context(), asUser(somebody), id))
			assert.Empty(t, c.store.rows)
			assert.Equal(t, 1, c.authority.Calls("revoke"))
			assert.Equal(t, refusal != nil, c.authority.Knows(g.Refresh))
			assert.NotContains(t, c.log.String(), g.Refresh.Reveal())
			assert.Equal(t, fault.NotFound, fault.KindOf(c.Delete(t.Context(), asUser(somebody), id)))
		})
	}
}

func TestARefreshTokenThatIsNotGivenAgainIsKept(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	before := c.authority.Grant(ports.Account{ID: "t2_a"}, time.Hour)
	id := c.store.add(somebody, content.Reddit, before, func(h *ports.HeldIntegration) { h.AccountID = "t2_a" })
	silent := application.NewIntegrations(application.IntegrationsDeps{
		Store: c.store, Connections: c.store, Authorities: application.TokenAuthorities{content.Reddit: noRefreshToken{c.authority}},
	}, application.IntegrationSettings{Origins: []string{"https://app.example"}}, slog.New(slog.DiscardHandler))
	state, code := c.consented()
	in, err := silent.Complete(t.Context(), asUser(somebody), c.back(application.CallbackAnswer{State: state, Code: code}, "connection"))
	require.NoError(t, err)
	assert.Equal(t, id, in.ID)
	assert.True(t, in.Renewable)
	assert.Equal(t, before.Refresh, c.store.row(id).Refresh)
	assert.NotEqual(t, before.Access, c.store.row(id).Access)
}

// noRefreshToken is a provider at a second consent.
type noRefreshToken struct{ *memory.TokenAuthority }

func (a noRefreshToken) Exchange(ctx context.Context, code, verifier access.Token, redirect string) (access.Grant, error) {
	g, err := a.TokenAuthority.Exchange(ctx, code, verifier, redirect)
	g.Refresh = access.Token{}
	return g, err
}

func TestRotateTokens(t *testing.T) {
	t.Parallel()
	store := newAccountStore()
	store.stale = 250
	done, err := application.RotateTokens(t.Context(), store)
	require.NoError(t, err)
	assert.Equal(t, 250, done)
	store.failReseals = down
	_, err = application.RotateTokens(t.Context(), store)
	require.ErrorIs(t, err, down)
}
