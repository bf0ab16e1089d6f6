package rest_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// ada is who consents at the provider.
var ada = ports.Account{ID: "UCada", Name: "Ada's channel"}

// begin begins to connect an account and returns where the user consents.
func (b *testBundle) begin(token, returnTo string) string {
	b.Helper()
	got := b.post("/integrations/youtube/authorize", token, `{"returnTo":`+quoted(b, returnTo)+`}`)
	require.Equal(b, http.StatusOK, got.status, "%s", got.body)
	require.Equal(b, []string{"authorizationUrl"}, keysOf(got.doc))
	return got.doc["authorizationUrl"].(string)
}

// consent begins, and returns with what the provider then sends the browser
// back when the user has consented.
func (b *testBundle) consent(token, returnTo string) url.Values {
	b.Helper()
	state, code := b.provider.Consent(b.begin(token, returnTo), ada)
	return url.Values{"state": {state}, "code": {code}}
}

// callback is the user's browser coming back from the provider.
func (b *testBundle) callback(query url.Values) reply {
	b.Helper()
	return b.get("/integrations/callback?"+query.Encode(), "")
}

// answered returns a connection to which the user has consented.
func (b *testBundle) answered(token string) string {
	b.Helper()
	got := b.callback(b.consent(token, webApp))
	require.Equal(b, http.StatusSeeOther, got.status, "%s", got.body)
	return parameter(b, got.header.Get("Location"), "connection")
}

// parameter returns a parameter of an address.
func parameter(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	require.True(t, u.Query().Has(name), "%s has no %s", address, name)
	return u.Query().Get(name)
}

func (b *testBundle) complete(token, connection string) reply {
	b.Helper()
	return b.post("/integrations/complete", token, `{"connection":`+quoted(b, connection)+`}`)
}

// connect connects an account and returns the integration's id.
func (b *testBundle) connect(token string) string {
	b.Helper()
	got := b.complete(token, b.answered(token))
	require.Equal(b, http.StatusOK, got.status, "%s", got.body)
	return got.doc["id"].(string)
}

// TestConnecting holds the documents against contract §2, field by field.
func TestConnecting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	answer := b.consent(owner, webApp+"/settings?tab=accounts#top")
	for name, value := range map[string]string{ // what providers add
		"scope": neededScope, "authuser": "0", "prompt": "consent", "iss": "https://accounts.google.com",
	} {
		answer.Set(name, value)
	}
	back := b.callback(answer)
	require.Equal(t, http.StatusSeeOther, back.status, "%s", back.body)
	require.Empty(t, back.body)
	require.Equal(t, "no-store", back.header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", back.header.Get("Referrer-Policy"))
	location := back.header.Get("Location")
	require.Regexp(t, `^https://app\.example/settings\?tab=accounts&connection=[A-Za-z0-9_-]{43}#top$`, location)
	require.NotContains(t, location, answer.Get("code"))
	require.Empty(t, idsOf(b.get("/integrations", owner)), "the callback connects nothing")

	connection := parameter(t, location, "connection")
	connected := b.complete(owner, connection)
	require.Equal(t, http.StatusOK, connected.status, "%s", connected.body)
	expires, err := time.Parse(time.RFC3339, connected.doc["expiresAt"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), expires, time.Minute)
	require.Equal(t, map[string]any{
		"id": connected.doc["id"], "providerId": "youtube", "accountName": "Ada's channel", "status": "active", "reason": nil,
		"scopes": []any{neededScope}, "expiresAt": connected.doc["expiresAt"], "lastUsedAt": nil,
	}, connected.doc)
	listed := b.get("/integrations", owner)
	require.Equal(t, []any{connected.doc}, listed.doc["items"])
	held, err := b.store.Integration(t.Context(), b.userOf(owner), content.YouTube, connected.doc["id"].(string))
	require.NoError(t, err)
	for _, token := range []access.Token{held.Access, held.Refresh} {
		require.False(t, token.Empty())
		require.NotContains(t, string(connected.body)+string(listed.body), token.Reveal())
	}
	require.Equal(t, http.StatusNotFound, b.complete(owner, connection).status, "a connection works once")
}

func TestDisconnecting(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		b := setup(t)
		b.provider.Before = func(_ context.Context, method string) error {
			if down && method == "revoke" {
				return fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "the provider is down")
			}
			return nil
		}
		owner := token(t, "owner", nil)
		remove := request{method: http.MethodDelete, path: "/integrations/" + b.connect(owner), token: owner}
		require.Equal(t, http.StatusNoContent, b.send(remove).status)
		require.Equal(t, http.StatusNotFound, b.send(remove).status)
		require.Empty(t, idsOf(b.get("/integrations", owner)))
		require.Equal(t, 1, b.provider.Calls("revoke"))
	}
}

