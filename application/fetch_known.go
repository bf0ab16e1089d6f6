package application

import (
	"context"
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// leaveKnown makes a later run leave out what the runs before it have read: it
// takes what need not be followed off the page, and ends a listing where
// nothing new can come (task.RefreshNew). It returns what the walk, now at its
// end, did not meet although it should have. The first run takes all as it is.
func (w *walk) leaveKnown(ctx context.Context, page *content.Page) (*ports.Gone, error) {
	p := w.run.lease.Subtask.Payload
	if p.Refresh == "" {
		return nil, nil
	}
	opens := p.Listing.Kind == content.ListingSource
	if !opens {
		page.Expected = 0 // what is new about it, nobody can tell
	}
	page.Missing = withoutNumbers(page.Missing)
	gone := w.unmet(page)
	if p.Refresh != task.RefreshNew {
		return gone, nil
	}
	known, err := w.fetcher.store.KnownPosts(ctx, w.run.lease.Task.ID, externalIDs(page.Posts))
	if err != nil {
		return nil, err
	}
	if !opens {
		page.Follow = grown(page, known)
	}
	if page.NewestFirst && page.Next != "" && !w.metItself() && w.nothingNew(page.Posts, known) {
		page.Next = ""
		gone = w.unmet(page)
		gone.Since = oldest(page.Posts)
	}
	return gone, nil
}

// unmet returns the stretch that a walk has read when this page is its last, nil
// where it is not, or proves nothing: a list that suddenly holds nothing at all
// is more likely a failure of the provider, and of a task that is full, what
// was met is not noted.
func (w *walk) unmet(page *content.Page) *ports.Gone {
	sub := w.run.lease.Subtask
	empty := len(page.Posts) == 0 && sub.Cursor.Page == 0
	if !page.NewestFirst || page.Next != "" || empty || w.run.lease.Task.Options.MaxPosts > 0 {
		return nil
	}
	return &ports.Gone{Below: sub.Payload.Listing.RootID}
}

// grown returns the listings of the page below whose posts the provider
// announces another number than it did before.
func grown(page *content.Page, known map[string]int64) []content.Listing {
	announced := make(map[string]int64, len(page.Posts))
	for _, p := range page.Posts {
		announced[p.ExternalID] = p.Replies
	}
	unchanged := func(postID string) bool {
		before, stored := known[postID]
		return stored && before == announced[postID]
	}
	var follow []content.Listing
	for _, l := range page.Follow {
		if len(l.Below) == len(l.IDs) {
			var ids []string
			for i, id := range l.IDs {
				if !unchanged(l.Below[i]) {
					ids = append(ids, id)
				}
			}
			l.IDs = ids
		}
		if len(l.IDs) > 0 {
			follow = append(follow, l)
		}
	}
	return follow
}

// metItself tells that the walk began anew: what it meets, it may have stored
// itself, and that says nothing of the pages behind.
func (w *walk) metItself() bool { return w.run.lease.Subtask.Cursor.Known > 0 }

// nothingNew tells whether the page holds comments, and each is known or none
// that the task wants. A new reply below a known one says nothing of the pages
// behind.
func (w *walk) nothingNew(posts []content.Post, known map[string]int64) bool {
	comments := 0
	for _, p := range posts {
		if p.Kind != content.CommentPost {
			continue
		}
		wanted, _ := w.run.lease.Task.Options.Wanted(p)
		if _, stored := known[p.ExternalID]; wanted && !stored {
			return false
		}
		comments++
	}
	return comments > 0
}

// oldest returns when the oldest comment of the page was published.
func oldest(posts []content.Post) time.Time {
	var at time.Time
	for _, p := range posts {
		if p.Kind == content.CommentPost && (at.IsZero() || p.PublishedAt.Before(at)) {
			at = p.PublishedAt
		}
	}
	return at
}

// withoutNumbers leaves the causes of which nobody knows how many they took: adding
// such a one twice changes nothing, and the others were counted before.
func withoutNumbers(missing map[content.Cause]int64) map[content.Cause]int64 {
	kept := map[content.Cause]int64{}
	for cause, n := range missing {
		if n == content.UnknownCount {
			kept[cause] = n
		}
	}
	return kept
}

func externalIDs(posts []content.Post) []string {
	ids := make([]string, len(posts))
	for i, p := range posts {
		ids[i] = content.CleanText(p.ExternalID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
