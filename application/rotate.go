package application

import (
	"context"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// resealAtATime keeps each transaction short, so that a service that runs
	// meanwhile does not wait.
	resealAtATime = 100
	resealRounds  = 1_000_000
)

// RotateTokens encrypts all secrets anew that were not encrypted with the key
// that writes now, and returns how many there were. It may run beside the
// service, and again after it was interrupted.
func RotateTokens(ctx context.Context, store ports.IntegrationStore) (int, error) {
	done := 0
	for range resealRounds {
		n, err := store.ResealSecrets(ctx, resealAtATime)
		if err != nil || n == 0 {
			return done, err
		}
		done += n
	}
	return done, fault.New(fault.Conflict, fault.CodeWrongState,
		"secrets are encrypted with another key as quickly as they are rotated: give all processes the same TOKEN_ENCRYPTION_KEY, and run this again")
}
