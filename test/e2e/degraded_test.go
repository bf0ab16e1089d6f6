package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	// judgedThreads are several requests to a service, which takes 100 texts.
	judgedThreads = 600
	// trialEvery is how soon an open breaker lets the next call try.
	trialEvery = time.Second
)

// outage is a service that gives nothing usable.
type outage struct {
	name string
	rule fakeapi.Rule
	// code is the task's problem; opens tells whether the service counts as
	// away, rather than as one that answers wrongly.
	code  string
	opens bool
}

func outages(service fakeapi.Service, path, unavailable string) []outage {
	on := func(r fakeapi.Rule) fakeapi.Rule {
		r.Service, r.Path = service, path
		return r
	}
	all := []outage{
		{"says 503", on(fakeapi.Rule{Effect: fakeapi.Error, Status: http.StatusServiceUnavailable}), unavailable, true},
		{"hangs up", on(fakeapi.Rule{Effect: fakeapi.Drop}), unavailable, true},
		{"is slower than our patience", on(fakeapi.Rule{Effect: fakeapi.Delayed, DelayMillis: 30_000}), unavailable, true},
		{"answers HTML", on(fakeapi.Rule{Effect: fakeapi.Garbage}), "analysis_rejected", false},
		{"answers NaN", on(fakeapi.Rule{Effect: fakeapi.NotANumber}), "analysis_rejected", false},
		{"answers scores of 7", on(fakeapi.Rule{Effect: fakeapi.OutOfRange}), "analysis_rejected", false},
	}
	if service == fakeapi.Sentiment { // the spam service names ids, so that it is asked again for what is missing
		all = append(all, outage{"leaves one result out", on(fakeapi.Rule{Effect: fakeapi.WrongLength}), "analysis_rejected", false})
	}
	return all
}

// TestWhenTheServicesFail has each service fail in each way while a task runs:
// everything is fetched, nothing is guessed, the rest is judged by a retry that
// asks the platform for nothing, and the service is left alone meanwhile. One
// process has one breaker; TestTheServicesOfTheField tries the other set-ups.
func TestWhenTheServicesFail(t *testing.T) {
	t.Parallel()
	for service, path := range map[fakeapi.Service]string{fakeapi.Sentiment: "analyze", fakeapi.Spam: "classify"} {
		t.Run(string(service), func(t *testing.T) {
			t.Parallel()
			w := deploy(t, setups[0],
				with("SENTIMENT_SERVICE_URL", func(w *world) string { return w.fake.SentimentURL() }),
				with("SPAM_SERVICE_URL", func(w *world) string { return w.fake.SpamURL() }),
				with("SERVICE_PATIENCE", func(*world) string { return "2s" }))
			w.addVideo("JudgedVideo", judgedThreads)
			w.addSpam("JudgedVideo")
			for _, o := range outages(service, path, string(service)+"_unavailable") {
				t.Run(o.name, func(t *testing.T) { w.in(t).endure(service, o) })
			}
		})
	}
}

// in returns the deployment for a part of its test.
func (w *world) in(t *testing.T) *world {
	of := *w
	of.t, of.somebody = t, w.somebody.in(t)
	return &of
}

// addSpam adds a comment that only a detector of spam keeps from being scored.
func (w *world) addSpam(video string) {
	w.t.Helper()
	require.NoError(w.t, w.data.AddComment(fakeapi.Comment{
		ID: "Ugw" + video + "spam", VideoID: video, Author: "Viewer", AuthorChannelID: "UCviewer", Text: "Good! Subscribe to my channel",
		PublishedAt: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	}))
}

func (w *world) endure(service fakeapi.Service, o outage) {
	w.t.Helper()
	w.fake.Inject(o.rule)
	defer w.fake.ClearRules()
	ended := w.somebody.collect(watch+"JudgedVideo", "")
	require.Equal(w.t, "completed_partial", ended.Status, ended.Problems)
	require.Equal(w.t, []string{o.code}, ended.codes())
	posts := w.somebody.posts(ended.ID, nil)
	requireTheSource(w.t, w.data, []string{"JudgedVideo"}, posts)
	for _, p := range posts {
		if service == fakeapi.Sentiment {
			require.Nil(w.t, p.Sentiment, "no post gets a guess")
		} else {
			require.Nil(w.t, p.Spam, "no post gets a guess")
		}
	}
	if o.opens {
		w.requireSpared(o)
	}
	w.fake.ClearRules()
	w.requireJudged(ended.ID)
}

