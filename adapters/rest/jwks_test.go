package rest_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signers are the private keys of a login service.
type signers struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

func newSigners(t testing.TB) signers {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return signers{rsaKey, ecKey, edKey}
}

type jwk = map[string]any

var b64 = base64.RawURLEncoding.EncodeToString

func rsaJWK(kid string, k *rsa.PublicKey) jwk {
	return jwk{"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
}

func ecJWK(t testing.TB, kid string, k *ecdsa.PublicKey) jwk {
	t.Helper()
	point, err := k.Bytes() // 4, x, y
	require.NoError(t, err)
	half := len(point) / 2
	return jwk{"kty": "EC", "kid": kid, "crv": k.Curve.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
}

func edJWK(kid string, k ed25519.PrivateKey) jwk {
	return jwk{"kty": "OKP", "kid": kid, "crv": "Ed25519", "key_ops": []string{"verify"}, "x": b64(k.Public().(ed25519.PublicKey))}
}

// set is the document of a login service with keys of sorts that are no use.
func (s signers) set(t testing.TB) []byte {
	t.Helper()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	encrypting := rsaJWK("encrypting", &s.rsa.PublicKey)
	encrypting["use"] = "enc"
	other := rsaJWK("ps256", &s.rsa.PublicKey)
	other["alg"] = "PS256"
	offCurve := ecJWK(t, "off the curve", &s.ec.PublicKey)
	offCurve["y"] = offCurve["x"]
	body, err := json.Marshal(map[string]any{"keys": []any{
		jwk{"kty": "oct", "kid": "secret", "k": b64([]byte(testSecret))}, "no key", nil, jwk{"kty": "new"}, jwk{"kid": 7},
		rsaJWK("weak", &weak.PublicKey), ecJWK(t, "p384", &p384.PublicKey), encrypting, other, offCurve,
		rsaJWK("rsa", &s.rsa.PublicKey), ecJWK(t, "ec", &s.ec.PublicKey), edJWK("ed", s.ed),
	}})
	require.NoError(t, err)
	return body
}

// serveKeys returns the address of a set.
func serveKeys(t testing.TB, body []byte) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	t.Cleanup(server.Close)
	return server.URL
}

func signedBy(t testing.TB, method jwt.SigningMethod, kid string, key any, claims jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	keys, stranger := newSigners(t), newSigners(t)
	address := serveKeys(t, keys.set(t))
	b := setup(t, func(s *settings) { s.JWKSURL = address })
	with := func(change map[string]any) string {
		return signedBy(t, jwt.SigningMethodES256, "ec", keys.ec, claimsBut(change))
	}
	good := map[string]string{
		"RS256":                   signedBy(t, jwt.SigningMethodRS256, "rsa", keys.rsa, claimsBut(nil)),
		"ES256":                   with(nil),
		"EdDSA":                   signedBy(t, jwt.SigningMethodEdDSA, "ed", keys.ed, claimsBut(nil)),
		"no kid":                  signedBy(t, jwt.SigningMethodEdDSA, "", keys.ed, claimsBut(nil)),
		"one of several audience": with(map[string]any{"aud": []string{"x", testAudience}}),
	}
	for name, bearer := range good {
		got := b.get("/me", bearer)
		require.Equal(t, http.StatusOK, got.status, "%s: %s", name, got.body)
		require.Equal(t, "Ada", got.doc["name"])
	}
	der, err := x509.MarshalPKIXPublicKey(&keys.rsa.PublicKey)
	require.NoError(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	parts := strings.Split(good["ES256"], ".")
	critical := jwt.NewWithClaims(jwt.SigningMethodES256, claimsBut(nil))
	critical.Header["kid"], critical.Header["crit"] = "ec", []string{"b64"}
	extended, err := critical.SignedString(keys.ec)
	require.NoError(t, err)
	odd := jwt.NewWithClaims(jwt.SigningMethodES256, claimsBut(nil))
	odd.Header["kid"] = 7
	numbered, err := odd.SignedString(keys.ec)
	require.NoError(t, err)
	hostile := map[string]string{
		"alg none":                      signedBy(t, jwt.SigningMethodNone, "ec", jwt.UnsafeAllowNoneSignatureType, claimsBut(nil)),
		"alg none, good signature":      b64([]byte(`{"alg":"none","kid":"ec"}`)) + "." + parts[1] + "." + parts[2],
		"no signature":                  parts[0] + "." + parts[1] + ".",
		"HS256 by the RSA key as PEM":   signedBy(t, jwt.SigningMethodHS256, "rsa", public, claimsBut(nil)),
		"HS256 by the RSA key as DER":   signedBy(t, jwt.SigningMethodHS256, "rsa", der, claimsBut(nil)),
		"HS256 by the modulus":          signedBy(t, jwt.SigningMethodHS256, "rsa", keys.rsa.N.Bytes(), claimsBut(nil)),
		"HS256 by the service's secret": signedBy(t, jwt.SigningMethodHS256, "", []byte(testSecret), claimsBut(nil)),
		"HS256 by the oct key":          signedBy(t, jwt.SigningMethodHS256, "secret", []byte(testSecret), claimsBut(nil)),
		"another's RSA key":             signedBy(t, jwt.SigningMethodRS256, "rsa", stranger.rsa, claimsBut(nil)),
		"another's EC key":              signedBy(t, jwt.SigningMethodES256, "ec", stranger.ec, claimsBut(nil)),
		"another's Ed25519 key":         signedBy(t, jwt.SigningMethodEdDSA, "ed", stranger.ed, claimsBut(nil)),
		"an unknown kid":                signedBy(t, jwt.SigningMethodES256, "next", keys.ec, claimsBut(nil)),
		"the kid of another algorithm":  signedBy(t, jwt.SigningMethodRS256, "ec", keys.rsa, claimsBut(nil)),
		"the kid of a key of no use":    signedBy(t, jwt.SigningMethodRS256, "encrypting", keys.rsa, claimsBut(nil)),
		"kid is a number":               numbered,
		"RS512":                         signedBy(t, jwt.SigningMethodRS512, "rsa", keys.rsa, claimsBut(nil)),
		"PS256":                         signedBy(t, jwt.SigningMethodPS256, "rsa", keys.rsa, claimsBut(nil)),
		"an extension":                  extended,
		"expired":                       with(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}),
		"no exp":                        with(map[string]any{"exp": nil}),
		"not yet":                       with(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}),
		"another issuer":                with(map[string]any{"iss": "https://evil.example"}),
		"no issuer":                     with(map[string]any{"iss": nil}),
		"another audience":              with(map[string]any{"aud": "another"}),
		"no audience":                   with(map[string]any{"aud": nil}),
		"no sub":                        with(map[string]any{"sub": nil}),
		"an empty sub":                  with(map[string]any{"sub": ""}),
	}
	for name, bearer := range hostile {
		got := b.get("/me", bearer)
		assert.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, got.body)
		assert.NotContains(t, string(got.body), bearer, name)
	}
	assert.Equal(t, http.StatusOK, b.get("/me", good["RS256"]).status)
}

