package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/soundings-io/soundings/domain/access"
)

var (
	minute = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	plan   = access.BudgetPlan{
		Unit: "requests", Limit: 40, Costs: map[string]int64{"search.list": 5},
		WindowEnd: func(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) },
	}
	unplanned = access.BudgetPlan{Unit: "requests"}
)

func TestCost(t *testing.T) {
	t.Parallel()
	assert.EqualValues(t, 5, plan.Cost("search.list"))
	assert.EqualValues(t, 1, plan.Cost("videos.list"))
}

func TestReserveTakesFewerWhereFewAreLeftAndNeverMoreThanThereAre(t *testing.T) {
	t.Parallel()
	var b access.Budget
	var taken, last int64
	for range 100 {
		n, until := b.Reserve(plan, 10, minute)
		if n == 0 {
			assert.Equal(t, minute.Add(time.Minute), until)
			break
		}
		assert.LessOrEqual(t, n, int64(10))
		assert.Zero(t, until)
		taken, last = taken+n, n
	}
	assert.EqualValues(t, 40, taken)
	assert.EqualValues(t, 1, last, "the last units are given one by one")
	n, _ := b.Reserve(plan, 10, minute.Add(time.Minute))
	assert.EqualValues(t, 10, n, "a new window begins anew")
}

func TestAChangedLimitHoldsAtOnce(t *testing.T) {
	t.Parallel()
	var b access.Budget
	b.Reserve(plan, 10, minute)
	smaller := plan
	smaller.Limit = 10
	n, until := b.Reserve(smaller, 1, minute)
	assert.Zero(t, n)
	assert.Equal(t, minute.Add(time.Minute), until)
}

func TestHandBack(t *testing.T) {
	t.Parallel()
	end := minute.Add(time.Minute)
	var b access.Budget
	b.Reserve(plan, 10, minute)
	b.HandBack(4, end, minute)
	assert.EqualValues(t, 6, b.Planned.Used)
	b.HandBack(4, end.Add(-time.Minute), minute)
	assert.EqualValues(t, 6, b.Planned.Used, "units of a window that is over are worth nothing")
	b.HandBack(100, end, minute)
	assert.Zero(t, b.Planned.Used, "use never falls below nothing")
}

func TestHandBackToTheWindowThatTheProviderTellsOf(t *testing.T) {
	t.Parallel()
	reset := minute.Add(5 * time.Minute)
	unplanned := access.BudgetPlan{Unit: "requests"}
	var b access.Budget
	b.Heard(access.Allowance{Used: 20, Left: 80, ResetAt: reset}, minute)
	n, _ := b.Reserve(unplanned, 10, minute)
	assert.EqualValues(t, 10, n)
	b.HandBack(7, reset, minute)
	assert.EqualValues(t, 23, b.Told.Used)
	b.HandBack(7, reset.Add(-10*time.Minute), minute)
	assert.EqualValues(t, 23, b.Told.Used, "units of a window that is over are worth nothing")
	assert.Zero(t, b.Planned, "nothing is planned")
}

func TestWhatTheProviderTellsCountsBesideThePlan(t *testing.T) {
	t.Parallel()
	reset := minute.Add(5 * time.Minute)
	var b access.Budget
	b.Heard(access.Allowance{Used: 598, Left: 2, ResetAt: reset}, minute)
	n, _ := b.Reserve(plan, 10, minute)
	assert.EqualValues(t, 1, n)
	b.Heard(access.Allowance{Used: 597, Left: 3, ResetAt: reset.Add(2 * time.Second)}, minute)
	assert.EqualValues(t, 599, b.Told.Used, "an answer that comes late gives nothing back")
	b.Heard(access.Allowance{Used: 600, Left: 0, ResetAt: reset}, minute)
	n, until := b.Reserve(plan, 10, minute)
	assert.Zero(t, n)
	assert.Equal(t, reset, until)
	n, _ = b.Reserve(plan, 10, reset)
	assert.EqualValues(t, 10, n)
	b.Heard(access.Allowance{Used: 1, Left: 599, ResetAt: reset.Add(10 * time.Minute)}, reset)
	assert.EqualValues(t, 1, b.Told.Used, "a new window begins anew")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	var b access.Budget
	b.Reserve(plan, 1, minute)
	b.Refused(minute.Add(30 * time.Second))
	n, until := b.Reserve(plan, 1, minute)
	assert.Zero(t, n)
	assert.Equal(t, minute.Add(30*time.Second), until)
	b.Refused(minute.Add(10 * time.Second))
	assert.Equal(t, minute.Add(30*time.Second), b.HeldUntil, "the longer refusal holds")
	assert.EqualValues(t, 1, b.Planned.Used)
	b.Refused(minute.Add(time.Minute))
	assert.EqualValues(t, 40, b.Planned.Used, "a refusal to the window's end empties it")
}

func TestQuota(t *testing.T) {
	t.Parallel()
	var b access.Budget
	assert.Nil(t, b.Quota(unplanned, minute), "nobody knows")
	assert.Equal(t, &access.Quota{Unit: "requests", Limit: 40, Left: 40, ResetAt: minute.Add(time.Minute)}, b.Quota(plan, minute))
	b.Reserve(plan, 7, minute)
	assert.Equal(t, &access.Quota{Unit: "requests", Limit: 40, Used: 7, Left: 33, ResetAt: minute.Add(time.Minute)}, b.Quota(plan, minute))
	b.Refused(minute.Add(20 * time.Second))
	assert.Equal(t, &access.Quota{Unit: "requests", Limit: 40, Used: 7, ResetAt: minute.Add(20 * time.Second)}, b.Quota(plan, minute))
	b.Heard(access.Allowance{Used: 3, Left: 97, ResetAt: minute.Add(time.Hour)}, minute)
	assert.EqualValues(t, 100, b.Quota(unplanned, minute.Add(time.Minute)).Limit)
}
