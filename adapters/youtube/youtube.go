// Package youtube reads YouTube's comments through its Data API v3.
//
// It is a thin client over net/http rather than Google's: six list methods are
// needed, and google.golang.org/api costs 2.9 MB, 5 modules and 12 s of build
// (libraries.md §5), drops the key with a client of one's own and knows no
// bound on a body. Answers are decoded by go-json-experiment/json, the code of
// the coming encoding/json/v2: a page of 100 threads in about a third of the time
// that encoding/json needs, without unsafe code.
package youtube

import (
	"context"
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
	DefaultBaseURL = "https://www.googleapis.com/youtube/v3"
	DefaultTimeout = 30 * time.Second
)

const (
	// maxBody bounds an answer, in bytes; a page of 100 threads with long texts
	// and five replies each stays below 4 MiB.
	maxBody = 16 << 20
	// parallel is how many connections are kept: twice the default number of
	// handlers of a process.
	parallel = 16
)

// Options are the settings of a Source. Zero values mean the defaults.
type Options struct {
	// BaseURL is where the API's methods stand, with or without a slash behind it.
	BaseURL string
	// HTTPClient carries the calls; nil means one of the source's own. It is
	// copied, and redirects are never followed.
	HTTPClient *http.Client
	// Timeout bounds one Open or Fetch, at most DefaultTimeout.
	Timeout time.Duration
	// Meter accounts for each call, named as the documentation of quota costs
	// names it: commentThreads.list. Nil counts nothing.
	Meter ports.Meter
	// Now tells the time, for the quota's reset and Retry-After; nil is time.Now.
	Now func() time.Time
}

// Source is the ports.ContentSource of YouTube. It keeps nothing between calls
// but its connections.
type Source struct {
	base    *url.URL
	calls   *outcall.Client
	timeout time.Duration
	meter   ports.Meter
	now     func() time.Time
}

var _ ports.ContentSource = (*Source)(nil)

// New returns a source.
func New(opts Options) *Source {
	s := &Source{base: outcall.Base(opts.BaseURL, DefaultBaseURL), timeout: DefaultTimeout, meter: opts.Meter, now: opts.Now}
	if opts.Timeout > 0 {
		s.timeout = min(opts.Timeout, DefaultTimeout)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.meter == nil {
		s.meter = ports.Unmetered{}
	}
	s.calls = outcall.New(opts.HTTPClient, outcall.Limits{Timeout: s.timeout, MaxBody: maxBody, Parallel: parallel})
	return s
}

// Provider returns content.YouTube.
func (*Source) Provider() content.ProviderID { return content.YouTube }

// Open resolves a video, a playlist or a channel. Where YouTube does not show
// the thing itself, one more call tells what is gone from what is private.
func (s *Source) Open(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	var open func(context.Context, access.ExecutionContext, content.Source) (content.Page, error)
	switch src.Kind {
	case content.Video, content.Short:
		open = s.openVideo
	case content.Playlist:
		open = s.openPlaylist
	case content.Channel, content.Handle, content.UserName:
		open = s.openChannel
	}
	if open == nil || src.Provider != content.YouTube {
		return content.Page{}, fault.New(fault.Invalid, fault.CodeUnsupportedKind,
			"the YouTube adapter cannot open a %s of %s", src.Kind, src.Provider)
	}
	return outcall.Within(ctx, s.timeout, func(ctx context.Context) (content.Page, error) { return open(ctx, ec, src) })
}

// The listings of YouTube, beside content.ListingReplies.
const (
	// listingPlaylist holds a playlist's videos.
	listingPlaylist content.ListingKind = "playlist"
	// listingUploads holds a channel's videos: a playlist that does not exist
	// as long as the channel has none.
	listingUploads content.ListingKind = "uploads"
	// listingThreads holds a video's comments, with some of their replies.
	listingThreads content.ListingKind = "threads"
)

// Fetch returns a page of a listing: videos with their comments to follow,
// comments with the replies that came along, or replies.
//
// A page whose Next is the token it was asked with leads in a circle: its
// posts are handed out, and content.Cursor.Advance ends the walk. Within
// replies the other threads are walked first, and the listing ends with
// paging_broken.
func (s *Source) Fetch(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	var fetch func(context.Context, access.ExecutionContext, content.Listing, string) (content.Page, error)
	switch l.Kind {
	case listingPlaylist, listingUploads:
		fetch = s.fetchVideos
	case listingThreads:
		fetch = s.fetchThreads
	case content.ListingReplies:
		fetch = s.fetchReplies
	}
	if fetch == nil || len(l.IDs) == 0 {
		return content.Page{}, fault.New(fault.Invalid, fault.CodeUnsupportedKind,
			"the YouTube adapter knows no listing %q of %d ids", l.Kind, len(l.IDs))
	}
	return outcall.Within(ctx, s.timeout, func(ctx context.Context) (content.Page, error) { return fetch(ctx, ec, l, token) })
}
