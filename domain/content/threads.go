package content

// Placed is where a post stands among those that are put into threads. Places
// count from 1 in the order of time, which is also the order of siblings.
type Placed struct {
	// Parent is the place of the comment or reply that the post answers; 0 where
	// that is not among the posts, Opens for a video or submission.
	Parent int32
	// Group is the first place of those that hang from the same video or
	// submission, it included.
	Group int32
}

// Opens is the Parent of a video or submission: it opens its group.
const Opens int32 = -1

// ThreadRanks returns for each place, the first at index 0, where the post goes
// when threads are kept together, counted from 0: group by group in the order of
// their first places, in each what opens it, then each post without a parent
// followed by all that answers it, depth first. Posts that answer each other in
// a circle are cut apart, so that each has a rank. It takes 20 bytes a post, and
// changes posts.
func ThreadRanks(posts []Placed) []int32 {
	cutCircles(posts)
	t := newTrees(posts)
	ranks, rank := make([]int32, len(posts)), int32(0)
	for group := int32(1); group <= t.size; group++ {
		for at := t.first[t.size+group]; at != 0; at = t.behind(at) {
			ranks[at-1] = rank
			rank++
		}
	}
	return ranks
}

// trees link posts by their places. Beyond the last place lie the groups: the
// one whose first place is g is size+g.
type trees struct {
	size  int32
	posts []Placed
	// first is the first child of a place or group, next the next sibling; 0 is none.
	first, next []int32
}

func newTrees(posts []Placed) trees {
	n := int32(len(posts)) //nolint:gosec // a task holds fewer than 2^30 posts
	t := trees{size: n, posts: posts, first: make([]int32, 2*n+1), next: make([]int32, n+1)}
	link := func(opens bool) {
		for at := n; at > 0; at-- { // backwards, because each goes before those linked already
			if (posts[at-1].Parent == Opens) == opens {
				above := t.above(at)
				t.next[at], t.first[above] = t.first[above], at
			}
		}
	}
	link(false)
	link(true)
	return t
}

// above returns the parent of a place, or its group.
func (t trees) above(at int32) int32 {
	p := t.posts[at-1]
	if p.Parent > 0 {
		return p.Parent
	}
	return t.size + p.Group
}

// behind returns what comes after a place, depth first; 0 at the group's end.
func (t trees) behind(at int32) int32 {
	if below := t.first[at]; below != 0 {
		return below
	}
	for at <= t.size && t.next[at] == 0 {
		at = t.above(at)
	}
	if at > t.size {
		return 0
	}
	return t.next[at]
}

// cutCircles takes the parent from one post of each circle.
func cutCircles(posts []Placed) {
	seenFrom := make([]int32, len(posts)+1)
	for i := range posts {
		start := int32(i) + 1 //nolint:gosec // see newTrees
		at := start
		for at > 0 && seenFrom[at] == 0 {
			seenFrom[at] = start
			at = posts[at-1].Parent
		}
		if at > 0 && seenFrom[at] == start {
			posts[at-1].Parent = 0
		}
	}
}
