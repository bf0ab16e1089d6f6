package application

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// IntegrationsDeps are what accounts are connected with.
type IntegrationsDeps struct {
	Store       ports.IntegrationStore
	Connections ports.ConnectionStore
	Authorities TokenAuthorities
}

// IntegrationSettings say where users come from and go back to.
type IntegrationSettings struct {
	// Origins are those that a user may be sent back to.
	Origins []string
	// CallbackURL is where providers send the user, as it is registered there.
	CallbackURL string
}

// Integrations connects users' accounts, lists and disconnects them.
type Integrations struct {
	IntegrationsDeps
	settings IntegrationSettings
	log      *slog.Logger
}

// NewIntegrations returns the use cases.
func NewIntegrations(d IntegrationsDeps, s IntegrationSettings, log *slog.Logger) *Integrations {
	return &Integrations{IntegrationsDeps: d, settings: s, log: log}
}

// Begin returns the provider's address at which the user consents. The provider
// sends them to Callback, and that to returnTo. Error kinds: Forbidden,
// Invalid, NotFound, and Unavailable without an OAuth client for the provider.
func (i *Integrations) Begin(ctx context.Context, by access.Caller, provider content.ProviderID, returnTo string) (string, error) {
	if err := by.May(access.IntegrationsWrite); err != nil {
		return "", err
	}
	authority, err := i.authority(provider)
	if err != nil {
		return "", err
	}
	if err := checkReturnTo(returnTo, i.settings.Origins); err != nil {
		return "", err
	}
	state, connection := access.NewSecret(), access.Connection{
		ID: access.NewSecret(), UserID: by.User.ID, Provider: provider, ReturnTo: returnTo,
		Verifier: access.NewToken(access.NewSecret()), ExpiresAt: now().Add(access.ConsentTime),
	}
	if err := i.Connections.BeginConnection(ctx, connection, access.HashState(state)); err != nil {
		return "", err
	}
	return authority.AuthorizationURL(ports.Authorization{
		State: state, Verifier: connection.Verifier, RedirectURL: i.settings.CallbackURL,
	}), nil
}

func (i *Integrations) authority(p content.ProviderID) (ports.TokenAuthority, error) {
	name, known := providerNames[p]
	if !known {
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "there is no provider of that name; try youtube or reddit")
	}
	if i.Authorities[p] == nil {
		return nil, fault.New(fault.Unavailable, fault.CodeUnavailable,
			"%s accounts cannot be connected here: whoever runs this deployment sets %s_CLIENT_ID and %[2]s_CLIENT_SECRET", name, strings.ToUpper(string(p)))
	}
	return i.Authorities[p], nil
}

// CallbackAnswer is what a provider sends a user back with. All of it may be
// forged.
type CallbackAnswer struct{ State, Code, Error, Scope string }

// longestParameter bounds what a callback's parameters may hold, in bytes.
const longestParameter = 4096

// Callback keeps the code for the user who began, and returns where to send the
// browser: to their returnTo with connection=ID, or with error=CODE. It connects
// nothing, because nobody is signed in here. Error kinds: NotFound for a state
// that is unknown, was used or is over.
func (i *Integrations) Callback(ctx context.Context, a CallbackAnswer) (string, error) {
	if a.State == "" || len(a.State) > longestParameter {
		return "", stateOver()
	}
	refusal, code := a.refusal(), access.NewToken(a.Code)
	if refusal != "" {
		code = access.Token{}
	}
	answered := now()
	c, err := i.Connections.AnswerConnection(ctx, access.HashState(a.State), code, answered.Add(access.CodeTime), answered)
	if fault.Is(err, fault.NotFound) {
		return "", stateOver()
	}
	if err != nil {
		return "", err
	}
	if refusal == "" && i.leavesOut(c.Provider, a.Scope) {
		refusal = access.ReasonInsufficientScope
		if _, err := i.Connections.TakeConnection(ctx, c.UserID, c.ID, answered); err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
	}
	if refusal != "" {
		return withParameter(c.ReturnTo, "error", refusal)
	}
	return withParameter(c.ReturnTo, "connection", c.ID)
}

func stateOver() error {
	return fault.New(fault.NotFound, fault.CodeNotFound,
		"this consent was used already, or it took longer than %.0f minutes; go back to the web app and connect the account again", access.ConsentTime.Minutes())
}

// oauthErrors are the codes of RFC 6749 §4.1.2.1, which a web app may be told.
var oauthErrors = []string{
	"access_denied", "invalid_request", "unauthorized_client", "unsupported_response_type",
	"invalid_scope", "server_error", "temporarily_unavailable",
}

// refusal returns the code of an answer that brings no authorisation.
func (a CallbackAnswer) refusal() string {
	switch {
	case slices.Contains(oauthErrors, a.Error):
		return a.Error
	case a.Error != "", a.Code == "", len(a.Code) > longestParameter:
		return "invalid_request"
	}
	return ""
}

// leavesOut tells whether a callback that names the granted scopes lacks one.
func (i *Integrations) leavesOut(p content.ProviderID, granted string) bool {
	scopes := strings.FieldsFunc(granted, func(r rune) bool { return r == ' ' || r == ',' })
	authority := i.Authorities[p]
	if authority == nil || len(scopes) == 0 {
		return false
	}
	return len(access.Integration{Scopes: scopes}.Lacks(authority.Scopes())) > 0
}

