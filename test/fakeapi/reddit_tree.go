package fakeapi

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
)

// commentOrder is the `sort` of a thread.
type commentOrder string

// compare is negative where a is shown before b.
func (o commentOrder) compare(a, b *redditNode) int {
	byAge := a.CreatedAt.Compare(b.CreatedAt)
	switch o {
	case "new":
		return cmp.Or(-byAge, strings.Compare(a.ID, b.ID))
	case "old":
		return cmp.Or(byAge, strings.Compare(a.ID, b.ID))
	}
	// confidence, top, best, qa and what is unknown: by points.
	return cmp.Or(cmp.Compare(b.Score, a.Score), byAge, strings.Compare(a.ID, b.ID))
}

// cut is how much of a tree one answer shows.
type cut struct {
	order commentOrder
	// comments is how many, levels how deep below the roots.
	comments, levels int
}

// leaf is a comment that may be shown next, with its level below the roots.
type leaf struct {
	node  *redditNode
	level int
}

// candidates is a heap of leaves, the first in order on top.
type candidates struct {
	order  commentOrder
	leaves []leaf
}

func (c *candidates) Len() int { return len(c.leaves) }
func (c *candidates) Less(i, j int) bool {
	return c.order.compare(c.leaves[i].node, c.leaves[j].node) < 0
}
func (c *candidates) Swap(i, j int) { c.leaves[i], c.leaves[j] = c.leaves[j], c.leaves[i] }

// Push and Pop are those of heap.Interface.
func (c *candidates) Push(x any) { c.leaves = append(c.leaves, x.(leaf)) }

func (c *candidates) Pop() any {
	last := len(c.leaves) - 1
	l := c.leaves[last]
	c.leaves = c.leaves[:last]
	return l
}

// shown are the comments of an answer with their levels.
type shown map[*redditNode]int

// pick chooses what an answer shows, as Reddit does: of all comments whose
// parent is shown, the first in order comes next.
func (c cut) pick(roots []*redditNode) shown {
	picked := shown{}
	next := &candidates{order: c.order}
	for _, root := range roots {
		heap.Push(next, leaf{root, 0})
	}
	for next.Len() > 0 && len(picked) < c.comments {
		l := heap.Pop(next).(leaf)
		if l.node.Hidden {
			continue
		}
		picked[l.node] = l.level
		if l.level+1 >= c.levels {
			continue
		}
		for _, child := range l.node.children {
			heap.Push(next, leaf{child, l.level + 1})
		}
	}
	return picked
}

// ordered splits siblings into those that are shown, in order, and the others.
func (c cut) ordered(siblings []*redditNode, picked shown) (in, out []*redditNode) {
	for _, n := range slices.SortedFunc(slices.Values(siblings), c.order.compare) {
		if _, ok := picked[n]; ok {
			in = append(in, n)
		} else {
			out = append(out, n)
		}
	}
	return in, out
}

// rest is the `more` node of siblings that are not shown: "continue this
// thread" where it is the depth that hides them.
func (c cut) rest(out []*redditNode, picked shown) []thing {
	if len(out) == 0 {
		return nil
	}
	parent := out[0].parent
	if parent != nil {
		if level, ok := picked[parent]; ok && level+1 >= c.levels {
			return []thing{continueNode(parent)}
		}
	}
	return []thing{moreNode(out)}
}

// nested returns siblings as things with their replies inside.
func (c cut) nested(siblings []*redditNode, picked shown, f thingFormat) []thing {
	in, out := c.ordered(siblings, picked)
	var things []thing
	for _, n := range in {
		things = append(things, f.comment(n, c.nested(n.children, picked, f)))
	}
	return append(things, c.rest(out, picked)...)
}

// flat returns siblings and all below them one after the other, parents first,
// with the `more` nodes of what is not shown.
func (c cut) flat(siblings []*redditNode, picked shown, f thingFormat) []thing {
	in, out := c.ordered(siblings, picked)
	var things []thing
	for _, n := range in {
		things = append(things, f.comment(n, nil))
		things = append(things, c.flat(n.children, picked, f)...)
	}
	return append(things, c.rest(out, picked)...)
}

// expand answers morechildren: up to the cut's comments of the trees that the
// ids begin. Of these what did not fit comes back as `more`; ids of comments
// that are hidden or unknown are passed over.
func (c cut) expand(wanted []*redditNode, f thingFormat) []thing {
	picked := c.pick(wanted)
	groups := map[*redditNode][]*redditNode{}
	var parents []*redditNode
	for _, n := range wanted {
		if n.parent != nil {
			if _, below := picked[n.parent]; below {
				continue // it comes with its parent
			}
		}
		if groups[n.parent] == nil {
			parents = append(parents, n.parent)
		}
		if !slices.Contains(groups[n.parent], n) {
			groups[n.parent] = append(groups[n.parent], n)
		}
	}
	things := []thing{}
	for _, parent := range parents {
		things = append(things, c.flat(groups[parent], picked, f)...)
	}
	return things
}
