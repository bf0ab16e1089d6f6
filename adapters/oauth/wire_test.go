package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/oauth"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const (
	clientID     = "a client & its id"
	clientSecret = "s3cret of the client/%+"
	redirect     = "https://soundings.example/integrations/callback"
)

// script is an OAuth server that answers everything with one answer and keeps
// what it was asked.
type script struct {
	status int
	header map[string]string
	body   string
	asked  []*http.Request
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.asked = append(s.asked, r)
	for name, value := range s.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(s.status)
	_, _ = w.Write([]byte(s.body))
}

func (s *script) options(t *testing.T) oauth.Options {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return oauth.Options{
		ClientID: clientID, ClientSecret: access.NewToken(clientSecret), Now: func() time.Time { return noon },
		AuthURL: server.URL, TokenURL: server.URL + "/token", RevokeURL: server.URL + "/revoke", APIURL: server.URL + "/api",
	}
}

func refresh(t *testing.T, a ports.TokenAuthority) (access.Grant, error) {
	t.Helper()
	return a.Refresh(t.Context(), access.NewToken("1//refresh"))
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	s := &script{status: 200, body: `{"access_token":"t"}`}
	exchange := url.Values{
		"grant_type": {"authorization_code"}, "code": {"the code"}, "code_verifier": {"the verifier"}, "redirect_uri": {redirect},
	}
	google, reddit := oauth.NewGoogle(s.options(t)), oauth.NewReddit(s.options(t))
	for _, a := range []ports.TokenAuthority{google, reddit} {
		_, err := a.Exchange(t.Context(), access.NewToken("the code"), access.NewToken("the verifier"), redirect)
		require.NoError(t, err)
	}
	require.Len(t, s.asked, 2, "each is sent once")
	toReddit := s.asked[1]
	assert.Equal(t, exchange, toReddit.PostForm, "no client in the form")
	id, secret, _ := toReddit.BasicAuth()
	assert.Equal(t, []string{url.QueryEscape(clientID), url.QueryEscape(clientSecret)}, []string{id, secret}, "RFC 6749 §2.3.1")
	assert.Equal(t, "/api/v1/access_token", toReddit.URL.Path)
	assert.Regexp(t, `^server:\S+ \(by /u/\S+\)$`, toReddit.UserAgent())
	exchange.Set("client_id", clientID)
	exchange.Set("client_secret", clientSecret)
	assert.Equal(t, exchange, s.asked[0].PostForm)
	assert.Empty(t, s.asked[0].Header.Get("Authorization"))
	assert.Equal(t, "/token", s.asked[0].URL.Path)
	for _, r := range s.asked {
		assert.Empty(t, r.URL.RawQuery)
	}

	consent := func(a ports.TokenAuthority) url.Values {
		u, err := url.Parse(a.AuthorizationURL(ports.Authorization{State: "s", Verifier: access.NewToken("v"), RedirectURL: redirect}))
		require.NoError(t, err)
		return u.Query()
	}
	assert.Equal(t, "offline", consent(google).Get("access_type"))
	assert.Equal(t, "consent", consent(google).Get("prompt"))
	assert.Equal(t, oauth.ScopeForceSSL, consent(google).Get("scope"))
	assert.Equal(t, "permanent", consent(reddit).Get("duration"))
	assert.Equal(t, "read identity", consent(reddit).Get("scope"))
	assert.Equal(t, "code", consent(reddit).Get("response_type"))
}

