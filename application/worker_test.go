package application_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/sentiment"
	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// secondPage hangs the second page of comments until its caller goes away.
func secondPage(times int) fakeapi.Rule {
	return fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Query: "pageToken=", Times: times, Effect: fakeapi.Hang}
}

// hangs waits until the second page has been asked for n times.
func (r *rig) hangs(n int) {
	r.t.Helper()
	r.until("the second page was asked for", func() bool {
		asked := 0
		for _, c := range r.fake.CallsTo(fakeapi.YouTube, "commentThreads") {
			if c.Query.Has("pageToken") {
				asked++
			}
		}
		return asked >= n
	})
}

// panicky is a detector with a defect.
type panicky struct{ ports.SpamDetector }

func (panicky) Detect(context.Context, []analysis.SpamItem) ([]*analysis.SpamVerdict, error) {
	panic("a defect of the detector")
}

func TestAPanicFailsItsSubtaskAlone(t *testing.T) {
	t.Parallel()
	p := newRig(t).start(func(p *parts) { p.detector = panicky{p.detector} })
	ended := p.ended(p.collect(battery))
	assert.Equal(t, task.CompletedPartial, ended.Status)
	assert.Contains(t, codes(ended), string(fault.CodeInternal))
	assert.NotContains(t, ended.Problems[0].Message, "defect", "what is internal stays in the log")
	assert.Equal(t, p.onYouTube("BatteryFire"), p.comments(ended.ID), "the fetching goes on")
	p.requireCountersAreRows(ended)
}

func TestAStopHandsBackAndAnotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	r := newAgedSQLite(t)
	r.fake.Inject(secondPage(1))
	first := r.start(func(p *parts) { p.grace = time.Millisecond })
	id := first.collect(battery)
	first.hangs(1)
	first.stop()

	for _, sub := range r.subtasks(id) {
		assert.True(t, !sub.Status.Open() || sub.Status.Claimable(), "%s is handed back, not held", sub.Status)
		assert.Zero(t, sub.Attempt, "handing back spends no attempt")
		assert.Zero(t, sub.Lost)
	}
	r.losesQueue(id)
	ended := r.start().ended(id)
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, r.onYouTube("BatteryFire"), r.comments(id))
	r.requireCountersAreRows(ended)
}

func TestCancelEndsTheCallInFlight(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	p.fake.Inject(secondPage(0))
	id := p.collect(battery)
	p.hangs(1)
	stored := p.comments(id)

	cancelled, err := p.tasks.Cancel(t.Context(), p.by, id)
	require.NoError(t, err)
	assert.Equal(t, task.Cancelled, cancelled.Status)
	p.until("the call was given up", func() bool {
		calls := p.fake.CallsTo(fakeapi.YouTube, "commentThreads")
		return calls[len(calls)-1].Effect == fakeapi.Hang // noted when the call ends
	})
	calls := len(p.fake.Calls())
	p.stop()
	assert.Len(t, p.fake.Calls(), calls, "no call after the cancel")
	assert.Subset(t, p.comments(id), stored, "what was fetched stays")
	p.requireCountersAreRows(p.when(id, "is cancelled", func(s task.State) bool { return s.Status == task.Cancelled }))
}

func TestALeaseTakenBackEndsTheRunWithoutATrace(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fake.Inject(secondPage(1))
	p := r.start()
	id := p.collect(battery)
	p.hangs(1)
	released, err := r.store.Release(t.Context(), "") // as if the process had been taken for dead
	require.NoError(t, err)
	require.Positive(t, released)
	ended := p.ended(id)
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, r.onYouTube("BatteryFire"), r.comments(id), "the run that has the lease now does the work, once")
	r.requireCountersAreRows(ended)
}

func TestRefusalsOfTheServicesLeaveThePostsAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rule   fakeapi.Rule
		code   fault.Code
		judged bool // whether spam was judged
	}{
		"sentiment is down":  {fakeapi.Rule{Service: fakeapi.Sentiment, Effect: fakeapi.Error, Status: http.StatusInternalServerError}, fault.CodeSentimentUnavailable, true},
		"sentiment lies":     {fakeapi.Rule{Service: fakeapi.Sentiment, Effect: fakeapi.NotANumber}, fault.CodeAnalysisRejected, true},
		"one text is no use": {fakeapi.Rule{Service: fakeapi.Sentiment, Body: "battery", Effect: fakeapi.Error, Status: http.StatusUnprocessableEntity}, fault.CodeAnalysisRejected, true},
		"spam is down":       {fakeapi.Rule{Service: fakeapi.Spam, Effect: fakeapi.Error, Status: http.StatusServiceUnavailable}, fault.CodeSpamUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fake.Inject(tc.rule)
			detector, err := spam.NewClient(r.fake.SpamURL(), spam.Options{Patience: time.Second})
			require.NoError(t, err)
			analyzer, err := sentiment.NewClient(r.fake.SentimentURL(), sentiment.Options{Patience: time.Second})
			require.NoError(t, err)
			p := r.start(func(p *parts) { p.detector, p.analyzer = detector, analyzer })
			ended := p.ended(p.collect(watch + "HardReplies"))
			assert.Equal(t, task.CompletedPartial, ended.Status)
			assert.Contains(t, codes(ended), string(tc.code))
			assert.Equal(t, r.onYouTube("HardReplies"), r.comments(ended.ID))
			for _, post := range r.posts(ended.ID) {
				assert.Equal(t, tc.judged && post.Kind != content.VideoPost, post.Spam != nil, post.ExternalID)
			}
			if tc.rule.Body != "" {
				assert.Positive(t, ended.Counters.Scored, "the texts beside it are scored")
			}
			r.requireCountersAreRows(ended)
		})
	}
}

func TestTheRunningTasksOfAUserAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fake.Inject(secondPage(1))
	p := r.start(func(p *parts) { p.limits.Running = 1 })
	first := p.collect(battery)
	p.hangs(1)
	second := p.collect(watch + "WakeIn60sec")
	cancelled, err := p.tasks.Cancel(t.Context(), p.by, first)
	require.NoError(t, err)
	ended := p.ended(second)
	assert.Equal(t, task.Completed, ended.Status)
	assert.False(t, ended.StartedAt.Before(cancelled.FinishedAt), "it has waited for its turn")
}
