package e2e_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	// publicURL is what the deployment says of itself; a proxy stands there. The
	// tests go to the process behind it.
	publicURL = "http://127.0.0.1:8080"
	// webApp is where users come from and go back to.
	webApp = "http://localhost:3000/accounts"
	// tokenKeys encrypt users' tokens, where the data folder has no key.
	tokenKeys = "first:c291bmRpbmdzIHRlc3Qga2V5IG9mIDMyIGJ5dGVzISE="
)

// withAccounts gives the deployment OAuth clients of both platforms.
func withAccounts(w *world) {
	for name, value := range map[string]string{
		"YOUTUBE_CLIENT_ID": fakeapi.DemoGoogleClientID, "YOUTUBE_CLIENT_SECRET": fakeapi.DemoGoogleClientSecret,
		"GOOGLE_AUTH_URL": w.fake.GoogleAuthURL(), "GOOGLE_TOKEN_URL": w.fake.GoogleTokenURL(), "GOOGLE_REVOKE_URL": w.fake.GoogleRevokeURL(),
		"REDDIT_CLIENT_ID": fakeapi.DemoRedditClientID, "REDDIT_CLIENT_SECRET": fakeapi.DemoRedditClientSecret,
	} {
		w.environ[name] = value
	}
	if w.environ["DATABASE_URL"] != "" {
		w.environ["TOKEN_ENCRYPTION_KEY"] = tokenKeys
	}
	w.secrets.keep("Google's client secret", fakeapi.DemoGoogleClientSecret)
	w.secrets.keep("Reddit's client secret", fakeapi.DemoRedditClientSecret)
	w.secrets.keep("the key of tokens", tokenKeys[len("first:"):])
}

// browse follows an address as far as it answers itself, and returns where it
// sends the browser to.
func (w *world) browse(address string) *url.URL {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	require.NoError(w.t, err)
	answer, err := (&http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}).Do(req)
	require.NoError(w.t, err)
	defer answer.Body.Close()
	require.Contains(w.t, []int{http.StatusFound, http.StatusSeeOther}, answer.StatusCode, address)
	to, err := answer.Location()
	require.NoError(w.t, err)
	return to
}

// consent walks a user's browser through the platform's page and the callback,
// and returns where in the web app it ends. The answer is allow or deny.
func (c *client) consent(provider, answer string) *url.URL {
	w := c.w
	w.t.Helper()
	var begun struct{ AuthorizationURL string }
	c.read(c.do(http.MethodPost, "/integrations/"+provider+"/authorize", `{"returnTo":"`+webApp+`"}`), http.StatusOK, &begun)
	callback := w.browse(begun.AuthorizationURL + "&consent=" + answer)
	require.Equal(w.t, publicURL+"/integrations/callback", callback.Scheme+"://"+callback.Host+callback.Path)
	w.secrets.keep("an authorisation code", callback.Query().Get("code"))
	callback.Host = *w.address
	back := w.browse(callback.String())
	require.Equal(w.t, webApp, back.Scheme+"://"+back.Host+back.Path)
	return back
}

// connect connects the demo's account of a platform.
func (c *client) connect(provider string) integration {
	c.w.t.Helper()
	connection := c.consent(provider, "allow").Query().Get("connection")
	require.NotEmpty(c.w.t, connection)
	body := `{"connection":"` + connection + `"}`
	c.w.stranger.refused(http.StatusNotFound, "not_found", http.MethodPost, "/integrations/complete", body)
	var made integration
	c.read(c.do(http.MethodPost, "/integrations/complete", body), http.StatusOK, &made)
	c.refused(http.StatusNotFound, "not_found", http.MethodPost, "/integrations/complete", body)
	return made
}

func (c *client) integrations() []integration {
	c.w.t.Helper()
	return all[integration](c, "/integrations", nil)
}

// grants counts what was asked of Google's token endpoint so far.
func (w *world) grants(kind string) int {
	n := 0
	for _, call := range w.fake.CallsTo(fakeapi.Google, "token") {
		if form, err := url.ParseQuery(call.Body); err == nil && form.Get("grant_type") == kind {
			n++
		}
	}
	return n
}

