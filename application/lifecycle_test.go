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
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// quietAfter is how long after a cancel or a pause a call may still start.
const quietAfter = 2 * time.Second

// served starts a process that asks the fake services.
func (r *rig) served() *process {
	r.t.Helper()
	detector, err := spam.NewClient(r.fake.SpamURL(), spam.Options{Patience: time.Second})
	require.NoError(r.t, err)
	analyzer, err := sentiment.NewClient(r.fake.SentimentURL(), sentiment.Options{Patience: time.Second})
	require.NoError(r.t, err)
	return r.start(func(p *parts) { p.detector, p.analyzer = detector, analyzer })
}

// hanging tells whether a call to the service is open.
func (r *rig) hanging(service fakeapi.Service) bool {
	for _, c := range r.fake.CallsTo(service, "") {
		if c.Status == 0 {
			return true
		}
	}
	return false
}

// TestStoppingDuringEachKindOfWork: whatever a task does when it is cancelled or
// paused, its call in flight ends, no other starts after 2 seconds, and what
// was begun can be brought to its end.
func TestStoppingDuringEachKindOfWork(t *testing.T) {
	t.Parallel()
	type request = func(context.Context, access.Caller, task.ID) (task.State, error)
	type change = func(*process) request
	stops := map[task.Status]change{
		task.Cancelled: func(p *process) request { return p.tasks.Cancel },
		task.Paused:    func(p *process) request { return p.tasks.Pause },
	}
	goOn := map[task.Status]change{
		task.Cancelled: func(p *process) request { return p.tasks.Retry },
		task.Paused:    func(p *process) request { return p.tasks.Resume },
	}
	for service, rule := range map[fakeapi.Service]fakeapi.Rule{
		fakeapi.YouTube:   secondPage(0),
		fakeapi.Spam:      {Service: fakeapi.Spam, Effect: fakeapi.Hang},
		fakeapi.Sentiment: {Service: fakeapi.Sentiment, Effect: fakeapi.Hang},
	} {
		for want, stop := range stops {
			t.Run(string(want)+" at "+string(service), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.fake.Inject(rule)
				p := r.served()
				id := p.collect(battery)
				p.until("a call hangs", func() bool { return r.hanging(service) })
				stopped, err := stop(p)(t.Context(), p.by, id)
				require.NoError(t, err)
				at := time.Now()
				require.Equal(t, want, stopped.Status)
				p.until("the call was given up", func() bool {
					for _, c := range r.fake.CallsTo(service, "") {
						if c.Status == 0 && c.Effect != fakeapi.Hang { // noted when the call ends
							return false
						}
					}
					return true
				})
				assert.Less(t, time.Since(at), 10*time.Second, "a heartbeat ends it, long before its own timeout would")
				p.requireOpenAre(id, want)
				before := p.comments(id)

				r.fake.ClearRules()
				p.until("it would have gone on", func() bool { return time.Since(at) > 2*quietAfter })
				for _, c := range r.fake.Calls() {
					assert.False(t, c.At.After(at.Add(quietAfter)), "%s %s began %s after the request", c.Service, c.Path, c.At.Sub(at))
				}
				assert.Equal(t, before, p.comments(id), "nothing is stored meanwhile")
				p.collectAndEnd(watch + "WakeIn60sec") // the process lives, and works on others

				again, err := goOn[want](p)(t.Context(), p.by, id)
				require.NoError(t, err)
				require.Equal(t, task.Pending, again.Status)
				ended := p.ended(id)
				assert.Equal(t, task.Completed, ended.Status, codes(ended))
				assert.Equal(t, r.onYouTube("BatteryFire"), p.comments(id))
				p.requireAllJudged(id)
				p.requireCountersAreRows(ended)
			})
		}
	}
}

func (p *process) collectAndEnd(address string) {
	p.t.Helper()
	require.Equal(p.t, task.Completed, p.ended(p.collect(address)).Status)
}

// requireOpenAre looks at what a stop has made of the subtasks.
func (r *rig) requireOpenAre(id task.ID, of task.Status) {
	r.t.Helper()
	for _, sub := range r.subtasks(id) {
		if of == task.Cancelled {
			require.False(r.t, sub.Status.Open(), "%s is %s", sub.Type, sub.Status)
			continue
		}
		require.Contains(r.t, []task.SubtaskStatus{task.SubtaskPending, task.SubtaskSucceeded}, sub.Status, "%s", sub.Type)
	}
}

// requireAllJudged: no post that can be judged is left.
func (r *rig) requireAllJudged(id task.ID) {
	r.t.Helper()
	for _, p := range r.posts(id) {
		if !p.Discussion() || p.Deleted {
			continue
		}
		require.NotNil(r.t, p.Spam, "%s is unjudged", p.ExternalID)
		require.Equal(r.t, p.Spam.Verdict == analysis.OK && p.Scorable(), p.Sentiment != nil, p.ExternalID)
	}
}

