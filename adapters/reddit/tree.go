package reddit

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

const (
	// treeLimit is how many comments a tree is asked for. Reddit takes more or
	// fewer as it likes: 485 and 1,371 were recorded for the same thread.
	treeLimit = 500
	// treeOrder is asked for always: a submission may suggest another one, and
	// "qa" leaves comments out.
	treeOrder = "confidence"
	// batchesPerListing bounds a listing's ids: 5,000 have less than 50 kB.
	batchesPerListing = 50
)

// comments reads a submission and its tree, or the part around one comment.
func (s *Source) comments(ctx context.Context, ec access.ExecutionContext, link, focus string) (submission item, tree []thing, err error) {
	path := []string{"comments", link}
	if focus != "" {
		path = append(path, "_", focus)
	}
	at, err := s.call(ctx, ec, request{
		method: "comments", path: path,
		query: url.Values{"limit": {strconv.Itoa(treeLimit)}, "sort": {treeOrder}},
	})
	if err != nil {
		return item{}, nil, err
	}
	answer, err := decode[[]listing](at.answer.Body)
	if err != nil {
		return item{}, nil, at.noAnswer()
	}
	if len(answer) != 2 || answer[1].Kind != kindListing || len(answer[0].Data.Children) == 0 {
		return item{}, nil, unreadable(nil)
	}
	first := answer[0].Data.Children[0]
	if first.Kind != kindSubmission || !usableID(first.Data.ID) {
		return item{}, nil, unreadable(nil)
	}
	return first.Data, answer[1].Data.Children, nil
}

// noAnswer judges a 200 whose body is not the method's: an error all the same,
// or nothing of the API.
func (c circumstances) noAnswer() error {
	if r := readRefusal(c.answer.Body); r.Error != 0 {
		return c.refused(r)
	}
	return unreadable(nil)
}

// fetchTree reads what Reddit shows of a submission's comments at once.
func (s *Source) fetchTree(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	if token != "" {
		return content.Page{}, refusedToken() // a tree is one page
	}
	_, tree, err := s.comments(ctx, ec, l.IDs[0], "")
	if err != nil {
		return content.Page{}, err
	}
	page := content.Page{}
	h := newHarvest(&page, l.RootID, l.OwnerID)
	h.take(tree, 0)
	h.follow()
	return page, nil
}

// harvest gathers the posts of answers, and what they leave out.
type harvest struct {
	page        *content.Page
	root, owner string
	left        *pending
	// depths are those of the comments met.
	depths map[string]int
	// promised are the ids that were asked for and left out again.
	promised map[string]bool
}

func newHarvest(page *content.Page, root, owner string) *harvest {
	return &harvest{
		page: page, root: root, owner: owner, left: newPending(),
		depths: map[string]int{}, promised: map[string]bool{},
	}
}

// take gathers a tree. The decoder has bounded how deep it is.
func (h *harvest) take(things []thing, depth int) {
	for _, t := range things {
		switch t.Kind {
		case kindComment:
			h.comment(t.Data, depth)
			h.take(t.Data.Replies, depth+1)
		case kindMore:
			h.more(t.Data, depth)
		}
	}
}

func (h *harvest) comment(i item, depth int) {
	if _, met := h.depths[i.ID]; met || !usableID(i.ID) {
		return
	}
	h.depths[i.ID] = depth
	h.page.Posts = append(h.page.Posts, i.commentPost(h.root, h.owner))
}

// more notes what a placeholder at that depth stands for. One without children
// has the id "_" and stands for everything below its parent.
func (h *harvest) more(i item, depth int) {
	for _, id := range i.Children {
		h.left.add(depth, id, false)
	}
	if parent, ok := strings.CutPrefix(i.ParentID, kindComment+"_"); ok && len(i.Children) == 0 {
		h.left.add(max(depth-1, 0), parent, true)
	}
}

// follow turns everything that was left out into listings.
func (h *harvest) follow() {
	top, replies := h.left.split()
	h.followAs(listingMore, top)
	h.followAs(content.ListingReplies, replies)
}

func (h *harvest) followAs(kind content.ListingKind, batches []batch) {
	for part := range slices.Chunk(written(batches), batchesPerListing) {
		h.page.Follow = append(h.page.Follow, content.Listing{Kind: kind, IDs: part, RootID: h.root, OwnerID: h.owner})
	}
}

// find returns a comment of a tree by its id, nil where it is not in it: of
// comments that are gone, Reddit shows the whole tree instead.
func find(tree []thing, id string) *thing {
	for i := range tree {
		t := &tree[i]
		if t.Kind != kindComment {
			continue
		}
		if t.Data.ID == id {
			return t
		}
		if found := find(t.Data.Replies, id); found != nil {
			return found
		}
	}
	return nil
}

// linkOf returns the submission's id in a listing's root.
func linkOf(l content.Listing) (string, error) {
	id, ok := strings.CutPrefix(l.RootID, kindSubmission+"_")
	if !ok || !usableID(id) {
		return "", fault.New(fault.Invalid, fault.CodeUnsupportedKind, "a stored listing of Reddit names no submission")
	}
	return id, nil
}
