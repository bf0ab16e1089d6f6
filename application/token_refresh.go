package application

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// How a token is renewed (design §4).
const (
	// claimLength outlives the provider's call and the saving.
	claimLength = 20 * time.Second
	// providerTimeout bounds one call of a provider's OAuth server.
	providerTimeout = 10 * time.Second
	// awaitEvery and awaitAtMost are how those wait whom another was quicker.
	awaitEvery  = 200 * time.Millisecond
	awaitAtMost = 15 * time.Second
	// saveTimeout bounds one write of new credentials.
	saveTimeout = 5 * time.Second
	// comeBack is after how long a subtask comes back that found the token in
	// work; half of it more by chance, so that not all come at once.
	comeBack = 4 * time.Second
	// earlySpread spreads the processes' renewals over a minute.
	earlySpread = 60 * time.Second
	// rememberedMost bounds what a process remembers of integrations.
	rememberedMost = 1000
)

// refresher renews tokens, each once, however many ask in however many processes.
type refresher struct {
	store       ports.IntegrationStore
	authorities TokenAuthorities
	refusals    *refusals
	log         *slog.Logger
	seed        maphash.Seed
	flights     singleflight.Group
	running     sync.WaitGroup

	mu sync.Mutex
	// unsaved are renewed credentials that the store did not take, by id.
	unsaved map[string]ports.HeldIntegration
	// failed are the refreshes that brought nothing, by id: their claim is held
	// until its end, so that a provider in trouble is asked every 20 seconds.
	failed map[string]failedRefresh
}

type failedRefresh struct {
	version int64
	until   time.Time
	err     error
}

func newRefresher(store ports.IntegrationStore, authorities TokenAuthorities, log *slog.Logger) *refresher {
	return &refresher{
		store: store, authorities: authorities, refusals: &refusals{}, log: log, seed: maphash.MakeSeed(),
		unsaved: map[string]ports.HeldIntegration{}, failed: map[string]failedRefresh{},
	}
}

// fresh tells whether a token need not be renewed yet. That is 60 to 120
// seconds before its end, another moment in each process.
func (r *refresher) fresh(in access.Integration) bool {
	if in.ExpiresAt.IsZero() {
		return true
	}
	type renewal struct {
		id      string
		version int64
	}
	spread := time.Duration(maphash.Comparable(r.seed, renewal{in.ID, in.Version}) % uint64(earlySpread))
	return in.ExpiresAt.Sub(now()) >= access.RefreshEarly+spread
}

// renew returns the integration with a renewed token, which is saved. The
// refresh goes on if ctx ends, for those who wait with it. Without waiting, an
// integration that another process renews is an error at once.
func (r *refresher) renew(ctx context.Context, held ports.HeldIntegration, wait bool) (ports.HeldIntegration, error) {
	type answer struct {
		held ports.HeldIntegration
		err  error
	}
	answered := make(chan answer, 1)
	detached := context.WithoutCancel(ctx)
	r.running.Go(func() {
		key := fmt.Sprint(held.ID, held.Version, wait)
		result, err, _ := r.flights.Do(key, func() (any, error) { return r.fly(detached, held, wait) })
		renewed, _ := result.(ports.HeldIntegration)
		answered <- answer{renewed, err}
	})
	select {
	case <-ctx.Done():
		return held, ctx.Err()
	case a := <-answered:
		return a.held, a.err
	}
}

// fly is the one refresh of this process. It ends by itself: each of its steps
// is bounded.
func (r *refresher) fly(ctx context.Context, held ports.HeldIntegration, wait bool) (ports.HeldIntegration, error) {
	if err := r.failedJustNow(held.Integration); err != nil {
		return held, err
	}
	authority := r.authorities[held.Provider]
	if authority == nil {
		return held, &unusable{why: fmt.Sprintf("the connected %s account's token has expired, and this deployment has no OAuth client to renew it with", providerNames[held.Provider])}
	}
	began := now()
	claimed, err := r.claim(ctx, held.Integration)
	switch {
	case err != nil:
		return held, err
	case !claimed && wait:
		return r.await(ctx, held)
	case !claimed:
		return held, inWork(held.Integration)
	}
	grant, err := refreshAt(ctx, authority, held.Refresh)
	if err != nil {
		return held, r.refused(ctx, held, began.Add(claimLength), err)
	}
	r.refusals.succeeded(held.Provider)
	held.Integration, held.Credentials = held.Renewed(held.Credentials, grant)
	return r.save(ctx, held)
}

func (r *refresher) claim(ctx context.Context, in access.Integration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	return r.store.ClaimRefresh(ctx, in.ID, in.Version, claimLength)
}

// refreshAt asks the provider; no transaction is open meanwhile.
func refreshAt(ctx context.Context, authority ports.TokenAuthority, refresh access.Token) (access.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	return authority.Refresh(ctx, refresh)
}

