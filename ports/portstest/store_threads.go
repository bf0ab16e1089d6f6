package portstest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// threadChecks are the guarantees of EachPost in the order of threads.
var threadChecks = []StoreCheck{
	{"threads/each comment is followed by its tree, depth first", threadsWhole},
	{"threads/what lost its parent stands where a comment would", threadsFiltered},
	{"threads/each post comes once, whatever it answers", threadsOfAnything},
	{"threads/a long chain is no harder than a wide tree", threadsDeep},
}

// inThreads is a task of two submissions. Minutes are when a post was written;
// those of one minute go by their ids.
func inThreads(t StoreT, s ports.Store) (*world, task.ID) {
	t.Helper()
	w := newWorld(t, s)
	var posts []content.Post
	add := func(kind content.PostKind, id, parent, root string, minute int) {
		posts = append(posts, content.Post{
			ExternalID: id, ParentExternalID: parent, RootExternalID: root, Kind: kind, Text: "the text of " + id,
			PublishedAt: epoch.Add(time.Duration(minute) * time.Minute),
		})
	}
	add(content.ReplyPost, "b2y", "b2", "t3_b", 9)
	add(content.ReplyPost, "b2x", "b2", "t3_b", 9)
	add(content.ReplyPost, "b2xi", "b2x", "t3_b", 20)
	add(content.CommentPost, "b1", "t3_b", "t3_b", 4)
	add(content.CommentPost, "b2", "t3_b", "t3_b", 3)
	add(content.ReplyPost, "b1x", "b1", "t3_b", 5)
	add(content.SubmissionPost, "t3_b", "", "t3_b", 1)
	add(content.CommentPost, "a1", "t3_a", "t3_a", 2)
	add(content.ReplyPost, "a1x", "a1", "t3_a", 30)
	add(content.ReplyPost, "a1early", "a1", "t3_a", -7) // clocks differ: it is older than what it answers
	add(content.CommentPost, "a2", "t3_a", "t3_a", 8)
	add(content.SubmissionPost, "t3_a", "", "t3_a", 0)
	add(content.ReplyPost, "alost", "nowhere", "t3_a", 6)
	add(content.ReplyPost, "alostx", "alost", "t3_a", 7)
	created, _, _ := w.fetched(posts)
	return w, created.ID
}

func (w *world) threads(id task.ID, f analysis.PostFilter) []string {
	w.Helper()
	var ids []string
	require.NoError(w, w.EachPost(w.ctx, w.user, id, f, analysis.ByThread, func(p *analysis.JudgedPost) error {
		require.Equal(w, "the text of "+p.ExternalID, p.Text)
		ids = append(ids, p.ExternalID)
		return nil
	}))
	return ids
}

func threadsWhole(t StoreT, s ports.Store) {
	w, id := inThreads(t, s)
	require.Equal(t, []string{
		"t3_a", "a1", "a1early", "a1x", "alost", "alostx", "a2",
		"t3_b", "b2", "b2x", "b2xi", "b2y", "b1", "b1x",
	}, w.threads(id, analysis.PostFilter{}))
}

func threadsFiltered(t StoreT, s ports.Store) {
	w, id := inThreads(t, s)
	require.Equal(t, []string{"a1early", "alost", "alostx", "a1x", "b1x", "b2x", "b2xi", "b2y"},
		w.threads(id, analysis.PostFilter{Kinds: []content.PostKind{content.ReplyPost}}), "submissions and comments are left out")
	require.Equal(t, []string{"a2", "a1x", "b2x", "b2xi", "b2y"},
		w.threads(id, analysis.PostFilter{Since: epoch.Add(8 * time.Minute)}))
	require.Empty(t, w.threads(id, analysis.PostFilter{Author: "nobody"}))
}

func threadsOfAnything(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	post := func(id, parent string) content.Post {
		return content.Post{ExternalID: id, ParentExternalID: parent, Kind: content.ReplyPost, Text: "the text of " + id, PublishedAt: epoch}
	}
	created, _, _ := w.fetched([]content.Post{
		post("a", "c"), post("b", "a"), post("c", "b"), // in a circle
		post("self", "self"), post("none", ""), post("z", "c"),
	})
	require.Equal(t, []string{"a", "b", "c", "z", "none", "self"}, w.threads(created.ID, analysis.PostFilter{}))
}

func threadsDeep(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	const depth = 2000
	posts, want := make([]content.Post, depth), make([]string, depth)
	for i := range posts {
		want[i] = fmt.Sprintf("p%04d", depth-i)
		posts[i] = content.Post{
			ExternalID: want[i], Kind: content.ReplyPost, RootExternalID: "t3_a", Text: "the text of " + want[i], PublishedAt: epoch,
		}
		if i > 0 {
			posts[i].ParentExternalID = want[i-1]
		}
	}
	created, _, _ := w.fetched(posts)
	require.Equal(t, want, w.threads(created.ID, analysis.PostFilter{}))
}
