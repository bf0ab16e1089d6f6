// Package reddit reads Reddit's submissions and comments through its OAuth API.
//
// It is a thin client over net/http: no client library for Go is well kept, and
// those there are lose comments behind "more" (field-notes §3.2).
package reddit

import (
	"cmp"
	"context"
	"hash/maphash"
	"net/http"
	"net/url"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// The defaults of Options.
const (
	DefaultBaseURL   = "https://oauth.reddit.com"
	DefaultWebURL    = "https://www.reddit.com"
	DefaultTimeout   = 30 * time.Second
	DefaultUserAgent = "server:io.soundings:v1 (by /u/soundings-io)"
)

const (
	// maxBody bounds an answer, in bytes; a tree of 1,400 comments with all of
	// its fields has 2.6 MB.
	maxBody = 16 << 20
	// parallel is how many connections are kept: twice the default number of
	// handlers of a process.
	parallel = 16
)

// Options are the settings of a Source. Zero values mean the defaults.
type Options struct {
	// BaseURL is where the API stands, with or without a slash behind it.
	BaseURL string
	// WebURL is where the site stands, which alone knows what share links mean.
	WebURL string
	// UserAgent is how the deployment declares itself. Reddit throttles agents
	// that look like a library and bans those that look like a browser.
	UserAgent string
	// HTTPClient carries the calls; nil means one of the source's own. It is
	// copied, and redirects are never followed by it.
	HTTPClient *http.Client
	// Timeout bounds one Open or Fetch, at most DefaultTimeout.
	Timeout time.Duration
	// Now tells the time, for the ends of rate limits; nil is time.Now.
	Now func() time.Time
	// Meter is asked before each call; nil allows everything.
	Meter ports.Meter
}

// Source is the ports.ContentSource of Reddit. It keeps nothing between calls
// but its connections.
type Source struct {
	base, web *url.URL
	userAgent string
	calls     *outcall.Client
	timeout   time.Duration
	now       func() time.Time
	meter     ports.Meter
	seed      maphash.Seed
	lanes     [lanes]chan struct{}
}

var _ ports.ContentSource = (*Source)(nil)

// New returns a source.
func New(opts Options) *Source {
	s := &Source{
		base:      outcall.Base(opts.BaseURL, DefaultBaseURL),
		web:       outcall.Base(opts.WebURL, DefaultWebURL),
		userAgent: cmp.Or(opts.UserAgent, DefaultUserAgent),
		timeout:   DefaultTimeout, now: opts.Now, meter: opts.Meter, seed: maphash.MakeSeed(),
	}
	if opts.Timeout > 0 {
		s.timeout = min(opts.Timeout, DefaultTimeout)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.meter == nil {
		s.meter = ports.Unmetered{}
	}
	for i := range s.lanes {
		s.lanes[i] = make(chan struct{}, 1)
	}
	s.calls = outcall.New(opts.HTTPClient, outcall.Limits{Timeout: s.timeout, MaxBody: maxBody, Parallel: parallel})
	return s
}

// Provider returns content.Reddit.
func (*Source) Provider() content.ProviderID { return content.Reddit }

// opener opens a source of one kind.
type opener func(context.Context, access.ExecutionContext, content.Source) (content.Page, error)

// openerOf returns nil for what Reddit does not have.
func (s *Source) openerOf(kind content.SourceKind) opener {
	switch kind {
	case content.Submission:
		return s.openSubmission
	case content.Comment:
		return s.openComment
	case content.Subreddit, content.UserName:
		return s.openPosts
	case content.Share:
		return s.openShare
	}
	return nil
}

// Open resolves a submission, a comment, a subreddit, a user page or a share
// link. A submission's page has its first comments already: they come with it.
func (s *Source) Open(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	open := s.openerOf(src.Kind)
	if open == nil || src.Provider != content.Reddit {
		return content.Page{}, fault.New(fault.Invalid, fault.CodeUnsupportedKind,
			"the Reddit adapter cannot open a %s of %s", src.Kind, src.Provider)
	}
	return outcall.Within(ctx, s.timeout, func(ctx context.Context) (content.Page, error) { return open(ctx, ec, src) })
}

// The listings of Reddit, beside content.ListingReplies. IDs of the first two
// are the name, the order and the time span, the last two of which may be empty.
const (
	// listingSubreddit holds a subreddit's submissions.
	listingSubreddit content.ListingKind = "subreddit"
	// listingUser holds a user's submissions and comments.
	listingUser content.ListingKind = "user"
	// listingTree holds what Reddit shows of a submission's comments at once: a
	// single page. Its id is the submission's.
	listingTree content.ListingKind = "tree"
	// listingMore holds top-level comments that a tree left out, with replies.
	// Its ids are batches; so are those of content.ListingReplies.
	listingMore content.ListingKind = "more"
)

// Fetch returns a page of a listing: one call of Reddit's.
//
// A page whose Next is the token it was asked with leads in a circle: its
// posts are handed out, and content.Cursor.Advance ends the walk.
func (s *Source) Fetch(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	var fetch func(context.Context, access.ExecutionContext, content.Listing, string) (content.Page, error)
	switch {
	case len(l.IDs) == 0:
	case (l.Kind == listingSubreddit || l.Kind == listingUser) && len(l.IDs) == listingIDs:
		fetch = s.fetchPosts
	case l.Kind == listingTree:
		fetch = s.fetchTree
	case l.Kind == listingMore || l.Kind == content.ListingReplies:
		fetch = s.fetchBatch
	}
	if fetch == nil {
		return content.Page{}, unknownListing(l)
	}
	return outcall.Within(ctx, s.timeout, func(ctx context.Context) (content.Page, error) { return fetch(ctx, ec, l, token) })
}

func unknownListing(l content.Listing) error {
	return fault.New(fault.Invalid, fault.CodeUnsupportedKind,
		"the Reddit adapter knows no listing %q of %d ids", l.Kind, len(l.IDs))
}
