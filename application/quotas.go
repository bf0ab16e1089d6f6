package application

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// handful is how many units a process reserves at a time.
	handful = 10
	// uncounted is how many it may spend within uncountedTime where nothing is
	// counted; then it looks again whether the provider has refused.
	uncounted     = 1000
	uncountedTime = time.Second
)

// BudgetAccount is where the calls of one provider are counted.
type BudgetAccount struct {
	Key  access.BudgetKey
	Plan access.BudgetPlan
}

// BudgetPlans holds the accounts by provider; one that is missing is not counted.
type BudgetPlans map[content.ProviderID]BudgetAccount

// Quotas counts the calls of all workers of a deployment in rows, a handful of
// units at a time. Its comments speak of units; at Reddit they are requests.
type Quotas struct {
	store  ports.BudgetStore
	stocks map[content.ProviderID]*stock
	log    *slog.Logger
}

var _ ports.Meter = (*Quotas)(nil)

// stock is what this process has reserved of one account.
type stock struct {
	BudgetAccount
	// lock is a mutex that one can stop waiting for.
	lock chan struct{}
	// units may be spent until the moment by this process's clock.
	units int64
	until time.Time
	// windowEnd names the window that the units are of, by the database's clock.
	windowEnd time.Time
	// fetching counts the runs that may still spend.
	fetching int
}

// NewQuotas returns a meter.
func NewQuotas(store ports.BudgetStore, plans BudgetPlans, log *slog.Logger) *Quotas {
	q := &Quotas{store: store, stocks: map[content.ProviderID]*stock{}, log: log}
	for id, account := range plans {
		q.stocks[id] = &stock{BudgetAccount: account, lock: make(chan struct{}, 1)}
	}
	return q
}

// Take spends the cost of a call, or tells from when on it is allowed.
func (q *Quotas) Take(ctx context.Context, ec access.ExecutionContext, method string) error {
	s := q.stocks[ec.Provider()]
	if s == nil {
		return nil
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	cost := s.Plan.Cost(method)
	if s.units < cost || !time.Now().Before(s.until) {
		if err := q.reserve(ctx, s, cost); err != nil {
			return err
		}
	}
	s.units -= cost
	return nil
}

// reserve fills the stock up to the cost at least.
func (q *Quotas) reserve(ctx context.Context, s *stock, cost int64) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var (
		held, granted   int64
		allowed, end, t time.Time
	)
	err := q.store.UpdateBudget(ctx, s.Key, func(b *access.Budget, now time.Time) {
		held, granted, allowed, t = s.units, 0, time.Time{}, now
		if end = windowEnd(*b, s.Plan, now); end.IsZero() || !end.Equal(s.windowEnd) {
			held = 0 // they were of a window that is over
		}
		for held+granted < cost && allowed.IsZero() {
			var units int64
			units, allowed = b.Reserve(s.Plan, max(want(end), cost)-held-granted, now)
			granted += units
		}
	})
	if err != nil {
		return err
	}
	s.units, s.windowEnd, s.until = held+granted, end, time.Now().Add(stockTime(end, t))
	if s.units < cost {
		return s.exhausted(allowed, t)
	}
	return nil
}

// want returns how much is reserved of a window that ends then.
func want(windowEnd time.Time) int64 {
	if windowEnd.IsZero() {
		return uncounted
	}
	return handful
}

// windowEnd returns when the window ends that counts now; zero where none does.
func windowEnd(b access.Budget, plan access.BudgetPlan, now time.Time) time.Time {
	if plan.Limit > 0 {
		return plan.WindowEnd(now)
	}
	if now.Before(b.Told.EndsAt) {
		return b.Told.EndsAt
	}
	return time.Time{}
}

// stockTime is how long a stock may be spent: to the end of its window.
func stockTime(end, now time.Time) time.Duration {
	if end.IsZero() {
		return uncountedTime
	}
	return end.Sub(now)
}