// TestLookAlikesOfTheWebApp: nobody is sent to where a stranger wants them.
func TestLookAlikesOfTheWebApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	for _, returnTo := range []string{
		"", "/settings", "//app.example/", "app.example", "https:app.example", "https:///app.example", "javascript:alert(1)//https://app.example",
		"data:text/html,x", "http://app.example/", "https://app.example:8443/", "https://app.example.evil.example/", "https://evil.example/https://app.example",
		"https://evil.example?https://app.example", "https://evil.example#https://app.example", "https://app.example@evil.example/",
		"https://evil.example@app.example/", "https://app.example\\@evil.example/", "https://app.example\\.evil.example", "https://app.examplе/",
		"https://xapp.example/", "https://app.example%2eevil.example/", "https://app.example%00.evil.example/", " https://app.example/",
		"https://app.example/\r\nSet-Cookie: a=b", "https://app.example/\x00", "https://app.example\t.evil.example/", "https://app.example/" + strings.Repeat("a", 10_000),
	} {
		got := b.post("/integrations/youtube/authorize", owner, `{"returnTo":`+quoted(t, returnTo)+`}`)
		assert.Equal(t, http.StatusBadRequest, got.status, "%q: %s", returnTo, got.body)
		if assert.NotNil(t, got.doc["errors"], "%q", returnTo) {
			assert.Equal(t, "returnTo", got.doc["errors"].([]any)[0].(map[string]any)["field"], "%q", returnTo)
		}
	}
	for _, returnTo := range []string{"https://app.example", "https://APP.example:443/a?b=c#d", "https://soundings.example/console"} {
		require.NotEmpty(t, b.begin(owner, returnTo))
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	for path, want := range map[string]int{"reddit": 503, "myspace": 404, "YouTube": 404, "%00": 404} {
		got := b.post("/integrations/"+path+"/authorize", owner, `{"returnTo":"`+webApp+`"}`)
		require.Equal(t, want, got.status, "%s: %s", path, got.body)
	}
	for _, body := range []string{`{}`, `{"returnTo":null}`, `{"returnTo":1}`, `{"returnTo":"` + webApp + `","scope":"all"}`} {
		require.Equal(t, http.StatusBadRequest, b.post("/integrations/youtube/authorize", owner, body).status, body)
	}
}

// TestConnectionsAreOfWhoBegan: neither the state nor the connection of one
// user helps another.
func TestConnectionsAreOfWhoBegan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger := token(t, "owner", nil), token(t, "stranger", nil)
	connection := b.answered(owner)
	for range 2 {
		got := b.complete(stranger, connection)
		require.Equal(t, http.StatusNotFound, got.status, "%s", got.body)
	}
	require.Empty(t, idsOf(b.get("/integrations", stranger)))
	require.Equal(t, http.StatusOK, b.complete(owner, connection).status, "the stranger's try costs the owner nothing")

	for body, want := range map[string]int{
		`{}`: 400, `{"connection":""}`: 400, `{"connection":7}`: 400, `{"connection":"x"}`: 404, `{"connection":"\u0000"}`: 404,
		`{"connection":"` + newID() + `"}`: 404,
	} {
		require.Equal(t, want, b.post("/integrations/complete", owner, body).status, body)
	}
	answer := b.consent(owner, webApp)
	answer.Set("code", "a code that the provider refuses")
	refused := b.complete(owner, parameter(t, b.callback(answer).header.Get("Location"), "connection"))
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Equal(t, "invalid_value", refused.doc["code"])
}

// TestHealthOfAnIntegration: the document says what the user must do, and why.
func TestHealthOfAnIntegration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	soon := time.Now().UTC().Truncate(time.Second).Add(time.Hour)
	for _, in := range []access.Integration{
		{AccountID: "ends", EndsAt: soon, Renewable: true},
		{AccountID: "refused", Reason: access.ReasonRevoked, Renewable: true, ExpiresAt: soon},
	} {
		in.ID, in.UserID, in.Provider, in.CreatedAt = newID(), b.userOf(owner), content.YouTube, time.Now()
		_, err := b.store.SaveIntegration(t.Context(), ports.HeldIntegration{Integration: in})
		require.NoError(t, err)
	}
	found := map[any]any{}
	for _, item := range b.get("/integrations", owner).doc["items"].([]any) {
		doc := item.(map[string]any)
		require.Equal(t, []any{}, doc["scopes"], "a list, never null")
		found[doc["status"]] = doc["reason"]
	}
	require.Equal(t, map[any]any{"expiring": nil, "needs_reconnect": "revoked"}, found)
}

func TestTasksOfSomebodyElsesIntegration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger := token(t, "owner", nil), token(t, "stranger", nil)
	id := b.connect(owner)
	for _, path := range []string{"/tasks", "/tasks/estimate"} {
		body := `{"url":"` + someVideo + `","integrationId":"` + id + `"}`
		require.Less(t, b.post(path, owner, body).status, 300)
		got := b.post(path, stranger, body)
		require.Equal(t, http.StatusNotFound, got.status)
		require.Equal(t, "integrationId", got.doc["errors"].([]any)[0].(map[string]any)["field"])
		other := b.post(path, owner, `{"url":"https://www.reddit.com/r/golang","integrationId":"`+id+`"}`)
		require.Equal(t, http.StatusBadRequest, other.status, "an account of another provider: %s", other.body)
	}
}
