package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/console"
)

func TestNobodyGetsInWithoutAKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.visitor()
	got := u.get("/console/tasks?status=open")
	require.Equal(t, http.StatusSeeOther, got.status)
	require.Equal(t, "/console/login?next=%2Fconsole%2Ftasks%3Fstatus%3Dopen", got.location())

	got = u.signIn("snd_wrong", "")
	require.Equal(t, http.StatusUnauthorized, got.status)
	require.Contains(t, got.body, "This API key is not known here.")
	require.Equal(t, http.StatusSeeOther, u.get("/console/tasks").status, "still nobody")
}

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.visitor()
	got := u.signIn(" "+b.ada.key+"\n", "/console/tasks?status=open")
	require.Equal(t, http.StatusSeeOther, got.status)
	require.Equal(t, "/console/tasks?status=open", got.location())
	cookie := got.header.Get("Set-Cookie")
	for _, attribute := range []string{"soundings_session=", "Path=/console", "HttpOnly", "SameSite=Strict", "Secure", "Max-Age=43200"} {
		require.Contains(t, cookie, attribute)
	}
	require.NotContains(t, cookie, b.ada.key)
	list := u.get(got.location())
	require.Equal(t, http.StatusOK, list.status)
	require.Contains(t, list.body, "<bdi>ada</bdi>")
	require.Equal(t, "no-store", list.header.Get("Cache-Control"))

	require.Equal(t, http.StatusSeeOther, u.post("/console/tasks", "/console/logout", nil).status)
	require.Equal(t, http.StatusSeeOther, u.get("/console/tasks").status)
	require.NotContains(t, b.log.String(), b.ada.key)
}

func TestASessionEndsWhereverItsCookieIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at, err := url.Parse(b.http.URL + "/console")
	require.NoError(t, err)
	stolen := b.visitor()
	stolen.client.Jar.SetCookies(at, b.ada.client.Jar.Cookies(at))
	require.Equal(t, http.StatusOK, stolen.get("/console/tasks").status)
	b.ada.post("/console/tasks", "/console/logout", nil)
	require.Equal(t, http.StatusSeeOther, stolen.get("/console/tasks").status)
}

func TestASessionEndsWithItsKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusOK, b.ada.get("/console/tasks").status)
	require.NoError(t, b.accounts.RevokeKey(t.Context(), b.ada.caller, b.ada.keyID))
	require.Equal(t, http.StatusSeeOther, b.ada.get("/console/tasks").status)
	require.Equal(t, http.StatusUnauthorized, b.visitor().signIn(b.ada.key, "").status)
}

func TestAfterTheSignInNobodyIsSentElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, next := range []string{
		"https://evil.example/console/tasks", "//evil.example/console/", `/\evil.example/console/`, "/console/../../etc", "/elsewhere",
		"javascript:alert(1)", "/console/\nx", "", "console/tasks",
	} {
		got := b.visitor().signIn(b.ada.key, next)
		require.Equal(t, http.StatusSeeOther, got.status)
		require.True(t, strings.HasPrefix(got.location(), "/console/") && !strings.Contains(got.location(), "evil"), "%s: %s", next, got.location())
	}
}

func TestAFormWithoutItsTokenChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ada.created(someVideo)
	path, token := "/console/tasks/"+string(id), b.ada.get("/console/tasks/"+string(id)).token()
	for name, form := range map[string]url.Values{
		"none":       {},
		"garbage":    {"token": {"garbage"}},
		"short":      {"token": {token[:20]}},
		"another's":  {"token": {b.eve.get("/console/new").token()}},
		"a stranger": {"token": {b.visitor().get("/console/login").token()}},
	} {
		for _, action := range []string{"/pause", "/cancel", "/delete", "/export"} {
			got := b.ada.send(http.MethodPost, path+action, form)
			require.Equal(t, http.StatusForbidden, got.status, name)
			require.Contains(t, got.body, "without the token that shows that you sent it yourself")
		}
	}
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		got := b.ada.send(http.MethodPost, path+"/pause", url.Values{"token": {token}}, func(r *http.Request) { r.Header.Set(name, value) })
		require.Equal(t, http.StatusForbidden, got.status)
		require.Contains(t, got.body, "sent by another website")
	}
	require.Contains(t, b.ada.get(path).body, "waits for its turn", "nothing has happened")
	require.Equal(t, http.StatusSeeOther, b.ada.send(http.MethodPost, path+"/pause", url.Values{"token": {token}}).status)
	got := b.visitor().send(http.MethodPost, "/console/login", url.Values{"key": {b.ada.key}})
	require.Equal(t, http.StatusForbidden, got.status, "the sign-in has a token as well")
	require.Equal(t, http.StatusUnauthorized, b.visitor().send(http.MethodPost, path+"/pause", url.Values{"token": {token}}).status)
}

func TestSignInsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.visitor()
	token := u.get("/console/login").token()
	var last page
	for range 30 {
		last = u.send(http.MethodPost, "/console/login", url.Values{"token": {token}, "key": {"snd_wrong"}})
	}
	require.Equal(t, http.StatusTooManyRequests, last.status)
	require.Contains(t, last.body, "Too many requests")
}

func TestRequestsOfAUserAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *console.Options) { o.RequestsPerSecond = 0.2 })
	var last page
	for range 3 {
		last = b.ada.get("/console/tasks")
	}
	require.Equal(t, http.StatusTooManyRequests, last.status)
	require.Equal(t, http.StatusOK, b.eve.get("/console/tasks").status, "another user has requests of their own")
}

func TestTheSignInTellsWhereTheKeyIs(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *console.Options) { o.KeyFile, o.PublicURL = "data/api-key", "http://127.0.0.1:8080" })
	got := b.visitor().get("/console/login")
	require.Contains(t, got.body, "<code>data/api-key</code>")
	require.NotContains(t, got.body, "snd_")
	require.NotContains(t, got.header.Get("Set-Cookie"), "Secure", "http://localhost has no https")
	require.Contains(t, setup(t).visitor().get("/console/login").body, "soundings apikey create")
}
