package portstest

import (
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// pageChecks are the guarantees of PostWriter.SavePage.
var pageChecks = []StoreCheck{
	{"page/is one transaction: posts, cursor, counters, subtasks", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{IncludeReplies: true})
		follow := task.NewSubtask(task.SubtaskID(newID()), created.ID, task.FetchContent, task.Payload{Listing: content.Listing{Kind: "threads", IDs: []string{"a", "b"}, RootID: "r", OwnerID: "o"}}, now())
		ec := access.NewMasterContext(w.user, content.YouTube, access.NewToken("AIza"+strings.Repeat("x", 35)))
		stored := w.save(l, ports.PageWrite{
			Posts: comments(0, 10), Cursor: at("token-2", 1), Title: "A title", Expected: 12, Opened: 1, EC: ec,
			Spawn: []*task.Subtask{follow}, Missing: map[content.Cause]int64{content.BeforeSince: 3},
		})
		require.EqualValues(t, 10, stored.Inserted)
		require.False(t, stored.Capped)
		require.Equal(t, content.Cursor{Token: "token-2", Page: 1, Posts: 10}, stored.Subtask.Cursor)
		require.EqualValues(t, 10, stored.Subtask.BatchPosts)

		after := w.task(created.ID)
		require.Equal(t, task.Counters{Subtasks: 2, Fetched: 10, Expected: 12, Opened: 1}, after.Counters)
		require.Equal(t, "A title", after.Sources[0].Title)
		subs := w.subtasks(created.ID)
		require.Len(t, subs, 2)
		require.Equal(t, stored.Subtask.Cursor, subs[0].Cursor)
		require.Equal(t, access.MasterAPIKey, subs[0].TokenSource)
		require.Equal(t, access.KeyAuth, subs[0].AuthMethod)
		require.Equal(t, follow.State().Payload, subs[1].Payload)
		require.Len(t, w.dispatch(), 1)
	}},
	{"page/why the user's own token was not used is kept, and the latest page decides", fallsBack},
	{"page/met twice counts once", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		stored := w.save(l, ports.PageWrite{Posts: comments(0, 10), Cursor: at("t2", 1)})
		l.Subtask = stored.Subtask
		stored = w.save(l, ports.PageWrite{Posts: comments(5, 15), Cursor: at("t3", 2)})
		require.EqualValues(t, 5, stored.Inserted)
		require.EqualValues(t, 15, stored.Subtask.Cursor.Posts)
		require.EqualValues(t, 15, stored.Subtask.BatchPosts)
		require.EqualValues(t, 15, w.task(created.ID).Counters.Fetched)
		w.requireRows(created.ID, 15)
	}},
	{"page/the last one ends the subtask, and what it holds is judged", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		batch := task.BatchID(newID())
		w.save(l, ports.PageWrite{Posts: comments(0, 3), Cursor: at("", 1), FreshBatch: batch, Opened: 1, End: succeeded()})
		subs := w.subtasks(created.ID)
		require.Len(t, subs, 2)
		require.Equal(t, task.SubtaskSucceeded, subs[0].Status)
		judge := subs[1]
		require.Equal(t, batch, judge.ID)
		require.Equal(t, task.DetectSpam, judge.Type)
		require.Equal(t, batch, judge.Payload.Batch)
		require.ErrorIs(t, s.Finish(w.ctx, l, task.Succeed()), ports.ErrLeaseLost)
		require.Equal(t, task.Running, w.task(created.ID).Status)
	}},
	{"page/a full batch is closed and judged while the walk goes on", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		first := task.BatchID(newID())
		stored := w.save(l, ports.PageWrite{Posts: comments(0, task.BatchSize), Cursor: at("t2", 1), FreshBatch: first})
		require.Empty(t, stored.Subtask.Batch)
		l.Subtask = stored.Subtask
		second := task.BatchID(newID())
		stored = w.save(l, ports.PageWrite{Posts: comments(task.BatchSize, task.BatchSize+5), Cursor: at("t3", 2), FreshBatch: second})
		require.Equal(t, second, stored.Subtask.Batch)
		require.EqualValues(t, 5, stored.Subtask.BatchPosts)
		subs := w.subtasks(created.ID)
		require.Len(t, subs, 2)
		require.Equal(t, first, subs[1].ID)
		require.Len(t, w.batch(created.ID, first), task.BatchSize)
		require.Len(t, w.batch(created.ID, second), 5)
	}},
	{"page/of nothing is stored as well", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		w.save(l, ports.PageWrite{Cursor: at("", 1), Opened: 1, End: succeeded()})
		ended := w.task(created.ID)
		require.Equal(t, task.Completed, ended.Status)
		require.Equal(t, task.Counters{Subtasks: 1, Succeeded: 1, Opened: 1}, ended.Counters)
	}},
	{"page/forgives earlier errors", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		_, l := w.begin(task.Options{})
		w.finish(l, task.Outcome{Kind: task.RetryLater, At: epoch})
		l = w.claim(w.dispatch()[0])
		require.Equal(t, 1, l.Subtask.Attempt)
		stored := w.save(l, ports.PageWrite{Posts: comments(0, 1), Cursor: at("t", 1)})
		require.Zero(t, stored.Subtask.Attempt)
	}},
	{"page/a changed text is judged again, a like is not", changedTexts},
	{"page/never goes over the cap, and meets it", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{MaxPosts: 12})
		video := content.Post{ExternalID: "dQw4w9WgXcQ", RootExternalID: "dQw4w9WgXcQ", Kind: content.VideoPost, Text: "the video", PublishedAt: epoch}
		stored := w.save(l, ports.PageWrite{Posts: append([]content.Post{video}, comments(0, 10)...), Cursor: at("t2", 1)})
		require.False(t, stored.Capped)
		l.Subtask = stored.Subtask
		lost := task.NewSubtask(task.SubtaskID(newID()), created.ID, task.FetchContent, task.Payload{}, now())
		stored = w.save(l, ports.PageWrite{Posts: comments(8, 20), Cursor: at("", 2), Spawn: []*task.Subtask{lost}, End: succeeded()})
		require.True(t, stored.Capped)
		require.EqualValues(t, 2, stored.Inserted)
		require.Len(t, w.subtasks(created.ID), 1, "neither the end nor the page's subtasks are applied")
		require.EqualValues(t, 13, w.task(created.ID).Counters.Fetched, "the video does not count against the cap")
		w.requireRows(created.ID, 13)
	}},
	{"page/clean texts come back exactly", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		created, l := w.begin(task.Options{})
		texts := []string{
			"line\nbreak\r\nand\ttab", `"quotes", 'single' \back\slash`, "emoji \U0001F469\u200D\U0001F469\u200D\U0001F467 \U0001F3F3\uFE0F\u200D\U0001F308", "עברית مرحبا \u202eoverride\u202c",
			strings.Repeat("long ", 13_000), "nul\x00byte", "broken \xff\xfe utf8", "{\"json\":1}", "ends with a BOM\ufeff", "", " ",
		}
		var posts []content.Post
		want := map[string]string{}
		for i, text := range texts {
			p := comment(i)
			p.Text, p.Author.Name = text, text
			p = p.Cleaned()
			want[p.ExternalID] = p.Text
			posts = append(posts, p)
		}
		w.save(l, ports.PageWrite{Posts: posts, Cursor: at("t", 1)})
		got := map[string]string{}
		require.NoError(t, s.EachPost(w.ctx, w.user, created.ID, analysis.PostFilter{}, analysis.ByTime, func(p *analysis.JudgedPost) error {
			got[p.ExternalID] = p.Text
			require.Equal(t, p.Text, p.Author.Name)
			return nil
		}))
		require.Equal(t, want, got)
		require.Equal(t, "nulbyte", want[comment(5).ExternalID])
		require.Equal(t, "broken \ufffd utf8", want[comment(6).ExternalID])
	}},
	{"page/the caller's slice stays as it was", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		_, l := w.begin(task.Options{})
		posts := comments(0, 30)
		posts[0], posts[29] = posts[29], posts[0]
		before := fmt.Sprint(posts)
		w.save(l, ports.PageWrite{Posts: posts, Cursor: at("t", 1)})
		require.Equal(t, before, fmt.Sprint(posts))
	}},
}

