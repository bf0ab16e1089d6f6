package application_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// ledger keeps budgets in memory, by the contract of ports.BudgetStore.
type ledger struct {
	mu      sync.Mutex
	budgets map[access.BudgetKey]access.Budget
	updates int
	down    error
}

func newLedger() *ledger { return &ledger{budgets: map[access.BudgetKey]access.Budget{}} }

func (l *ledger) UpdateBudget(ctx context.Context, key access.BudgetKey, fn func(*access.Budget, time.Time)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil {
		return l.down
	}
	l.updates++
	discarded := l.budgets[key]
	fn(&discarded, time.Now()) // it may run more than once
	b := l.budgets[key]
	fn(&b, time.Now())
	l.budgets[key] = b
	return ctx.Err()
}

func (l *ledger) Budget(_ context.Context, key access.BudgetKey) (access.Budget, time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.budgets[key], time.Now(), l.down
}

var _ ports.BudgetStore = (*ledger)(nil)

func daily(limit int64) application.BudgetPlans {
	return application.BudgetPlans{content.YouTube: {
		Key: access.BudgetKey{Provider: content.YouTube, Credential: "project"},
		Plan: access.BudgetPlan{
			Unit: "units", Limit: limit, Costs: map[string]int64{"captions.list": 50},
			WindowEnd: func(t time.Time) time.Time { return t.Truncate(24 * time.Hour).Add(24 * time.Hour) },
		},
	}}
}

func minutely(limit int64) application.BudgetPlans {
	return application.BudgetPlans{content.Reddit: {
		Key: access.BudgetKey{Provider: content.Reddit, Credential: "client"},
		Plan: access.BudgetPlan{
			Unit: "requests", Limit: limit,
			WindowEnd: func(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) },
		},
	}}
}

func caller(p content.ProviderID) access.ExecutionContext {
	return access.NewMasterContext(somebody, p, access.NewToken("x"))
}

func metering(l *ledger, plans application.BudgetPlans) *application.Quotas {
	return application.NewQuotas(l, plans, slog.New(slog.DiscardHandler))
}

// used asks for what people see of a budget.
func used(t *testing.T, q *application.Quotas, p content.ProviderID) int64 {
	t.Helper()
	quota, err := q.Quota(t.Context(), p)
	require.NoError(t, err)
	require.NotNil(t, quota)
	return quota.Used
}

func TestUnitsAreReservedByTheHandfulAndHandedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		q := metering(l, daily(1000))
		first, second := q.Using(t.Context(), content.YouTube), q.Using(t.Context(), content.YouTube)
		for range 12 {
			require.NoError(t, q.Take(t.Context(), caller(content.YouTube), "videos.list"))
		}
		assert.Equal(t, 2, l.updates)
		assert.EqualValues(t, 20, used(t, q, content.YouTube))
		first()
		assert.EqualValues(t, 20, used(t, q, content.YouTube), "another run may still spend them")
		second()
		assert.EqualValues(t, 12, used(t, q, content.YouTube))
		require.NoError(t, q.Take(t.Context(), caller(content.YouTube), "captions.list"))
		q.Close(t.Context())
		assert.EqualValues(t, 62, used(t, q, content.YouTube))
	})
}

func TestTheLimitHoldsForAllProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		var allowed atomic.Int64
		var workers sync.WaitGroup
		for range 4 {
			q := metering(l, daily(100))
			for range 5 {
				workers.Go(func() {
					for q.Take(t.Context(), caller(content.YouTube), "videos.list") == nil {
						allowed.Add(1)
					}
				})
			}
		}
		workers.Wait()
		assert.EqualValues(t, 100, allowed.Load())
	})
}

