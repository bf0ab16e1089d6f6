package reddit

import (
	"strconv"
	"strings"
)

// maxBatch is how many ids one call of morechildren carries.
const maxBatch = 100

// batch is what one call asks for: comments that were left out, or what lies
// below a comment that ends a page ("continue this thread").
//
// The comments of a batch are of one depth. morechildren drops without a word
// what lies deeper than the shallowest id it is given (reddit-archive,
// r2/models/builder.py, ChildrenCommentOrderer), but it does not mind ids with
// different parents, of which trees have many with one or two children each.
//
// Written down it is "DEPTH:ID,ID,…", or "_DEPTH:ID" for what lies below.
type batch struct {
	// depth is that of the comments, 0 for top-level ones; below a comment link
	// all depths are off by the same number, which never is 0.
	depth int
	ids   []string
	// below tells that the id is of a comment that is known, and what answers it
	// is asked for.
	below bool
}

// String returns the batch as it is stored.
func (b batch) String() string {
	mark := ""
	if b.below {
		mark = belowMark
	}
	return mark + strconv.Itoa(b.depth) + ":" + strings.Join(b.ids, ",")
}

const (
	belowMark = "_"
	// maxDepth is deeper than any thread; those that count to a thousand end there.
	maxDepth = 100_000
)

// parseBatch reads a stored batch, and nothing that String did not write.
func parseBatch(text string) (b batch, ok bool) {
	rest, below := strings.CutPrefix(text, belowMark)
	depth, ids, found := strings.Cut(rest, ":")
	n, err := strconv.Atoi(depth)
	// strconv.Itoa again, because Atoi takes "+1" and "01" as well.
	if err != nil || !found || n < 0 || n > maxDepth || strconv.Itoa(n) != depth {
		return batch{}, false
	}
	b = batch{depth: n, ids: strings.Split(ids, ","), below: below}
	for _, id := range b.ids {
		if !usableID(id) {
			return batch{}, false
		}
	}
	return b, len(b.ids) <= maxBatch && (!below || len(b.ids) == 1)
}

// pending gathers what is still to be asked for, packed into few batches.
type pending struct {
	batches []batch
	// open tells by depth which batch has room.
	open map[int]int
	seen map[string]bool
	ids  int
}

func newPending(batches ...batch) *pending {
	p := &pending{open: map[int]int{}, seen: map[string]bool{}}
	for _, b := range batches {
		for _, id := range b.ids {
			p.add(b.depth, id, b.below)
		}
	}
	return p
}

// add notes an id, each once.
func (p *pending) add(depth int, id string, below bool) {
	one := batch{depth: min(depth, maxDepth), ids: []string{id}, below: below}
	key := one.String()
	if !usableID(id) || p.seen[key] {
		return
	}
	p.seen[key] = true
	p.ids++
	at, found := p.open[one.depth]
	switch {
	case below:
		p.batches = append(p.batches, one)
	case found && len(p.batches[at].ids) < maxBatch:
		p.batches[at].ids = append(p.batches[at].ids, id)
	default:
		p.open[one.depth] = len(p.batches)
		p.batches = append(p.batches, one)
	}
}

// split parts top-level comments from replies.
func (p *pending) split() (top, replies []batch) {
	for _, b := range p.batches {
		if b.depth == 0 && !b.below {
			top = append(top, b)
		} else {
			replies = append(replies, b)
		}
	}
	return top, replies
}

func written(batches []batch) []string {
	texts := make([]string, len(batches))
	for i, b := range batches {
		texts[i] = b.String()
	}
	return texts
}
