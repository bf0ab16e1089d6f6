package portstest

import (
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// judgeChecks are the guarantees of PostWriter's verdicts and sentiments.
var judgeChecks = []StoreCheck{
	{"judge/verdicts and sentiments are kept and counted", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l, batch := w.fetched(comments(0, 9))
		w.judgeAll(l, batch, w.batch(created.ID, batch), func(i int) bool { return i%3 == 0 })
		require.Equal(t, task.Counters{Subtasks: 2, Succeeded: 1, Fetched: 9, Spam: 3, Scored: 6, Opened: 1}, w.task(created.ID).Counters)
		for i, p := range w.batch(created.ID, batch) {
			if i%3 == 0 {
				require.Equal(t, &spamVerdict, p.Spam)
				require.Nil(t, p.Sentiment)
				continue
			}
			require.Equal(t, &okVerdict, p.Spam)
			want := turn(i)
			require.Equal(t, &want, p.Sentiment)
		}
	}},
	{"judge/twice counts once", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l, batch := w.fetched(comments(0, 9))
		for range 2 {
			w.judgeAll(l, batch, w.batch(created.ID, batch), func(i int) bool { return i%3 == 0 })
		}
		counters := w.task(created.ID).Counters
		require.EqualValues(t, 3, counters.Spam)
		require.EqualValues(t, 6, counters.Scored)
	}},
	{"judge/what becomes spam loses its sentiment", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l, batch := w.fetched(comments(0, 9))
		posts := w.batch(created.ID, batch)
		w.judgeAll(l, batch, posts, func(int) bool { return false })
		require.NoError(t, s.SaveSpam(w.ctx, l, batch, []ports.SpamResult{{PostID: posts[4].ID, Verdict: spamVerdict}}))
		counters := w.task(created.ID).Counters
		require.EqualValues(t, 1, counters.Spam)
		require.EqualValues(t, 8, counters.Scored)
		require.Nil(t, w.batch(created.ID, batch)[4].Sentiment)
		// and a late sentiment for it is dropped
		require.NoError(t, s.SaveSentiments(w.ctx, l, batch, []ports.SentimentResult{{PostID: posts[4].ID, Sentiment: turn(0)}}))
		require.EqualValues(t, 8, w.task(created.ID).Counters.Scored)
	}},
	{"judge/writes of a lost lease do nothing", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l, batch := w.fetched(comments(0, 3))
		posts := w.batch(created.ID, batch)
		_, err := s.Release(w.ctx, "worker-1")
		require.NoError(t, err)
		require.ErrorIs(t, s.SaveSpam(w.ctx, l, batch, []ports.SpamResult{{PostID: posts[0].ID, Verdict: spamVerdict}}), ports.ErrLeaseLost)
		require.ErrorIs(t, s.SaveSentiments(w.ctx, l, batch, []ports.SentimentResult{{PostID: posts[0].ID, Sentiment: turn(0)}}), ports.ErrLeaseLost)
		_, err = s.CountRepeats(w.ctx, l)
		require.ErrorIs(t, err, ports.ErrLeaseLost)
		for _, p := range w.batch(created.ID, batch) {
			require.Nil(t, p.Spam)
			require.Nil(t, p.Sentiment)
		}
	}},
	{"judge/counters equal the rows at the end", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l, batch := w.fetched(comments(0, 50))
		w.judgeAll(l, batch, w.batch(created.ID, batch), func(i int) bool { return i%5 == 0 })
		w.finish(l, task.Succeed())
		last := w.dispatch()
		require.Len(t, last, 1)
		pass := w.claim(last[0])
		require.True(t, pass.Subtask.Payload.Repeats)
		w.finish(pass, task.Succeed())
		ended := w.task(created.ID)
		require.Equal(t, task.Completed, ended.Status)
		require.Equal(t, task.Counters{Subtasks: 3, Succeeded: 3, Fetched: 50, Spam: 10, Scored: 40, Opened: 1}, ended.Counters)
		require.Empty(t, w.dispatch(), "the last pass comes once")
	}},
	{"judge/the last pass finds what turned out to be repeated", countsRepeats},
}

// fetched returns a task whose posts are stored, and the lease of the subtask
// that judges them.
func (w *world) fetched(posts []content.Post) (task.State, ports.Lease, task.BatchID) {
	w.Helper()
	created, l := w.begin(task.Options{IncludeReplies: true})
	batch := task.BatchID(newID())
	w.save(l, ports.PageWrite{Posts: posts, Cursor: at("", 1), FreshBatch: batch, Opened: 1, End: succeeded()})
	deliveries := w.dispatch()
	require.Len(w, deliveries, 1)
	return created, w.claim(deliveries[0]), batch
}

func countsRepeats(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	posts := comments(0, 40)
	for i := range 30 { // three texts that occur 10 times each, written a little differently
		posts[i].Text = []string{
			"Check out my channel for free gift cards!!!", "this part at the end always makes me cry", "first one to watch it from Portugal",
		}[i%3] + []string{"", " ", "!"}[i%3]
	}
	posts[39].Text, posts[38].Text = "short", "short" // too short for a fingerprint
	created, l, batch := w.fetched(posts)
	for _, p := range w.batch(created.ID, batch) {
		require.Equal(t, 1, p.Occurrences)
	}
	w.judgeAll(l, batch, w.batch(created.ID, batch), func(int) bool { return false })
	w.finish(l, task.Succeed())

	pass := w.claim(w.dispatch()[0])
	for range 2 { // a run that was broken off is made again
		stale, err := s.CountRepeats(w.ctx, pass)
		require.NoError(t, err)
		require.Equal(t, []task.StaleBatch{{Batch: batch, Posts: 30}}, stale)
	}
	again := w.stale(created.ID, batch)
	require.Len(t, again, 30)
	for _, p := range again {
		require.Equal(t, 10, p.Occurrences)
	}
	w.judgeAll(pass, batch, again, func(i int) bool { return i < 10 })
	require.Empty(t, w.stale(created.ID, batch), "judged with what was counted")
	stale, err := s.CountRepeats(w.ctx, pass)
	require.NoError(t, err)
	require.Empty(t, stale)
	w.finish(pass, task.Succeed())
	ended := w.task(created.ID)
	require.Equal(t, task.Completed, ended.Status)
	require.EqualValues(t, 10, ended.Counters.Spam)
	require.EqualValues(t, 30, ended.Counters.Scored)
}
