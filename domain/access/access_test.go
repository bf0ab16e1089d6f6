package access_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func TestATokenNeverPrints(t *testing.T) {
	t.Parallel()
	const secret = "ya29.very-secret"
	token := access.NewToken(secret)
	ec := access.NewMasterContext("u", content.YouTube, token)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", token, "ec", ec, "config", access.BuildRequestConfig(ec))
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", token)
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v", ec, ec, ec, access.BuildRequestConfig(ec), access.BuildRequestConfig(ec), []any{&ec, struct{ inner access.ExecutionContext }{ec}})
	require.NotContains(t, printed, secret, "inside of other values")
	encoded, err := json.Marshal(map[string]any{"token": token, "ec": ec, "config": access.BuildRequestConfig(ec)})
	require.NoError(t, err)
	printed = fmt.Sprintf("%v %+v %#v %s %q %s %s", token, token, token, token, token, log.String(), encoded)
	require.NotContains(t, printed, secret)
	require.Contains(t, printed, "[redacted]")
	require.Equal(t, secret, token.Reveal())
}

func TestDetectAuthMethod(t *testing.T) {
	t.Parallel()
	key := "AIza" + strings.Repeat("a-_9Z", 7)
	for token, want := range map[string]access.AuthMethod{
		key: access.KeyAuth, key[:38]: access.OAuth, key + "x": access.OAuth, "": access.OAuth,
		"ya29.a0Af": access.OAuth, " " + key[1:]: access.OAuth, key[:38] + "!": access.OAuth,
	} {
		require.Equal(t, want, access.DetectAuthMethod(access.NewToken(token)), token)
	}
}

func TestBuildRequestConfig(t *testing.T) {
	t.Parallel()
	key := access.NewToken("AIza" + strings.Repeat("x", 35))
	master := access.BuildRequestConfig(access.NewMasterContext("u", content.YouTube, key))
	require.Equal(t, "X-Goog-Api-Key", master.Header)
	require.Equal(t, key.Reveal(), master.Value())

	in := access.Integration{ID: "i", UserID: "u", Provider: content.YouTube}
	ec := access.NewUserContext(in, access.NewToken("ya29.x"))
	require.Equal(t, access.UserOAuth, ec.TokenSource())
	require.Equal(t, "i", ec.IntegrationID())
	user := access.BuildRequestConfig(ec)
	require.Equal(t, "Authorization", user.Header)
	require.Equal(t, "Bearer ya29.x", user.Value())
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	secret := access.NewAPIKeySecret()
	require.Regexp(t, `^snd_[A-Za-z0-9_-]{43}$`, secret)
	require.NotEqual(t, secret, access.NewAPIKeySecret())
	require.True(t, access.LooksLikeAPIKey(secret))
	require.False(t, access.LooksLikeAPIKey("eyJhbGciOi"))
	require.NotContains(t, string(access.HashAPIKey(secret)), secret)

	now := time.Now()
	require.NoError(t, access.APIKey{}.Usable(now))
	require.NoError(t, access.APIKey{ExpiresAt: now.Add(time.Second)}.Usable(now))
	require.Equal(t, fault.Unauthenticated, fault.KindOf(access.APIKey{ExpiresAt: now}.Usable(now)))
	require.Equal(t, fault.Unauthenticated, fault.KindOf(access.APIKey{RevokedAt: now}.Usable(now)))
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	c := access.Caller{Permissions: access.DefaultPermissions()}
	require.NoError(t, c.May(access.ExportsWrite))
	require.Equal(t, fault.Forbidden, fault.KindOf(c.May(access.QueuesAdmin)))
	for _, p := range access.AllPermissions() {
		parsed, err := access.ParsePermission(string(p))
		require.NoError(t, err)
		require.Equal(t, p, parsed)
	}
	_, err := access.ParsePermission("tasks:*")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}
