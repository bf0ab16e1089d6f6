package fakeapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	oautherrors "github.com/go-oauth2/oauth2/v4/errors"
)

// Consent is what the person in front of a consent page decides.
type Consent struct {
	// Account is who decides; empty is the demo's account.
	Account string `json:"account,omitempty"`
	Deny    bool   `json:"deny,omitempty"`
	// Scopes are those that stay ticked; nil are all that were asked for. What
	// was not asked for is never granted.
	Scopes []string `json:"scopes,omitempty"`
	// RefreshSeconds limits the life of the refresh token; Google says so in
	// refresh_token_expires_in. 0 is no limit.
	RefreshSeconds int64 `json:"refreshSeconds,omitempty"`
}

// SetConsent answers every authorization request at both platforms with this
// decision; nil shows the page again. A decision in the request's own
// parameters goes before it.
func (s *Server) SetConsent(c *Consent) {
	s.google.setConsent(c)
	s.redditWWW.setConsent(c)
}

func (a *authority) setConsent(c *Consent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c != nil {
		copied := *c
		c = &copied
	}
	a.consent = c
}

// decision returns the consent that a request carries in `consent`,
// `granted_scope` and `account`, else the one that was set, else nil.
func (a *authority) decision(query url.Values) *Consent {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := Consent{}
	if a.consent != nil {
		c = *a.consent
	}
	switch query.Get("consent") {
	case "allow":
		c.Deny = false
	case "deny":
		c.Deny = true
	default:
		if a.consent == nil {
			return nil
		}
	}
	c.Account = cmp.Or(query.Get("account"), c.Account, a.account)
	if query.Has("granted_scope") {
		c.Scopes = scopesIn(query.Get("granted_scope"))
	}
	return &c
}

// authorize answers an authorization request whose client and redirect address
// were found right: the values that go back to the application, or a page.
func (a *authority) authorize(r *http.Request, query url.Values) (url.Values, *answer) {
	request, err := a.engine.ValidationAuthorizeRequest(r)
	if err != nil {
		return url.Values{"error": {authorizeError(err)}}, nil
	}
	asked := scopesIn(request.Scope)
	if len(asked) == 0 || len(within(request.Scope, a.scopes)) < len(asked) {
		return url.Values{"error": {"invalid_scope"}}, nil
	}
	c := a.decision(query)
	if c == nil {
		page := a.page(r, asked)
		return nil, &page
	}
	if c.Deny {
		return url.Values{"error": {"access_denied"}}, nil
	}
	granted := asked
	if c.Scopes != nil {
		granted = within(request.Scope, c.Scopes)
	}
	request.UserID, request.Scope = c.Account, strings.Join(granted, " ")
	ctx := context.WithValue(r.Context(), decisionKey{}, a.notes(query, *c))
	token, err := a.engine.GetAuthorizeToken(ctx, request)
	if err != nil {
		return url.Values{"error": {"server_error"}}, nil
	}
	return url.Values{"code": {token.GetCode()}, "scope": {request.Scope}}, nil
}

// authorizeError is the error code of the standard for what the library says,
// which takes a response type that it does not know for the client's fault.
func authorizeError(err error) string {
	if errors.Is(err, oautherrors.ErrUnauthorizedClient) {
		return oautherrors.ErrUnsupportedResponseType.Error()
	}
	return err.Error()
}

// notes are what the exchange of the code must know of a consent.
func (a *authority) notes(query url.Values, c Consent) url.Values {
	a.mu.Lock()
	defer a.mu.Unlock()
	notes := url.Values{}
	if a.offline(query, !a.consented[c.Account]) {
		notes.Set(offlineNote, "yes")
		a.consented[c.Account] = true
	}
	if c.RefreshSeconds > 0 {
		notes.Set(refreshLifeNote, strconv.FormatInt(c.RefreshSeconds, 10))
	}
	return notes
}

// back redirects to the application with these values and its state. It
// replaces nothing else in the address.
func back(query, values url.Values, fragment string) answer {
	target, err := url.Parse(query.Get("redirect_uri"))
	if err != nil {
		return htmlAnswer(http.StatusBadRequest)
	}
	all := target.Query()
	if query.Has("state") {
		all.Set("state", query.Get("state"))
	}
	for name, value := range values {
		all[name] = slices.Clone(value)
	}
	target.RawQuery = all.Encode()
	a := htmlAnswer(http.StatusFound)
	a.header.Set("Location", target.String()+fragment)
	return a
}

var consentPage = template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<html lang=en><meta charset=utf-8><title>Connect an account</title>
<h1>Soundings wants to read as {{.Account}}</h1>
<p>This is a made-up {{.Service}}. It was asked for:</p>
<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>
<p><a id=allow href="{{.Allow}}">Allow</a> · <a id=deny href="{{.Deny}}">Deny</a></p>
</html>
`))

// page shows the two decisions as links.
func (a *authority) page(r *http.Request, scopes []string) answer {
	link := func(decision string) string {
		query := r.URL.Query()
		query.Set("consent", decision)
		return "?" + query.Encode()
	}
	var b bytes.Buffer
	err := consentPage.Execute(&b, map[string]any{
		"Account": cmp.Or(r.URL.Query().Get("account"), a.account), "Service": a.service, "Scopes": scopes,
		"Allow": link("allow"), "Deny": link("deny"),
	})
	if err != nil {
		panic("fakeapi: " + err.Error()) // the template fits its values
	}
	p := htmlAnswer(http.StatusOK)
	p.body = b.Bytes()
	return p
}