// Complete turns a connection that the caller began into an integration. Error
// kinds: Forbidden, NotFound for everybody else, Invalid when the provider did
// not take the code, Unavailable.
func (i *Integrations) Complete(ctx context.Context, by access.Caller, connection string) (access.Integration, error) {
	if err := by.May(access.IntegrationsWrite); err != nil {
		return access.Integration{}, err
	}
	c, err := i.Connections.TakeConnection(ctx, by.User.ID, connection, now())
	if err != nil {
		return access.Integration{}, err
	}
	authority, err := i.authority(c.Provider)
	if err != nil {
		return access.Integration{}, err
	}
	held, err := i.exchange(ctx, authority, c)
	if err != nil {
		i.log.WarnContext(ctx, "an account could not be connected", "provider", c.Provider, "error", err)
		return access.Integration{}, notConnectedNow(c.Provider, err)
	}
	if held.Refresh.Empty() {
		if held, err = i.keepRefresh(ctx, held); err != nil {
			return access.Integration{}, err
		}
	}
	return i.Store.SaveIntegration(ctx, held)
}

// exchange asks the provider for the tokens and whose they are.
func (i *Integrations) exchange(ctx context.Context, authority ports.TokenAuthority, c access.Connection) (ports.HeldIntegration, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*providerTimeout)
	defer cancel()
	grant, err := authority.Exchange(ctx, c.Code, c.Verifier, i.settings.CallbackURL)
	if err != nil {
		return ports.HeldIntegration{}, err
	}
	in := access.Integration{
		ID: newID(), UserID: c.UserID, Provider: c.Provider, CreatedAt: now(),
		// A provider that names no scopes granted those that were asked for (RFC 6749 §5.1).
		Scopes: authority.Scopes(),
	}
	held := ports.HeldIntegration{}
	held.Integration, held.Credentials = in.Renewed(access.Credentials{}, grant)
	if len(held.Lacks(authority.Scopes())) > 0 {
		held.Reason = access.ReasonInsufficientScope
	}
	account, err := authority.Account(ctx, grant.Access)
	switch {
	case err == nil:
		held.AccountID, held.AccountName = content.CleanText(account.ID), content.CleanText(account.Name)
	case held.Reason == "":
		return held, err
	}
	// Without the scope to ask whose account it is, it stands for itself.
	held.AccountID = cmp.Or(held.AccountID, held.ID)
	return held, nil
}

// notConnectedNow is a failure of the provider for the user who connects. None
// of its kinds is Unauthenticated: that would be about the user's own request.
func notConnectedNow(p content.ProviderID, cause error) error {
	name := providerNames[p]
	switch f := fault.As(cause); f.Kind {
	case fault.RateLimited, fault.Unavailable, fault.Internal:
		return fault.Wrap(cause, fault.Unavailable, fault.CodeUnavailable,
			name+" did not answer as it should; connect the account again in a moment").At(f.RetryAt)
	case fault.Rejected:
		return fault.Wrap(cause, fault.Unavailable, fault.CodeUnavailable,
			name+" does not take this deployment's OAuth client; whoever runs it checks the client's id and secret")
	}
	return fault.Wrap(cause, fault.Invalid, fault.CodeInvalidValue,
		name+" did not take the consent; connect the account again").In("connection")
}

// integrationsMost bounds a look through a user's integrations.
const integrationsMost = 1000

// keepRefresh takes over the refresh token of the same account, where the
// provider gave none because it had before: it is never replaced by nothing.
func (i *Integrations) keepRefresh(ctx context.Context, held ports.HeldIntegration) (ports.HeldIntegration, error) {
	const page = 100
	for after, seen := "", 0; seen < integrationsMost; seen += page {
		listed, err := i.Store.Integrations(ctx, held.UserID, ports.Paging{Limit: page, After: after})
		if err != nil {
			return held, err
		}
		for _, in := range listed.Items {
			if in.Provider != held.Provider || in.AccountID != held.AccountID {
				continue
			}
			before, err := i.Store.Integration(ctx, held.UserID, held.Provider, in.ID)
			if err == nil {
				held.Refresh, held.Renewable = before.Refresh, !before.Refresh.Empty()
			}
			return held, err
		}
		if after = listed.Next; after == "" {
			return held, nil
		}
	}
	return held, nil
}

// List returns the caller's integrations, newest first.
func (i *Integrations) List(ctx context.Context, by access.Caller, p ports.Paging) (ports.Listed[access.Integration], error) {
	if err := by.May(access.TasksRead); err != nil {
		return ports.Listed[access.Integration]{}, err
	}
	return i.Store.Integrations(ctx, by.User.ID, p)
}

// revokeTimeout bounds the revoking, for which the user waits.
const revokeTimeout = 5 * time.Second

// Delete erases an integration and revokes its tokens at the provider, even if
// the user does not wait for it. A provider that is down does not keep the
// secrets here. Error kinds: Forbidden, NotFound.
func (i *Integrations) Delete(ctx context.Context, by access.Caller, id string) error {
	if err := by.May(access.IntegrationsWrite); err != nil {
		return err
	}
	held, err := i.Store.DeleteIntegration(ctx, by.User.ID, id)
	if err != nil {
		return err
	}
	authority := i.Authorities[held.Provider]
	if authority == nil || held.Access.Empty() && held.Refresh.Empty() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
	defer cancel()
	if err := authority.Revoke(ctx, held.Credentials); err != nil {
		i.log.WarnContext(ctx, "an integration was erased, but its tokens could not be revoked; they end by themselves, or at the provider's settings",
			"integration", held.ID, "provider", held.Provider, "error", err)
	}
	return nil
}
