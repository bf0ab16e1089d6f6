package oauth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// The defaults of NewReddit's Options.
const (
	RedditAuthURL = "https://www.reddit.com"
	RedditAPIURL  = "https://oauth.reddit.com"
	// RedditUserAgent has the form that Reddit asks for; it throttles those of
	// libraries.
	RedditUserAgent = "server:io.soundings:v1 (by /u/soundings-io)"
)

// Reddit is the OAuth 2.0 server of Reddit's accounts.
type Reddit struct {
	authority
	revokeURL string
}

var _ ports.TokenAuthority = (*Reddit)(nil)

// NewReddit returns Reddit's authority. Consents are for good, because Reddit
// gives a refresh token with no other.
func NewReddit(opts Options) *Reddit {
	opts.UserAgent = cmp.Or(opts.UserAgent, RedditUserAgent)
	site := base(opts.AuthURL, RedditAuthURL) + "/api/v1"
	r := &Reddit{authority: newAuthority(opts), revokeURL: site + "/revoke_token"}
	r.provider, r.name, r.settings = content.Reddit, "Reddit", "REDDIT"
	r.api = base(opts.APIURL, RedditAPIURL)
	r.scopes = []string{"read", "identity"}
	r.consent = []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("duration", "permanent")}
	r.numbers = true
	r.endpoint = oauth2.Endpoint{
		AuthURL: site + "/authorize", TokenURL: site + "/access_token", AuthStyle: oauth2.AuthStyleInHeader,
	}
	return r
}

// Account returns who granted the token.
func (r *Reddit) Account(ctx context.Context, token access.Token) (ports.Account, error) {
	answer, err := r.get(ctx, r.api+"/api/v1/me?raw_json=1", token)
	if err != nil {
		return ports.Account{}, err
	}
	if v := byStatus(answer.Status); v != unknown {
		return ports.Account{}, r.fault(v, answer, "")
	}
	told := readReply(answer.Body)
	refused := answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden
	account := ports.Account{ID: told.text("id"), Name: told.text("name")}
	switch {
	case refused && (told.has("error") || challenged(answer.Header)):
		return ports.Account{}, r.fault(final, answer, "")
	case answer.Status != http.StatusOK || account.ID == "" || account.Name == "":
		return ports.Account{}, r.unreadable(answer)
	}
	return account, nil
}

// challenged tells whether an answer says by RFC 6750 §3 what is wrong with the
// token.
func challenged(h http.Header) bool {
	challenge := strings.ToLower(h.Get("Www-Authenticate"))
	return strings.Contains(challenge, "invalid_token") || strings.Contains(challenge, "insufficient_scope")
}

// Revoke ends a grant, both of its tokens whatever becomes of the first.
func (r *Reddit) Revoke(ctx context.Context, c access.Credentials) error {
	return errors.Join(r.revoke(ctx, c.Refresh, "refresh_token"), r.revoke(ctx, c.Access, "access_token"))
}

func (r *Reddit) revoke(ctx context.Context, token access.Token, hint string) error {
	if token.Empty() {
		return nil
	}
	answer, err := r.postAsClient(ctx, r.revokeURL, url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}})
	if err != nil {
		return err
	}
	return r.refused(answer)
}

// AppGrant returns a token in the name of the application alone. No scope is
// asked for: Reddit then gives what needs no account.
func (r *Reddit) AppGrant(ctx context.Context) (access.Grant, error) {
	grant, err := r.grant(ctx, url.Values{"grant_type": {"client_credentials"}})
	if fault.Is(err, fault.Unauthenticated) {
		return access.Grant{}, r.rejected(err) // there is no user who could connect again
	}
	return grant, err
}
