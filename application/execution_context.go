package application

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// MasterTokens holds the deployment's own credentials by provider.
type MasterTokens map[content.ProviderID]access.Token

// Contexts resolves on whose behalf a task fetches.
type Contexts struct{ masters MasterTokens }

// NewContexts returns the use case.
func NewContexts(masters MasterTokens) *Contexts { return &Contexts{masters: masters} }

// Build returns the execution context for a task, the only place that resolves
// one. Error kinds: Unauthenticated with CodeNoCredentials, which says what
// was tried and what to do.
func (c *Contexts) Build(_ context.Context, t task.State) (access.ExecutionContext, error) {
	if t.Options.Auth == task.AuthUser {
		return access.ExecutionContext{}, fault.New(fault.Unauthenticated, fault.CodeNoCredentials,
			"the task may only use the user's own %s account, and none is connected", t.Provider)
	}
	master := c.masters[t.Provider]
	if master.Empty() {
		return access.ExecutionContext{}, fault.New(fault.Unauthenticated, fault.CodeNoCredentials,
			"no %s account is connected, and this deployment has no credentials of its own: %s", t.Provider, masterHint(t.Provider))
	}
	return access.NewMasterContext(t.User, t.Provider, master), nil
}

func masterHint(p content.ProviderID) string {
	if p == content.YouTube {
		return "set YOUTUBE_MASTER_ACCESS_TOKEN to an API key and retry the task"
	}
	return "ask whoever runs it"
}
