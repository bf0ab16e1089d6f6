package portstest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
)

// ContentSourceHarness is what a provider's adapter brings to the kit.
type ContentSourceHarness struct {
	// New returns a source that calls the provider at baseURL and whose calls
	// end by themselves after the timeout.
	New func(baseURL string, timeout time.Duration) ports.ContentSource
	// Provider answers as the healthy provider does. It must know Source, with
	// a listing of two pages or more below it, and refuse calls without Secret.
	Provider http.Handler
	// Source is the address that the kit opens.
	Source content.Source
	// Context carries Secret as its token.
	Context access.ExecutionContext
	Secret  string
	// Posts are the external ids of everything that a whole walk finds.
	Posts []string
}

// contentSourceTimeout is long enough for a healthy answer on a machine that
// is busy with everything else.
const contentSourceTimeout = 20 * time.Second

// TestContentSource runs everything that the port's contract asks of a
// provider's adapter, against servers that break in the ways that networks and
// providers do.
func TestContentSource(t *testing.T, h ContentSourceHarness) {
	t.Helper()
	for _, check := range contentSourceChecks {
		t.Run(check.name, func(t *testing.T) {
			t.Parallel()
			if err := check.run(t.Context(), h); err != nil {
				t.Error(err)
			}
		})
	}
}

// contentSourceCheck is one guarantee. It returns what is broken, so that the
// kit itself can be tried on broken sources.
type contentSourceCheck struct {
	name string
	run  func(context.Context, ContentSourceHarness) error
}

var contentSourceChecks = []contentSourceCheck{
	{"walk finds every post", checkWalkComplete},
	{"posts are well formed", checkPostsWellFormed},
	{"pages can be asked for again", checkPagesRepeatable},
	{"tokens outlive the source", checkTokensPortable},
	{"concurrent walks agree", checkConcurrentWalks},
	{"unknown listings and tokens are refused", checkGarbageArguments},
	{"outages are unavailable", checkOutages},
	{"rate limits carry their end", checkRateLimits},
	{"unusable answers", checkUnusableAnswers},
	{"hanging calls end by themselves", checkHangs},
	{"calls end with their context", checkCancel},
	{"redirects are not followed", checkRedirects},
	{"secrets stay out of errors", checkSecrets},
}

// serving starts the handler, hands a source over it to use, and stops it.
func (h ContentSourceHarness) serving(handler http.Handler, use func(ports.ContentSource) error) error {
	server := httptest.NewServer(handler)
	defer server.Close()
	defer server.CloseClientConnections()
	return use(h.New(server.URL, contentSourceTimeout))
}

// walkStep is one page of a walk.
type walkStep struct {
	listing content.Listing
	token   string
	page    content.Page
}

// maxWalk bounds a walk, in pages.
const maxWalk = 1000

var errEndlessWalk = errors.New("the walk does not end")

// walk opens the source and follows every listing to its end. sources take
// turns, page by page.
func (h ContentSourceHarness) walk(ctx context.Context, sources ...ports.ContentSource) ([]walkStep, error) {
	opened, err := sources[0].Open(ctx, h.Context, h.Source)
	if err != nil {
		return nil, fmt.Errorf("Open: %w", err)
	}
	steps := []walkStep{{listing: content.Listing{Kind: content.ListingSource}, page: opened}}
	for open := opened.Follow; len(open) > 0; open = open[1:] {
		cursor := content.Cursor{}
		for {
			if len(steps) > maxWalk {
				return nil, errEndlessWalk
			}
			page, err := sources[len(steps)%len(sources)].Fetch(ctx, h.Context, open[0], cursor.Token)
			if err != nil {
				return nil, fmt.Errorf("Fetch %s page %d: %w", open[0].Kind, cursor.Page+1, err)
			}
			steps = append(steps, walkStep{open[0], cursor.Token, page})
			open = append(open, page.Follow...)
			if cursor, err = cursor.Advance(page.Next); err != nil {
				return nil, err
			}
			if cursor.Token == "" {
				break
			}
		}
	}
	return steps, nil
}

// listings returns one listing of each kind that a healthy walk meets.
func (h ContentSourceHarness) listings(ctx context.Context) (found []content.Listing, err error) {
	err = h.serving(h.Provider, func(s ports.ContentSource) error {
		steps, err := h.walk(ctx, s)
		if err != nil {
			return err
		}
		met := map[content.ListingKind]bool{}
		for _, step := range steps[1:] {
			if !met[step.listing.Kind] {
				met[step.listing.Kind] = true
				found = append(found, step.listing)
			}
		}
		return nil
	})
	return found, err
}

// eachCall opens the source and fetches each listing from a provider that is
// broken in one way.
func (h ContentSourceHarness) eachCall(ctx context.Context, listings []content.Listing, broken http.Handler, judge func(error) error) error {
	return h.serving(broken, func(s ports.ContentSource) error {
		_, err := s.Open(ctx, h.Context, h.Source)
		if err := judge(err); err != nil {
			return fmt.Errorf("Open: %w", err)
		}
		for _, l := range listings {
			_, err := s.Fetch(ctx, h.Context, l, "")
			if err := judge(err); err != nil {
				return fmt.Errorf("Fetch %s: %w", l.Kind, err)
			}
		}
		return nil
	})
}
