package access

import (
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

// Health tells how an integration does.
type Health string

// The states of an integration, spelt as the HTTP contract has them.
const (
	// Active integrations renew themselves.
	Active Health = "active"
	// Expiring integrations end soon unless the user connects again.
	Expiring Health = "expiring"
	// NeedsReconnect integrations are not used until the user connects again.
	NeedsReconnect Health = "needs_reconnect"
)

// The reasons why an integration needs reconnecting.
const (
	ReasonRevoked           = "revoked"            // the provider will not renew the token
	ReasonInsufficientScope = "insufficient_scope" // the user left out a permission that is needed
	ReasonRefused           = "refused"            // the provider refuses a token that should be valid
	ReasonUnreadable        = "unreadable"         // the stored token cannot be decrypted
	ReasonExpired           = "expired"            // there is nothing to renew the token with
)

const (
	// RefreshEarly is how long before its end a token is renewed, so that it
	// outlives a long page.
	RefreshEarly = 60 * time.Second
	// expiringSoon is how long before its end a connection shows as expiring.
	expiringSoon = 3 * 24 * time.Hour
)

// Integration is a user's connected account at a provider, without its secrets.
type Integration struct {
	ID       string
	UserID   UserID
	Provider content.ProviderID
	// AccountID and AccountName name the account at the provider; connecting the
	// same account again replaces the integration's credentials.
	AccountID   string
	AccountName string
	Scopes      []string
	// ExpiresAt is when the access token runs out, zero for never or unknown.
	ExpiresAt time.Time
	// EndsAt is when the provider ends the connection itself, where it told so;
	// zero for never or unknown.
	EndsAt time.Time
	// Renewable tells that there is a refresh token.
	Renewable bool
	// Reason is why the account must be connected again; empty while it need not.
	Reason     string
	LastUsedAt time.Time
	CreatedAt  time.Time
	// Version grows with each change of the credentials: whoever saves new ones
	// names the version that they come from.
	Version int64
}

// Health returns how the integration does.
func (in Integration) Health(now time.Time) Health {
	end := in.EndsAt
	if !in.Renewable && end.IsZero() {
		end = in.ExpiresAt
	}
	switch {
	case in.Reason != "" || !end.IsZero() && !now.Before(end):
		return NeedsReconnect
	case !end.IsZero() && end.Sub(now) < expiringSoon:
		return Expiring
	}
	return Active
}

// Valid tells whether the access token may be used as it is: it holds for at
// least RefreshEarly.
func (in Integration) Valid(now time.Time) bool {
	return in.ExpiresAt.IsZero() || in.ExpiresAt.Sub(now) >= RefreshEarly
}

// everyScope is how Reddit writes that all scopes were granted.
const everyScope = "*"

// Lacks returns those of the scopes that were not granted.
func (in Integration) Lacks(needed []string) []string {
	var lacking []string
	for _, s := range needed {
		if !slices.Contains(in.Scopes, s) && !slices.Contains(in.Scopes, everyScope) {
			lacking = append(lacking, s)
		}
	}
	return lacking
}

// Credentials are an integration's secrets.
type Credentials struct {
	Access Token
	// Refresh renews the access token; it may be empty.
	Refresh Token
}

// Grant is what a provider's token endpoint gave.
type Grant struct {
	Credentials
	ExpiresAt time.Time
	// EndsAt is when the provider ends the connection itself; zero if it did not tell.
	EndsAt time.Time
	Scopes []string
}

// Renewed returns the integration and its credentials after a refresh. What the
// provider did not give again stays: Google sends no refresh token, and an empty
// one must never replace the one that is kept.
func (in Integration) Renewed(c Credentials, g Grant) (Integration, Credentials) {
	in.ExpiresAt, in.Reason = g.ExpiresAt, ""
	if len(g.Scopes) > 0 {
		in.Scopes = g.Scopes
	}
	if !g.EndsAt.IsZero() {
		in.EndsAt = g.EndsAt
	}
	c.Access = g.Access
	if !g.Refresh.Empty() {
		c.Refresh = g.Refresh
	}
	in.Renewable = !c.Refresh.Empty()
	return in, c
}
