package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// HeldIntegration is an integration with its secrets.
type HeldIntegration struct {
	access.Integration
	access.Credentials
	// Unreadable tells that the secrets cannot be decrypted; they are empty then.
	Unreadable bool
}

// IntegrationStore keeps connected accounts; secrets are encrypted before they
// reach the database (access.Keyring). Error kinds: NotFound for an id that is
// not the user's.
type IntegrationStore interface {
	// Integrations lists a user's integrations, newest first.
	Integrations(ctx context.Context, user access.UserID, p Paging) (Listed[access.Integration], error)
	// Integration returns the one with the id, or, for an empty id, the newest of
	// the user's at the provider that needs no reconnecting (none: the newest of
	// all). It is one indexed read. Error kinds: NotFound.
	Integration(ctx context.Context, user access.UserID, provider content.ProviderID, id string) (HeldIntegration, error)
	// SaveIntegration stores a new integration, or replaces account name, scopes
	// and credentials of the user's one with the same provider and AccountID, and
	// returns it as it is stored.
	SaveIntegration(ctx context.Context, in HeldIntegration) (access.Integration, error)
	// ClaimRefresh gives one caller of all processes the right to refresh: until
	// the time is over by the database's clock, or the credentials were saved, and
	// only if the version is still the named one.
	ClaimRefresh(ctx context.Context, id string, version int64, length time.Duration) (claimed bool, err error)
	// SaveRefreshed stores renewed credentials, a reason or both, if the version is
	// still in.Version, and raises it. Otherwise it changes nothing and returns false.
	SaveRefreshed(ctx context.Context, in HeldIntegration) (saved bool, err error)
	// MarkReconnect notes why the user must connect again, if the version is still
	// the named one, and ends a claim of ClaimRefresh. It leaves the version: a
	// refresh that is under way may still be saved.
	MarkReconnect(ctx context.Context, id string, version int64, reason string) error
	// TouchIntegration notes that an integration was used.
	TouchIntegration(ctx context.Context, id string, now time.Time) error
	// DeleteIntegration erases a user's integration and returns what it was.
	DeleteIntegration(ctx context.Context, user access.UserID, id string) (HeldIntegration, error)
	// ResealSecrets encrypts up to limit secrets that another key wrote under the
	// key that writes now. It returns how many it did, 0 when all are done, and
	// leaves those that it cannot read.
	ResealSecrets(ctx context.Context, limit int) (int, error)
}

// ConnectionStore keeps attempts to connect an account.
type ConnectionStore interface {
	// BeginConnection stores an attempt under the hash of its state.
	BeginConnection(ctx context.Context, c access.Connection, stateHash []byte) error
	// AnswerConnection consumes a state, once: it keeps the code (empty after a
	// refusal, which ends the attempt) until the time, and returns the attempt.
	// Error kinds: NotFound for a state that is unknown, was used or is over.
	AnswerConnection(ctx context.Context, stateHash []byte, code access.Token, until, now time.Time) (access.Connection, error)
	// TakeConnection removes and returns an answered attempt of the user that is
	// not over. Error kinds: NotFound.
	TakeConnection(ctx context.Context, user access.UserID, id string, now time.Time) (access.Connection, error)
}
