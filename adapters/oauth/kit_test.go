package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/oauth"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// platform is the fake platforms behind a door that can be shut.
type platform struct {
	*fakeapi.Server
	url      string
	shut     atomic.Pointer[fault.Kind]
	requests atomic.Int64
	// refuse answers where the door is shut.
	refuse func(w http.ResponseWriter, r *http.Request, kind fault.Kind)
}

func newPlatform(t *testing.T, options ...fakeapi.Option) *platform {
	t.Helper()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	p := &platform{Server: fakeapi.Run(t, data, options...)}
	door := httptest.NewServer(p)
	t.Cleanup(door.Close)
	p.url = door.URL
	return p
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	if kind := p.shut.Load(); kind != nil {
		p.refuse(w, r, *kind)
		return
	}
	p.Server.ServeHTTP(w, r)
}

func (p *platform) google() *oauth.Google {
	return oauth.NewGoogle(oauth.Options{
		ClientID: fakeapi.DemoGoogleClientID, ClientSecret: access.NewToken(fakeapi.DemoGoogleClientSecret),
		AuthURL: p.GoogleAuthURL(), TokenURL: p.url + "/google/token", RevokeURL: p.url + "/google/revoke",
		APIURL: p.url + "/youtube/v3/",
	})
}

func (p *platform) reddit() *oauth.Reddit {
	return oauth.NewReddit(oauth.Options{
		ClientID: fakeapi.DemoRedditClientID, ClientSecret: access.NewToken(fakeapi.DemoRedditClientSecret),
		AuthURL: p.url + "/reddit-www/", APIURL: p.url + "/reddit",
	})
}

func (p *platform) grantor(a ports.TokenAuthority, account string) *portstest.Grantor {
	return &portstest.Grantor{
		Authority: a, AccountName: account,
		Consent:  func(t *testing.T, address string) (state, code string) { return p.consent(t, address) },
		Answer:   p.shut.Store,
		Requests: func() int { return int(p.requests.Load()) },
	}
}

// consent plays the user; it does not go through the door.
func (p *platform) consent(t *testing.T, address string) (state, code string) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	p.Server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, u.RequestURI()+"&consent=allow", nil))
	require.Equal(t, http.StatusFound, w.Code, "%s", w.Body)
	back, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	return back.Query().Get("state"), back.Query().Get("code")
}

func say(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func TestGoogleKit(t *testing.T) {
	t.Parallel()
	portstest.TestTokenAuthority(t, func(t *testing.T) *portstest.Grantor {
		p := newPlatform(t)
		p.refuse = func(w http.ResponseWriter, _ *http.Request, kind fault.Kind) {
			switch kind {
			case fault.RateLimited:
				w.Header().Set("Retry-After", "7")
				say(w, http.StatusTooManyRequests, "<html>slow down</html>")
			case fault.Rejected:
				say(w, http.StatusUnauthorized, `{"error":"invalid_client","error_description":"The OAuth client was not found."}`)
			default:
				say(w, http.StatusServiceUnavailable, `{"error":"invalid_grant"}`)
			}
		}
		return p.grantor(p.google(), fakeapi.DemoGoogleAccount)
	})
}

func TestRedditKit(t *testing.T) {
	t.Parallel()
	portstest.TestTokenAuthority(t, func(t *testing.T) *portstest.Grantor {
		p := newPlatform(t)
		p.refuse = func(w http.ResponseWriter, _ *http.Request, kind fault.Kind) {
			switch kind {
			case fault.RateLimited:
				w.Header().Set("X-Ratelimit-Reset", "244.0")
				say(w, http.StatusTooManyRequests, "<!doctype html>whoa there, pardner!")
			case fault.Rejected:
				say(w, http.StatusUnauthorized, `{"message":"Unauthorized","error":401}`)
			default:
				say(w, http.StatusBadGateway, "")
			}
		}
		g := p.grantor(p.reddit(), fakeapi.DemoRedditAccount)
		g.AppGrants = true
		return g
	})
}