func TestGrants(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) time.Time { return noon.Add(d) }
	for body, want := range map[string]access.Grant{
		`{"access_token":"t","expires_in":3599,"scope":"a b","token_type":"Bearer"}`: {ExpiresAt: in(3599 * time.Second), Scopes: []string{"a", "b"}},
		`{"access_token":"t","expires_in":"3600","token_type":"bearer"}`:             {ExpiresAt: in(time.Hour)},
		`{"access_token":"t","expires_in":3599.7,"scope":"a,b"}`:                     {ExpiresAt: in(3599 * time.Second), Scopes: []string{"a", "b"}},
		`{"access_token":"t","expires_in":"3600.0","scope":["a","b"]}`:               {ExpiresAt: in(time.Hour), Scopes: []string{"a", "b"}},
		`{"access_token":"t","expires_in":3.6e3,"scope":null,"error":null}`:          {ExpiresAt: in(time.Hour)},
		`{"access_token":"t","scope":"","error":""}`:                                 {},
		`{"access_token":"t","expires_in":null,"scope":7}`:                           {},
		`{"access_token":"t","expires_in":"soon","refresh_token":null}`:              {},
		`{"access_token":"t","expires_in":-5,"refresh_token":{}}`:                    {},
		`{"access_token":"t","expires_in":0,"id_token":"x","more":{"a":[1]}}`:        {},
		`{"access_token":"t","expires_in":1e300}`:                                    {ExpiresAt: in(10 * 365 * 24 * time.Hour)},
		`{"access_token":"t","expires_in":60,"refresh_token_expires_in":604799}`:     {ExpiresAt: in(time.Minute), EndsAt: in(604799 * time.Second)},
		`{"access_token":"t","expires_in":60,"access_token":"t"}`:                    {ExpiresAt: in(time.Minute)},
	} {
		for _, kind := range []string{"application/json", "text/plain", "text/html", ""} {
			s := &script{status: 200, body: body, header: map[string]string{"Content-Type": kind}}
			a := oauth.NewGoogle(s.options(t))
			want.Access = access.NewToken("t")
			got, err := refresh(t, a)
			require.NoError(t, err, body)
			require.Equal(t, want, got, body)
			exchanged, err := a.Exchange(t.Context(), access.NewToken("c"), access.NewToken("v"), redirect)
			require.NoError(t, err, body)
			if want.Scopes == nil {
				require.Equal(t, a.Scopes(), exchanged.Scopes, "no scopes: those that were asked for")
			}
		}
	}
	s := &script{status: 200, body: `{"access_token":"t","refresh_token":"r","expires_in":3600}`}
	got, err := refresh(t, oauth.NewReddit(s.options(t)))
	require.NoError(t, err)
	require.Equal(t, "r", got.Refresh.Reveal(), "a new one is kept")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const needsReconnect, rejected, passing, unreadable = fault.CodeNeedsReconnect, fault.CodeCredentialsRejected, fault.CodeProviderUnavailable, fault.CodeProviderAnswerInvalid
	kinds := map[fault.Code]fault.Kind{
		needsReconnect: fault.Unauthenticated, rejected: fault.Rejected,
		passing: fault.Unavailable, unreadable: fault.Unavailable, fault.CodeRateLimited: fault.RateLimited,
	}
	for _, c := range []struct {
		status         int
		body           string
		google, reddit fault.Code
	}{
		{400, `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`, needsReconnect, needsReconnect},
		{400, `{"error": 400}`, unreadable, needsReconnect},
		{400, `{"message":"Bad Request","error":400}`, unreadable, needsReconnect},
		{200, `{"error":"invalid_grant"}`, needsReconnect, needsReconnect},
		{200, `{"error":"Invalid_Grant","access_token":"t"}`, needsReconnect, needsReconnect},
		{200, `{"error":400}`, unreadable, needsReconnect},
		{200, `{"error":401}`, unreadable, rejected},
		{200, `{"error":429}`, unreadable, fault.CodeRateLimited},
		{200, `{"error":503}`, unreadable, passing},
		{200, `{"error":"unsupported_grant_type"}`, rejected, rejected},
		{200, `{"error":"temporarily_unavailable"}`, passing, passing},
		{200, `{"error":"out of cheese"}`, unreadable, unreadable},
		{200, `{"error":{"code":400}}`, unreadable, unreadable},
		{400, `{"error":"invalid_request","error_description":"bad device_id"}`, unreadable, unreadable},
		{400, `{"error":"admin_policy_enforced"}`, needsReconnect, needsReconnect},
		{400, `{"error":"redirect_uri_mismatch"}`, rejected, rejected},
		{401, `{"error":"invalid_client"}`, rejected, rejected},
		{401, `{"error":"unauthorized_client"}`, rejected, rejected},
		{401, `{"message":"Unauthorized","error":401}`, unreadable, rejected},
		{403, `{"message":"Forbidden","error":403}`, unreadable, rejected},
		{400, `<!doctype html><title>Bad Request</title>`, unreadable, unreadable},
		{400, ``, unreadable, unreadable},
		{400, `{}`, unreadable, unreadable},
		{400, `[400]`, unreadable, unreadable},
		{400, `400`, unreadable, unreadable},
		{400, `{"error":400`, unreadable, unreadable},
		{401, `<html>log in to this hotel's network</html>`, unreadable, unreadable},
		{403, `<html>blocked by network security</html>`, unreadable, unreadable},
		{404, `{"message":"Not Found","error":404}`, unreadable, unreadable},
		{302, ``, unreadable, unreadable},
		{200, ``, unreadable, unreadable},
		{200, `{}`, unreadable, unreadable},
		{200, `null`, unreadable, unreadable},
		{200, `<html>`, unreadable, unreadable},
		{200, `access_token=t&token_type=bearer`, unreadable, unreadable},
		{200, `{"access_token":""}`, unreadable, unreadable},
		{200, `{"access_token":7}`, unreadable, unreadable},
		{200, `{"access_token":"a b"}`, unreadable, unreadable},
		{200, `{"access_token":"a\r\nX-Evil: 1"}`, unreadable, unreadable},
		{200, `{"access_token":"t","token_type":"mac"}`, unreadable, unreadable},
		{429, `<html>whoa there, pardner!</html>`, fault.CodeRateLimited, fault.CodeRateLimited},
		{429, `{"error":"invalid_grant"}`, fault.CodeRateLimited, fault.CodeRateLimited},
		{408, ``, passing, passing},
		{500, `{"error":400}`, passing, passing},
		{503, `{"error":"invalid_grant"}`, passing, passing},
		{520, `<html>`, passing, passing},
	} {
		s := &script{status: c.status, body: c.body, header: map[string]string{"Location": "/elsewhere"}}
		for _, at := range []struct {
			authority ports.TokenAuthority
			want      fault.Code
		}{{oauth.NewGoogle(s.options(t)), c.google}, {oauth.NewReddit(s.options(t)), c.reddit}} {
			s.asked = nil
			_, err := refresh(t, at.authority)
			f := fault.As(err)
			assert.Equal(t, at.want, f.Code, "%s %d %s", at.authority.Provider(), c.status, c.body)
			assert.Equal(t, kinds[at.want].String(), f.Kind.String(), "%s %d %s", at.authority.Provider(), c.status, c.body)
			assert.Len(t, s.asked, 1, "%s %d %s", at.authority.Provider(), c.status, c.body)
		}
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "30", 30 * time.Second},
		{"Retry-After", noon.Add(time.Hour).Format(http.TimeFormat), time.Hour},
		{"Retry-After", "0", time.Minute},
		{"Retry-After", "99999999", 24 * time.Hour},
		{"Retry-After", "later", time.Minute},
		{"X-Ratelimit-Reset", "244.0", 244 * time.Second},
		{"X-Ratelimit-Reset", "1e99", 24 * time.Hour},
		{"X-Nothing", "1", time.Minute},
	} {
		s := &script{status: 429, header: map[string]string{c.name: c.value}}
		_, err := refresh(t, oauth.NewReddit(s.options(t)))
		require.Equal(t, noon.Add(c.want), fault.As(err).RetryAt, c.name+" "+c.value)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	google := func(o oauth.Options) ports.TokenAuthority { return oauth.NewGoogle(o) }
	reddit := func(o oauth.Options) ports.TokenAuthority { return oauth.NewReddit(o) }
	for _, c := range []struct {
		of     func(oauth.Options) ports.TokenAuthority
		status int
		body   string
		want   ports.Account
		code   fault.Code
	}{
		{google, 200, `{"items":[{"id":"UC1","snippet":{"title":"Ada"}}]}`, ports.Account{ID: "UC1", Name: "Ada"}, ""},
		{google, 200, `{"items":[]}`, ports.Account{}, ""},
		{google, 200, `{"kind":"youtube#channelListResponse"}`, ports.Account{}, ""},
		{google, 401, `{"error":{"code":401,"errors":[{"reason":"youtubeSignupRequired"}]}}`, ports.Account{}, ""},
		{google, 401, `{"error":{"code":401,"errors":[{"reason":"authError"}]}}`, ports.Account{}, fault.CodeNeedsReconnect},
		{google, 403, `{"error":{"errors":[{"reason":"insufficientPermissions"}]}}`, ports.Account{}, fault.CodeNeedsReconnect},
		{google, 403, `{"error":{"errors":[{"reason":"quotaExceeded"}]}}`, ports.Account{}, fault.CodeRateLimited},
		{google, 403, `{"error":{"errors":[{"reason":"forbidden"}],"details":[{"reason":"SERVICE_DISABLED"}]}}`, ports.Account{}, fault.CodeCredentialsRejected},
		{google, 403, `{"error":{"errors":[{"reason":"accessNotConfigured"}]}}`, ports.Account{}, fault.CodeCredentialsRejected},
		{google, 401, `<html>`, ports.Account{}, fault.CodeProviderAnswerInvalid},
		{google, 200, `<html>`, ports.Account{}, fault.CodeProviderAnswerInvalid},
		{google, 500, `{}`, ports.Account{}, fault.CodeProviderUnavailable},
		{google, 429, ``, ports.Account{}, fault.CodeRateLimited},
		{reddit, 200, `{"id":"k1","name":"ada","icon_img":7}`, ports.Account{ID: "k1", Name: "ada"}, ""},
		{reddit, 200, `{"name":"ada"}`, ports.Account{}, fault.CodeProviderAnswerInvalid},
		{reddit, 200, `<html>`, ports.Account{}, fault.CodeProviderAnswerInvalid},
		{reddit, 401, `{"message":"Unauthorized","error":401}`, ports.Account{}, fault.CodeNeedsReconnect},
		{reddit, 403, `{"message":"Forbidden","error":403}`, ports.Account{}, fault.CodeNeedsReconnect},
		{reddit, 403, `<html>blocked</html>`, ports.Account{}, fault.CodeProviderAnswerInvalid},
		{reddit, 503, ``, ports.Account{}, fault.CodeProviderUnavailable},
	} {
		s := &script{status: c.status, body: c.body}
		got, err := c.of(s.options(t)).Account(t.Context(), access.NewToken("the token"))
		require.Equal(t, c.want, got, "%d %s", c.status, c.body)
		require.Equal(t, "Bearer the token", s.asked[0].Header.Get("Authorization"))
		if c.code == "" {
			require.NoError(t, err, "%d %s", c.status, c.body)
			continue
		}
		require.Equal(t, c.code, fault.As(err).Code, "%d %s", c.status, c.body)
	}
}

