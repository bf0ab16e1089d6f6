package fakeapi

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-oauth2/oauth2/v4"
	oautherrors "github.com/go-oauth2/oauth2/v4/errors"
)

// The accounts at Google. Any other name makes an account of that name.
const (
	DemoGoogleAccount = "Tideline Viewer"
	// AccountWithoutChannel never signed up at YouTube: channels?mine=true
	// answers youtubeSignupRequired.
	AccountWithoutChannel = "No Channel"
)

// accountsBegan is when the channels of made-up accounts were opened.
var accountsBegan = time.Date(2020, 5, 1, 0, 0, 0, 0, time.UTC)

const googleAuthPath = "o/oauth2/v2/auth"

var googleTraits = traits{
	service: YouTube,
	client:  OAuthClient{DemoGoogleClientID, DemoGoogleClientSecret, []string{DemoRedirectURI}},
	account: DemoGoogleAccount,
	scopes:  []string{ScopeForceSSL, ScopeReadonly, "https://www.googleapis.com/auth/youtube", "openid", "email", "profile"},
	life:    3599 * time.Second,
	// A refresh token comes with the first offline consent of an account, and
	// with those that ask again.
	offline: func(query url.Values, first bool) bool {
		return query.Get("access_type") == "offline" && (first || slices.Contains(scopesIn(query.Get("prompt")), "consent"))
	},
	// Google takes the client from the form and from the header.
	identify: func(r *http.Request) (id, secret string) {
		if id, secret, ok := r.BasicAuth(); ok {
			return id, secret
		}
		return r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	},
	kinds: []oauth2.GrantType{oauth2.AuthorizationCode, oauth2.Refreshing},
	names: tokenNames{code: "4/0", access: "ya29.a0", refresh: "1//0"},
}

// google is Google's authorization server.
type google struct{ *authority }

func (g *google) answer(r *http.Request, path string, _ Effect) answer {
	switch {
	case path == googleAuthPath && r.Method == http.MethodGet:
		return g.authorization(r)
	case path == "token" && r.Method == http.MethodPost:
		return g.tokenReply(r)
	case path == "revoke" && (r.Method == http.MethodPost || r.Method == http.MethodGet):
		if !g.grants.revoke(r.FormValue("token"), true) {
			return googleErrors["invalid_token"].answer()
		}
		return jsonAnswer(http.StatusOK, struct{}{})
	}
	return htmlAnswer(http.StatusNotFound)
}

// authorization shows its own page, and never redirects, where the client or
// its address is not known.
func (g *google) authorization(r *http.Request) answer {
	query := r.URL.Query()
	switch {
	case query.Get("client_id") != g.known().ID:
		return errorPage(http.StatusUnauthorized, "invalid_client")
	case g.checkRedirect(query.Get("redirect_uri")) != nil:
		return errorPage(http.StatusBadRequest, "redirect_uri_mismatch")
	}
	values, page := g.authorize(r, query)
	if page != nil {
		return *page
	}
	return back(query, values, "")
}

// errorPage is what a person sees where an application is set up wrongly.
func errorPage(status int, code string) answer {
	a := htmlAnswer(status)
	a.body = []byte("<!DOCTYPE html>\n<html lang=en>\n<title>Authorization Error</title>\n<p>Error " + strconv.Itoa(status) + ": " + code + "\n")
	return a
}

// googleToken is the reply of the token endpoint.
type googleToken struct {
	AccessToken           string `json:"access_token"`
	ExpiresIn             int64  `json:"expires_in"`
	RefreshToken          string `json:"refresh_token,omitempty"`
	RefreshTokenExpiresIn int64  `json:"refresh_token_expires_in,omitempty"`
	Scope                 string `json:"scope"`
	TokenType             string `json:"token_type"`
}

