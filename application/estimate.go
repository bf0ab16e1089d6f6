package application

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// estimateTime bounds an estimate: people wait for it.
	estimateTime = 10 * time.Second
	// estimateCalls bounds the sources that are opened at a time.
	estimateCalls = 4
	// postsPerCall is what a page of either provider holds at most.
	postsPerCall = 100
)

// Estimate is what a task would bring and cost. What nobody knows is nil.
type Estimate struct {
	Provider      content.ProviderID
	Kind          content.SourceKind // of the first source
	ExpectedPosts *int64
	// Unit is what Cost counts: units, requests.
	Unit  string
	Cost  *int64
	Quota *access.Quota
}

// Estimates tells what tasks would cost, before they are made.
type Estimates struct {
	tasks    *Tasks
	contexts *Contexts
	sources  ContentSources
	quotas   *Quotas
}

// NewEstimates returns the use case.
func NewEstimates(tasks *Tasks, contexts *Contexts, sources ContentSources, quotas *Quotas) *Estimates {
	return &Estimates{tasks: tasks, contexts: contexts, sources: sources, quotas: quotas}
}

// Estimate opens the sources, a call or two each, within 10 seconds. It refuses
// what Tasks.Create refuses; missing credentials and a provider that does not
// answer leave the numbers unknown.
func (e *Estimates) Estimate(ctx context.Context, by access.Caller, req NewTask) (Estimate, error) {
	sources, err := e.tasks.check(ctx, by, req)
	if err != nil {
		return Estimate{}, err
	}
	provider := sources[0].Provider
	plan := e.quotas.plan(provider)
	estimate := Estimate{Provider: provider, Kind: sources[0].Kind, Unit: plan.Unit}
	opened := e.open(ctx, task.State{
		User: by.User.ID, Provider: provider, IntegrationID: req.IntegrationID, Options: req.Options,
	}, sources)
	if ctx.Err() != nil {
		return Estimate{}, ctx.Err()
	}
	if expected, cost, known := sum(opened, req.Options, provider, plan); known {
		estimate.ExpectedPosts, estimate.Cost = &expected, &cost
	}
	estimate.Quota, err = e.quotas.Quota(ctx, provider)
	return estimate, err
}

// open returns the sources' first pages; one that could not be had is nil.
func (e *Estimates) open(ctx context.Context, t task.State, sources []content.Source) []*content.Page {
	ctx, cancel := context.WithTimeout(ctx, estimateTime)
	defer cancel()
	defer e.quotas.Using(ctx, t.Provider)()
	opened := make([]*content.Page, len(sources))
	adapter := e.sources[t.Provider]
	if adapter == nil {
		return opened
	}
	ec, err := e.contexts.Build(ctx, t)
	if err != nil {
		return opened
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(estimateCalls)
	for i, src := range sources {
		group.Go(func() error {
			page, err := adapter.Open(ctx, ec, src)
			if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Gone) {
				page, err = content.Page{}, nil // nothing is there, and that is known
			}
			if err == nil {
				opened[i] = &page
			}
			return err
		})
	}
	_ = group.Wait() // one unknown makes the whole unknown
	return opened
}

// sum adds up what the sources announce and the calls that fetch it: one that
// opens each, and one for each hundred posts. Threads with many replies cost
// more, which nobody knows before they are read.
func sum(opened []*content.Page, o task.Options, p content.ProviderID, plan access.BudgetPlan) (expected, cost int64, known bool) {
	calls := callsOf[p]
	for _, page := range opened {
		if page == nil || page.Expected == 0 && len(page.Follow) > 0 {
			return 0, 0, false // a channel or playlist announces nothing
		}
		expected += max(page.Expected, int64(len(page.Posts)))
	}
	if o.MaxPosts > 0 {
		expected = min(expected, o.MaxPosts)
	}
	cost = int64(len(opened))*plan.Cost(calls.open) + (expected+postsPerCall-1)/postsPerCall*plan.Cost(calls.page)
	return expected, cost, true
}

// callsOf names the methods that open a source and that read a page of it, as
// the adapters tell the Meter.
var callsOf = map[content.ProviderID]struct{ open, page string }{
	content.YouTube: {"videos.list", "commentThreads.list"},
}

var _ ports.HealthChecker = (*Contexts)(nil)
