package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestTheServicesOfTheField(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s,
			with("SENTIMENT_SERVICE_URL", func(w *world) string { return w.fake.SentimentURL() }),
			with("SPAM_SERVICE_URL", func(w *world) string { return w.fake.SpamURL() }),
			with("SERVICE_PATIENCE", func(*world) string { return "2s" }))
		c := w.somebody
		ended := c.collect(watch+"HardReplies", "")
		require.Equal(t, "completed", ended.Status, ended.Problems)
		posts := c.posts(ended.ID, nil)
		requireTheSource(t, w.data, []string{"HardReplies"}, posts)
		requireConsistent(t, c, ended, posts)
		for _, p := range posts {
			if p.Sentiment != nil {
				label, score := fakeapi.Polarity(p.Text)
				require.Equal(t, label, p.Sentiment.Label)
				require.InDelta(t, score, p.Sentiment.Score, 1e-6)
			}
		}
		require.NotEmpty(t, w.fake.CallsTo(fakeapi.Spam, "classify"))

		// A service that was down is not asked for a second, so spam's turn is the last.
		for _, f := range []struct {
			name string
			rule fakeapi.Rule
			code string
		}{
			{"sentiment is not JSON", fakeapi.Rule{Service: fakeapi.Sentiment, Path: "analyze", Effect: fakeapi.NotANumber}, "analysis_rejected"},
			{"sentiment is short", fakeapi.Rule{Service: fakeapi.Sentiment, Path: "analyze", Effect: fakeapi.WrongLength}, "analysis_rejected"},
			{"unknown label", fakeapi.Rule{Service: fakeapi.Sentiment, Path: "analyze", Effect: fakeapi.UnknownLabel}, "analysis_rejected"},
			{"sentiment is down", fakeapi.Rule{Service: fakeapi.Sentiment, Path: "analyze", Effect: fakeapi.Error, Status: http.StatusInternalServerError}, "sentiment_unavailable"},
			{"spam is down", fakeapi.Rule{Service: fakeapi.Spam, Path: "classify", Effect: fakeapi.Error, Status: http.StatusServiceUnavailable}, "spam_unavailable"},
		} {
			t.Run(f.name, func(t *testing.T) {
				c := c.in(t)
				w.fake.Inject(f.rule)
				defer w.fake.ClearRules()
				ended := c.collect(watch+"WakeIn60sec", "")
				assert.Equal(t, "completed_partial", ended.Status)
				assert.Contains(t, ended.codes(), f.code)
				posts := c.posts(ended.ID, nil)
				requireTheSource(t, w.data, []string{"WakeIn60sec"}, posts)
				for _, p := range posts {
					if f.rule.Service == fakeapi.Sentiment {
						assert.Nil(t, p.Sentiment, "no post gets a guess")
						assert.Equal(t, p.Kind != "video", p.Spam != nil)
					} else {
						assert.Nil(t, p.Spam, "no post gets a guess")
					}
				}
			})
		}
		ready := newClient(w, "").do(http.MethodGet, "/readyz", "")
		assert.Equal(t, http.StatusOK, ready.Status, ready.Body)
	})
}