func (g *google) tokenReply(r *http.Request) answer {
	token, err := g.token(r)
	if err != nil {
		return googleError(r, err).answer()
	}
	reply := googleToken{
		AccessToken: token.GetAccess(), ExpiresIn: int64(g.life / time.Second), RefreshToken: token.GetRefresh(),
		Scope: token.GetScope(), TokenType: "Bearer",
	}
	if reply.RefreshToken != "" {
		reply.RefreshTokenExpiresIn = int64(token.GetRefreshExpiresIn() / time.Second)
	}
	return noStore(jsonAnswer(http.StatusOK, reply))
}

// noStore forbids to keep an answer, as every token endpoint does.
func noStore(a answer) answer {
	a.header.Set("Cache-Control", "no-store")
	return a
}

// oauthError is an error of the standard's shape.
type oauthError struct {
	status      int
	code        string
	description string
}

func (e oauthError) answer() answer {
	body := map[string]string{"error": e.code}
	if e.description != "" {
		body["error_description"] = e.description
	}
	return noStore(jsonAnswer(e.status, body))
}

// GoogleReasons returns the errors of the authorization server that a rule can
// name. Any other reason is a 400 of that name.
func GoogleReasons() []string { return slices.Sorted(maps.Keys(googleErrors)) }

var googleErrors = map[string]oauthError{
	"invalid_grant":          {400, "invalid_grant", "Token has been expired or revoked."},
	"bad_code":               {400, "invalid_grant", "Malformed auth code."},
	"bad_verifier":           {400, "invalid_grant", "Invalid code verifier."},
	"invalid_client":         {401, "invalid_client", "The OAuth client was not found."},
	"invalid_request":        {400, "invalid_request", "Missing required parameter"},
	"invalid_scope":          {400, "invalid_scope", "Bad Request"},
	"invalid_token":          {400, "invalid_token", "Token expired or revoked"},
	"redirect_uri_mismatch":  {400, "redirect_uri_mismatch", "Bad Request"},
	"unsupported_grant_type": {400, "unsupported_grant_type", "Invalid grant_type"},
	"unauthorized_client":    {401, "unauthorized_client", "Unauthorized"},
	"admin_policy_enforced":  {400, "admin_policy_enforced", ""},
	"rate_limit_exceeded":    {429, "rate_limit_exceeded", "Rate Limit Exceeded"},
	"internal_failure":       {500, "internal_failure", ""},
	"backend_error":          {503, "backend_error", "The service is currently unavailable."},
}

// googleError names what the library refused.
func googleError(r *http.Request, err error) oauthError {
	for reason, causes := range map[string][]error{
		"invalid_client":         {oautherrors.ErrInvalidClient},
		"redirect_uri_mismatch":  {oautherrors.ErrInvalidRedirectURI},
		"unsupported_grant_type": {oautherrors.ErrUnsupportedGrantType, oautherrors.ErrUnauthorizedClient},
		"invalid_request":        {oautherrors.ErrInvalidRequest},
		"invalid_scope":          {oautherrors.ErrInvalidScope},
		"bad_verifier":           {oautherrors.ErrMissingCodeVerifier},
	} {
		if slices.ContainsFunc(causes, func(cause error) bool { return errors.Is(err, cause) }) {
			return googleErrors[reason]
		}
	}
	if r.PostFormValue("grant_type") == "refresh_token" {
		return googleErrors["invalid_grant"]
	}
	return googleErrors["bad_code"]
}

// googleStatuses are the errors of a rule that names a status alone.
var googleStatuses = map[int]string{400: "invalid_request", 401: "invalid_client", 429: "rate_limit_exceeded", 500: "internal_failure"}

func (g *google) fault(r Rule) answer {
	e, known := googleErrors[cmp.Or(r.Reason, googleStatuses[r.Status], "backend_error")]
	if !known {
		e = oauthError{status: http.StatusBadRequest, code: r.Reason}
	}
	e.status = cmp.Or(r.Status, e.status)
	return e.answer()
}