// await returns what the one who was quicker made of the integration.
func (r *refresher) await(ctx context.Context, held ports.HeldIntegration) (ports.HeldIntegration, error) {
	ctx, cancel := context.WithTimeout(ctx, awaitAtMost)
	defer cancel()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		current, err := r.read(ctx, held.Integration)
		switch {
		case ctx.Err() != nil:
			return held, inWork(held.Integration)
		case err != nil:
			return held, err
		case current.Version != held.Version || current.Reason != held.Reason:
			return r.judgeOthers(current)
		}
		select {
		case <-ctx.Done():
			return held, inWork(held.Integration)
		case <-tick.C:
		}
	}
}

// judgeOthers takes what another worker stored, if it helps.
func (r *refresher) judgeOthers(current ports.HeldIntegration) (ports.HeldIntegration, error) {
	switch {
	case current.Reason != "":
		return current, mustReconnect(current.Provider, current.Reason)
	case current.Access.Empty(), !current.ExpiresAt.IsZero() && !current.ExpiresAt.After(now()):
		return current, inWork(current.Integration)
	}
	return current, nil
}

func (r *refresher) read(ctx context.Context, in access.Integration) (ports.HeldIntegration, error) {
	current, err := r.store.Integration(ctx, in.UserID, in.Provider, in.ID)
	if fault.Is(err, fault.NotFound) {
		return current, &unusable{why: "the account was disconnected"}
	}
	return current, err
}

// inWork sends the subtask back without spending an attempt.
func inWork(in access.Integration) error {
	return later("another worker renews the connected %s account's token; the work goes on by itself", in)
}

// later is a park of a few seconds. Its kind is that of a limit, because those
// alone spend no attempt (task.RetryPolicy).
func later(words string, in access.Integration) error {
	wait := comeBack + time.Duration(rand.Int64N(int64(comeBack/2)))
	return fault.New(fault.RateLimited, fault.CodeProviderUnavailable, words, providerNames[in.Provider]).At(now().Add(wait))
}

// refused judges a refresh that brought nothing. Only a refusal that is final
// for this account marks it.
func (r *refresher) refused(ctx context.Context, held ports.HeldIntegration, claimEnds time.Time, cause error) error {
	f, name := fault.As(cause), providerNames[held.Provider]
	r.log.WarnContext(ctx, "a token could not be renewed", "integration", held.ID, "provider", held.Provider, "error", cause)
	switch {
	case f.Kind == fault.Unauthenticated && f.Code == fault.CodeNeedsReconnect:
		if r.revoked(ctx, held) {
			return mustReconnect(held.Provider, access.ReasonRevoked)
		}
		cause = &unusable{
			why:   fmt.Sprintf("%s refuses to renew the tokens of all accounts", name),
			later: fault.Wrap(cause, fault.Unavailable, fault.CodeProviderUnavailable, name+" refuses to renew the tokens of all accounts; whoever runs this deployment looks into its OAuth client").At(claimEnds),
		}
	case f.Kind == fault.Rejected:
		cause = &unusable{why: fmt.Sprintf(
			"%s does not take this deployment's OAuth client, so that the connected account's token cannot be renewed; whoever runs the deployment checks the client's id and secret", name)}
	default:
		cause = &unusable{
			why:   fmt.Sprintf("the connected account's token could not be renewed, because %s did not answer as it should", name),
			later: temporary(cause, name, claimEnds),
		}
	}
	r.remember(held.Integration, failedRefresh{version: held.Version, until: claimEnds, err: cause})
	return cause
}

// temporary is a failure of the provider's OAuth server for the retry policy.
func temporary(cause error, name string, notBefore time.Time) error {
	f := fault.As(cause)
	kind, at := fault.Unavailable, notBefore
	if f.Kind == fault.RateLimited {
		kind = fault.RateLimited
	}
	if f.RetryAt.After(at) {
		at = f.RetryAt
	}
	return fault.Wrap(cause, kind, fault.CodeProviderUnavailable,
		name+" could not renew the connected account's token just now; it is tried again").At(at)
}

// mark notes why an account must be connected again.
func (r *refresher) mark(ctx context.Context, held ports.HeldIntegration, reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := r.store.MarkReconnect(ctx, held.ID, held.Version, reason); err != nil {
		r.log.WarnContext(ctx, "it could not be noted that an account must be connected again",
			"integration", held.ID, "reason", reason, "error", err)
	}
}

func (r *refresher) remember(in access.Integration, f failedRefresh) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.failed) >= rememberedMost {
		clear(r.failed)
	}
	r.failed[in.ID] = f
}

func (r *refresher) failedJustNow(in access.Integration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.failed[in.ID]
	if ok && f.version == in.Version && now().Before(f.until) {
		return f.err
	}
	delete(r.failed, in.ID)
	return nil
}

// close waits for the refreshes in flight and saves what was not saved.
func (r *refresher) close(ctx context.Context) {
	r.running.Wait()
	r.mu.Lock()
	left := make([]ports.HeldIntegration, 0, len(r.unsaved))
	for _, held := range r.unsaved {
		left = append(left, held)
	}
	r.mu.Unlock()
	for _, held := range left {
		_, err := r.save(ctx, held)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return
		}
	}
}
