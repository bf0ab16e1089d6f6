package application

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// TokenAuthorities holds the providers' OAuth servers for which the deployment
// has a client.
type TokenAuthorities map[content.ProviderID]ports.TokenAuthority

// ContextsDeps are what execution contexts are resolved from.
type ContextsDeps struct {
	Store       ports.IntegrationStore
	Authorities TokenAuthorities
	Masters     MasterTokens
	AppGrants   AppGrants
}

// Contexts resolves on whose behalf a task fetches (design §4).
type Contexts struct {
	store       ports.IntegrationStore
	authorities TokenAuthorities
	masters     *masters
	tokens      *refresher
	touches     *touches
	log         *slog.Logger
}

// NewContexts returns the use case. Close it before the store is closed.
func NewContexts(d ContextsDeps, log *slog.Logger) *Contexts {
	return &Contexts{
		store: d.Store, authorities: d.Authorities, masters: newMasters(d.Masters, d.AppGrants),
		tokens: newRefresher(d.Store, d.Authorities, log), touches: newTouches(d.Store, log), log: log,
	}
}

// Close waits for the refreshes in flight, which end by themselves within
// seconds, and saves what could not be saved until now.
func (c *Contexts) Close(ctx context.Context) {
	c.touches.running.Wait()
	c.tokens.close(ctx)
}

// Healthy returns nil, or why the users' tokens cannot be renewed.
func (c *Contexts) Healthy(context.Context) error { return c.tokens.refusals.healthy() }

// HasMaster tells whether the deployment has credentials of its own.
func (c *Contexts) HasMaster(p content.ProviderID) bool { return c.masters.has(p) }

// Build returns the execution context for a task, the only place that resolves
// one: the user's own token, renewed where it must be, else the deployment's.
//
// It returns *access.IntegrationAuthenticationError when nothing is left that
// could work without somebody's help. Other error kinds: RateLimited when
// another worker renews the token, or what was renewed could not be saved: the
// subtask comes back without spending an attempt; Unavailable when the provider
// or the database does not answer and nothing stands in.
func (c *Contexts) Build(ctx context.Context, t task.State) (access.ExecutionContext, error) {
	return c.resolve(ctx, t, nil)
}

// Renew returns a context instead of one whose token the provider refused in
// mid-run: a newer token where one is stored already, else a renewed one, else
// what Build falls back to.
func (c *Contexts) Renew(ctx context.Context, t task.State, refused access.ExecutionContext) (access.ExecutionContext, error) {
	if refused.TokenSource() == access.UserOAuth {
		t.IntegrationID = refused.IntegrationID()
	}
	return c.resolve(ctx, t, &refused)
}

// CanRenew tells whether there is something to renew a refused token with.
func (c *Contexts) CanRenew(refused access.ExecutionContext) bool {
	return refused.TokenSource() == access.UserOAuth || c.masters.renews(refused.Provider())
}

// Reject marks the integration whose token the provider refuses for good, if
// that token is still the stored one, and builds a context without it.
func (c *Contexts) Reject(ctx context.Context, t task.State, refused access.ExecutionContext, reason string) (access.ExecutionContext, error) {
	held, err := c.store.Integration(ctx, t.User, t.Provider, refused.IntegrationID())
	if err != nil && !fault.Is(err, fault.NotFound) {
		return access.ExecutionContext{}, err
	}
	if err == nil && sameToken(held, &refused) {
		c.tokens.mark(ctx, held, reason)
	}
	return c.Build(ctx, t)
}

// unusable tells that a token cannot be had and another may stand in.
type unusable struct {
	// why is a clause for people.
	why string
	// absent tells that there is none, so that nothing was fallen back from.
	absent bool
	// reconnect tells that the user must connect the account again.
	reconnect bool
	// later is how the run ends where nothing stands in, since waiting may help.
	later error
}

func (u *unusable) Error() string { return u.why }

func (c *Contexts) resolve(ctx context.Context, t task.State, refused *access.ExecutionContext) (access.ExecutionContext, error) {
	var own *unusable
	if t.Options.Auth != task.AuthMaster {
		ec, err := c.own(ctx, t, refused)
		if !errors.As(err, &own) {
			return ec, err
		}
	}
	deployment := &unusable{why: "the task may only use the user's own account"}
	if t.Options.Auth != task.AuthUser {
		token, err := c.masters.token(ctx, t.Provider, refused)
		if err == nil {
			return standIn(access.NewMasterContext(t.User, t.Provider, token), own), nil
		}
		if !errors.As(err, &deployment) {
			return access.ExecutionContext{}, err
		}
	}
	return access.ExecutionContext{}, nothingLeft(t.Provider, own, deployment)
}

// standIn notes why the user's own token is not used, if there was one.
func standIn(ec access.ExecutionContext, own *unusable) access.ExecutionContext {
	if own == nil || own.absent {
		return ec
	}
	return ec.FallenBack(access.Fallback{At: now(), Reason: own.why})
}

