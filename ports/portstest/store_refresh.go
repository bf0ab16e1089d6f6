package portstest

import (
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// refreshChecks are the guarantees of later runs of a task.
var refreshChecks = []StoreCheck{
	{"refresh/the sources are opened again, and what ended well stays so", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		listing := task.NewSubtask(task.SubtaskID(newID()), created.ID, task.FetchContent, task.Payload{Listing: content.Listing{Kind: "threads", IDs: []string{"a"}}}, now())
		w.save(l, ports.PageWrite{Posts: comments(0, 1), Cursor: at("", 1), Expected: 7, Opened: 1, Spawn: []*task.Subtask{listing}, End: succeeded()})
		for _, d := range w.dispatch() {
			w.finish(w.claim(d), task.Succeed())
		}
		require.True(t, w.task(created.ID).Status.Ended())

		again, err := s.UpdateTask(w.ctx, w.user, created.ID, func(t *task.Task) error { return t.Refresh(task.RefreshNew) })
		require.NoError(t, err)
		require.Equal(t, task.Pending, again.Status)
		require.Equal(t, 2, again.Run)
		require.EqualValues(t, 0, again.Counters.Expected)
		require.EqualValues(t, 1, again.Counters.Fetched)
		due := w.dispatch()
		require.Len(t, due, 1, "the subtask that opens the source")
		claimed := w.claim(due[0])
		require.Equal(t, l.Subtask.ID, claimed.Subtask.ID)
		require.Equal(t, task.RefreshNew, claimed.Subtask.Payload.Refresh)
		require.Equal(t, 2, claimed.Task.Run)
		require.Equal(t, content.Cursor{Posts: 1}, claimed.Subtask.Cursor)
	}},
	{"refresh/known posts are told with what they announced", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		posts := comments(0, 2)
		posts[1].Replies = 5
		l.Subtask = w.save(l, ports.PageWrite{Posts: posts, Cursor: at("2", 1)}).Subtask
		asked := []string{posts[0].ExternalID, posts[1].ExternalID, "unknown"}
		known, err := s.KnownPosts(w.ctx, created.ID, asked)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{posts[0].ExternalID: 0, posts[1].ExternalID: 5}, known)

		posts[1].Replies = 6
		w.save(l, ports.PageWrite{Posts: posts, Cursor: at("3", 2)})
		known, err = s.KnownPosts(w.ctx, created.ID, asked)
		require.NoError(t, err)
		require.EqualValues(t, 6, known[posts[1].ExternalID])
		known, err = s.KnownPosts(w.ctx, task.ID(newID()), asked)
		require.NoError(t, err)
		require.Empty(t, known, "of another task")
	}},
	{"refresh/what a stretch should have held and did not is gone, with its replies", erasesWhatIsGone},
}

// erasesWhatIsGone stores four comments and a reply, judges them, and reads in
// a second run a stretch that begins with the second comment and lacks the third.
func erasesWhatIsGone(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	posts := comments(0, 4)
	for i := range posts {
		posts[i].ParentExternalID = "video"
	}
	reply := comments(4, 5)[0]
	reply.Kind, reply.ParentExternalID = content.ReplyPost, posts[2].ExternalID
	created, l, batch := w.fetched(append(posts, reply))
	w.judgeAll(l, batch, w.batch(created.ID, batch), func(i int) bool { return i == 2 })
	w.finish(l, task.Succeed())
	for due := w.dispatch(); len(due) > 0; due = w.dispatch() { // what is left of the run
		for _, d := range due {
			w.finish(w.claim(d), task.Succeed())
		}
	}
	before := w.task(created.ID).Counters

	_, err := s.UpdateTask(w.ctx, w.user, created.ID, func(t *task.Task) error { return t.Refresh(task.RefreshAll) })
	require.NoError(t, err)
	again := w.claim(w.dispatch()[0])
	seen := []content.Post{posts[1], posts[3]}
	w.save(again, ports.PageWrite{
		Posts: seen, Cursor: at("", 1), Gone: &ports.Gone{Below: "video", Since: posts[1].PublishedAt}, End: succeeded(),
	})
	byID := map[string]content.Post{}
	listed, err := s.Posts(w.ctx, w.user, created.ID, analysis.PostFilter{}, analysis.OldestFirst, ports.Paging{Limit: 100})
	require.NoError(t, err)
	for _, p := range listed.Items {
		byID[p.ExternalID] = p.Post
		if p.Deleted {
			require.Nil(t, p.Spam)
			require.Nil(t, p.Sentiment)
		}
	}
	require.False(t, byID[posts[0].ExternalID].Deleted, "before the stretch")
	require.False(t, byID[posts[1].ExternalID].Deleted)
	require.False(t, byID[posts[3].ExternalID].Deleted)
	for _, gone := range []string{posts[2].ExternalID, reply.ExternalID} {
		require.True(t, byID[gone].Deleted, gone)
		require.Empty(t, byID[gone].Text)
		require.Empty(t, byID[gone].Author)
	}
	after := w.task(created.ID).Counters
	require.Equal(t, before.Fetched, after.Fetched, "they still stand there")
	require.Equal(t, before.Spam+before.Scored-2, after.Spam+after.Scored)
}
