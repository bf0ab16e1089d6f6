package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
)

// SessionStore keeps who is signed in at the console. A session stands for an
// API key, and goes with it.
type SessionStore interface {
	// CreateSession stores a session of a key under the hash of the session's id,
	// and clears away some of those that are over. Error kinds: NotFound where
	// there is no such key.
	CreateSession(ctx context.Context, idHash []byte, keyID string, expiresAt time.Time) error
	// Session returns the key of a session that is not over, and the key's user,
	// whether the key may still be used or not. Error kinds: NotFound.
	Session(ctx context.Context, idHash []byte, now time.Time) (access.APIKey, access.User, error)
	// DeleteSession ends a session; one that is not there is no error.
	DeleteSession(ctx context.Context, idHash []byte) error
}
