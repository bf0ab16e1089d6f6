package oauth

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// The defaults of NewGoogle's Options.
const (
	GoogleAuthURL   = "https://accounts.google.com/o/oauth2/v2/auth"
	GoogleTokenURL  = "https://oauth2.googleapis.com/token"
	GoogleRevokeURL = "https://oauth2.googleapis.com/revoke"
	YouTubeAPIURL   = "https://www.googleapis.com/youtube/v3"
	GoogleUserAgent = "soundings"
)

// ScopeForceSSL is the only scope with which YouTube lets an account read
// comments (field-notes §3.3).
const ScopeForceSSL = "https://www.googleapis.com/auth/youtube.force-ssl"

// Google is the OAuth 2.0 server of YouTube's accounts.
type Google struct {
	authority
	revokeURL string
}

var _ ports.TokenAuthority = (*Google)(nil)

// NewGoogle returns Google's authority. Each consent is asked for anew, because
// Google gives a refresh token with no other.
func NewGoogle(opts Options) *Google {
	opts.UserAgent = cmp.Or(opts.UserAgent, GoogleUserAgent)
	g := &Google{authority: newAuthority(opts), revokeURL: cmp.Or(opts.RevokeURL, GoogleRevokeURL)}
	g.provider, g.name, g.settings = content.YouTube, "Google", "YOUTUBE"
	g.api = base(opts.APIURL, YouTubeAPIURL)
	g.scopes = []string{ScopeForceSSL}
	g.consent = []oauth2.AuthCodeOption{oauth2.AccessTypeOffline, oauth2.SetAuthURLParam("prompt", "consent")}
	g.endpoint = oauth2.Endpoint{
		AuthURL: cmp.Or(opts.AuthURL, GoogleAuthURL), TokenURL: cmp.Or(opts.TokenURL, GoogleTokenURL),
		AuthStyle: oauth2.AuthStyleInParams,
	}
	return g
}

// Account returns the account's channel. An account that has none is an empty
// Account: Google tells nothing else of it with the scope that fetching needs.
func (g *Google) Account(ctx context.Context, token access.Token) (ports.Account, error) {
	answer, err := g.get(ctx, g.api+"/channels?part=snippet&mine=true", token)
	if err != nil {
		return ports.Account{}, err
	}
	var page struct {
		Error *apiError
		Items []struct {
			ID      string
			Snippet struct{ Title string }
		}
	}
	unread := json.Unmarshal(answer.Body, &page)
	switch {
	case page.Error != nil || answer.Status != http.StatusOK:
		return ports.Account{}, g.accountRefused(answer, page.Error)
	case unread != nil:
		return ports.Account{}, g.unreadable(answer)
	case len(page.Items) == 0:
		return ports.Account{}, nil
	}
	return ports.Account{ID: page.Items[0].ID, Name: page.Items[0].Snippet.Title}, nil
}

// apiError is an error of the YouTube Data API, which names its reason in one
// of two places.
type apiError struct {
	Errors, Details []struct{ Reason string }
}

// accountVerdicts are the reasons that are not about the account.
var accountVerdicts = map[string]verdict{
	"quotaExceeded":         limited,
	"dailyLimitExceeded":    limited,
	"rateLimitExceeded":     limited,
	"userRateLimitExceeded": limited,
	"RATE_LIMIT_EXCEEDED":   limited,
	"accessNotConfigured":   client, // the Google Cloud project lacks the API
	"SERVICE_DISABLED":      client,
	"backendError":          passing,
	"internalError":         passing,
}

// noChannel is the reason of an account that never signed up at YouTube.
const noChannel = "youtubeSignupRequired"

// accountRefused returns nil for an account without a channel.
func (g *Google) accountRefused(answer outcall.Answer, e *apiError) error {
	if v := byStatus(answer.Status); v != unknown {
		return g.fault(v, answer, "")
	}
	if e == nil {
		return g.unreadable(answer)
	}
	for _, at := range append(e.Errors, e.Details...) {
		if at.Reason == noChannel {
			return nil
		}
		if v := accountVerdicts[at.Reason]; v != unknown {
			return g.fault(v, answer, at.Reason)
		}
	}
	if answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden {
		return g.fault(final, answer, "")
	}
	return g.unreadable(answer)
}

// Revoke ends a grant. With one of its tokens Google ends the whole grant; where
// it does not know the first, the other may still live.
func (g *Google) Revoke(ctx context.Context, c access.Credentials) error {
	for _, token := range []access.Token{c.Refresh, c.Access} {
		if token.Empty() {
			continue
		}
		answer, err := g.post(ctx, g.revokeURL, url.Values{"token": {token.Reveal()}}, oauth2.AuthStyleAutoDetect)
		if err != nil {
			return err
		}
		if err = g.refused(answer); !fault.Is(err, fault.Unauthenticated) {
			return err
		}
	}
	return nil
}

// AppGrant returns NotFound: Google has no such grant for YouTube.
func (*Google) AppGrant(context.Context) (access.Grant, error) {
	return access.Grant{}, fault.New(fault.NotFound, fault.CodeNotFound,
		"Google gives an OAuth client no token of its own for YouTube; set YOUTUBE_MASTER_ACCESS_TOKEN to an API key")
}
