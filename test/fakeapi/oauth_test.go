package fakeapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const stateSent = "a state with spaces & signs"

// googleApp is the demo's client as golang.org/x/oauth2 is set up for it.
func googleApp(s *fakeapi.Server, scopes ...string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: fakeapi.DemoGoogleClientID, ClientSecret: fakeapi.DemoGoogleClientSecret, RedirectURL: fakeapi.DemoRedirectURI,
		Scopes:   scopes,
		Endpoint: oauth2.Endpoint{AuthURL: s.GoogleAuthURL(), TokenURL: s.GoogleTokenURL(), AuthStyle: oauth2.AuthStyleInParams},
	}
}

func redditApp(s *fakeapi.Server) *oauth2.Config {
	return &oauth2.Config{
		ClientID: fakeapi.DemoRedditClientID, ClientSecret: fakeapi.DemoRedditClientSecret, RedirectURL: fakeapi.DemoRedirectURI,
		Scopes: []string{"identity", "read"},
		Endpoint: oauth2.Endpoint{
			AuthURL: s.RedditAuthURL() + "/api/v1/authorize", TokenURL: s.RedditAuthURL() + "/api/v1/access_token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
	}
}

// named gives oauth2 a client with a User-Agent.
func named(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: userAgent{}})
}

type userAgent struct{}

func (userAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", fakeapi.DemoUserAgent)
	return http.DefaultTransport.RoundTrip(r)
}

// visit opens an authorization page and returns what the application gets back.
func visit(t testing.TB, address, decision string) url.Values {
	t.Helper()
	r := open(t, address+decision)
	require.Equal(t, http.StatusFound, r.status, "%s", r.body)
	back, err := url.Parse(r.header.Get("Location"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(back.String(), fakeapi.DemoRedirectURI+"?"), back.String())
	require.Equal(t, stateSent, back.Query().Get("state"))
	return back.Query()
}

func open(t testing.TB, address string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	answer, err := doOnce(r, "")
	require.NoError(t, err)
	return answer
}

// connect runs the whole flow with PKCE.
func connect(t testing.TB, app *oauth2.Config, decision string, options ...oauth2.AuthCodeOption) *oauth2.Token {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	back := visit(t, app.AuthCodeURL(stateSent, append(options, oauth2.S256ChallengeOption(verifier))...), decision)
	token, err := app.Exchange(named(t.Context()), back.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	return token
}

// asForm posts a form to a token endpoint.
func asForm(t testing.TB, address string, form url.Values, id, secret string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("User-Agent", fakeapi.DemoUserAgent)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		r.SetBasicAuth(id, secret)
	}
	answer, err := doOnce(r, "")
	require.NoError(t, err)
	return answer
}

func mine(t testing.TB, s *fakeapi.Server, access string) reply {
	t.Helper()
	r, err := get(t.Context(), s.YouTubeURL()+"/channels?part=snippet&mine=true", "Authorization: Bearer "+access)
	require.NoError(t, err)
	return r
}

func TestGoogleConnectsAnAccountWithACode(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	app := googleApp(s, fakeapi.ScopeForceSSL)
	require.Equal(t, fakeapi.ScopeForceSSL, visit(t, app.AuthCodeURL(stateSent), "&consent=allow").Get("scope"))
	token := connect(t, app, "&consent=allow&account=Someone+Else", oauth2.AccessTypeOffline)
	require.NotEmpty(t, token.RefreshToken)
	require.EqualValues(t, 3599, token.ExpiresIn)
	require.Equal(t, fakeapi.ScopeForceSSL, token.Extra("scope"))
	require.Nil(t, token.Extra("refresh_token_expires_in"))

	channel := mine(t, s, token.AccessToken).page(t).Items[0]
	require.Equal(t, "Someone Else", at(channel, "snippet.title"))
	r, err := get(t.Context(), s.YouTubeURL()+"/commentThreads?"+threadQuery, "Authorization: Bearer "+token.AccessToken)
	require.NoError(t, err)
	require.Len(t, r.page(t).Items, 1)

	again := connect(t, app, "&consent=allow&account=Someone+Else", oauth2.AccessTypeOffline)
	require.Empty(t, again.RefreshToken, "only with the first consent")
	asked := connect(t, app, "&consent=allow&account=Someone+Else", oauth2.AccessTypeOffline, oauth2.ApprovalForce)
	require.NotEmpty(t, asked.RefreshToken, "prompt=consent")
	online := connect(t, app, "&consent=allow&account=Third")
	require.Empty(t, online.RefreshToken)
}

func TestGoogleRefreshesUntilTheTokenIsDead(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	app := googleApp(s, fakeapi.ScopeForceSSL)
	token := connect(t, app, "&consent=allow", oauth2.AccessTypeOffline)
	s.ExpireTokens("nobody")
	require.Equal(t, http.StatusOK, mine(t, s, token.AccessToken).status)
	s.ExpireTokens(fakeapi.DemoGoogleAccount)
	require.Equal(t, "authError", mine(t, s, token.AccessToken).reason(t))

	refreshed := refresh(t, app, token.RefreshToken)
	require.NotEqual(t, token.AccessToken, refreshed.AccessToken)
	require.Equal(t, http.StatusOK, mine(t, s, refreshed.AccessToken).status)
	bare := asForm(t, s.GoogleTokenURL(), url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken},
		"client_id": {fakeapi.DemoGoogleClientID}, "client_secret": {fakeapi.DemoGoogleClientSecret},
	}, "", "")
	require.NotContains(t, string(bare.body), "refresh_token")
	require.Contains(t, string(bare.body), `"scope":"`+fakeapi.ScopeForceSSL+`"`)
	require.Equal(t, "no-store", bare.header.Get("Cache-Control"))

	s.KillRefreshTokens()
	_, err := app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	var refused *oauth2.RetrieveError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "invalid_grant", refused.ErrorCode)
	require.Equal(t, http.StatusBadRequest, refused.Response.StatusCode)
}

