package access

import (
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

// BudgetKey names a budget: the calls that one credential may make at a
// provider. Credential is a Google project or a Reddit client id, never a secret.
type BudgetKey struct {
	Provider   content.ProviderID
	Credential string
}

// BudgetPlan says how much a deployment spends at a provider.
type BudgetPlan struct {
	// Unit is what is counted, for people: units, requests.
	Unit string
	// Limit is how many a window allows; 0 counts nothing.
	Limit int64
	// WindowEnd returns the end of the window that a time lies in.
	WindowEnd func(time.Time) time.Time
	// Costs are the units of each method; one that is not named costs 1.
	Costs map[string]int64
}

// Cost returns the units of a call.
func (p BudgetPlan) Cost(method string) int64 {
	if c, ok := p.Costs[method]; ok {
		return c
	}
	return 1
}

// BudgetWindow counts what was spent until a time. It is empty after its end.
type BudgetWindow struct {
	EndsAt      time.Time `json:"endsAt,omitzero"`
	Limit, Used int64
}

func (w BudgetWindow) open(now time.Time) bool { return now.Before(w.EndsAt) }

func (w BudgetWindow) left() int64 { return max(0, w.Limit-w.Used) }

// Allowance is what a provider's answer told of a budget: so many calls until
// the reset.
type Allowance struct {
	Used, Left int64
	ResetAt    time.Time
}

// Budget is the ledger of what one credential spends, shared by all workers of
// a deployment. Only its methods change it.
type Budget struct {
	// Planned counts by the deployment's settings, Told by what the provider says.
	Planned, Told BudgetWindow
	// HeldUntil is when the provider allows calls again after it refused one.
	HeldUntil time.Time
}

// Reserve takes up to want units and returns how many it took: fewer where few
// are left, so that no worker starves while another holds a stock. None means
// that calls are allowed again at the returned time.
func (b *Budget) Reserve(plan BudgetPlan, want int64, now time.Time) (int64, time.Time) {
	if now.Before(b.HeldUntil) {
		return 0, b.HeldUntil
	}
	granted := want
	if plan.Limit > 0 {
		b.openPlanned(plan, now)
		if b.Planned.left() < 1 {
			return 0, b.Planned.EndsAt
		}
		granted = min(granted, share(b.Planned.left()))
	}
	if b.Told.open(now) {
		if b.Told.left() < 1 {
			return 0, b.Told.EndsAt
		}
		granted = min(granted, share(b.Told.left()))
	}
	b.spend(granted, now)
	return granted, time.Time{}
}

// share is the largest part of what is left that one worker may hold back.
func share(left int64) int64 { return max(1, left/4) }

func (b *Budget) openPlanned(plan BudgetPlan, now time.Time) {
	if !b.Planned.open(now) {
		b.Planned = BudgetWindow{EndsAt: plan.WindowEnd(now)}
	}
	b.Planned.Limit = plan.Limit
}

func (b *Budget) spend(units int64, now time.Time) {
	for _, w := range []*BudgetWindow{&b.Planned, &b.Told} {
		if w.open(now) {
			w.Used = max(0, w.Used+units)
		}
	}
}

// HandBack returns units that were reserved in the window that ends then,
// planned or told, and not spent.
func (b *Budget) HandBack(units int64, windowEnd, now time.Time) {
	if b.Planned.EndsAt.Equal(windowEnd) || b.Told.EndsAt.Equal(windowEnd) {
		b.spend(-units, now)
	}
}

// Heard notes what an answer told. Answers overtake each other: within a window
// the use only grows.
func (b *Budget) Heard(a Allowance, now time.Time) {
	const sameWindow = 5 * time.Second // resets come in whole seconds, and late
	if b.Told.open(now) && a.ResetAt.Sub(b.Told.EndsAt).Abs() <= sameWindow {
		b.Told.Used = max(b.Told.Used, a.Used)
		b.Told.Limit = a.Used + a.Left
		return
	}
	b.Told = BudgetWindow{EndsAt: a.ResetAt, Limit: a.Used + a.Left, Used: a.Used}
}

// Refused notes that the provider allows nothing until then, whatever was
// counted.
func (b *Budget) Refused(until time.Time) {
	if until.After(b.HeldUntil) {
		b.HeldUntil = until
	}
	if !until.Before(b.Planned.EndsAt) {
		b.Planned.Used = max(b.Planned.Used, b.Planned.Limit)
	}
}

// Quota is a budget as people see it.
type Quota struct {
	Unit              string
	Limit, Used, Left int64
	ResetAt           time.Time
}

// Quota returns how the budget stands: by the plan, or by what the provider
// told where nothing is planned. It is nil where nothing is known.
func (b Budget) Quota(plan BudgetPlan, now time.Time) *Quota {
	w := b.Told
	if plan.Limit > 0 {
		b.openPlanned(plan, now)
		w = b.Planned
	}
	if !w.open(now) {
		return nil
	}
	q := &Quota{Unit: plan.Unit, Limit: w.Limit, Used: min(w.Used, w.Limit), Left: w.left(), ResetAt: w.EndsAt}
	if now.Before(b.HeldUntil) {
		q.Left, q.ResetAt = 0, b.HeldUntil
	}
	return q
}