func TestRevocations(t *testing.T) {
	t.Parallel()
	both := access.Credentials{Access: access.NewToken("a"), Refresh: access.NewToken("r")}
	tokens := func(s *script) (sent []string) {
		for _, r := range s.asked {
			sent = append(sent, r.PostForm.Get("token")+r.PostForm.Get("token_type_hint"))
		}
		return sent
	}
	s := &script{status: 200, body: `{}`}
	require.NoError(t, oauth.NewGoogle(s.options(t)).Revoke(t.Context(), both))
	require.Equal(t, []string{"r"}, tokens(s), "one ends both")
	require.Empty(t, s.asked[0].PostForm.Get("client_secret"), "nobody asked for it")
	s = &script{status: 400, body: `{"error":"invalid_token"}`}
	require.NoError(t, oauth.NewGoogle(s.options(t)).Revoke(t.Context(), both))
	require.Equal(t, []string{"r", "a"}, tokens(s))
	s = &script{status: 204}
	require.NoError(t, oauth.NewReddit(s.options(t)).Revoke(t.Context(), both))
	require.Equal(t, []string{"rrefresh_token", "aaccess_token"}, tokens(s))
	s = &script{status: 503}
	require.True(t, fault.Is(oauth.NewReddit(s.options(t)).Revoke(t.Context(), both), fault.Unavailable))
	require.Len(t, s.asked, 2, "the second is tried whatever becomes of the first")
}

func TestAppGrantIsAboutTheClient(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"error":400}`, `{"error":"invalid_grant"}`, `{"error":"invalid_client"}`} {
		s := &script{status: 400, body: body}
		_, err := oauth.NewReddit(s.options(t)).AppGrant(t.Context())
		require.Equal(t, fault.CodeCredentialsRejected, fault.As(err).Code, body)
		require.True(t, fault.Is(err, fault.Rejected))
		require.Equal(t, url.Values{"grant_type": {"client_credentials"}}, s.asked[0].PostForm)
	}
}

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestCallsEndByThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := oauth.NewGoogle(oauth.Options{HTTPClient: &http.Client{Transport: silent{}}})
		_, err := refresh(t, a)
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}
