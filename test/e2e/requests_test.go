package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const nobodysID = "0199aaaa-0000-7000-8000-000000000000"

func TestBadRequestsAreRefusedWithTheirCode(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s)
		c := w.somebody
		create := func(body string) []string { return []string{http.MethodPost, "/tasks", body} }
		for name, tc := range map[string]struct {
			status  int
			code    string
			request []string // method, path, body
		}{
			"another site":         {422, "unsupported_url", create(`{"url":"https://example.com/watch?v=SolarBoat01"}`)},
			"look-alike host":      {422, "unsupported_url", create(`{"url":"https://www.youtube.com.evil.example/watch?v=SolarBoat01"}`)},
			"userinfo trick":       {422, "unsupported_url", create(`{"url":"https://www.youtube.com@evil.example/watch?v=SolarBoat01"}`)},
			"private address":      {422, "unsupported_url", create(`{"url":"http://169.254.169.254/latest/meta-data"}`)},
			"another scheme":       {422, "unsupported_url", create(`{"url":"file:///etc/passwd"}`)},
			"a mix":                {422, "unsupported_kind", create(`{"url":"https://www.youtube.com/playlist?list=RDSolarBoat01"}`)},
			"a clip":               {422, "unsupported_kind", create(`{"url":"https://www.youtube.com/clip/UgkxSolarBoat01"}`)},
			"Watch later":          {422, "unsupported_kind", create(`{"url":"https://www.youtube.com/playlist?list=WL"}`)},
			"no address":           {400, "invalid_value", create(`{}`)},
			"url and urls":         {400, "invalid_value", create(`{"url":"https://youtu.be/SolarBoat01","urls":["https://youtu.be/SolarBoat01"]}`)},
			"two providers":        {400, "invalid_value", create(`{"urls":["https://youtu.be/SolarBoat01","https://www.reddit.com/r/golang"]}`)},
			"more than a million":  {400, "invalid_value", create(`{"url":"https://youtu.be/SolarBoat01","options":{"maxPosts":1000001}}`)},
			"since is no time":     {400, "invalid_value", create(`{"url":"https://youtu.be/SolarBoat01","options":{"since":"yesterday"}}`)},
			"no webhook secret":    {422, "unsupported_url", create(`{"url":"https://youtu.be/SolarBoat01","callbackUrl":"https://example.com/hook"}`)},
			"broken JSON":          {400, "bad_json", create(`{"url":`)},
			"text behind the JSON": {400, "bad_json", create(`{"url":"https://youtu.be/SolarBoat01"} x`)},
			"unknown field":        {400, "unknown_field", create(`{"url":"https://youtu.be/SolarBoat01","maxPosts":5}`)},
			"unknown option":       {400, "unknown_field", create(`{"url":"https://youtu.be/SolarBoat01","options":{"max":5}}`)},
			"oversized body":       {413, "too_large", create(`{"url":"` + strings.Repeat("x", 64<<10) + `"}`)},
			"unknown parameter":    {400, "unknown_field", []string{http.MethodGet, "/tasks?page=2", ""}},
			"limit too high":       {400, "invalid_value", []string{http.MethodGet, "/tasks?limit=101", ""}},
			"limit of nothing":     {400, "invalid_value", []string{http.MethodGet, "/tasks?limit=0", ""}},
			"bad cursor":           {400, "bad_cursor", []string{http.MethodGet, "/tasks?cursor=bm8", ""}},
			"unknown status":       {400, "invalid_value", []string{http.MethodGet, "/tasks?status=done", ""}},
			"unknown id":           {404, "not_found", []string{http.MethodGet, "/tasks/" + nobodysID, ""}},
			"no id at all":         {404, "not_found", []string{http.MethodGet, "/tasks/x", ""}},
			"posts of nothing":     {404, "not_found", []string{http.MethodGet, "/tasks/" + nobodysID + "/posts", ""}},
			"export of nothing":    {404, "not_found", []string{http.MethodPost, "/tasks/export", `{"taskId":"` + nobodysID + `","format":"csv"}`}},
			"unknown format":       {400, "invalid_value", []string{http.MethodPost, "/tasks/export", `{"taskId":"` + nobodysID + `","format":"docx"}`}},
			"unknown path":         {404, "not_found", []string{http.MethodGet, "/no/such/path", ""}},
			"wrong method":         {405, "method_not_allowed", []string{http.MethodPut, "/tasks", "{}"}},
		} {
			t.Run(name, func(t *testing.T) {
				c.in(t).refused(tc.status, tc.code, tc.request[0], tc.request[1], tc.request[2])
			})
		}
		c.refused(415, "unsupported_media_type", http.MethodPost, "/tasks", "url=x", "Content-Type", "application/x-www-form-urlencoded")
		assert.Empty(t, all[task](c, "/tasks", nil), "nothing was made")
		assert.Empty(t, w.fake.Calls(), "nobody was called")
		whoMayCall(t, w)
	})
}

