package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
)

// TestCallbackByAnybody: the callback is open to the world, so that whatever
// comes there connects nothing and shows nothing.
func TestCallbackByAnybody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	answer := b.consent(owner, webApp)
	require.Equal(t, http.StatusSeeOther, b.callback(answer).status)
	used := answer.Get("state")
	const secret, script = "a-secret-code", "<script>alert(1)</script>"
	for name, query := range map[string]string{
		"nothing": "", "no state": "code=" + secret, "unknown": "state=unknown&code=" + secret,
		"replayed":   url.Values{"state": {used}, "code": {secret}}.Encode(),
		"script":     url.Values{"state": {script}, "code": {script}, "error": {script}, "error_description": {script}}.Encode(),
		"two states": "state=a&state=b&code=" + secret,
		"NUL":        "state=%00&code=" + secret, "broken UTF-8": "state=%ff", "broken escape": "state=%zz&code=" + secret,
		"long":       "state=" + strings.Repeat("s", 20_000),
		"elsewhere":  "state=x&returnTo=https://evil.example&redirect_uri=https://evil.example",
		"semicolons": "state=x;code=" + secret,
	} {
		got := b.get("/integrations/callback?"+query, "")
		assert.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
		assert.Empty(t, got.header.Get("Location"), name)
		assert.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"), name)
		assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
		assert.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"))
		page := string(got.body)
		for _, hidden := range []string{secret, used, "<script", "alert(1)", "evil.example"} {
			assert.NotContains(t, page, hidden, name)
		}
		assert.Contains(t, page, `<a href="https://app.example"`, "the page says where to go on")
		assert.Contains(t, page, got.header.Get("X-Request-Id"))
	}
}

// failingConnections fails to keep what a provider answered.
type failingConnections struct{ allRows }

func (failingConnections) AnswerConnection(context.Context, []byte, access.Token, time.Time, time.Time) (access.Connection, error) {
	return access.Connection{}, errors.New("pq: password authentication failed for user soundings")
}

// TestFailuresOfTheCallbackArePages: a person reads them, and they stay opaque.
func TestFailuresOfTheCallbackArePages(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.wrap = func(store allRows) allRows { return failingConnections{store} } })
	got := b.callback(b.consent(token(t, "owner", nil), webApp))
	require.Equal(t, http.StatusInternalServerError, got.status)
	require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
	require.NotContains(t, string(got.body), "password")
	require.Contains(t, string(got.body), got.header.Get("X-Request-Id"))
}

func TestFailurePageRunsNothing(t *testing.T) {
	t.Parallel()
	got := setup(t).get("/integrations/callback", "")
	policy := got.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'sha256-", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
		require.Contains(t, policy, part)
	}
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, policy, "script-src")
}

// TestRefusedConsent: the user comes back to the web app with the reason, and
// the attempt is over.
func TestRefusedConsent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	for want, query := range map[string]url.Values{
		"access_denied":      {"error": {"access_denied"}},
		"insufficient_scope": {"code": {"a code"}, "scope": {"openid"}},
		"invalid_request":    {"error": {"<script>"}, "code": {"a code"}},
	} {
		query.Set("state", parameter(t, b.begin(owner, webApp+"/back"), "state"))
		got := b.callback(query)
		require.Equal(t, http.StatusSeeOther, got.status, "%s", got.body)
		require.Equal(t, webApp+"/back?error="+want, got.header.Get("Location"))
		require.Equal(t, http.StatusBadRequest, b.callback(query).status, "a state works once")
	}
	require.Empty(t, idsOf(b.get("/integrations", owner)))
}

// TestLookingUsesUpNothing: mail scanners and browsers send HEAD ahead.
func TestLookingUsesUpNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	query := b.consent(token(t, "owner", nil), webApp)
	head := b.send(request{method: http.MethodHead, path: "/integrations/callback?" + query.Encode()})
	require.Equal(t, http.StatusNoContent, head.status)
	require.Equal(t, http.StatusSeeOther, b.callback(query).status)
}

func TestCallbackLogsNoCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.consent(token(t, "owner", nil), webApp)
	connection := parameter(t, b.callback(answer).header.Get("Location"), "connection")
	b.callback(answer)
	b.http.Close() // waits for the handlers, so that the log is whole
	require.Contains(t, b.log.String(), `"path":"/integrations/callback","status":303`)
	for _, hidden := range []string{answer.Get("code"), answer.Get("state"), connection} {
		require.NotContains(t, b.log.String(), hidden)
	}
}
