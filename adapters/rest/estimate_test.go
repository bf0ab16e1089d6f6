package rest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/youtube"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// TestEstimateDocument holds the document against contract §2.
func TestEstimateDocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	got := b.post("/tasks/estimate", owner, `{"url":"`+someVideo+`","integrationId":null,"options":{"maxPosts":100},"callbackUrl":null}`)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	require.JSONEq(t, `{"providerId":"youtube","kind":"video","expectedPosts":null,"cost":{"unit":"units","estimate":null},
		"quota":{"unit":"units","limit":10000,"used":0,"left":10000,"resetAt":"2100-01-01T08:00:00Z"}}`, string(got.body))
	require.Empty(t, idsOf(b.get("/tasks", owner)), "an estimate makes no task")

	unmetered := b.post("/tasks/estimate", owner, `{"url":"https://www.reddit.com/r/golang"}`)
	require.Equal(t, http.StatusOK, unmetered.status, "%s", unmetered.body)
	require.Nil(t, unmetered.doc["quota"])
	require.Equal(t, "subreddit", unmetered.doc["kind"])
}

// TestEstimateAsksTheProvider: what the provider announces becomes numbers.
func TestEstimateAsksTheProvider(t *testing.T) {
	t.Parallel()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	fake := fakeapi.Run(t, data)
	b := setup(t, func(s *settings) {
		s.youtube = youtube.New(youtube.Options{BaseURL: fake.YouTubeURL(), Timeout: 5 * time.Second})
	})
	got := b.post("/tasks/estimate", token(t, "owner", nil), `{"url":"`+fakeapi.DemoVideoURL+`"}`)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	require.Greater(t, got.doc["expectedPosts"], 100.0)
	require.Greater(t, got.doc["cost"].(map[string]any)["estimate"], 1.0)
}

// TestEstimateRefusesWhatCreateRefuses: whoever may ask what a task costs would
// be told a price for something that cannot be had.
func TestEstimateRefusesWhatCreateRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	for _, c := range refusals {
		if c.send.path != "/tasks" || c.send.method != http.MethodPost || c.send.token != "{owner}" || c.send.header["Idempotency-Key"] != "" {
			continue
		}
		c.send.path, c.send.token = "/tasks/estimate", owner
		got := b.send(c.send)
		require.Equal(t, c.status, got.status, "%s: %s", c.name, got.body)
		require.Equal(t, c.code, got.doc["code"], c.name)
	}
}