func changedTexts(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	first, second := task.BatchID(newID()), task.BatchID(newID())
	stored := w.save(l, ports.PageWrite{Posts: comments(0, task.BatchSize), Cursor: at("t2", 1), FreshBatch: first})
	l.Subtask = stored.Subtask
	judge := w.claim(w.dispatch()[0])
	w.judgeAll(judge, first, w.batch(created.ID, first), func(int) bool { return false })
	w.finish(judge, task.Succeed())
	require.EqualValues(t, task.BatchSize, w.task(created.ID).Counters.Scored)

	liked, edited := comment(1), comment(2)
	liked.Likes = 9000
	edited.Text, edited.EditedAt = "now it says something else altogether", epoch.AddDate(0, 1, 0)
	stored = w.save(l, ports.PageWrite{Posts: []content.Post{liked, edited}, Cursor: at("t3", 2), FreshBatch: second})
	require.Zero(t, stored.Inserted)
	again := w.batch(created.ID, second)
	require.Len(t, again, 1)
	require.Equal(t, edited.ExternalID, again[0].ExternalID)
	require.Equal(t, edited.Text, again[0].Text)
	require.Nil(t, again[0].Sentiment)
	require.Nil(t, again[0].Spam)
	require.EqualValues(t, task.BatchSize-1, w.task(created.ID).Counters.Scored)
	require.EqualValues(t, task.BatchSize, w.task(created.ID).Counters.Fetched)
	found, err := s.Posts(w.ctx, w.user, created.ID, analysis.PostFilter{}, analysis.MostLiked, ports.Paging{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, liked.ExternalID, found.Items[0].ExternalID)
	require.NotNil(t, found.Items[0].Sentiment)
}

// batch returns all posts of a batch.
func (w *world) batch(id task.ID, b task.BatchID) []ports.BatchPost { return w.read(id, b, false) }

// stale returns the posts of a batch that want to be judged again.
func (w *world) stale(id task.ID, b task.BatchID) []ports.BatchPost { return w.read(id, b, true) }

func (w *world) read(id task.ID, b task.BatchID, stale bool) []ports.BatchPost {
	w.Helper()
	var all []ports.BatchPost
	for after := ""; ; {
		posts, err := w.BatchPosts(w.ctx, id, b, stale, after, 300)
		require.NoError(w, err)
		if all = append(all, posts...); len(posts) == 0 {
			return all
		}
		after = posts[len(posts)-1].ID
	}
}

var (
	spamVerdict = analysis.SpamVerdict{Verdict: analysis.Spam, Score: 0.97, Reasons: []string{"link", "repeated_text"}, Model: "kit@1"}
	okVerdict   = analysis.SpamVerdict{Verdict: analysis.OK, Score: 0.25, Model: "kit@1"}
)

// judgeAll gives every post a verdict, and those that are no spam a sentiment
// that goes by turns.
func (w *world) judgeAll(l ports.Lease, b task.BatchID, posts []ports.BatchPost, isSpam func(i int) bool) {
	w.Helper()
	var verdicts []ports.SpamResult
	var sentiments []ports.SentimentResult
	for i, p := range posts {
		if isSpam(i) {
			verdicts = append(verdicts, ports.SpamResult{PostID: p.ID, Occurrences: p.Occurrences, Verdict: spamVerdict})
			continue
		}
		verdicts = append(verdicts, ports.SpamResult{PostID: p.ID, Occurrences: p.Occurrences, Verdict: okVerdict})
		sentiments = append(sentiments, ports.SentimentResult{PostID: p.ID, Sentiment: turn(i)})
	}
	require.NoError(w, w.SaveSpam(w.ctx, l, b, verdicts))
	require.NoError(w, w.SaveSentiments(w.ctx, l, b, sentiments))
}

func turn(i int) analysis.Sentiment {
	return []analysis.Sentiment{
		{Label: analysis.Positive, Score: 0.5, Model: "kit@1"}, {Label: analysis.Neutral, Score: 0, Model: "kit@1"},
		{Label: analysis.Negative, Score: -0.25, Model: "kit@1"},
	}[i%3]
}

func fallsBack(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	own := access.NewUserContext(access.Integration{ID: newID(), UserID: w.user, Provider: content.YouTube}, access.NewToken("own"))
	page := func(ec access.ExecutionContext, end *task.Outcome) {
		t.Helper()
		l.Subtask = w.save(l, ports.PageWrite{Cursor: at("next", l.Subtask.Cursor.Page+1), EC: ec, End: end}).Subtask
		for _, state := range []task.SubtaskState{l.Subtask, w.subtasks(created.ID)[0]} {
			require.Equal(t, ec.Fallback(), state.Fallback)
			require.Equal(t, ec.TokenSource(), state.TokenSource)
			require.Equal(t, ec.IntegrationID(), state.IntegrationID)
		}
		of := w.task(created.ID)
		require.Equal(t, ec.Fallback(), of.Fallback)
		require.Equal(t, ec.TokenSource(), of.TokenSource)
	}
	deployment := access.NewMasterContext(w.user, content.YouTube, access.NewToken("AIza"+strings.Repeat("x", 35)))
	page(own, nil)
	page(deployment.FallenBack(access.Fallback{At: epoch, Reason: "the account's token was revoked"}), nil)
	page(own, nil)
	page(deployment.FallenBack(access.Fallback{At: epoch, Reason: "the account's token was revoked"}), succeeded())

	again, m := w.begin(task.Options{})
	w.save(m, ports.PageWrite{Cursor: at("next", 1), EC: deployment})
	require.Equal(t, access.MasterAPIKey, w.task(again.ID).TokenSource)
	require.Nil(t, w.task(again.ID).Fallback, "nothing was fallen back from")
}
