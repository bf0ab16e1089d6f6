package portstest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// checkWalkComplete: nothing is lost, nothing is invented, no listing hands a
// post out twice, and one listing at least has a second page.
func checkWalkComplete(ctx context.Context, h ContentSourceHarness) error {
	return h.serving(h.Provider, func(s ports.ContentSource) error {
		steps, err := h.walk(ctx, s)
		if err != nil {
			return err
		}
		found := map[string]bool{}
		seen := map[string]bool{}
		paged := false
		for _, step := range steps {
			paged = paged || step.token != ""
			for _, p := range step.page.Posts {
				key := fmt.Sprintf("%v %s", step.listing, p.ExternalID)
				if seen[key] {
					return fmt.Errorf("the listing %s gives %s twice", step.listing.Kind, p.ExternalID)
				}
				seen[key], found[p.ExternalID] = true, true
			}
		}
		if !paged {
			return errors.New("no listing of the harness has a second page")
		}
		return compareIDs(h.Posts, found)
	})
}

func compareIDs(want []string, found map[string]bool) error {
	var lost []string
	for _, id := range want {
		if !found[id] {
			lost = append(lost, id)
		}
		delete(found, id)
	}
	if len(lost) > 0 || len(found) > 0 {
		return fmt.Errorf("lost %v, invented %v", lost, found)
	}
	return nil
}

// checkPostsWellFormed: what the store and the exports rely on.
func checkPostsWellFormed(ctx context.Context, h ContentSourceHarness) error {
	return h.serving(h.Provider, func(s ports.ContentSource) error {
		if s.Provider() != h.Source.Provider {
			return fmt.Errorf("Provider is %q", s.Provider())
		}
		steps, err := h.walk(ctx, s)
		if err != nil {
			return err
		}
		if steps[0].page.Title == "" {
			return errors.New("Open tells no title")
		}
		for _, step := range steps {
			for _, p := range step.page.Posts {
				if wrong := malformed(p); wrong != "" {
					return fmt.Errorf("%s: post %q %s", step.listing.Kind, p.ExternalID, wrong)
				}
			}
		}
		return nil
	})
}

func malformed(p content.Post) string {
	kinds := []content.PostKind{content.VideoPost, content.SubmissionPost, content.CommentPost, content.ReplyPost}
	switch {
	case p.ExternalID == "":
		return "has no external id"
	case !slices.Contains(kinds, p.Kind):
		return fmt.Sprintf("has the kind %q", p.Kind)
	case p.RootExternalID == "":
		return "has no root"
	case p.Discussion() && p.ParentExternalID == "":
		return "answers nothing"
	case !p.Discussion() && p.ParentExternalID != "":
		return "has a parent"
	case !strings.HasPrefix(p.URL, "https://"):
		return fmt.Sprintf("has the address %q", p.URL)
	case p.PublishedAt.IsZero() || p.PublishedAt.Location() != time.UTC:
		return "has no time in UTC"
	case p.Likes < 0 && p.Kind == content.VideoPost:
		return "has a negative number of likes"
	}
	return ""
}

// checkPagesRepeatable: a page asked for again is the same, in any order,
// because nothing is kept between calls.
func checkPagesRepeatable(ctx context.Context, h ContentSourceHarness) error {
	return h.serving(h.Provider, func(s ports.ContentSource) error {
		steps, err := h.walk(ctx, s)
		if err != nil {
			return err
		}
		for _, step := range slices.Backward(steps[1:]) {
			again, err := s.Fetch(ctx, h.Context, step.listing, step.token)
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(step.page.Posts, again.Posts) || !reflect.DeepEqual(step.page.Follow, again.Follow) {
				return fmt.Errorf("a page of %s is another when asked for again", step.listing.Kind)
			}
		}
		return nil
	})
}

// checkTokensPortable: tokens are stored, so another process can go on.
func checkTokensPortable(ctx context.Context, h ContentSourceHarness) error {
	return h.serving(h.Provider, func(first ports.ContentSource) error {
		return h.serving(h.Provider, func(second ports.ContentSource) error {
			alone, err := h.walk(ctx, first)
			if err != nil {
				return err
			}
			together, err := h.walk(ctx, first, second)
			if err != nil {
				return fmt.Errorf("walking with two sources in turn: %w", err)
			}
			return sameWalk(alone, together)
		})
	})
}

func sameWalk(a, b []walkStep) error {
	if len(a) != len(b) {
		return fmt.Errorf("one walk has %d pages, the other %d", len(a), len(b))
	}
	for i := range a {
		if !reflect.DeepEqual(a[i].page.Posts, b[i].page.Posts) {
			return fmt.Errorf("page %d of %s differs", i, a[i].listing.Kind)
		}
	}
	return nil
}

// checkConcurrentWalks: one source serves many goroutines (run with -race).
func checkConcurrentWalks(ctx context.Context, h ContentSourceHarness) error {
	return h.serving(h.Provider, func(s ports.ContentSource) error {
		const walkers = 6
		walks, errs := make([][]walkStep, walkers), make([]error, walkers)
		var wg sync.WaitGroup
		for i := range walkers {
			wg.Go(func() { walks[i], errs[i] = h.walk(ctx, s) })
		}
		wg.Wait()
		for i := range walkers {
			if errs[i] != nil {
				return errs[i]
			}
			if err := sameWalk(walks[0], walks[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkGarbageArguments: a listing nobody knows is an error, and a token that
// nobody gave is refused in the way that makes the caller begin anew. A
// provider that takes any token for the end of the list is let off.
func checkGarbageArguments(ctx context.Context, h ContentSourceHarness) error {
	return h.serving(h.Provider, func(s ports.ContentSource) error {
		for _, l := range []content.Listing{{}, {Kind: "no such kind", IDs: []string{"x"}}} {
			if _, err := s.Fetch(ctx, h.Context, l, ""); err == nil {
				return fmt.Errorf("the listing %v is no error", l)
			}
		}
		steps, err := h.walk(ctx, s)
		if err != nil {
			return err
		}
		for _, step := range steps[1:] {
			_, err := s.Fetch(ctx, h.Context, step.listing, "\x00 no token of this provider")
			if f := fault.As(err); f != nil && (f.Kind != fault.Conflict || f.Code != fault.CodePagingBroken) {
				return fmt.Errorf("%s: a refused token gives %v, want conflict with paging_broken", step.listing.Kind, err)
			}
		}
		return nil
	})
}
