package fakeapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/soundings-io/soundings/test/fakeapi"
)

var permanent = oauth2.SetAuthURLParam("duration", "permanent")

func TestRedditConnectsAnAccountWithACode(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, fakeapi.NewData())
	app := redditApp(s)
	token := connect(t, app, "&consent=allow&account=tall_reed", permanent)
	require.NotEmpty(t, token.RefreshToken)
	require.EqualValues(t, 3600, token.ExpiresIn)
	require.Equal(t, "bearer", token.TokenType)
	require.Equal(t, "identity read", token.Extra("scope"))
	me, err := reddit(t.Context(), s, token.AccessToken, "api/v1/me", nil)
	require.NoError(t, err)
	require.Contains(t, string(me.body), `"name":"tall_reed"`)
	require.Contains(t, string(me.body), `"id":"`)

	require.Empty(t, connect(t, app, "&consent=allow").RefreshToken, "temporary is the default")
	require.True(t, strings.HasSuffix(open(t, app.AuthCodeURL("x")+"&consent=allow").header.Get("Location"), "#_"))

	s.ExpireTokens()
	gone, err := reddit(t.Context(), s, token.AccessToken, "api/v1/me", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, gone.status)
	require.Contains(t, gone.header.Get("WWW-Authenticate"), `error="invalid_token"`)
	require.Equal(t, token.RefreshToken, refresh(t, app, token.RefreshToken).RefreshToken, "it stays the same")
}

func TestRedditRefusesTokensInItsOwnWay(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, fakeapi.NewData())
	app := redditApp(s)
	token := connect(t, app, "&consent=allow", permanent)
	s.KillRefreshTokens(fakeapi.DemoRedditAccount)
	dead := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}
	spent := url.Values{"grant_type": {"authorization_code"}, "code": {"spent"}, "redirect_uri": {fakeapi.DemoRedirectURI}}
	for name, c := range map[string]struct {
		form       url.Values
		id, secret string
		status     int
		body       string
	}{
		"dead refresh token": {dead, fakeapi.DemoRedditClientID, fakeapi.DemoRedditClientSecret, 400, `{"error":400}`},
		"bad code":           {spent, fakeapi.DemoRedditClientID, fakeapi.DemoRedditClientSecret, 200, `{"error":"invalid_grant"}`},
		"no such grant":      {url.Values{"grant_type": {"magic"}}, fakeapi.DemoRedditClientID, fakeapi.DemoRedditClientSecret, 200, `{"error":"unsupported_grant_type"}`},
		"password": {url.Values{"grant_type": {"password"}, "username": {"a"}, "password": {"b"}}, fakeapi.DemoRedditClientID, fakeapi.DemoRedditClientSecret,
			200, `{"error":"unauthorized_client","error_description":"Only script apps may use password auth"}`},
		"wrong secret": {dead, fakeapi.DemoRedditClientID, "guess", 401, `{"message":"Unauthorized","error":401}`},
		"no client":    {spent, "", "", 401, `{"message":"Unauthorized","error":401}`},
	} {
		r := asForm(t, s.RedditAuthURL()+"/api/v1/access_token", c.form, c.id, c.secret)
		require.Equal(t, c.status, r.status, name)
		require.JSONEq(t, c.body, string(r.body), name)
	}
}

func TestRedditAppOnly(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, demo(t))
	app := clientcredentials.Config{
		ClientID: fakeapi.DemoRedditClientID, ClientSecret: fakeapi.DemoRedditClientSecret,
		TokenURL: s.RedditAuthURL() + "/api/v1/access_token", AuthStyle: oauth2.AuthStyleInHeader,
	}
	token, err := app.Token(named(t.Context()))
	require.NoError(t, err)
	require.Empty(t, token.RefreshToken)
	require.Equal(t, "*", token.Extra("scope"))
	r, err := reddit(t.Context(), s, token.AccessToken, "r/"+fakeapi.DemoSubreddit+"/new", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.status)
	r, err = reddit(t.Context(), s, token.AccessToken, "api/v1/me", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, r.status, "it is nobody's")
	_, err = app.Token(t.Context())
	require.ErrorContains(t, err, "429", "a library's User-Agent")
}

func TestRedditRevokesAnythingWith204(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, fakeapi.NewData())
	app := redditApp(s)
	token := connect(t, app, "&consent=allow", permanent)
	revoke := func(secret string) int {
		return asForm(t, s.RedditAuthURL()+"/api/v1/revoke_token", url.Values{"token": {secret}}, fakeapi.DemoRedditClientID, fakeapi.DemoRedditClientSecret).status
	}
	me := func(access string) int {
		r, err := reddit(t.Context(), s, access, "api/v1/me", nil)
		require.NoError(t, err)
		return r.status
	}
	require.Equal(t, http.StatusNoContent, revoke("unknown"))
	require.Equal(t, http.StatusNoContent, revoke(token.AccessToken))
	require.Equal(t, http.StatusUnauthorized, me(token.AccessToken))
	fresh := refresh(t, app, token.RefreshToken)
	require.Equal(t, http.StatusOK, me(fresh.AccessToken))
	require.Equal(t, http.StatusNoContent, revoke(token.RefreshToken))
	require.Equal(t, http.StatusUnauthorized, me(fresh.AccessToken))
	r := asForm(t, s.RedditAuthURL()+"/api/v1/revoke_token", url.Values{"token": {"x"}}, "", "")
	require.Equal(t, http.StatusUnauthorized, r.status)
}

func TestShareLinksLeadToTheSubmission(t *testing.T) {
	t.Parallel()
	d := demo(t)
	d.AddShareLink(fakeapi.ShareLink{Subreddit: fakeapi.DemoSubreddit, Code: "astray", Location: "http://127.0.0.1:1/", Status: 302})
	s := fakeapi.Run(t, d)
	share := func(path string) reply {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.RedditAuthURL()+path, http.NoBody)
		require.NoError(t, err)
		answer, err := doOnce(r, "User-Agent: "+fakeapi.DemoUserAgent)
		require.NoError(t, err)
		return answer
	}
	r := share("/r/" + fakeapi.DemoSubreddit + "/s/" + fakeapi.DemoShareCode)
	require.Equal(t, http.StatusMovedPermanently, r.status)
	require.True(t, strings.HasPrefix(r.header.Get("Location"), "https://www.reddit.com/r/"+fakeapi.DemoSubreddit+"/comments/"+fakeapi.DemoSubmissionID+"/"), r.header)
	require.Equal(t, http.StatusFound, share("/r/"+strings.ToLower(fakeapi.DemoSubreddit)+"/s/astray").status)
	require.Equal(t, http.StatusNotFound, share("/r/"+fakeapi.DemoSubreddit+"/s/none").status)
}
