package rest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// endpoint is a JWKS address that needs no network: bubbles of synctest have none.
type endpoint struct {
	kids  []string
	keys  map[string]*ecdsa.PrivateKey
	down  bool
	hangs bool
	asked atomic.Int64
}

func newEndpoint(kids ...string) *endpoint {
	return &endpoint{kids: kids, keys: map[string]*ecdsa.PrivateKey{}}
}

func (e *endpoint) key(kid string) *ecdsa.PrivateKey {
	if e.keys[kid] == nil {
		e.keys[kid], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return e.keys[kid]
}

func (e *endpoint) set() string {
	var keys []map[string]string
	for _, kid := range e.kids {
		point, _ := e.key(kid).PublicKey.Bytes() // 4, x, y
		keys = append(keys, map[string]string{
			"kty": "EC", "crv": "P-256", "kid": kid,
			"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
		})
	}
	body, _ := json.Marshal(map[string]any{"keys": keys})
	return string(body)
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	e.asked.Add(1)
	if e.hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if e.down {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(e.set())), ContentLength: -1, Request: r}, nil
}

func (e *endpoint) open() *keySet {
	return newKeySet("https://login.example/keys", &http.Client{Transport: e}, slog.New(slog.DiscardHandler))
}

// ask looks for the key of a kid as a request does.
func ask(ctx context.Context, s *keySet, kid string) error {
	_, err := s.keyOf(ctx, &jwt.Token{Method: jwt.SigningMethodES256, Header: map[string]any{"kid": kid}})
	return err
}

// pass lets time go by in a bubble, and then whatever is under way.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func requireUnknown(t *testing.T, err error) {
	t.Helper()
	require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
}

func TestKeysAreFetchedLateAndKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint("a")
		s := e.open()
		require.Zero(t, e.asked.Load(), "the start does not need the endpoint")
		for range 100 {
			require.NoError(t, ask(t.Context(), s, "a"))
		}
		require.EqualValues(t, 1, e.asked.Load())
	})
}

func TestUnknownKidsCostOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint("a")
		s := e.open()
		require.NoError(t, ask(t.Context(), s, "a"))
		pass(keysEvery)
		for range 100 {
			requireUnknown(t, ask(t.Context(), s, rand.Text()))
		}
		require.EqualValues(t, 2, e.asked.Load())
		e.kids = []string{"a", "b"}
		requireUnknown(t, ask(t.Context(), s, "b"))
		pass(keysEvery)
		require.NoError(t, ask(t.Context(), s, "b"), "a new key is there within the interval")
		require.EqualValues(t, 3, e.asked.Load())
	})
}

func TestManyWaitForOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint("a")
		s := e.open()
		answers := make(chan error, 50)
		for range cap(answers) {
			go func() { answers <- ask(t.Context(), s, "a") }()
		}
		for range cap(answers) {
			require.NoError(t, <-answers)
		}
		require.EqualValues(t, 1, e.asked.Load())
	})
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint("a", "b")
		s := e.open()
		require.NoError(t, ask(t.Context(), s, "a"))
		e.kids = []string{"b"}
		pass(keysFresh)
		require.NoError(t, ask(t.Context(), s, "a"), "nobody waits for the new keys")
		synctest.Wait()
		requireUnknown(t, ask(t.Context(), s, "a"))
		require.EqualValues(t, 2, e.asked.Load(), "and the fetch was just now")

		e.kids = []string{"c"}
		pass(keysWaitAfter + time.Second)
		requireUnknown(t, ask(t.Context(), s, "b"))
		require.NoError(t, ask(t.Context(), s, "c"))
	})
}

func TestOldKeysAreUsedWhileTheEndpointIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint("a")
		s := e.open()
		require.NoError(t, ask(t.Context(), s, "a"))
		e.hangs = true
		pass(24 * time.Hour)
		began := time.Now()
		require.NoError(t, ask(t.Context(), s, "a"))
		require.Equal(t, keysTimeout, time.Since(began), "one fetch is waited for")
		for range 5 {
			began = time.Now()
			require.NoError(t, ask(t.Context(), s, "a"))
			require.Zero(t, time.Since(began), "no more, as long as it fails")
			pass(keysEvery)
		}
		require.True(t, fault.Is(ask(t.Context(), s, "new"), fault.Unavailable), "it may be a good one")
		e.hangs, e.kids = false, []string{"new"}
		pass(keysEvery)
		require.NoError(t, ask(t.Context(), s, "new"))
		requireUnknown(t, ask(t.Context(), s, "a"))
	})
}

func TestWhoeverGoesAwayDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint("a")
		e.hangs = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := e.open()
		require.ErrorIs(t, ask(ctx, s, "a"), context.DeadlineExceeded)
		pass(keysTimeout)
		e.down, e.hangs = true, false
		require.True(t, fault.Is(ask(t.Context(), s, "a"), fault.Unavailable))
	})
}

func TestSetsOfNoUseAreRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "[]", "{}", `{"keys":null}`, `{"keys":7}`, `{"keys":[]}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`, "<html>"} {
		_, err := parseKeys([]byte(body))
		require.Error(t, err, body)
	}
	keys, err := parseKeys([]byte(newEndpoint("a", "b").set()))
	require.NoError(t, err)
	require.Len(t, keys, 2)
	s := &keySet{keys: keys}
	_, ok := s.find("", "ES256")
	require.False(t, ok, "without a kid, nobody can tell which of two it is")
}

// FuzzParseKeys: whatever an endpoint says, keys are of their algorithm's kind.
func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(newEndpoint("a").set()))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"OKP","crv":"Ed25519","x":"AAAA"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeys(body)
		require.Equal(t, err != nil, len(keys) == 0)
		for _, k := range keys {
			require.Equal(t, k.algorithm, algorithmOf(k.key))
			require.NotEmpty(t, k.algorithm)
		}
	})
}

// oneUser is a store in which everybody is the same.
type oneUser struct{ ports.Store }

func (oneUser) APIKey(context.Context, []byte) (access.APIKey, access.User, error) {
	return access.APIKey{ID: "k", UserID: "u", Permissions: access.DefaultPermissions()}, access.User{ID: "u"}, nil
}

func (oneUser) EnsureUser(_ context.Context, u access.User) (access.User, error) { return u, nil }

// BenchmarkAuthorize is what authorising adds to a request, with the caller in
// the cache, as all but one request in five seconds find it. It must stay below
// 150 µs.
func BenchmarkAuthorize(b *testing.B) {
	e := newEndpoint("ec")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, e.set()) }))
	defer server.Close()
	secret := []byte("a secret of the tests, 32 bytes and more")
	token := func(method jwt.SigningMethod, key any) string {
		t := jwt.NewWithClaims(method, jwt.MapClaims{
			"iss": "https://login.example", "aud": "soundings", "sub": "ada", "name": "Ada",
			"exp": time.Now().Add(time.Hour).Unix(), "scope": "tasks:read tasks:write",
		})
		t.Header["kid"] = "ec"
		text, err := t.SignedString(key)
		require.NoError(b, err)
		return text
	}
	for name, c := range map[string]struct {
		bearer string
		opts   Options
	}{
		"Key":      {access.NewAPIKeySecret(), Options{JWTSecret: secret}},
		"JWTHS256": {token(jwt.SigningMethodHS256, secret), Options{JWTSecret: secret}},
		"JWTES256": {token(jwt.SigningMethodES256, e.key("ec")), Options{JWKSURL: server.URL}},
	} {
		b.Run(name, func(b *testing.B) {
			c.opts.JWTIssuer, c.opts.JWTAudience, c.opts.RequestsPerSecond = "https://login.example", "soundings", 1e9
			c.opts.Logger = slog.New(slog.DiscardHandler)
			g := newGate(application.NewAccounts(oneUser{}), c.opts)
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/tasks", nil)
			r.Header.Set("Authorization", "Bearer "+c.bearer)
			request := &call{Context: echo.New().NewContext(r, httptest.NewRecorder())}
			b.ReportAllocs()
			for b.Loop() {
				if err := g.admit(request, operation{permission: access.TasksRead}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
