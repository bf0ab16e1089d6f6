package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
)

// Meter accounts for the calls that a ContentSource makes. The source asks
// before each call, and passes on what answers tell of the budget.
type Meter interface {
	// Take spends the cost of a call of the provider's method. Error kinds:
	// QuotaExhausted and RateLimited with RetryAt, when the call must not be made;
	// Unavailable.
	Take(ctx context.Context, ec access.ExecutionContext, method string) error
	// Heard passes on what an answer's headers told.
	Heard(ctx context.Context, ec access.ExecutionContext, a access.Allowance)
	// Refused passes on that the provider allows no call until then.
	Refused(ctx context.Context, ec access.ExecutionContext, until time.Time)
}

// Unmetered is a Meter that counts nothing and allows everything.
type Unmetered struct{}

// Take allows the call.
func (Unmetered) Take(context.Context, access.ExecutionContext, string) error { return nil }

// Heard forgets.
func (Unmetered) Heard(context.Context, access.ExecutionContext, access.Allowance) {}

// Refused forgets.
func (Unmetered) Refused(context.Context, access.ExecutionContext, time.Time) {}

// BudgetStore keeps budgets, one row each.
type BudgetStore interface {
	// UpdateBudget calls fn with the budget, its row locked, and the time of the
	// database's clock, and stores what fn made of it. A budget that is not there
	// is empty. fn may run more than once.
	UpdateBudget(ctx context.Context, key access.BudgetKey, fn func(b *access.Budget, now time.Time)) error
	// Budget returns the budget as it stands, and the time of the database's clock.
	Budget(ctx context.Context, key access.BudgetKey) (access.Budget, time.Time, error)
}
