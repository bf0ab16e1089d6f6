package rest

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

func TestRateIsABurstAndThenSteady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := newRateLimits(20)
		for range 20 {
			require.NoError(t, limits.take("ada"))
		}
		refused := fault.As(limits.take("ada"))
		require.Equal(t, fault.CodeTooManyRequests, refused.Code)
		require.Equal(t, 50*time.Millisecond, time.Until(refused.RetryAt).Round(time.Millisecond))
		require.NoError(t, limits.take("bob"))
		<-time.After(time.Until(refused.RetryAt)) // on the clock of synctest
		require.NoError(t, limits.take("ada"), "the time that was told is right")
		require.Error(t, limits.take("ada"))
	})
}

func TestRateMemoryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := newRateLimits(1)
		require.NoError(t, limits.take("ada"))
		for i := range 3*maxLimiters - 1 {
			require.NoError(t, limits.take(access.UserID(strconv.Itoa(i))))
			if i%(maxLimiters/2) == 0 {
				require.Error(t, limits.take("ada"), "who keeps calling is not forgotten")
			}
		}
		require.LessOrEqual(t, len(limits.recent)+len(limits.older), 2*maxLimiters)
	})
}

func TestNoRateIsNoLimit(t *testing.T) {
	t.Parallel()
	limits := newRateLimits(0)
	for range 1000 {
		require.NoError(t, limits.take("ada"))
	}
	require.Empty(t, limits.recent)
}