func TestAnAccountFetchesForItsUser(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s, withAccounts)
		c := w.somebody
		denied := c.consent("youtube", "deny")
		assert.Equal(t, "access_denied", denied.Query().Get("error"))
		assert.Empty(t, c.integrations())

		made := c.connect("youtube")
		assert.Equal(t, "active", made.Status)
		assert.Equal(t, fakeapi.DemoGoogleAccount, valueOf(made.AccountName))
		assert.Equal(t, []string{fakeapi.ScopeForceSSL}, made.Scopes)
		assert.Empty(t, w.stranger.integrations())
		w.stranger.refused(http.StatusNotFound, "not_found", http.MethodPost, "/tasks",
			`{"url":"`+fakeapi.DemoVideoURL+`","integrationId":"`+made.ID+`"}`)

		own := c.collect(watch+"HardReplies", "")
		requireFetchedBy(t, c, own, "USER_OAUTH", made.ID)
		w.fake.ExpireTokens(fakeapi.DemoGoogleAccount)
		requireFetchedBy(t, c, c.collect(watch+"HardReplies", ""), "USER_OAUTH", made.ID)
		assert.Equal(t, 1, w.grants("refresh_token"), "renewed once")
		requireFetchedBy(t, c, c.collect(watch+"WakeIn60sec", ""), "USER_OAUTH", made.ID)
		assert.Equal(t, 1, w.grants("refresh_token"), "and saved")
		used := c.integrations()[0]
		assert.Equal(t, "active", used.Status)
		assert.NotNil(t, used.LastUsedAt)

		anothers := w.stranger.collect(watch+"WakeIn60sec", "")
		requireFetchedBy(t, w.stranger, anothers, "MASTER_API_KEY", "")
		assert.Nil(t, anothers.Fallback, "there was nothing to fall back from")

		aDeadAccount(t, w)
	})
}

// aDeadAccount kills the account's refresh token and looks at what becomes of
// tasks; then the account is connected anew, and goes while Google is down.
func aDeadAccount(t *testing.T, w *world) {
	t.Helper()
	c := w.somebody
	w.fake.KillRefreshTokens(fakeapi.DemoGoogleAccount)
	w.fake.ExpireTokens(fakeapi.DemoGoogleAccount)
	fallen := c.collect(watch+"HardReplies", "")
	requireFetchedBy(t, c, fallen, "MASTER_API_KEY", "")
	require.NotNil(t, fallen.Fallback)
	assert.NotEmpty(t, fallen.Fallback.Reason)
	dead := c.integrations()
	require.Len(t, dead, 1)
	assert.Equal(t, "needs_reconnect", dead[0].Status)
	assert.NotEmpty(t, valueOf(dead[0].Reason))
	only := c.collect(watch+"HardReplies", `{"auth":"user"}`)
	assert.Equal(t, "failed", only.Status)
	assert.Equal(t, []string{"needs_reconnect"}, only.codes())

	again := c.connect("youtube")
	assert.Equal(t, "active", again.Status)
	require.Len(t, c.integrations(), 1, "the same account is connected once")
	requireFetchedBy(t, c, c.collect(watch+"WakeIn60sec", `{"auth":"user"}`), "USER_OAUTH", again.ID)

	w.fake.Inject(fakeapi.Rule{Service: fakeapi.Google, Path: "revoke", Effect: fakeapi.Error, Status: http.StatusServiceUnavailable})
	w.stranger.refused(http.StatusNotFound, "not_found", http.MethodDelete, "/integrations/"+again.ID, "")
	require.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, "/integrations/"+again.ID, "").Status)
	assert.NotEmpty(t, w.fake.CallsTo(fakeapi.Google, "revoke"))
	assert.Empty(t, c.integrations())
	after := c.collect(watch+"WakeIn60sec", "")
	requireFetchedBy(t, c, after, "MASTER_API_KEY", "")
	assert.Nil(t, after.Fallback)
}