// exhausted says when a call is allowed again. Both kinds park the subtask
// without spending an attempt.
func (s *stock) exhausted(at, now time.Time) error {
	name := providerNames[s.Key.Provider]
	if s.Key.Provider == content.YouTube && !at.Before(s.Plan.WindowEnd(now)) {
		return fault.New(fault.QuotaExhausted, fault.CodeQuotaExhausted,
			"this deployment's %s quota is used up; it comes back at %s, and the work goes on by itself",
			name, at.UTC().Format(time.RFC3339)).At(at)
	}
	return fault.New(fault.RateLimited, fault.CodeRateLimited,
		"%s allows no more calls until %s; the work goes on by itself", name, at.UTC().Format(time.RFC3339)).At(at)
}

// Heard notes what an answer told of the budget. A stock never holds more than
// the provider allows.
func (q *Quotas) Heard(ctx context.Context, ec access.ExecutionContext, a access.Allowance) {
	if s := q.stocks[ec.Provider()]; s != nil && s.acquire(ctx) == nil {
		s.units = min(s.units, max(0, a.Left))
		s.release()
	}
	q.note(ctx, ec.Provider(), func(b *access.Budget, now time.Time) { b.Heard(a, now) })
}

// Refused notes that the provider allows no call until then. What is in stock
// is worth nothing any more.
func (q *Quotas) Refused(ctx context.Context, ec access.ExecutionContext, until time.Time) {
	s := q.stocks[ec.Provider()]
	if s == nil || s.acquire(ctx) != nil {
		return
	}
	s.units = 0
	s.release()
	q.note(ctx, ec.Provider(), func(b *access.Budget, _ time.Time) { b.Refused(until) })
}

// note changes a budget, even if the run that learnt of it was just cancelled.
func (q *Quotas) note(ctx context.Context, p content.ProviderID, change func(*access.Budget, time.Time)) {
	s := q.stocks[p]
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := q.store.UpdateBudget(ctx, s.Key, change); err != nil {
		q.log.WarnContext(ctx, "what a provider told of its budget was not noted", "provider", p, "error", err)
	}
}

// Using tells that a run may spend the provider's units until the returned
// function is called. When nobody may any more, what is in stock goes back.
func (q *Quotas) Using(ctx context.Context, p content.ProviderID) (done func()) {
	s := q.stocks[p]
	if s == nil || s.acquire(ctx) != nil {
		return func() {}
	}
	s.fetching++
	s.release()
	return func() {
		s.lock <- struct{}{}
		defer s.release()
		if s.fetching--; s.fetching == 0 {
			q.handBack(ctx, s)
		}
	}
}

func (q *Quotas) handBack(ctx context.Context, s *stock) {
	units, end := s.units, s.windowEnd
	s.units = 0
	if units <= 0 || end.IsZero() || !time.Now().Before(s.until) {
		return
	}
	q.note(ctx, s.Key.Provider, func(b *access.Budget, now time.Time) { b.HandBack(units, end, now) })
}

// Close hands back what is in stock: call it when no run spends any more.
func (q *Quotas) Close(ctx context.Context) {
	for _, s := range q.stocks {
		if s.acquire(ctx) == nil {
			q.handBack(ctx, s)
			s.release()
		}
	}
}

// Quota returns how a provider's budget stands, nil where nobody knows.
func (q *Quotas) Quota(ctx context.Context, p content.ProviderID) (*access.Quota, error) {
	s := q.stocks[p]
	if s == nil {
		return nil, nil
	}
	b, now, err := q.store.Budget(ctx, s.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the budget of %s: %w", p, err)
	}
	return b.Quota(s.Plan, now), nil
}

// plan returns what calls of a provider cost.
func (q *Quotas) plan(p content.ProviderID) access.BudgetPlan {
	if s := q.stocks[p]; s != nil {
		return s.Plan
	}
	return access.BudgetPlan{Unit: defaultUnits[p]}
}

var defaultUnits = map[content.ProviderID]string{content.YouTube: "units", content.Reddit: "requests"}

func (s *stock) acquire(ctx context.Context) error {
	select {
	case s.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *stock) release() { <-s.lock }