func TestAnEmptyBudgetParksUntilItsWindowEnds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		plans    application.BudgetPlans
		provider content.ProviderID
		kind     fault.Kind
		code     fault.Code
		status   task.SubtaskStatus
	}{
		"youtube": {daily(3), content.YouTube, fault.QuotaExhausted, fault.CodeQuotaExhausted, task.SubtaskWaiting},
		"reddit":  {minutely(3), content.Reddit, fault.RateLimited, fault.CodeRateLimited, task.SubtaskPending},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				<-time.After(time.Second)
				q := metering(newLedger(), tc.plans)
				for range 3 {
					require.NoError(t, q.Take(t.Context(), caller(tc.provider), "m"))
				}
				err := q.Take(t.Context(), caller(tc.provider), "m")
				end := tc.plans[tc.provider].Plan.WindowEnd(time.Now())
				f := fault.As(err)
				assert.Equal(t, tc.kind, f.Kind)
				assert.Equal(t, tc.code, f.Code)
				assert.Equal(t, end, f.RetryAt)
				assert.Contains(t, f.Message, end.UTC().Format(time.RFC3339))

				sub := task.NewSubtask("s", "t", task.FetchContent, task.Payload{}, time.Now())
				sub.End(task.DefaultRetryPolicy().Decide(err, sub.State(), time.Now(), 0.5), time.Now())
				assert.Zero(t, sub.State().Attempt)
				assert.Equal(t, tc.status, sub.State().Status)
				<-time.After(time.Until(end))
				assert.NoError(t, q.Take(t.Context(), caller(tc.provider), "m"), "it goes on by itself")
			})
		})
	}
}

func TestARefusalEmptiesTheLedgerForAllProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		q, other := metering(l, daily(1000)), metering(l, daily(1000))
		require.NoError(t, q.Take(t.Context(), caller(content.YouTube), "m"))
		end := time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)
		q.Refused(t.Context(), caller(content.YouTube), end)
		for _, process := range []*application.Quotas{q, other} {
			assert.Equal(t, fault.QuotaExhausted, fault.KindOf(process.Take(t.Context(), caller(content.YouTube), "m")))
		}
		quota, err := q.Quota(t.Context(), content.YouTube)
		require.NoError(t, err)
		assert.Zero(t, quota.Left)
		assert.Equal(t, end, quota.ResetAt)
	})
}

func TestHeadersDecideWhereNothingIsPlanned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		q, ec := metering(l, minutely(0)), caller(content.Reddit)
		for range 500 {
			require.NoError(t, q.Take(t.Context(), ec, "m"))
		}
		assert.Equal(t, 1, l.updates, "what is not counted costs next to nothing")
		reset := time.Now().Add(5 * time.Minute)
		q.Heard(t.Context(), ec, access.Allowance{Used: 600, Left: 0, ResetAt: reset})
		err := q.Take(t.Context(), ec, "m")
		assert.Equal(t, fault.RateLimited, fault.KindOf(err), "a stock is worth no more than the provider says")
		assert.Equal(t, reset, fault.As(err).RetryAt)
		<-time.After(5 * time.Minute)
		assert.NoError(t, q.Take(t.Context(), ec, "m"))
	})
}

func TestUnitsOfAWindowThatIsOverAreNotSpent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := metering(newLedger(), minutely(100))
		done := q.Using(t.Context(), content.Reddit)
		require.NoError(t, q.Take(t.Context(), caller(content.Reddit), "m"))
		<-time.After(time.Minute)
		require.NoError(t, q.Take(t.Context(), caller(content.Reddit), "m"))
		assert.EqualValues(t, 10, used(t, q, content.Reddit))
		done()
		assert.EqualValues(t, 1, used(t, q, content.Reddit))
	})
}

func TestWithoutAPlanNothingIsCounted(t *testing.T) {
	t.Parallel()
	q := metering(nil, nil)
	defer q.Using(t.Context(), content.YouTube)()
	require.NoError(t, q.Take(t.Context(), caller(content.YouTube), "m"))
	q.Heard(t.Context(), caller(content.YouTube), access.Allowance{})
	q.Refused(t.Context(), caller(content.YouTube), time.Now())
	q.Close(t.Context())
	quota, err := q.Quota(t.Context(), content.YouTube)
	require.NoError(t, err)
	assert.Nil(t, quota)
}

func TestADatabaseThatIsDownAllowsNoCall(t *testing.T) {
	t.Parallel()
	l := newLedger()
	l.down = fault.Wrap(errors.New("x"), fault.Unavailable, fault.CodeUnavailable, "the database is out of reach")
	q := metering(l, daily(10))
	assert.Equal(t, fault.Unavailable, fault.KindOf(q.Take(t.Context(), caller(content.YouTube), "m")))
	_, err := q.Quota(t.Context(), content.YouTube)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, q.Take(ended, caller(content.YouTube), "m"))
}
