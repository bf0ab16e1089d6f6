package fakeapi

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-oauth2/oauth2/v4"
	oautherrors "github.com/go-oauth2/oauth2/v4/errors"
)

// DemoRedditAccount is who consents at Reddit where nobody is named. Any other
// name makes an account of that name.
const DemoRedditAccount = "quiet_harbour"

// DemoUserAgent is a User-Agent of the form that Reddit asks for.
const DemoUserAgent = "server:soundings-demo:1.0 (by /u/" + DemoRedditAccount + ")"

var redditTraits = traits{
	service: Reddit,
	client:  OAuthClient{DemoRedditClientID, DemoRedditClientSecret, []string{DemoRedirectURI}},
	account: DemoRedditAccount,
	scopes:  []string{"*", "identity", "read", "history", "mysubreddits", "wikiread"},
	life:    time.Hour,
	offline: func(query url.Values, _ bool) bool { return query.Get("duration") == "permanent" },
	// Reddit takes the client from the header alone.
	identify: func(r *http.Request) (id, secret string) {
		id, secret, _ = r.BasicAuth()
		return id, secret
	},
	kinds: []oauth2.GrantType{oauth2.AuthorizationCode, oauth2.Refreshing, oauth2.ClientCredentials},
	names: tokenNames{code: "", access: "100000000001-", refresh: "100000000001-r-"},
}

// redditWWW is www.reddit.com as far as Soundings calls it: the authorization
// server and the share links.
type redditWWW struct {
	*authority
	data *Data
}

func (s *redditWWW) fault(r Rule) answer { return redditFault(r) }

func (s *redditWWW) answer(r *http.Request, path string, _ Effect) answer {
	path = strings.TrimSuffix(path, "/")
	switch {
	case path == "api/v1/authorize" && r.Method == http.MethodGet:
		return s.authorization(r)
	case isLibrary(r.UserAgent()):
		return redditReason("tooManyRequests").answer()
	case path == "api/v1/access_token" && r.Method == http.MethodPost:
		return s.tokenReply(r)
	case path == "api/v1/revoke_token" && r.Method == http.MethodPost:
		return s.revocation(r)
	}
	if to, status, ok := s.data.shareTarget(path); ok {
		a := htmlAnswer(status)
		a.header.Set("Location", to)
		return a
	}
	return htmlAnswer(http.StatusNotFound)
}

// isLibrary tells whether a User-Agent is a library's default, which Reddit
// slows down to nothing.
func isLibrary(agent string) bool {
	return agent == "" || strings.HasPrefix(agent, "Go-http-client/")
}

// authorization ends the address of every redirect with #_, as Reddit does.
func (s *redditWWW) authorization(r *http.Request) answer {
	query := r.URL.Query()
	switch {
	case query.Get("client_id") != s.known().ID:
		return errorPage(http.StatusForbidden, "forbidden (reddit.com): invalid client id.")
	case s.checkRedirect(query.Get("redirect_uri")) != nil:
		return errorPage(http.StatusForbidden, "forbidden (reddit.com): invalid redirect_uri parameter.")
	}
	values, page := s.authorize(r, query)
	if page != nil {
		return *page
	}
	values.Del("scope") // only Google says it here
	return back(query, values, "#_")
}

// redditToken is the reply of the token endpoint.
type redditToken struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

// tokenReply answers as the recorded exchanges do: a code that is no good is a
// 200 with an error, a dead refresh token a 400 with a number.
func (s *redditWWW) tokenReply(r *http.Request) answer {
	if r.PostFormValue("grant_type") == "client_credentials" && r.PostFormValue("scope") == "" {
		r.Form.Set("scope", "*")
	}
	token, err := s.token(r)
	switch {
	case err == nil:
	case errors.Is(err, oautherrors.ErrInvalidClient):
		return redditReason("unauthorized").answer()
	case r.PostFormValue("grant_type") == "refresh_token":
		return redditReason("deadRefresh").answer()
	case r.PostFormValue("grant_type") == "password":
		return redditReason("unauthorized_client").answer()
	case errors.Is(err, oautherrors.ErrUnsupportedGrantType), errors.Is(err, oautherrors.ErrInvalidRequest):
		return redditReason(err.Error()).answer()
	default:
		return redditReason("invalid_grant").answer()
	}
	return noStore(jsonAnswer(http.StatusOK, redditToken{
		AccessToken: token.GetAccess(), TokenType: "bearer", ExpiresIn: int64(s.life / time.Second),
		RefreshToken: token.GetRefresh(), Scope: token.GetScope(),
	}))
}

// revocation answers 204 for any token, as long as the client is right.
func (s *redditWWW) revocation(r *http.Request) answer {
	if _, _, err := s.authenticate(r); err != nil {
		return redditReason("unauthorized").answer()
	}
	s.grants.revoke(r.PostFormValue("token"), false)
	return answer{status: http.StatusNoContent, header: http.Header{}}
}

// ShareLink is an address /r/S/s/CODE that leads to another one.
type ShareLink struct {
	Subreddit string `json:"subreddit"`
	Code      string `json:"code"`
	// Location is where it leads; empty is the submission's page.
	Location     string `json:"location,omitempty"`
	SubmissionID string `json:"submissionId,omitempty"`
	// Status is 301 where it is 0.
	Status int `json:"status,omitempty"`
}

// AddShareLink adds or replaces a share link.
func (d *Data) AddShareLink(l ShareLink) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reddit.shares[shareKey(l.Subreddit, l.Code)] = l
}

func shareKey(subreddit, code string) string {
	return "r/" + strings.ToLower(subreddit) + "/s/" + code
}

// shareTarget returns where a path redirects to.
func (d *Data) shareTarget(path string) (location string, status int, ok bool) {
	parts := strings.Split(path, "/")
	if len(parts) != 4 {
		return "", 0, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	link, ok := d.reddit.shares[shareKey(parts[1], parts[3])]
	if !ok {
		return "", 0, false
	}
	location = link.Location
	if s := d.reddit.submissions[link.SubmissionID]; location == "" && s != nil {
		location = redditSite + s.permalink() + "?share_id=" + hashID(link.Code, 21) + "&utm_medium=ios_app&utm_source=share"
	}
	return location, cmp.Or(link.Status, http.StatusMovedPermanently), true
}
