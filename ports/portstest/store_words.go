package portstest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var wordChecks = []FiguresCheck{
	{"words/they are due when a task ends, and shown when they are saved", wordsOfAnEnd},
	{"words/a lease is nobody else's until it ends", wordsLeased},
	{"words/a verdict by hand makes them due again", wordsAfterVerdict},
	{"words/a task that runs again has none until it ends", wordsOfNextRun},
	{"words/deleting the task deletes them", wordsDeleted},
	{"words/an export has none", wordsOfExport},
}

var someWords = analysis.SideWords{
	Positive: []analysis.WordFigures{{Word: "lovely", Posts: 7, Weight: 3.25}, {Word: "größe", Posts: 5, Weight: 2}},
	Negative: []analysis.WordFigures{},
}

// ended cancels the task, which is an end as any other.
func (f *figures) ended() {
	f.Helper()
	_, err := f.UpdateTask(f.ctx, f.user, f.of.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(f, err)
}

func (f *figures) leaseWords(length time.Duration) *ports.WordsLease {
	f.Helper()
	lease, err := f.LeaseWords(f.ctx, "", length)
	require.NoError(f, err)
	return lease
}

func (f *figures) shown() *analysis.SideWords {
	f.Helper()
	summary, err := f.Summary(f.ctx, f.user, f.of.ID)
	require.NoError(f, err)
	return summary.Words
}

func wordsOfAnEnd(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	require.Nil(t, f.leaseWords(leaseLength), "it runs")
	f.ended()
	require.Nil(t, f.shown())
	none, err := s.LeaseWords(f.ctx, task.ID(newID()), leaseLength)
	require.NoError(t, err)
	require.Nil(t, none, "another task")
	lease, err := s.LeaseWords(f.ctx, f.of.ID, leaseLength)
	require.NoError(t, err)
	require.Equal(t, f.of.ID, lease.Task)
	require.Equal(t, f.user, lease.User)
	require.NoError(t, s.SaveWords(f.ctx, *lease, someWords))
	require.Equal(t, &someWords, f.shown())
	require.Nil(t, f.leaseWords(leaseLength), "nothing is to be done")
}

func wordsLeased(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	f.ended()
	first := f.leaseWords(time.Millisecond)
	require.NotNil(t, first)
	var second *ports.WordsLease
	require.Eventually(t, func() bool { second = f.leaseWords(leaseLength); return second != nil }, 10*time.Second, 5*time.Millisecond)
	require.Nil(t, f.leaseWords(leaseLength))
	require.ErrorIs(t, s.SaveWords(f.ctx, *first, someWords), ports.ErrLeaseLost)
	require.Nil(t, f.shown())
	require.NoError(t, s.SaveWords(f.ctx, *second, someWords))
}

func wordsAfterVerdict(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	f.judge(f.posts()[1], &saysSpam)
	require.Nil(t, f.leaseWords(leaseLength), "it runs")
	f.ended()
	lease := f.leaseWords(leaseLength)
	f.judge(f.posts()[2], &saysSpam)
	require.Nil(t, f.leaseWords(leaseLength), "the lease goes on")
	require.NoError(t, s.SaveWords(f.ctx, *lease, someWords))
	require.Equal(t, &someWords, f.shown())
	lease = f.leaseWords(leaseLength)
	require.NotNil(t, lease, "they were counted without the verdict")
	require.NoError(t, s.SaveWords(f.ctx, *lease, someWords))
	f.judge(f.posts()[2], nil)
	require.Equal(t, &someWords, f.shown(), "until there are new ones")
	require.NotNil(t, f.leaseWords(leaseLength))
}

func wordsOfNextRun(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	f.ended()
	require.NoError(t, s.SaveWords(f.ctx, *f.leaseWords(leaseLength), someWords))
	_, err := s.UpdateTask(f.ctx, f.user, f.of.ID, func(of *task.Task) error { return of.Retry() })
	require.NoError(t, err)
	require.Nil(t, f.shown())
	f.ended()
	require.Nil(t, f.shown(), "those of the first end are gone")
	require.NotNil(t, f.leaseWords(leaseLength))
}

func wordsDeleted(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	f.ended()
	lease := f.leaseWords(leaseLength)
	f.judge(f.posts()[1], &saysSpam)
	_, err := s.DeleteTask(f.ctx, f.user, f.of.ID)
	require.NoError(t, err)
	require.NoError(t, s.SaveWords(f.ctx, *lease, someWords))
	require.Nil(t, f.leaseWords(leaseLength))
	_, err = s.Summary(f.ctx, f.user, f.of.ID)
	requireKind(t, fault.NotFound, err)
}

func wordsOfExport(t StoreT, s StoreWithFigures) {
	f := newFigures(t, s)
	made, first := task.NewExport(f.user, f.of, task.ExportSpec{TaskID: f.of.ID, Format: "csv"}, newID, now())
	require.NoError(t, s.CreateTask(f.ctx, made, first))
	_, err := s.UpdateTask(f.ctx, f.user, made.State().ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(t, err)
	require.Nil(t, f.leaseWords(leaseLength))
}
