package portstest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// StoreWithFigures is what the kits of ports.VerdictStore and ports.WordStore
// need: tasks with posts that were judged.
type StoreWithFigures interface {
	ports.Store
	ports.VerdictStore
	ports.WordStore
}

// FiguresCheck is one guarantee of ports.VerdictStore or ports.WordStore. It gets
// a store of its own, empty.
type FiguresCheck struct {
	Name string
	Run  func(t StoreT, s StoreWithFigures)
}

// FiguresChecks returns the kits of ports.VerdictStore and ports.WordStore.
func FiguresChecks() []FiguresCheck { return append(verdictChecks, wordChecks...) }

// TestFigures runs the kits. newStore returns an empty, migrated store.
func TestFigures(t *testing.T, newStore func(t *testing.T) StoreWithFigures) {
	for _, c := range FiguresChecks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, newStore(t))
		})
	}
}

var verdictChecks = []FiguresCheck{
	{"verdicts/spam drops the sentiment, and taking it back brings all back", verdictTakenBack},
	{"verdicts/what is cleared can be scored, once", verdictScored},
	{"verdicts/counters equal the rows while the task runs", verdictWhileRunning},
	{"verdicts/a detector does not touch them", verdictStands},
	{"verdicts/another text forgets what was overruled, not the verdict", verdictOfAnotherText},
	{"verdicts/they are the owner's", verdictRefused},
}

// figures is a world with nine posts, of which the first, the fourth and the
// seventh are spam and the others scored.
type figures struct {
	*world
	StoreWithFigures
	of    task.State
	lease ports.Lease
	batch task.BatchID
}

func newFigures(t StoreT, s StoreWithFigures) *figures {
	f := &figures{world: newWorld(t, s), StoreWithFigures: s}
	f.of, f.lease, f.batch = f.fetched(comments(0, 9))
	f.judgeAll(f.lease, f.batch, f.posts(), func(i int) bool { return i%3 == 0 })
	return f
}

func (f *figures) posts() []ports.BatchPost { return f.world.batch(f.of.ID, f.batch) }

// judge gives or takes back a verdict, and looks that the rows have it.
func (f *figures) judge(post ports.BatchPost, v *analysis.Verdict) analysis.JudgedPost {
	f.Helper()
	after, err := f.OverrulePost(f.ctx, f.user, f.of.ID, post.ID, v)
	require.NoError(f, err)
	for _, p := range f.posts() {
		if p.ID == post.ID {
			require.Equal(f, p.JudgedPost.Spam, after.Spam)
			require.Equal(f, p.JudgedPost.Sentiment, after.Sentiment)
		}
	}
	f.requireCounted()
	return after
}

// requireCounted looks that the counters equal the rows.
func (f *figures) requireCounted() {
	f.Helper()
	var spam, scored int64
	for _, p := range f.posts() {
		if p.Spam != nil && p.Spam.Verdict == analysis.Spam {
			spam++
		}
		if p.Sentiment != nil {
			scored++
		}
	}
	counters := f.world.task(f.of.ID).Counters
	require.Equal(f, spam, counters.Spam)
	require.Equal(f, scored, counters.Scored)
}

var (
	saysSpam, saysOK = analysis.Spam, analysis.OK
	humanSpam        = &analysis.SpamVerdict{Verdict: analysis.Spam, Score: 1, Model: analysis.HumanModel}
	humanOK          = &analysis.SpamVerdict{Verdict: analysis.OK, Model: analysis.HumanModel}
)

func verdictTakenBack(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	f.finish(f.lease, task.Succeed())
	ok, spam := f.posts()[1], f.posts()[0]
	for range 2 { // twice is as once
		after := f.judge(ok, &saysSpam)
		require.Equal(t, humanSpam, after.Spam)
		require.Nil(t, after.Sentiment)
	}
	require.Equal(t, ok.Sentiment, f.judge(ok, &saysOK).Sentiment)
	for range 2 {
		after := f.judge(ok, nil)
		require.Equal(t, ok.Spam, after.Spam)
		require.Equal(t, ok.Sentiment, after.Sentiment)
	}
	require.Equal(t, humanOK, f.judge(spam, &saysOK).Spam)
	require.Equal(t, spam.Spam, f.judge(spam, nil).Spam, "with its reasons")
}

