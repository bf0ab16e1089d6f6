package fakeapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

type scored struct {
	Results []struct {
		ID      string
		Label   string
		Score   float64
		Spam    bool
		Reasons []string
	}
	Model string
}

func (r reply) scored(t testing.TB) scored {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var s scored
	require.NoError(t, json.Unmarshal(r.body, &s), "%s", r.body)
	return s
}

const (
	threeTexts = `{"texts":["I love this, great work","terrible sound","it is a boat"]}`
	threeItems = `{"items":[{"id":"a","text":"free money at http://x.example","author":"@x","publishedAt":null},` +
		`{"id":"b","text":"nice boat","author":"@y","publishedAt":"2026-03-01T12:00:00Z"},{"id":"c","text":"sub4sub","author":"","publishedAt":null}]}`
)

func TestSentimentIsJudgedInOrder(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, fakeapi.NewData())
	got := post(t, s.SentimentURL()+"/analyze", threeTexts).scored(t)
	require.Equal(t, "fake-sentiment@1", got.Model)
	require.Equal(t, []string{"positive", "negative", "neutral"}, []string{got.Results[0].Label, got.Results[1].Label, got.Results[2].Label})
	require.InDelta(t, 0.71, got.Results[0].Score, 0.001)
	require.Negative(t, got.Results[1].Score)
	require.JSONEq(t, `{"results":[],"model":"fake-sentiment@1"}`, string(post(t, s.SentimentURL()+"/analyze", `{"texts":[]}`).body))
}

func TestPolarityTurnsBehindANegation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"not bad": "positive", "Great!": "positive", "this isn't great": "negative", "": "neutral", "❤️": "positive", "great but awful": "neutral",
	} {
		label, score := fakeapi.Polarity(text)
		require.Equal(t, want, label, text)
		require.GreaterOrEqual(t, score, -1.0)
		require.LessOrEqual(t, score, 1.0)
	}
}

func TestSpamIsJudgedByID(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, fakeapi.NewData())
	got := post(t, s.SpamURL()+"/classify", threeItems).scored(t)
	require.Equal(t, "fake-spam@1", got.Model)
	require.Equal(t, []string{"link", "bait"}, got.Results[0].Reasons)
	require.Equal(t, []bool{true, false, true}, []bool{got.Results[0].Spam, got.Results[1].Spam, got.Results[2].Spam})
	require.Equal(t, "b", got.Results[1].ID)
}

func TestServicesKeepTheirLimits(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, fakeapi.NewData())
	texts := func(n int, text string) string {
		return `{"texts":["` + strings.Join(strings.Split(strings.Repeat(text+"|", n), "|")[:n], `","`) + `"]}`
	}
	items := func(n int, text string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"id":"%d","text":"%s"}`, i, text))
		}
		return `{"items":[` + strings.Join(all, ",") + `]}`
	}
	long := strings.Repeat("ü", 10_000)
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/sentiment/analyze", texts(100, "x"), 200},
		{"/sentiment/analyze", texts(101, "x"), 422},
		{"/sentiment/analyze", texts(1, long), 200},
		{"/sentiment/analyze", texts(1, long+"x"), 422},
		{"/sentiment/analyze", `{}`, 422},
		{"/sentiment/analyze", `{"texts":"x"}`, 422},
		{"/sentiment/analyze", `not json`, 422},
		{"/spam/classify", items(100, "x"), 200},
		{"/spam/classify", items(101, "x"), 422},
		{"/spam/classify", items(1, long), 200},
		{"/spam/classify", items(1, long+"x"), 422},
		{"/spam/classify", `{"items":[{"text":"no id"}]}`, 422},
		{"/spam/classify", `{}`, 422},
		{"/spam/classify", `{"items":[{"id":"a","text":"x","publishedAt":"yesterday"}]}`, 422},
		{"/spam/analyze", `{}`, 404},
		{"/spam/health", `{}`, 405},
	} {
		require.Equal(t, c.status, post(t, s.URL()+c.path, c.body).status, "%s %.40s", c.path, c.body)
	}
	for _, base := range []string{s.SentimentURL(), s.SpamURL()} {
		require.JSONEq(t, `{"status":"ok"}`, string(request(t, http.MethodGet, base+"/health").body))
	}
	require.Equal(t, http.StatusMethodNotAllowed, request(t, http.MethodGet, s.SpamURL()+"/classify").status)
}

func TestServicesCanSpoilTheirAnswers(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, fakeapi.NewData())
	sentiment := func(e fakeapi.Effect) reply {
		s.ClearRules()
		s.Inject(fakeapi.Rule{Service: fakeapi.Sentiment, Path: "analyze", Effect: e})
		return post(t, s.SentimentURL()+"/analyze", threeTexts)
	}
	spam := func(e fakeapi.Effect) reply {
		s.ClearRules()
		s.Inject(fakeapi.Rule{Service: fakeapi.Spam, Path: "classify", Effect: e})
		return post(t, s.SpamURL()+"/classify", threeItems)
	}
	require.Len(t, sentiment(fakeapi.WrongLength).scored(t).Results, 2)
	require.Equal(t, "neutral", sentiment(fakeapi.WrongOrder).scored(t).Results[0].Label)
	require.Equal(t, 7.0, sentiment(fakeapi.OutOfRange).scored(t).Results[0].Score)
	require.Equal(t, "bittersweet", sentiment(fakeapi.UnknownLabel).scored(t).Results[0].Label)
	require.Empty(t, sentiment(fakeapi.NoModel).scored(t).Model)
	require.Contains(t, string(sentiment(fakeapi.NotANumber).body), `"score":NaN`)

	require.Equal(t, "c", spam(fakeapi.WrongOrder).scored(t).Results[0].ID)
	require.Len(t, spam(fakeapi.WrongLength).scored(t).Results, 2)
	missing := spam(fakeapi.MissingIDs).scored(t).Results
	require.Equal(t, []string{"a", "c"}, []string{missing[0].ID, missing[1].ID})
	require.False(t, json.Valid(spam(fakeapi.NotANumber).body))

	s.ClearRules()
	s.Inject(fakeapi.Rule{Effect: fakeapi.Error, Status: 422, Body: "terrible"})
	require.Equal(t, http.StatusUnprocessableEntity, post(t, s.SentimentURL()+"/analyze", threeTexts).status)
	require.Equal(t, http.StatusOK, post(t, s.SentimentURL()+"/analyze", `{"texts":["fine"]}`).status)
	require.Contains(t, s.Calls()[0].Body, "I love this")
}
