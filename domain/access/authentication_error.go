package access

import (
	"strings"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// IntegrationAuthenticationError tells that there is nothing left to fetch with,
// what was tried, and why each of it failed.
type IntegrationAuthenticationError struct {
	Provider content.ProviderID
	// Tried are the reasons, in the order of the attempts, each a clause for people.
	Tried []string
	// Reconnect tells that an account is connected and must be connected again.
	Reconnect bool
}

// Error returns what was tried, in one sentence.
func (e *IntegrationAuthenticationError) Error() string {
	return "nothing is left to fetch from " + string(e.Provider) + " with: " + strings.Join(e.Tried, "; ")
}

// Unwrap returns the error as the fault that callers judge it by.
func (e *IntegrationAuthenticationError) Unwrap() error {
	code := fault.CodeNoCredentials
	if e.Reconnect {
		code = fault.CodeNeedsReconnect
	}
	return fault.New(fault.Unauthenticated, code, "%s", e.Error())
}