// TestWithoutKeysNothingIsJudged: whether a JWT is good, nobody can tell as long
// as no keys came; the start does not need them.
func TestWithoutKeysNothingIsJudged(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.JWKSURL = "http://127.0.0.1:1/keys?token=of-the-operator" })
	keys := newSigners(t)
	got := b.get("/me", signedBy(t, jwt.SigningMethodES256, "ec", keys.ec, claimsBut(nil)))
	require.Equal(t, http.StatusServiceUnavailable, got.status, "%s", got.body)
	require.NotEmpty(t, got.header.Get("Retry-After"))
	require.NotContains(t, string(got.body), "127.0.0.1")
	require.Equal(t, http.StatusUnauthorized, b.get("/me", "garbage").status)
	require.NotContains(t, b.log.String(), "of-the-operator")
}

func TestHugeTokens(t *testing.T) {
	t.Parallel()
	keys := newSigners(t)
	address := serveKeys(t, keys.set(t))
	b := setup(t, func(s *settings) { s.JWKSURL = address })
	huge := strings.Repeat("x", 1<<20)
	for name, header := range map[string]map[string]string{
		"a bearer of 1 MB":   {"Authorization": "Bearer " + huge},
		"a JWT of 1 MB":      {"Authorization": "Bearer " + signedBy(t, jwt.SigningMethodES256, "ec", keys.ec, claimsBut(map[string]any{"x": huge[:700_000]}))},
		"a kid of 700 KB":    {"Authorization": "Bearer " + signedBy(t, jwt.SigningMethodES256, huge[:500_000], keys.ec, claimsBut(nil))},
		"a scheme of 1 MB":   {"Authorization": huge + " x"},
		"no bearer, 1 MB":    {"X-Padding": huge},
		"1 MB of dots":       {"Authorization": "Bearer " + strings.Repeat(".", 1<<20)},
		"a million of nulls": {"Authorization": "Bearer " + strings.Repeat("null", 250_000)},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/me", nil)
		for key, value := range header {
			r.Header.Set(key, value)
		}
		b.server.ServeHTTP(w, r)
		require.Equal(t, http.StatusUnauthorized, w.Code, name)
		require.Less(t, w.Body.Len(), 2000, "%s: nothing is said back", name)
	}
}
