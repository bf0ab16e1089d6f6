package fakeapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestFaultsWorkOnTokenEndpoints(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	for service, c := range map[fakeapi.Service]struct {
		path, address string
		app           *oauth2.Config
	}{
		fakeapi.Google:    {"token", s.GoogleTokenURL(), googleApp(s, fakeapi.ScopeForceSSL)},
		fakeapi.RedditWWW: {"api/v1/access_token", s.RedditAuthURL() + "/api/v1/access_token", redditApp(s)},
	} {
		token := connect(t, c.app, "&consent=allow", oauth2.AccessTypeOffline, permanent)
		form := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken},
			"client_id": {c.app.ClientID}, "client_secret": {c.app.ClientSecret},
		}
		try := func(r fakeapi.Rule) (reply, error) {
			s.ClearRules()
			r.Service, r.Path, r.Times = service, c.path, 1
			s.Inject(r)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.address, strings.NewReader(form.Encode()))
			require.NoError(t, err)
			request.Header.Set("User-Agent", fakeapi.DemoUserAgent)
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.SetBasicAuth(c.app.ClientID, c.app.ClientSecret)
			return doOnce(request, "")
		}
		for _, status := range []int{400, 401, 429, 500, 503} {
			r, err := try(fakeapi.Rule{Effect: fakeapi.Error, Status: status, RetryAfter: "9"})
			require.NoError(t, err)
			require.Equal(t, status, r.status, service)
			require.Equal(t, "9", r.header.Get("Retry-After"))
		}
		r, err := try(fakeapi.Rule{Effect: fakeapi.Error, Reason: "invalid_grant"})
		require.NoError(t, err)
		require.Equal(t, "invalid_grant", oauthCode(t, r))
		r, err = try(fakeapi.Rule{Effect: fakeapi.Garbage})
		require.NoError(t, err)
		require.Contains(t, string(r.body), "<html")
		for _, effect := range []fakeapi.Effect{fakeapi.Cut, fakeapi.Drop} {
			_, err = try(fakeapi.Rule{Effect: effect})
			require.Error(t, err, "%s %s", service, effect)
		}
		_, err = try(fakeapi.Rule{Effect: fakeapi.Hang, DelayMillis: 1})
		require.Error(t, err)
		r, err = try(fakeapi.Rule{Effect: fakeapi.Delayed, DelayMillis: 1})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, r.status, "the refresh token lived through it all")
		// A body that is cut came after the grant: that is what makes it dangerous.
		require.NotEmpty(t, s.CallsTo(service, c.path))
	}
}

func TestEveryReasonOfGoogleHasItsStatus(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	for _, reason := range append(fakeapi.GoogleReasons(), "something_new") {
		s.ClearRules()
		s.Inject(fakeapi.Rule{Service: fakeapi.Google, Effect: fakeapi.Error, Reason: reason})
		r := asForm(t, s.GoogleTokenURL(), url.Values{}, "", "")
		require.GreaterOrEqual(t, r.status, 400, reason)
		require.NotEmpty(t, oauthCode(t, r), reason)
	}
}

func TestTokensAreSteeredFromAnotherProcess(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	app := googleApp(s, fakeapi.ScopeForceSSL)
	control := func(method, path, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/_fakeapi/oauth/"+path, strings.NewReader(body))
		require.NoError(t, err)
		answer, err := do(r, "")
		require.NoError(t, err)
		return answer.status
	}
	require.Equal(t, http.StatusNoContent, control("PUT", "consent", `{"account":"From Outside"}`))
	token := connect(t, app, "", oauth2.AccessTypeOffline)
	require.Equal(t, http.StatusNoContent, control("POST", "expire?account=Nobody", ""))
	require.Equal(t, "From Outside", at(mine(t, s, token.AccessToken).page(t).Items[0], "snippet.title"))
	require.Equal(t, http.StatusNoContent, control("POST", "expire", ""))
	require.Equal(t, "authError", mine(t, s, token.AccessToken).reason(t))
	refresh(t, app, token.RefreshToken)
	require.Equal(t, http.StatusNoContent, control("POST", "kill?account=From+Outside", ""))
	_, err := app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	require.Error(t, err)
	require.Equal(t, http.StatusNoContent, control("DELETE", "consent", ""))
	require.Equal(t, http.StatusOK, open(t, app.AuthCodeURL("x")).status)
	require.Equal(t, http.StatusNoContent, control("POST", "redirects", `{"uri":"http://127.0.0.1:5/back"}`))
	app.RedirectURL = "http://127.0.0.1:5/back"
	require.Equal(t, http.StatusFound, open(t, app.AuthCodeURL("x")+"&consent=allow").status)
	require.Equal(t, http.StatusBadRequest, control("PUT", "consent", `{"who":"?"}`))
}

func TestSecretsStayOutOfTheRecord(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	token := connect(t, googleApp(s, fakeapi.ScopeForceSSL), "&consent=allow", oauth2.AccessTypeOffline)
	mine(t, s, token.AccessToken)
	require.Equal(t, http.StatusOK, open(t, s.GoogleRevokeURL()+"?token="+url.QueryEscape(token.RefreshToken)).status)
	record, err := get(t.Context(), s.URL()+"/_fakeapi/calls", "")
	require.NoError(t, err)
	require.Contains(t, string(record.body), `"path":"token"`)
	for _, secret := range []string{token.AccessToken, token.RefreshToken, fakeapi.DemoGoogleClientSecret} {
		require.NotContains(t, string(record.body), url.QueryEscape(secret))
		require.NotContains(t, string(record.body), secret)
	}
}
