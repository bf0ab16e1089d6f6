package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// ContentSource fetches from one provider.
//
// Error kinds of Open and Fetch: NotFound (source_not_found), Forbidden
// (source_forbidden; needs_reconnect or credentials_rejected where the token
// lacks a scope), Unauthenticated (credentials_rejected: the token was refused),
// Gone (comments_disabled: the listing is empty for good), QuotaExhausted and
// RateLimited (with RetryAt where the provider tells it), Unavailable
// (provider_unavailable; provider_answer_invalid for an answer that cannot be
// read, which may be better next time), Rejected (provider_answer_invalid: a
// refusal that nobody knows; paging_broken: the listing leads in a circle),
// Conflict (paging_broken: the token was refused, and the caller may walk the
// listing anew), Invalid for a source or listing that is not the provider's.
// When ctx ends, its error comes back. Calls end by themselves after 30
// seconds; they do not retry.
type ContentSource interface {
	// Provider names the platform.
	Provider() content.ProviderID
	// Open resolves a source: its page has the title, what the provider
	// announces, the video or submission itself where the source is one, and
	// the listings to walk.
	Open(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error)
	// Fetch returns the page of the listing behind the token, or its first page
	// for an empty token.
	Fetch(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error)
}
