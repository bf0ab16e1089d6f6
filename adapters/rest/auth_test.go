package rest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
)

// claimsBut returns the claims of an accepted JWT with changes; nil removes one.
func claimsBut(change map[string]any) jwt.MapClaims {
	claims := jwt.MapClaims{
		"iss": testIssuer, "aud": testAudience, "sub": "ada", "name": "Ada", "exp": time.Now().Add(time.Hour).Unix(),
	}
	for name, value := range change {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	return claims
}

func TestHostileTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sign := func(change map[string]any) string {
		return signed(t, jwt.SigningMethodHS256, []byte(testSecret), claimsBut(change))
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	good := sign(nil)
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	require.Equal(t, http.StatusOK, b.get("/me", good).status)
	hostile := map[string]string{
		"alg none":            signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claimsBut(nil)),
		"alg None":            encode([]byte(`{"alg":"None","typ":"JWT"}`)) + "." + parts[1] + ".",
		"no signature":        parts[0] + "." + parts[1] + ".",
		"another signature":   parts[0] + "." + parts[1] + "." + encode(make([]byte, 32)),
		"another payload":     parts[0] + "." + encode([]byte(`{"sub":"eve","exp":99999999999}`)) + "." + parts[2],
		"another secret":      signed(t, jwt.SigningMethodHS256, []byte("another secret of 32 bytes and more"), claimsBut(nil)),
		"an empty secret":     signed(t, jwt.SigningMethodHS256, []byte{}, claimsBut(nil)),
		"HS384":               signed(t, jwt.SigningMethodHS384, []byte(testSecret), claimsBut(nil)),
		"HS512":               signed(t, jwt.SigningMethodHS512, []byte(testSecret), claimsBut(nil)),
		"RS256":               signed(t, jwt.SigningMethodRS256, rsaKey, claimsBut(nil)),
		"expired":             sign(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}),
		"no exp":              sign(map[string]any{"exp": nil}),
		"exp is a text":       sign(map[string]any{"exp": "tomorrow"}),
		"not yet":             sign(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}),
		"another issuer":      sign(map[string]any{"iss": "https://evil.example"}),
		"no issuer":           sign(map[string]any{"iss": nil}),
		"another audience":    sign(map[string]any{"aud": "another"}),
		"no audience":         sign(map[string]any{"aud": nil}),
		"no subject":          sign(map[string]any{"sub": nil}),
		"an empty subject":    sign(map[string]any{"sub": ""}),
		"a long subject":      sign(map[string]any{"sub": strings.Repeat("x", 256)}),
		"a NUL in subject":    sign(map[string]any{"sub": "a\x00b"}),
		"subject is a number": sign(map[string]any{"sub": 7}),
		"scope is a number":   sign(map[string]any{"scope": 7}),
		"huge":                sign(map[string]any{"x": strings.Repeat("x", 20<<10)}),
		"two dots":            "..",
		"no dots":             "garbage",
		"many dots":           strings.Repeat(".", 1000),
		"an unknown key":      access.NewAPIKeySecret(),
		"half a key":          "snd_",
	}
	for name, bearer := range hostile {
		got := b.get("/me", bearer)
		assert.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, got.body)
		assert.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer", name)
		assert.NotContains(t, string(got.body), bearer, name)
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic " + good, good, "Bearer\t" + good} {
		got := b.send(request{method: "GET", path: "/me", header: map[string]string{"Authorization": header}})
		assert.Equal(t, http.StatusUnauthorized, got.status, header)
	}
	got := b.send(request{method: "GET", path: "/me", header: map[string]string{"Authorization": "bearer " + good}})
	assert.Equal(t, http.StatusOK, got.status, "schemes are in any case")
}

func TestScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	standard := []any{"tasks:read", "tasks:write", "exports:write", "integrations:write"}
	for _, c := range []struct{ scope, want any }{
		{nil, standard},
		{"tasks:read", []any{"tasks:read"}},
		{"tasks:read  users:admin openid", []any{"tasks:read", "users:admin"}},
		{[]string{"tasks:read", "profile"}, []any{"tasks:read"}},
		{[]string{}, []any{}},
		{"", []any{}},
	} {
		got := b.get("/me", token(t, "ada", c.scope))
		assert.Equal(t, c.want, got.doc["permissions"], "%v", c.scope)
	}
	null := signed(t, jwt.SigningMethodHS256, []byte(testSecret), claimsBut(map[string]any{"scope": any(nilScope{})}))
	assert.Equal(t, standard, b.get("/me", null).doc["permissions"])
}