// TestRetryRunsOnlyWhatIsMissing: after an outage of a service nothing is
// fetched again, and each text that has a sentiment is not scored again.
func TestRetryRunsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		down fakeapi.Service
		code fault.Code
	}{
		"sentiment": {fakeapi.Sentiment, fault.CodeSentimentUnavailable},
		"spam":      {fakeapi.Spam, fault.CodeSpamUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fake.Inject(fakeapi.Rule{Service: tc.down, Effect: fakeapi.Error, Status: http.StatusServiceUnavailable})
			p := r.served()
			id := p.collect("https://www.youtube.com/@TidelineWorkshop")
			partial := p.ended(id)
			require.Equal(t, task.CompletedPartial, partial.Status, codes(partial))
			require.Contains(t, codes(partial), string(tc.code))
			p.requireCountersAreRows(partial)
			p.stop() // the breaker of its clients is open
			r.fake.ClearRules()
			r.fake.ForgetCalls()

			second := r.served()
			again, err := second.tasks.Retry(t.Context(), p.by, id)
			require.NoError(t, err)
			require.Equal(t, task.Pending, again.Status)
			require.NotContains(t, codes(again), string(tc.code), "problems go with their subtasks")
			require.True(t, again.FinishedAt.IsZero())
			ended := second.ended(id)
			assert.NotContains(t, codes(ended), string(tc.code))
			assert.Zero(t, ended.Counters.Failed)
			assert.Empty(t, r.fake.CallsTo(fakeapi.YouTube, ""), "no quota is spent")
			second.requireAllJudged(id)
			second.requireCountersAreRows(ended)
		})
	}
}

// TestAnEndedTaskSaysWhichVideoIsMissing: one bad video of several is named,
// and retrying fetches that alone.
func TestAnEndedTaskSaysWhichVideoIsMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Query: "videoId=WakeIn60sec", Effect: fakeapi.Garbage, Status: http.StatusForbidden})
	p := r.start()
	id := p.collect("https://www.youtube.com/@TidelineWorkshop")
	partial := p.ended(id)
	require.Equal(t, task.CompletedPartial, partial.Status)
	assert.Equal(t, r.onYouTube(discussed[:3]...), p.comments(id))
	failed := 0
	for _, sub := range r.subtasks(id) {
		if sub.Status == task.SubtaskFailed {
			failed++
			require.NotNil(t, sub.Problem)
			assert.Contains(t, partial.Problems, *sub.Problem, "it is named by its subtask")
		}
	}
	require.Equal(t, 1, failed)
	r.fake.ClearRules()
	r.fake.ForgetCalls()
	_, err := p.tasks.Retry(t.Context(), p.by, id)
	require.NoError(t, err)
	ended := p.ended(id)
	assert.Equal(t, r.onYouTube(discussed...), p.comments(id))
	for _, c := range r.fake.CallsTo(fakeapi.YouTube, "commentThreads") {
		assert.Equal(t, "WakeIn60sec", c.Query.Get("videoId"), "what is stored is not fetched again")
	}
	p.requireCountersAreRows(ended)
}

// TestAPauseOutlivesTheProcess: rows remember it, not a queue.
func TestAPauseOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fake.Inject(secondPage(1))
	first := r.start()
	id := first.collect(battery)
	first.hangs(1)
	_, err := first.tasks.Pause(t.Context(), first.by, id)
	require.NoError(t, err)
	first.stop()
	r.fake.ForgetCalls()
	second := r.start()
	second.collectAndEnd(watch + "WakeIn60sec")
	for _, c := range r.fake.CallsTo(fakeapi.YouTube, "commentThreads") {
		assert.NotEqual(t, "BatteryFire", c.Query.Get("videoId"))
	}
	_, err = second.tasks.Resume(t.Context(), second.by, id)
	require.NoError(t, err)
	ended := second.ended(id)
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, r.onYouTube("BatteryFire"), r.comments(id))
	r.requireCountersAreRows(ended)
}

func TestChangesNeedThePermission(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	reader := access.Caller{User: p.by.User, Permissions: []access.Permission{access.TasksRead}}
	for _, change := range []func(context.Context, access.Caller, task.ID) (task.State, error){p.tasks.Pause, p.tasks.Resume, p.tasks.Retry, p.tasks.Cancel} {
		_, err := change(t.Context(), reader, task.ID(newID()))
		require.True(t, fault.Is(err, fault.Forbidden), "%v", err)
		_, err = change(t.Context(), p.by, task.ID(newID()))
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	}
}
