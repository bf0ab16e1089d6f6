package rest

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/fault"
)

const (
	// keysTimeout bounds one fetch of the keys.
	keysTimeout = 5 * time.Second
	// keysEvery is the least time between two fetches, whatever kids are asked for.
	keysEvery = 10 * time.Second
	// keysFresh is how long keys are used without asking again. Older ones are
	// used while new ones are on their way.
	keysFresh = 10 * time.Minute
	// keysWaitAfter is the age at which new keys are waited for: a key that was
	// withdrawn must not open the first request after a quiet night. Only while
	// the endpoint is down are older keys used.
	keysWaitAfter = time.Hour
	// maxKeys and maxKeysBody bound a set of keys; the latter is in bytes.
	maxKeys     = 100
	maxKeysBody = 1 << 20
)

// keySet are the public keys of AUTH_JWKS_URL (RFC 7517), fetched when the
// first JWT comes. The cache is its own: those of jwkset and keyfunc refresh from
// a goroutine that nobody here could end, and read bodies without a bound.
type keySet struct {
	url   string
	calls *outcall.Client
	log   *slog.Logger

	mu   sync.Mutex
	keys []publicKey
	// fetchedAt is when keys came, triedAt when the last fetch began, and failed
	// tells that it brought nothing.
	fetchedAt, triedAt time.Time
	failed             bool
	// flight is closed when the fetch under way has ended; nil while there is none.
	flight chan struct{}
}

// publicKey is a key with the only algorithm that it may check.
type publicKey struct {
	id, algorithm string
	key           any
}

func newKeySet(url string, hc *http.Client, log *slog.Logger) *keySet {
	return &keySet{
		url: url, log: log,
		calls: outcall.New(hc, outcall.Limits{Timeout: keysTimeout, MaxBody: maxKeysBody, Parallel: 1}),
	}
}

// keyOf returns the key that must have signed a JWT: the one of its kid, or of
// its algorithm if there is only one such key. The algorithm is the key's, not
// the token's: nothing is checked by another. Error kinds: Unauthenticated,
// and Unavailable when the keys could not be fetched.
func (s *keySet) keyOf(ctx context.Context, t *jwt.Token) (any, error) {
	id, isText := t.Header["kid"].(string)
	if _, named := t.Header["kid"]; named && !isText {
		return nil, unauthenticated("the JWT's kid is not a text")
	}
	s.mu.Lock()
	key, known := s.find(id, t.Method.Alg())
	s.fetchIfDue(ctx, known)
	flight := s.flight
	wait := flight != nil && (!known || !s.failed && time.Since(s.fetchedAt) > keysWaitAfter)
	s.mu.Unlock()
	if wait {
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait {
		key, known = s.find(id, t.Method.Alg())
	}
	switch {
	case known:
		return key, nil
	case s.failed:
		return nil, fault.New(fault.Unavailable, fault.CodeUnavailable,
			"the keys that JWTs are checked with cannot be fetched now; try again in a moment").At(s.triedAt.Add(keysEvery))
	}
	return nil, unauthenticated("no key that is known here signed the JWT")
}

// find looks a key up; s.mu is held.
func (s *keySet) find(id, algorithm string) (key any, ok bool) {
	for _, k := range s.keys {
		if k.algorithm != algorithm || id != "" && k.id != id {
			continue
		}
		if ok {
			return nil, false // which of them, nobody can tell
		}
		key, ok = k.key, true
	}
	return key, ok
}

// fetchIfDue begins a fetch; s.mu is held. The fetch goes on if its caller goes
// away, because others wait for it, and ends within keysTimeout.
func (s *keySet) fetchIfDue(ctx context.Context, known bool) {
	now := time.Now()
	if s.flight != nil || now.Sub(s.triedAt) < keysEvery || known && now.Sub(s.fetchedAt) < keysFresh {
		return
	}
	flight := make(chan struct{})
	s.flight, s.triedAt = flight, now
	go func() {
		defer close(flight)
		keys, err := s.fetch(context.WithoutCancel(ctx))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flight, s.failed = nil, err != nil
		if err != nil {
			s.log.WarnContext(ctx, "the keys that JWTs are checked with could not be fetched; those that are known stay in use",
				"known", len(s.keys), "error", err)
			return
		}
		s.keys, s.fetchedAt = keys, time.Now()
	}()
}

func (s *keySet) fetch(ctx context.Context) ([]publicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, errors.New("the address in AUTH_JWKS_URL cannot be used")
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := s.calls.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("%s answered with HTTP %d", req.URL.Host, answer.Status)
	}
	return parseKeys(answer.Body)
}

// parseKeys reads a set. Keys of other kinds and for other uses are passed over,
// as RFC 7517 §5 wants; a set without any key that can be used is an error.
func parseKeys(body []byte) ([]publicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("the answer is not a JSON Web Key Set")
	}
	var keys []publicKey
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		if key, ok := parseKey(raw); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the set has no key for RS256, ES256 or EdDSA")
	}
	return keys, nil
}

// parseKey reads a key by its own numbers: no certificate of it is looked at,
// and nothing is fetched for it.
func parseKey(raw []byte) (publicKey, bool) {
	var m jwkset.JWKMarshal
	if json.Unmarshal(raw, &m) != nil ||
		m.USE != "" && m.USE != jwkset.UseSig ||
		len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify) {
		return publicKey{}, false
	}
	numbers := jwkset.JWKMarshal{KTY: m.KTY, CRV: m.CRV, X: m.X, Y: m.Y, N: m.N, E: m.E}
	parsed, err := jwkset.NewJWKFromMarshal(numbers, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return publicKey{}, false
	}
	algorithm := algorithmOf(parsed.Key())
	if algorithm == "" || m.ALG != "" && string(m.ALG) != algorithm {
		return publicKey{}, false
	}
	return publicKey{id: m.KID, algorithm: algorithm, key: parsed.Key()}, true
}

// algorithmOf returns the algorithm of a key's kind, empty for kinds that are
// not taken. RSA has the least size of RFC 7518 §3.3, and a most, because each
// check of a signature costs by it.
func algorithmOf(key any) string {
	const least, most = 2048, 8192 // bits
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits >= least && bits <= most {
			return jwt.SigningMethodRS256.Alg()
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return jwt.SigningMethodES256.Alg()
		}
	case ed25519.PublicKey:
		return jwt.SigningMethodEdDSA.Alg()
	}
	return ""
}