// requireSpared runs another task while the service is away: the breaker lets
// one call try from time to time, however many texts there are.
func (w *world) requireSpared(o outage) {
	w.t.Helper()
	calls := func() int { return len(w.fake.CallsTo(o.rule.Service, o.rule.Path)) }
	before, began := calls(), time.Now()
	require.Equal(w.t, "completed_partial", w.somebody.collect(watch+"JudgedVideo", "").Status)
	trials := int(time.Since(began)/trialEvery) + 1
	assert.LessOrEqual(w.t, calls()-before, trials, "the service is hammered")
}

// requireJudged retries a task: what is missing comes, and nothing is fetched.
func (w *world) requireJudged(id string) {
	w.t.Helper()
	fetched := len(w.fake.CallsTo(fakeapi.YouTube, ""))
	c, ended := w.somebody, task{}
	require.Eventually(w.t, func() bool { // a breaker may be open for its second
		c.read(c.do(http.MethodPost, "/tasks/"+id+"/retry", ""), http.StatusAccepted, &ended)
		ended = c.ended(id)
		return ended.Status == "completed"
	}, endsWithin, trialEvery)
	require.Empty(w.t, ended.Problems)
	require.EqualValues(w.t, 1, ended.Progress.Posts.Spam)
	requireConsistent(w.t, c, ended, c.posts(id, nil))
	require.Len(w.t, w.fake.CallsTo(fakeapi.YouTube, ""), fetched, "a retry of judging spends quota")
}

// TestVerdictsAreMatchedByID turns the spam service's results around.
func TestVerdictsAreMatchedByID(t *testing.T) {
	t.Parallel()
	w := deploy(t, setups[0], with("SPAM_SERVICE_URL", func(w *world) string { return w.fake.SpamURL() }))
	w.fake.Inject(fakeapi.Rule{Service: fakeapi.Spam, Path: "classify", Effect: fakeapi.WrongOrder})
	ended := w.somebody.collect(watch+"HardReplies", "")
	require.Equal(t, "completed", ended.Status, ended.Problems)
	spam := 0
	for _, p := range w.somebody.posts(ended.ID, nil) {
		if p.Kind != "video" {
			isSpam := len(fakeapi.SpamMarks(p.Text)) > 0
			require.Equal(t, isSpam, p.Spam.Verdict == "spam", p.Text)
			if isSpam {
				spam++
			}
		}
	}
	require.NotZero(t, spam)
}

// TestReadinessWithoutTheServices says degraded: the API and the queue work.
func TestReadinessWithoutTheServices(t *testing.T) {
	t.Parallel()
	onEachQueue(t, func(t *testing.T, s setup) {
		w := deploy(t, s,
			with("SENTIMENT_SERVICE_URL", func(w *world) string { return w.fake.SentimentURL() }),
			with("SPAM_SERVICE_URL", func(w *world) string { return w.fake.SpamURL() }))
		for _, service := range []fakeapi.Service{fakeapi.Sentiment, fakeapi.Spam} {
			for name, rule := range map[string]fakeapi.Rule{
				"is down": {Effect: fakeapi.Error, Status: http.StatusServiceUnavailable},
				"hangs":   {Effect: fakeapi.Hang},
			} {
				rule.Service, rule.Path = service, "health"
				w.fake.Inject(rule)
				status, parts := w.readiness()
				assert.Equal(t, "degraded", status, "%s %s", service, name)
				for part, of := range parts {
					assert.Equal(t, part == string(service), of == "degraded", "%s is %s while %s %s", part, of, service, name)
				}
				assert.Contains(t, parts, string(service))
				w.fake.ClearRules()
			}
		}
		status, _ := w.readiness()
		assert.Equal(t, "ok", status)
	})
}

// readiness returns what /readyz says, which must be 200.
func (w *world) readiness() (status string, parts map[string]string) {
	w.t.Helper()
	ready := newClient(w, "").do(http.MethodGet, "/readyz", "")
	require.Equal(w.t, http.StatusOK, ready.Status, ready.Body)
	var document struct {
		Status string
		Parts  []struct{ Name, Status string }
	}
	require.NoError(w.t, json.Unmarshal([]byte(ready.Body), &document))
	parts = map[string]string{}
	for _, p := range document.Parts {
		parts[p.Name] = p.Status
	}
	return document.Status, parts
}