// refresh redeems a refresh token.
func refresh(t testing.TB, app *oauth2.Config, token string) *oauth2.Token {
	t.Helper()
	fresh, err := app.TokenSource(named(t.Context()), &oauth2.Token{RefreshToken: token}).Token()
	require.NoError(t, err)
	return fresh
}

func TestARefreshTokenCanRotate(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1), fakeapi.WithRotation())
	for name, app := range map[string]*oauth2.Config{"google": googleApp(s, fakeapi.ScopeReadonly), "reddit": redditApp(s)} {
		token := connect(t, app, "&consent=allow", oauth2.AccessTypeOffline, oauth2.SetAuthURLParam("duration", "permanent"))
		second := refresh(t, app, token.RefreshToken)
		require.NotEqual(t, token.RefreshToken, second.RefreshToken, name)
		_, err := app.TokenSource(named(t.Context()), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
		require.Error(t, err, name)
		require.NotEqual(t, second.RefreshToken, refresh(t, app, second.RefreshToken).RefreshToken, name)
	}
}

func TestConsentCanBeRefusedOrNarrowed(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	app := googleApp(s, fakeapi.ScopeForceSSL, fakeapi.ScopeReadonly)
	address := app.AuthCodeURL(stateSent)
	require.Equal(t, "access_denied", visit(t, address, "&consent=deny").Get("error"))

	token := connect(t, app, "&consent=allow&granted_scope="+url.QueryEscape(fakeapi.ScopeReadonly))
	require.Equal(t, fakeapi.ScopeReadonly, token.Extra("scope"))
	r, err := get(t.Context(), s.YouTubeURL()+"/commentThreads?"+threadQuery, "Authorization: Bearer "+token.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "insufficientPermissions", r.reason(t))

	page := open(t, address)
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, string(page.body), "consent=allow")
	require.Contains(t, string(page.body), "consent=deny")

	s.SetConsent(&fakeapi.Consent{Account: "Set Before", Scopes: []string{fakeapi.ScopeReadonly}, RefreshSeconds: 604_800})
	token = connect(t, app, "", oauth2.AccessTypeOffline)
	require.EqualValues(t, 604_800, token.Extra("refresh_token_expires_in"))
	require.Equal(t, "Set Before", at(mine(t, s, token.AccessToken).page(t).Items[0], "snippet.title"))
	require.Equal(t, "access_denied", visit(t, address, "&consent=deny").Get("error"), "the request goes before")
	s.SetConsent(nil)
	require.Equal(t, http.StatusOK, open(t, address).status)

	lonely := connect(t, app, "&consent=allow&account="+url.QueryEscape(fakeapi.AccountWithoutChannel))
	require.Equal(t, "youtubeSignupRequired", mine(t, s, lonely.AccessToken).reason(t))
	require.Equal(t, "authorizationRequired", call(t, s, "channels", "part=snippet&mine=true").reason(t))
}

