// Package oauth speaks with the OAuth 2.0 servers of Google and Reddit.
//
// Addresses and challenges are made by golang.org/x/oauth2. Tokens are asked for
// without it, because its v0.37.0 takes no expires_in that is a fraction and no
// JSON that calls itself text/plain, knows no number as an error, which is how
// Reddit refuses a dead refresh token, and has the whole answer in its errors.
package oauth

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// timeout bounds one call, as ports.TokenAuthority promises.
	timeout = 10 * time.Second
	// maxBody bounds an answer, in bytes; a token with all that belongs to it has
	// less than 10 KB.
	maxBody = 256 << 10
	// parallel is how many connections to one host are kept.
	parallel = 8
)

// Options are the settings of a provider's OAuth client. Zero values mean the
// provider's defaults.
type Options struct {
	ClientID     string
	ClientSecret access.Token
	// AuthURL is where users consent: Google's page, or Reddit's site, below which
	// all of its endpoints stand.
	AuthURL string
	// TokenURL and RevokeURL are Google's endpoints; Reddit has none of its own.
	TokenURL  string
	RevokeURL string
	// APIURL is where the API stands that tells whose token it is.
	APIURL string
	// UserAgent is how the deployment declares itself.
	UserAgent string
	// HTTPClient carries the calls; nil means one of the authority's own. It is
	// copied, and redirects are never followed.
	HTTPClient *http.Client
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// authority is what Google and Reddit have in common. It may be used by many
// goroutines.
type authority struct {
	provider content.ProviderID
	// name and settings are for messages: Google, YOUTUBE.
	name, settings string

	clientID string
	// secret is the client's; a function, because fmt prints what is in fields
	// that are not exported, an access.Token too.
	secret   func() string
	endpoint oauth2.Endpoint
	scopes   []string
	// consent are the provider's own parameters of the consent page's address.
	consent []oauth2.AuthCodeOption
	// numbers tells that errors may be an HTTP status in the JSON.
	numbers bool

	api, userAgent string
	calls          *outcall.Client
	now            func() time.Time
}

func newAuthority(opts Options) authority {
	a := authority{
		clientID: opts.ClientID, secret: opts.ClientSecret.Reveal, userAgent: opts.UserAgent, now: opts.Now,
		calls: outcall.New(opts.HTTPClient, outcall.Limits{Timeout: timeout, MaxBody: maxBody, Parallel: parallel}),
	}
	if a.now == nil {
		a.now = time.Now
	}
	return a
}

// base returns an address without the slash behind it.
func base(text, standard string) string { return strings.TrimRight(cmp.Or(text, standard), "/") }

// Provider names the platform.
func (a *authority) Provider() content.ProviderID { return a.provider }

// Scopes are those that fetching needs.
func (a *authority) Scopes() []string { return slices.Clone(a.scopes) }

// AuthorizationURL returns where the user consents, with the challenge of the
// verifier (S256, RFC 7636).
func (a *authority) AuthorizationURL(by ports.Authorization) string {
	config := oauth2.Config{ClientID: a.clientID, Endpoint: a.endpoint, RedirectURL: by.RedirectURL, Scopes: a.scopes}
	return config.AuthCodeURL(by.State, append(slices.Clone(a.consent), oauth2.S256ChallengeOption(by.Verifier.Reveal()))...)
}

// Exchange turns an authorisation code into a grant. A provider that names no
// scopes granted those that were asked for (RFC 6749 §5.1).
func (a *authority) Exchange(ctx context.Context, code, verifier access.Token, redirectURL string) (access.Grant, error) {
	grant, err := a.grant(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code.Reveal()},
		"code_verifier": {verifier.Reveal()}, "redirect_uri": {redirectURL},
	})
	if err == nil && grant.Scopes == nil {
		grant.Scopes = a.Scopes()
	}
	return grant, err
}

// Refresh renews a grant. Where the provider names no scopes, they are those
// that the user granted (RFC 6749 §6), and the grant has none.
func (a *authority) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	if refresh.Empty() {
		return access.Grant{}, a.final(nil) // Reddit would say that the request is wrong
	}
	return a.grant(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh.Reveal()}})
}

// grant asks the token endpoint once.
func (a *authority) grant(ctx context.Context, form url.Values) (access.Grant, error) {
	asked := a.now() // the token may be that old when its answer is read
	answer, err := a.postAsClient(ctx, a.endpoint.TokenURL, form)
	if err != nil {
		return access.Grant{}, err
	}
	if err := a.refused(answer); err != nil {
		return access.Grant{}, err
	}
	grant, ok := readReply(answer.Body).grant(asked)
	if !ok {
		return access.Grant{}, a.unreadable(answer)
	}
	return grant, nil
}

// postAsClient sends a form in the deployment's name. The style is told, not
// found out by trying: a second try would burn an authorisation code.
func (a *authority) postAsClient(ctx context.Context, address string, form url.Values) (outcall.Answer, error) {
	return a.post(ctx, address, form, a.endpoint.AuthStyle)
}

// post sends a form; with oauth2.AuthStyleAutoDetect in nobody's name.
func (a *authority) post(ctx context.Context, address string, form url.Values, style oauth2.AuthStyle) (outcall.Answer, error) {
	if style == oauth2.AuthStyleInParams {
		form.Set("client_id", a.clientID)
		form.Set("client_secret", a.secret())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return outcall.Answer{}, a.unusableAddress()
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if style == oauth2.AuthStyleInHeader {
		req.SetBasicAuth(url.QueryEscape(a.clientID), url.QueryEscape(a.secret())) // RFC 6749 §2.3.1
	}
	return a.do(req)
}

// get asks the API with a token.
func (a *authority) get(ctx context.Context, address string, token access.Token) (outcall.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return outcall.Answer{}, a.unusableAddress()
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return a.do(req)
}

// do sends a request once. When the caller's own context ended, that is the error.
func (a *authority) do(req *http.Request) (outcall.Answer, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", a.userAgent)
	answer, err := a.calls.Do(req)
	switch {
	case err == nil:
		return answer, nil
	case req.Context().Err() != nil:
		return answer, req.Context().Err()
	}
	return answer, a.unreachable(err)
}

func (a *authority) unusableAddress() error {
	return fault.New(fault.Unavailable, fault.CodeProviderUnavailable,
		"the address that is set for %s cannot be used; the operator checks the settings that end in _URL", a.name)
}