func verdictScored(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	f.finish(f.lease, task.Succeed())
	glad := analysis.Sentiment{Label: analysis.Positive, Score: 0.5, Model: "kit@1"}
	read := f.judge(f.posts()[0], &saysOK)
	other := read
	other.Text = "another text"
	after, err := s.ScorePost(f.ctx, f.user, f.of.ID, other, glad)
	require.NoError(t, err)
	require.Nil(t, after.Sentiment, "it is not of this text")
	for _, score := range []analysis.Sentiment{glad, {Label: analysis.Negative, Score: -1, Model: "kit@1"}} {
		after, err = s.ScorePost(f.ctx, f.user, f.of.ID, read, score)
		require.NoError(t, err)
		require.Equal(t, &glad, after.Sentiment)
		f.requireCounted()
	}
	f.judge(f.posts()[0], &saysSpam)
	after, err = s.ScorePost(f.ctx, f.user, f.of.ID, read, glad)
	require.NoError(t, err)
	require.Nil(t, after.Sentiment, "it has become spam")
	f.requireCounted()
}

func verdictWhileRunning(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	posts := f.posts()
	for i, p := range posts {
		verdict := []*analysis.Verdict{&saysSpam, &saysOK, nil}[i/3]
		f.judge(p, verdict)
	}
	f.finish(f.lease, task.Succeed())
	f.requireCounted()
	for _, p := range posts {
		f.judge(p, nil)
	}
	require.EqualValues(t, 3, f.world.task(f.of.ID).Counters.Spam)
}

func verdictStands(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	f.judge(f.posts()[0], &saysOK)
	f.judge(f.posts()[1], &saysSpam)
	f.judgeAll(f.lease, f.batch, f.posts(), func(i int) bool { return i == 0 })
	require.Equal(t, humanOK, f.posts()[0].Spam)
	require.Equal(t, humanSpam, f.posts()[1].Spam)
	require.Nil(t, f.posts()[1].Sentiment)
	f.requireCounted()
}

func verdictOfAnotherText(t StoreT, s StoreWithFigures) {
	w := newWorld(t, s)
	created, l := w.begin(task.Options{})
	first, second := task.BatchID(newID()), task.BatchID(newID())
	l.Subtask = w.save(l, ports.PageWrite{Posts: comments(0, task.BatchSize), Cursor: at("t2", 1), FreshBatch: first}).Subtask
	judging := w.claim(w.dispatch()[0])
	w.judgeAll(judging, first, w.batch(created.ID, first), func(int) bool { return false })
	w.finish(judging, task.Succeed())
	overrule := func(id string, v *analysis.Verdict) analysis.JudgedPost {
		after, err := s.OverrulePost(w.ctx, w.user, created.ID, id, v)
		require.NoError(t, err)
		return after
	}
	edited := w.batch(created.ID, first)[2]
	overrule(edited.ID, &saysOK)
	reworded := edited.Post
	reworded.Text = "now it says something else altogether"
	w.save(l, ports.PageWrite{Posts: []content.Post{reworded}, Cursor: at("t3", 2), FreshBatch: second})

	again := w.batch(created.ID, second)
	require.Len(t, again, 1)
	require.Equal(t, humanOK, again[0].Spam)
	require.Nil(t, again[0].Sentiment)
	require.Nil(t, overrule(edited.ID, &saysOK).Sentiment, "the old sentiment is of the old text")
	require.Nil(t, overrule(edited.ID, nil).Spam, "nobody has judged the new text")
	counters := w.task(created.ID).Counters
	require.Zero(t, counters.Spam)
	require.EqualValues(t, task.BatchSize-1, counters.Scored)
}

func verdictRefused(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	post := f.posts()[1]
	eve := f.newUser("eve")
	for _, c := range []struct {
		user access.UserID
		id   task.ID
		post string
	}{{eve, f.of.ID, post.ID}, {f.user, task.ID(newID()), post.ID}, {f.user, f.of.ID, newID()}, {f.user, f.of.ID, "1"}, {f.user, "1", post.ID}} {
		_, err := s.OverrulePost(f.ctx, c.user, c.id, c.post, &saysSpam)
		requireKind(t, fault.NotFound, err)
		read := post.JudgedPost
		read.ID = c.post
		_, err = s.ScorePost(f.ctx, c.user, c.id, read, analysis.Sentiment{Label: analysis.Neutral})
		requireKind(t, fault.NotFound, err)
	}
	require.Equal(t, post, f.posts()[1])
}