func TestAuthorizationChecksClientAddressAndRequest(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	for name, app := range map[string]*oauth2.Config{"google": googleApp(s, fakeapi.ScopeForceSSL), "reddit": redditApp(s)} {
		for _, uri := range []string{
			fakeapi.DemoRedirectURI + "/", fakeapi.DemoRedirectURI + "?a=b", "http://127.0.0.1:8080/", "", "http://127.0.0.1:8080.example.org/integrations/callback",
			strings.Replace(fakeapi.DemoRedirectURI, "127.0.0.1", "localhost", 1), strings.ToUpper(fakeapi.DemoRedirectURI),
		} {
			wrong := *app
			wrong.RedirectURL = uri
			r := open(t, wrong.AuthCodeURL(stateSent)+"&consent=allow")
			require.GreaterOrEqual(t, r.status, 400, "%s %s", name, uri)
			require.Empty(t, r.header.Get("Location"))
		}
		stranger := *app
		stranger.ClientID = "nobody"
		require.Empty(t, open(t, stranger.AuthCodeURL(stateSent)+"&consent=allow").header.Get("Location"))

		greedy := *app
		greedy.Scopes = []string{"everything"}
		require.Equal(t, "invalid_scope", visit(t, greedy.AuthCodeURL(stateSent), "&consent=allow").Get("error"))
		token := strings.Replace(app.AuthCodeURL(stateSent), "response_type=code", "response_type=token", 1)
		require.Equal(t, "unsupported_response_type", visit(t, token, "&consent=allow").Get("error"))
		short := oauth2.SetAuthURLParam("code_challenge", "short")
		require.Equal(t, "invalid_request", visit(t, app.AuthCodeURL(stateSent, short), "&consent=allow").Get("error"))
	}
	own := fakeapi.OAuthClient{ID: "7-own", Secret: "own-secret", RedirectURIs: []string{"http://127.0.0.1:7/back"}}
	s = fakeapi.Run(t, small(t, 1), fakeapi.WithRedirectURIs("http://127.0.0.1:8/back"), fakeapi.WithGoogleClient(own), fakeapi.WithRedditClient(own))
	for name, app := range map[string]*oauth2.Config{"google": googleApp(s, fakeapi.ScopeForceSSL), "reddit": redditApp(s)} {
		require.GreaterOrEqual(t, open(t, app.AuthCodeURL(stateSent)+"&consent=allow").status, 400, "%s: the demo's client is gone", name)
		app.ClientID, app.ClientSecret = own.ID, own.Secret
		for _, uri := range []string{"http://127.0.0.1:7/back", "http://127.0.0.1:8/back"} {
			app.RedirectURL = uri
			require.Equal(t, http.StatusFound, open(t, app.AuthCodeURL(stateSent)+"&consent=allow").status, "%s %s", name, uri)
		}
	}
}

func TestARedirectAddressCanBeAllowedLater(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	elsewhere := googleApp(s, fakeapi.ScopeForceSSL)
	elsewhere.RedirectURL = "http://127.0.0.1:1234/callback"
	s.AllowRedirect(elsewhere.RedirectURL)
	require.Equal(t, http.StatusFound, open(t, elsewhere.AuthCodeURL(stateSent)+"&consent=allow").status)
}