// whoMayCall checks 401 before 403 before 404.
func whoMayCall(t *testing.T, w *world) {
	t.Helper()
	nobody := newClient(w, "")
	for _, path := range []string{"/healthz", "/readyz", "/openapi.yaml", "/docs"} {
		assert.Equal(t, http.StatusOK, nobody.do(http.MethodGet, path, "").Status, path)
	}
	for _, token := range []string{"", "snd_" + strings.Repeat("x", 43), "not.a.jwt"} {
		newClient(w, token).refused(401, "unauthenticated", http.MethodGet, "/tasks/"+nobodysID, "")
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "a reader", "scope": "tasks:read", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(jwtSecret))
	require.NoError(t, err)
	reader := newClient(w, signed)
	reader.refused(403, "forbidden", http.MethodPost, "/tasks/"+nobodysID+"/cancel", "")
	reader.refused(404, "not_found", http.MethodGet, "/tasks/"+nobodysID, "")
	var me struct{ Permissions []string }
	reader.get("/me", &me)
	assert.Equal(t, []string{"tasks:read"}, me.Permissions)
	assert.False(t, reader.provider("reddit").MasterCredentials)
	assert.True(t, reader.provider("youtube").MasterCredentials)
}

func TestStrangersAndRepeatedRequests(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s)
		c := w.somebody
		body := `{"url":"` + watch + `WakeIn60sec"}`
		first := c.do(http.MethodPost, "/tasks", body, "Idempotency-Key", "once")
		require.Equal(t, http.StatusAccepted, first.Status, first.Body)
		assert.Empty(t, first.Header.Get("Idempotency-Replayed"))
		again := c.do(http.MethodPost, "/tasks", body, "Idempotency-Key", "once")
		assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		assert.Equal(t, first.Body, again.Body)
		assert.Equal(t, first.Header.Get("Location"), again.Header.Get("Location"))
		c.refused(422, "idempotency_mismatch", http.MethodPost, "/tasks", `{"url":"`+watch+`HardReplies"}`, "Idempotency-Key", "once")
		c.refused(400, "invalid_value", http.MethodPost, "/tasks", body, "Idempotency-Key", strings.Repeat("k", 256))
		require.Len(t, all[task](c, "/tasks", nil), 1)

		other := w.stranger.do(http.MethodPost, "/tasks", body, "Idempotency-Key", "once")
		assert.Equal(t, http.StatusAccepted, other.Status)
		assert.NotEqual(t, first.Body, other.Body, "keys are the user's own")

		mine := c.ended(all[task](c, "/tasks", nil)[0].ID)
		for _, path := range []string{"", "/posts", "/subtasks", "/summary", "/download"} {
			w.stranger.refused(404, "not_found", http.MethodGet, "/tasks/"+mine.ID+path, "")
		}
		w.stranger.refused(404, "not_found", http.MethodPost, "/tasks/"+mine.ID+"/cancel", "")
		w.stranger.refused(404, "not_found", http.MethodPost, "/tasks/export", `{"taskId":"`+mine.ID+`","format":"csv"}`)
		p := c.refused(409, "wrong_state", http.MethodPost, "/tasks/"+mine.ID+"/cancel", "")
		assert.Equal(t, []string{"delete"}, p.Allowed)
		keysComeAndGo(t, w)
	})
}

// keysComeAndGo makes a key, uses it, revokes it, and sees it refused within
// the 5 seconds of contract §1.
func keysComeAndGo(t *testing.T, w *world) {
	t.Helper()
	var made struct{ ID, Key string }
	w.somebody.read(w.somebody.do(http.MethodPost, "/apikeys", `{"name":"another"}`), http.StatusCreated, &made)
	require.Regexp(t, `^snd_.{43}$`, made.Key)
	other := newClient(w, made.Key)
	require.Equal(t, http.StatusOK, other.do(http.MethodGet, "/tasks", "").Status)
	assert.NotContains(t, w.somebody.do(http.MethodGet, "/apikeys", "").Body, made.Key, "it is shown once")
	require.Equal(t, http.StatusNoContent, w.somebody.do(http.MethodDelete, "/apikeys/"+made.ID, "").Status)
	revoked := time.Now()
	w.until("the key is refused", func() bool { return other.do(http.MethodGet, "/tasks", "").Status == http.StatusUnauthorized })
	assert.Less(t, time.Since(revoked), 5*time.Second)
}

func TestTooManyRequestsAreToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	w := deploy(t, setups[0], with("REQUESTS_PER_SECOND", func(*world) string { return "0.01" }))
	w.somebody.do(http.MethodGet, "/tasks", "")
	r := w.somebody.do(http.MethodGet, "/tasks", "")
	assert.Equal(t, http.StatusTooManyRequests, r.Status, r.Body)
	assert.Contains(t, r.Body, `"too_many_requests"`)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, w.stranger.do(http.MethodGet, "/tasks", "").Status, "others are not held back")
}

func TestNoCredentialsAndBadOnes(t *testing.T) {
	t.Parallel()
	const wrong = "AIza-wrong-key-wrong-key-wrong-key-0123"
	everywhere(t, func(t *testing.T, s setup) {
		for token, code := range map[string]string{"": "no_credentials", wrong: "credentials_rejected"} {
			t.Run(code, func(t *testing.T) {
				w := deploy(t, s, with("YOUTUBE_MASTER_ACCESS_TOKEN", func(*world) string { return token }))
				ended := w.somebody.collect(fakeapi.DemoVideoURL, "")
				assert.Equal(t, "failed", ended.Status)
				assert.Equal(t, []string{code}, ended.codes())
				assert.Contains(t, ended.Problems[0].Message, "YOUTUBE_MASTER_ACCESS_TOKEN", "what to do")
				assert.NotContains(t, w.logs.String(), wrong)
				assert.Empty(t, w.somebody.posts(ended.ID, nil))
			})
		}
	})
}