// nilScope is null in a JWT.
type nilScope struct{}

func (nilScope) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestUsers(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.JWTIssuer, s.JWTAudience = "", "" })
	me := func(change map[string]any) map[string]any {
		got := b.get("/me", signed(t, jwt.SigningMethodHS256, []byte(testSecret), claimsBut(change)))
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		return got.doc
	}
	ada := me(nil)
	require.Equal(t, []string{"id", "name", "permissions"}, keysOf(ada))
	require.Equal(t, "Ada", ada["name"])
	require.Equal(t, ada["id"], me(map[string]any{"scope": "tasks:read", "aud": nil})["id"])
	require.NotEqual(t, ada["id"], me(map[string]any{"iss": "https://other.example"})["id"])
	require.Equal(t, "ada", me(map[string]any{"sub": "ada", "iss": "x", "name": nil})["name"])

	local, err := b.store.EnsureUser(t.Context(), access.User{ID: access.UserID(newID()), Name: "local", CreatedAt: time.Now()})
	require.NoError(t, err)
	pretender := me(map[string]any{"iss": nil, "sub": "local", "name": "local"})
	require.NotEqual(t, string(local.ID), pretender["id"], "no JWT may become a user of the command line")
}

func TestWithoutSecretEveryJWTIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.JWTSecret = nil })
	for _, secret := range []string{"", testSecret} {
		bearer := signed(t, jwt.SigningMethodHS256, []byte(secret), claimsBut(nil))
		require.Equal(t, http.StatusUnauthorized, b.get("/me", bearer).status)
	}
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	made := b.post("/apikeys", owner, `{"name":"reader","permissions":["tasks:read"],"expiresAt":"2099-01-01T00:00:00Z"}`)
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	require.Equal(t, []string{"createdAt", "expiresAt", "id", "key", "name", "permissions"}, keysOf(made.doc))
	key, id := made.doc["key"].(string), made.doc["id"].(string)
	require.Regexp(t, `^snd_[A-Za-z0-9_-]{43}$`, key)
	require.Equal(t, b.get("/me", owner).doc["id"], b.get("/me", key).doc["id"])
	require.Equal(t, http.StatusOK, b.get("/tasks", key).status)
	require.Equal(t, http.StatusForbidden, b.post("/tasks", key, `{"url":"x"}`).status)

	plain := b.post("/apikeys", key, `{"name":"child"}`)
	require.Equal(t, []any{"tasks:read"}, plain.doc["permissions"], "no more than its maker")
	require.Nil(t, plain.doc["expiresAt"])

	listed := b.get("/apikeys", owner)
	require.Len(t, listed.doc["items"], 2)
	require.NotContains(t, string(listed.body), key)
	require.Equal(t, []string{"createdAt", "expiresAt", "id", "name", "permissions"}, keysOf(listed.doc["items"].([]any)[0]))

	revoke := request{method: "DELETE", path: "/apikeys/" + id, token: owner}
	require.Equal(t, http.StatusNoContent, b.send(revoke).status)
	require.Equal(t, http.StatusNotFound, b.send(revoke).status)
	require.Equal(t, http.StatusUnauthorized, b.get("/me", key).status, "at once in this process")

	for body, field := range map[string]string{
		`{}`:                 "name",
		`{"name":""}`:        "name",
		`{"name":null}`:      "name",
		`{"name":"a\u0000"}`: "name",
		`{"name":"` + strings.Repeat("ä", 101) + `"}`:     "name",
		`{"name":"k","permissions":["root"]}`:             "permissions",
		`{"name":"k","permissions":"tasks:read"}`:         "permissions",
		`{"name":"k","expiresAt":"2001-01-01T00:00:00Z"}`: "expiresAt",
		`{"name":"k","id":"x"}`:                           "id",
	} {
		got := b.post("/apikeys", owner, body)
		require.Equal(t, http.StatusBadRequest, got.status, body)
		require.Equal(t, field, got.doc["errors"].([]any)[0].(map[string]any)["field"], body)
	}
}
