package content_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
)

// placesByRank returns the places in the order that the ranks give.
func placesByRank(t *testing.T, posts []content.Placed) []int {
	t.Helper()
	ranks := content.ThreadRanks(slices.Clone(posts))
	places := make([]int, len(ranks))
	for i, rank := range ranks {
		require.Zero(t, places[rank], "rank %d is given twice", rank)
		places[rank] = i + 1
	}
	return places
}

func TestThreadRanks(t *testing.T) {
	t.Parallel()
	const opens = content.Opens
	for name, c := range map[string]struct {
		posts []content.Placed
		want  []int
	}{
		"nothing":                             {nil, []int{}},
		"a video alone":                       {[]content.Placed{{opens, 1}}, []int{1}},
		"comments in order of time":           {[]content.Placed{{opens, 1}, {0, 1}, {0, 1}}, []int{1, 2, 3}},
		"replies behind their comment":        {[]content.Placed{{opens, 1}, {0, 1}, {0, 1}, {2, 1}, {3, 1}, {2, 1}}, []int{1, 2, 4, 6, 3, 5}},
		"depth first":                         {[]content.Placed{{opens, 1}, {0, 1}, {2, 1}, {2, 1}, {3, 1}, {5, 1}, {4, 1}}, []int{1, 2, 3, 5, 6, 4, 7}},
		"a video that is younger":             {[]content.Placed{{0, 1}, {opens, 1}, {1, 1}}, []int{2, 1, 3}},
		"a reply that is older than its post": {[]content.Placed{{2, 1}, {0, 1}, {0, 1}}, []int{2, 1, 3}},
		"a missing parent":                    {[]content.Placed{{opens, 1}, {0, 1}, {0, 1}, {2, 1}, {3, 1}}, []int{1, 2, 4, 3, 5}},
		"two videos":                          {[]content.Placed{{opens, 1}, {opens, 2}, {0, 2}, {0, 1}, {3, 2}, {4, 1}}, []int{1, 4, 6, 2, 3, 5}},
		"two videos that are left out":        {[]content.Placed{{0, 1}, {0, 2}, {1, 1}, {2, 2}}, []int{1, 3, 2, 4}},
		"an answer to itself":                 {[]content.Placed{{1, 1}, {0, 1}}, []int{1, 2}},
		"a circle":                            {[]content.Placed{{2, 1}, {3, 1}, {1, 1}, {0, 1}, {2, 1}}, []int{1, 3, 2, 5, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, placesByRank(t, c.posts))
		})
	}
}

// TestThreadRanksOfAnyPosts compares with a plain recursion.
func TestThreadRanksOfAnyPosts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		posts := anyPosts(random)
		require.Equal(t, recursively(posts), placesByRank(t, posts))
	}
}

// anyPosts returns posts of a few videos, parents mostly of the same video and
// mostly older, and no circles.
func anyPosts(random *rand.Rand) []content.Placed {
	posts := make([]content.Placed, 1+random.IntN(60))
	first, opened := map[int]int32{}, map[int]bool{}
	for i := range posts {
		place, video := int32(i)+1, random.IntN(3)
		if first[video] == 0 {
			first[video] = place
		}
		posts[i].Group = first[video]
		switch kind := random.IntN(10); {
		case kind == 0 && !opened[video]:
			posts[i].Parent, opened[video] = content.Opens, true
		case kind > 3 && i > 0 && posts[random.IntN(i)].Parent != content.Opens:
			for parent := random.IntN(i); ; parent = random.IntN(i) {
				if posts[parent].Parent != content.Opens {
					posts[i].Parent = int32(parent) + 1
					break
				}
			}
		}
	}
	return posts
}

func recursively(posts []content.Placed) []int {
	below := map[int32][]int32{}
	var top []int32
	for i, p := range posts {
		if p.Parent > 0 {
			below[p.Parent] = append(below[p.Parent], int32(i)+1)
		} else {
			top = append(top, int32(i)+1)
		}
	}
	slices.SortStableFunc(top, func(a, b int32) int {
		return cmp.Or(cmp.Compare(posts[a-1].Group, posts[b-1].Group), cmp.Compare(min(0, posts[a-1].Parent), min(0, posts[b-1].Parent)))
	})
	var all []int
	var visit func(at int32)
	visit = func(at int32) {
		all = append(all, int(at))
		for _, child := range below[at] {
			visit(child)
		}
	}
	for _, at := range top {
		visit(at)
	}
	return all
}

func BenchmarkThreadRanks(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	posts := make([]content.Placed, 1_000_000)
	posts[0] = content.Placed{Parent: content.Opens, Group: 1}
	for i := range posts[1:] {
		posts[i+1].Group = 1
		if i > 10 && i%3 > 0 {
			posts[i+1].Parent = 2 + random.Int32N(int32(i)-1)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		content.ThreadRanks(slices.Clone(posts))
	}
}
