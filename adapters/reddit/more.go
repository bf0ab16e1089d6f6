package reddit

import (
	"context"
	"net/url"
	"strings"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// fetchBatch asks for one batch of what trees left out. What the answer leaves
// out again goes into the token, but for replies below top-level comments:
// those are a listing of their own, because nobody may want them.
//
// The walk ends because a call that brings nothing it was asked for is not
// made again, and content.Cursor ends walks that bring nothing new.
func (s *Source) fetchBatch(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	at, err := parseBatchToken(token, len(l.IDs))
	if err != nil {
		return content.Page{}, err
	}
	asked, found, err := at.next(l.IDs)
	switch {
	case err != nil:
		return content.Page{}, err
	case !found:
		return content.Page{}, fault.New(fault.Rejected, fault.CodePagingBroken,
			"Reddit promises comments again and again without handing them out; what was found is kept")
	}
	page := content.Page{}
	h := newHarvest(&page, l.RootID, l.OwnerID)
	if asked.below {
		err = s.below(ctx, ec, l, asked, h)
	} else {
		at.broken, err = s.children(ctx, ec, l, asked, h, at.broken)
	}
	if err != nil {
		return content.Page{}, err
	}
	more := h.left.batches
	if l.Kind == listingMore {
		top, replies := h.left.split()
		h.followAs(content.ListingReplies, replies)
		more = top
	}
	page.Next = at.after(more, len(l.IDs))
	return page, nil
}

// below follows "continue this thread". A comment that was removed meanwhile
// does not end the walk.
func (s *Source) below(ctx context.Context, ec access.ExecutionContext, l content.Listing, asked batch, h *harvest) error {
	link, err := linkOf(l)
	if err != nil {
		return err
	}
	_, tree, err := s.comments(ctx, ec, link, asked.ids[0])
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	focus := find(tree, asked.ids[0])
	if focus == nil {
		addMissing(h.page, content.Removed, content.UnknownCount)
		return nil
	}
	h.take(focus.Data.Replies, asked.depth+1)
	return nil
}

// children makes one call of morechildren. It returns broken as it was, or
// true where the call brought nothing and every id is promised again.
//
// What is neither handed out nor promised is asked for once more as long as
// calls bring something: it may have been left out for the company it was in.
// In the end it is hidden: deleted comments that nobody answered are.
func (s *Source) children(ctx context.Context, ec access.ExecutionContext, l content.Listing, asked batch, h *harvest, broken bool) (bool, error) {
	things, err := s.moreChildren(ctx, ec, l.RootID, asked.ids)
	if err != nil {
		return broken, err
	}
	h.takeFlat(things, asked)
	promised, hidden := h.lacking(asked)
	switch fruitless := len(promised)+len(hidden) == len(asked.ids); {
	case !fruitless:
		promised = append(promised, hidden...)
	case len(hidden) == 0:
		return true, nil
	default:
		addMissing(h.page, content.HiddenByPlatform, int64(len(hidden)))
	}
	for _, id := range promised {
		h.left.add(asked.depth, id, false)
	}
	return broken, nil
}

// lacking returns what a batch asked for in vain: what the answer promised
// again, and what it did not mention.
func (h *harvest) lacking(asked batch) (promised, hidden []string) {
	for _, id := range asked.ids {
		switch _, met := h.depths[id]; {
		case met:
		case h.promised[id]:
			promised = append(promised, id)
		default:
			hidden = append(hidden, id)
		}
	}
	return promised, hidden
}

// moreChildren asks for comments by id; at most maxBatch of them. It is a POST
// because long addresses are refused with 414.
func (s *Source) moreChildren(ctx context.Context, ec access.ExecutionContext, link string, ids []string) ([]thing, error) {
	leave, err := s.enterLane(ctx, ec)
	if err != nil {
		return nil, err
	}
	defer leave()
	at, err := s.call(ctx, ec, request{
		method: "morechildren", path: []string{"api", "morechildren"},
		form: url.Values{
			"api_type": {"json"}, "link_id": {link}, "children": {strings.Join(ids, ",")}, "sort": {treeOrder},
		},
	})
	if err != nil {
		return nil, err
	}
	answer, err := decode[moreAnswer](at.answer.Body)
	switch {
	case err != nil || answer.JSON == nil:
		return nil, at.noAnswer()
	case len(answer.JSON.Errors) > 0:
		return nil, at.failed(answer.JSON.Errors, answer.JSON.RateLimit)
	}
	return answer.JSON.Data.Things, nil
}

// takeFlat gathers the things of morechildren, which are not nested: parents
// come before their children.
func (h *harvest) takeFlat(things []thing, asked batch) {
	wanted := make(map[string]bool, len(asked.ids))
	for _, id := range asked.ids {
		wanted[id] = true
	}
	for _, t := range things {
		if t.Kind == kindComment {
			depth := asked.depth
			if !wanted[t.Data.ID] {
				depth = h.depthBelow(t.Data.ParentID, asked.depth)
			}
			h.take([]thing{t}, depth)
		}
	}
	for _, t := range things {
		if t.Kind == kindMore {
			h.moreFlat(t.Data, asked, wanted)
		}
	}
}

// moreFlat notes what a placeholder stands for. What was asked for before is
// kept apart, at its own depth: for such ids Reddit names the submission as
// the parent at any depth.
func (h *harvest) moreFlat(i item, asked batch, wanted map[string]bool) {
	depth := h.depthBelow(i.ParentID, asked.depth)
	if len(i.Children) == 0 {
		h.more(i, depth)
		return
	}
	for _, id := range i.Children {
		switch _, met := h.depths[id]; {
		case met:
		case wanted[id]:
			h.promised[id] = true
		default:
			h.left.add(depth, id, false)
		}
	}
}

// depthBelow returns the depth of what answers a parent; where the parent is
// not in the same answer, that of the batch.
func (h *harvest) depthBelow(parentID string, otherwise int) int {
	parent, isComment := strings.CutPrefix(parentID, kindComment+"_")
	depth, met := h.depths[parent]
	switch {
	case isComment && met:
		return depth + 1
	case strings.HasPrefix(parentID, kindSubmission):
		return 0
	}
	return otherwise
}