// requireFetchedBy requires a whole task whose every fetch used that source of
// tokens; id is the integration, empty for the deployment's credentials.
func requireFetchedBy(t *testing.T, c *client, of task, source, id string) {
	t.Helper()
	require.Equal(t, "completed", of.Status, of.Problems)
	require.Equal(t, source, valueOf(of.TokenSource))
	for _, s := range all[subtask](c, "/tasks/"+of.ID+"/subtasks", nil) {
		if s.Type != "FETCH_CONTENT" {
			continue
		}
		require.Equal(t, source, valueOf(s.TokenSource))
		require.Equal(t, id, valueOf(s.IntegrationID))
		require.Equal(t, of.Fallback == nil, s.Fallback == nil)
		require.Zero(t, s.Attempt)
	}
}

// TestTheDaysQuota spends what there is: the task waits for the next day, by
// the deployment's own count as well as by Google's word.
func TestTheDaysQuota(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		const limit = 4
		w := deploy(t, s, with("YOUTUBE_DAILY_QUOTA", func(*world) string { return "4" }),
			with("YOUTUBE_QUOTA_COSTS", func(*world) string { return "commentThreads.list=2,comments.list=2" }))
		c := w.somebody
		fresh := c.provider("youtube").Quota
		require.NotNil(t, fresh)
		assert.Equal(t, [3]int64{limit, 0, limit}, [3]int64{*fresh.Limit, *fresh.Used, *fresh.Left})

		made := c.create(fakeapi.DemoVideoURL, "")
		parked := c.when(made.ID, "waits", func(t task) bool { return t.Status == "waiting" || t.FinishedAt != nil })
		requireParked(t, c, parked)
		assert.Positive(t, parked.Progress.Posts.Fetched, "what was fetched stays")
		spent := c.provider("youtube").Quota
		assert.Equal(t, "units", spent.Unit)
		assert.Equal(t, int64(limit), *spent.Limit)
		assert.Equal(t, *spent.Limit-*spent.Used, *spent.Left)
		assert.Less(t, *spent.Left, int64(2), "less than the next call costs")
		assert.Equal(t, pacificMidnight(t), spent.ResetAt.UTC())
		calls := len(w.fake.Calls())
		requireParked(t, c, c.when(c.create(watch+"BatteryFire", "").ID, "waits too", func(t task) bool { return t.Status == "waiting" }))
		assert.LessOrEqual(t, len(w.fake.Calls()), calls+1, "nobody is asked who cannot be paid")
	})
}

func TestGoogleSaysThatTheQuotaIsUsedUp(t *testing.T) {
	t.Parallel()
	w := deploy(t, setups[0])
	w.fake.Inject(errorOnPage2(fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Reason: "quotaExceeded"}))
	made := w.somebody.create(fakeapi.DemoVideoURL, "")
	parked := w.somebody.when(made.ID, "waits", func(t task) bool { return t.Status == "waiting" || t.FinishedAt != nil })
	requireParked(t, w.somebody, parked)
	assert.GreaterOrEqual(t, parked.Progress.Posts.Fetched, int64(100))
}

func requireParked(t *testing.T, c *client, of task) {
	t.Helper()
	require.Equal(t, "waiting", of.Status, of.Problems)
	require.NotNil(t, of.RetryAt)
	assert.Equal(t, pacificMidnight(t), of.RetryAt.UTC())
	for _, s := range all[subtask](c, "/tasks/"+of.ID+"/subtasks", nil) {
		assert.Zero(t, s.Attempt, "waiting spends no attempt")
	}
}

// provider returns what the API tells of a platform.
func (c *client) provider(id string) provider {
	c.w.t.Helper()
	var listed struct{ Items []provider }
	c.get("/providers", &listed)
	for _, p := range listed.Items {
		if p.ID == id {
			return p
		}
	}
	require.Fail(c.w.t, "there is no provider "+id)
	return provider{}
}