func nothingLeft(p content.ProviderID, tried ...*unusable) error {
	failure := &access.IntegrationAuthenticationError{Provider: p}
	for _, u := range tried {
		if u == nil {
			continue
		}
		if u.later != nil {
			return u.later
		}
		failure.Tried = append(failure.Tried, u.why)
		failure.Reconnect = failure.Reconnect || u.reconnect
	}
	return failure
}

// own returns a context with the user's own token.
func (c *Contexts) own(ctx context.Context, t task.State, refused *access.ExecutionContext) (access.ExecutionContext, error) {
	held, err := c.store.Integration(ctx, t.User, t.Provider, t.IntegrationID)
	if fault.Is(err, fault.NotFound) {
		return access.ExecutionContext{}, notConnected(t)
	}
	if err != nil {
		return access.ExecutionContext{}, err
	}
	if held, err = c.usable(ctx, held, refused); err != nil {
		return access.ExecutionContext{}, err
	}
	c.touches.note(ctx, held.Integration)
	return access.NewUserContext(held.Integration, held.Access), nil
}

func notConnected(t task.State) *unusable {
	if t.IntegrationID != "" {
		return &unusable{why: "the account that the task names is no longer connected"}
	}
	return &unusable{why: fmt.Sprintf("no %s account is connected", providerNames[t.Provider]), absent: true}
}

// usable returns the integration with a token that may be used now.
func (c *Contexts) usable(ctx context.Context, held ports.HeldIntegration, refused *access.ExecutionContext) (ports.HeldIntegration, error) {
	held, err := c.tokens.settle(ctx, held)
	if err != nil {
		return held, err
	}
	if u := c.judge(ctx, held); u != nil {
		return held, u
	}
	wasRefused := sameToken(held, refused)
	if !wasRefused && c.tokens.fresh(held.Integration) {
		return held, nil
	}
	urgent := wasRefused || held.Access.Empty() || !held.Valid(now())
	if held.Refresh.Empty() {
		if !urgent {
			return held, nil
		}
		return held, c.unrenewable(ctx, held, wasRefused)
	}
	renewed, err := c.tokens.renew(ctx, held, urgent)
	if err != nil && !urgent && ctx.Err() == nil {
		return held, nil // it still holds for a minute and more
	}
	if err == nil && renewed.Version != held.Version {
		if u := c.judge(ctx, renewed); u != nil {
			return renewed, u
		}
	}
	return renewed, err
}

// unrenewable marks an integration whose token ended, or was refused, and that
// has nothing to renew it with.
func (c *Contexts) unrenewable(ctx context.Context, held ports.HeldIntegration, refused bool) error {
	reason := access.ReasonExpired
	if refused {
		reason = access.ReasonRefused
	}
	c.tokens.mark(ctx, held, reason)
	return mustReconnect(held.Provider, reason)
}

// judge returns why the user must connect the account again, nil while they
// need not. What it finds out is noted in the row.
func (c *Contexts) judge(ctx context.Context, held ports.HeldIntegration) *unusable {
	reason := held.Reason
	switch {
	case held.Unreadable:
		reason = access.ReasonUnreadable
	case reason == access.ReasonUnreadable:
		reason = "" // the key that was missing is back
	case reason != "":
	case !held.EndsAt.IsZero() && !now().Before(held.EndsAt):
		reason = access.ReasonExpired
	case len(c.lacking(held.Integration)) > 0:
		reason = access.ReasonInsufficientScope
	}
	if reason == "" {
		return nil
	}
	if reason != held.Reason {
		c.tokens.mark(ctx, held, reason)
	}
	return mustReconnect(held.Provider, reason)
}

func (c *Contexts) lacking(in access.Integration) []string {
	authority := c.authorities[in.Provider]
	if authority == nil || len(in.Scopes) == 0 {
		return nil // nobody knows what was granted: the provider will tell
	}
	return in.Lacks(authority.Scopes())
}

var reconnectWords = map[string]string{
	access.ReasonRevoked:           "the provider no longer renews its token",
	access.ReasonInsufficientScope: "it does not allow reading comments",
	access.ReasonRefused:           "the provider refuses its token",
	access.ReasonUnreadable:        "its stored token cannot be decrypted",
	access.ReasonExpired:           "its token has expired",
}

func mustReconnect(p content.ProviderID, reason string) *unusable {
	return &unusable{reconnect: true, why: fmt.Sprintf(
		"the connected %s account must be connected again: %s", providerNames[p], reconnectWords[reason])}
}

// sameToken tells whether the stored token is the one that was refused.
func sameToken(held ports.HeldIntegration, refused *access.ExecutionContext) bool {
	return refused != nil && refused.TokenSource() == access.UserOAuth && refused.IntegrationID() == held.ID &&
		refused.Carries(held.Access)
}