func TestACodeIsGoodOnceForItsVerifierAndAddress(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	s.AllowRedirect("http://127.0.0.1:1/other")
	app := googleApp(s, fakeapi.ScopeForceSSL)
	verifier := oauth2.GenerateVerifier()
	code := func() string {
		return visit(t, app.AuthCodeURL(stateSent, oauth2.S256ChallengeOption(verifier)), "&consent=allow").Get("code")
	}
	good := func() url.Values {
		return url.Values{
			"grant_type": {"authorization_code"}, "code": {code()}, "redirect_uri": {fakeapi.DemoRedirectURI}, "code_verifier": {verifier},
			"client_id": {fakeapi.DemoGoogleClientID}, "client_secret": {fakeapi.DemoGoogleClientSecret},
		}
	}
	for name, c := range map[string]struct {
		field, value, want string
	}{
		"another verifier": {"code_verifier", oauth2.GenerateVerifier(), "invalid_grant"},
		"no verifier":      {"code_verifier", "", "invalid_grant"},
		"another address":  {"redirect_uri", "http://127.0.0.1:1/other", "invalid_grant"},
		"unknown address":  {"redirect_uri", "http://127.0.0.1:1/", "redirect_uri_mismatch"},
		"made-up code":     {"code", "4/0none", "invalid_grant"},
		"wrong secret":     {"client_secret", "guess", "invalid_client"},
		"another client":   {"client_id", "other", "invalid_client"},
		"unknown grant":    {"grant_type", "magic", "unsupported_grant_type"},
		"no grant":         {"grant_type", "", "unsupported_grant_type"},
		"app-only":         {"grant_type", "client_credentials", "unsupported_grant_type"},
		"no code":          {"code", "", "invalid_request"},
	} {
		form := good()
		form.Set(c.field, c.value)
		r := asForm(t, s.GoogleTokenURL(), form, "", "")
		require.GreaterOrEqual(t, r.status, 400, name)
		require.Equal(t, c.want, oauthCode(t, r), name)
	}
	var form url.Values
	for range 150 {
		form = good()
		require.Equal(t, 1, redeemedAtOnce(t, s, form), "fifty at the same moment")
	}
	require.Equal(t, "invalid_grant", oauthCode(t, asForm(t, s.GoogleTokenURL(), form, "", "")), "replayed")
}

// oauthCode returns the error of the standard's shape.
func oauthCode(t testing.TB, r reply) string {
	t.Helper()
	var body struct {
		Error string `json:"error"`
	}
	require.NoError(t, json.Unmarshal(r.body, &body), "%s", r.body)
	return body.Error
}

// redeemedAtOnce sends a form many times at the same moment, without
// connections in between, and returns how many brought a token.
func redeemedAtOnce(t testing.TB, s *fakeapi.Server, form url.Values) int {
	t.Helper()
	var all sync.WaitGroup
	var redeemed atomic.Int64
	start := make(chan struct{})
	for range 50 {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/google/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		all.Go(func() {
			<-start
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code == http.StatusOK {
				redeemed.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	return int(redeemed.Load())
}

func TestGoogleRevokesTheWholeGrant(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	app := googleApp(s, fakeapi.ScopeForceSSL)
	for _, pick := range []func(*oauth2.Token) string{
		func(k *oauth2.Token) string { return k.RefreshToken }, func(k *oauth2.Token) string { return k.AccessToken },
	} {
		token := connect(t, app, "&consent=allow", oauth2.AccessTypeOffline, oauth2.ApprovalForce)
		other := connect(t, app, "&consent=allow&account=Bystander", oauth2.AccessTypeOffline, oauth2.ApprovalForce)
		revoke := func() reply { return asForm(t, s.GoogleRevokeURL(), url.Values{"token": {pick(token)}}, "", "") }
		require.Equal(t, http.StatusOK, revoke().status)
		require.Equal(t, "authError", mine(t, s, token.AccessToken).reason(t))
		_, err := app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
		require.Error(t, err)
		require.Equal(t, "invalid_token", oauthCode(t, revoke()))
		require.Equal(t, http.StatusOK, mine(t, s, other.AccessToken).status)
		refresh(t, app, other.RefreshToken)
	}
}
