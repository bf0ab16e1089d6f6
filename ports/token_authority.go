package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// Authorization is what a user's browser is sent to the provider with.
type Authorization struct {
	State string
	// Verifier is the secret whose S256 challenge goes into the address (RFC 7636).
	Verifier    access.Token
	RedirectURL string
}

// Account names who granted a token.
type Account struct{ ID, Name string }

// TokenAuthority is a provider's OAuth 2.0 server (RFC 6749). Calls end by
// themselves after 10 seconds and do not retry; each sends its request once, as
// a second one would burn an authorisation code.
//
// Error kinds: Unauthenticated with CodeNeedsReconnect when the refusal is final
// for this code or refresh token; Rejected with CodeCredentialsRejected when the
// provider does not take the deployment's client; RateLimited and Unavailable
// when the same call may succeed later. When ctx ends, its error comes back.
type TokenAuthority interface {
	// Provider names the platform.
	Provider() content.ProviderID
	// Scopes are those that fetching needs.
	Scopes() []string
	// AuthorizationURL returns where the user consents.
	AuthorizationURL(a Authorization) string
	// Exchange turns an authorisation code into a grant.
	Exchange(ctx context.Context, code, verifier access.Token, redirectURL string) (access.Grant, error)
	// Refresh renews a grant.
	Refresh(ctx context.Context, refresh access.Token) (access.Grant, error)
	// Revoke ends a grant. A token that the provider does not know is revoked.
	Revoke(ctx context.Context, c access.Credentials) error
	// Account tells whose token it is.
	Account(ctx context.Context, token access.Token) (Account, error)
	// AppGrant returns the deployment's own token, where the provider has such a
	// grant (client_credentials); otherwise NotFound.
	AppGrant(ctx context.Context) (access.Grant, error)
}
