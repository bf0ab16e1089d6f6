package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

const (
	// ConsentTime is how long a user may take to consent at the provider.
	ConsentTime = 10 * time.Minute
	// CodeTime is how long an authorisation code is kept for the user who began.
	CodeTime = 5 * time.Minute
)

// Connection is an attempt to connect an account. It begins at the user's
// request, gets the provider's authorisation code at the callback, where nobody
// is signed in, and becomes an integration when the same user completes it: so
// that nobody can be made to connect their account to somebody else's user.
type Connection struct {
	// ID names the attempt in the web app's address; it is random.
	ID       string
	UserID   UserID
	Provider content.ProviderID
	ReturnTo string
	// Verifier is the secret of PKCE (RFC 7636).
	Verifier Token
	// Code is the provider's authorisation code, empty before the callback.
	Code      Token
	ExpiresAt time.Time
}

// NewSecret returns 256 random bits as 43 characters of base64url: a state, a
// PKCE verifier, the id of a connection.
func NewSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashState returns what is stored of an OAuth state.
func HashState(state string) []byte {
	h := sha256.Sum256([]byte(state))
	return h[:]
}
