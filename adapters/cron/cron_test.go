package cron_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/cron"
	"github.com/soundings-io/soundings/domain/fault"
)

func TestNext(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, c := range []struct{ expression, after, want string }{
		{"0 6 * * 1-5", "2026-11-20T07:00:00+01:00", "2026-11-23T06:00:00+01:00"},
		{" */15 * * * * ", "2026-11-23T06:00:00+01:00", "2026-11-23T06:15:00+01:00"},
		{"@daily", "2026-11-23T06:00:00+01:00", "2026-11-24T00:00:00+01:00"},
		{"30 2 * * *", "2026-03-28T12:00:00+01:00", "2026-03-30T02:30:00+02:00"}, // the 29th has no 2:30
		{"30 2 * * *", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+01:00"}, // the 25th has it twice
		{"30 2 * * *", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"},
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		require.NoError(t, err)
		next, err := cron.Next(c.expression, after.In(berlin))
		require.NoError(t, err, c.expression)
		require.Equal(t, c.want, next.Format(time.RFC3339), "%s after %s", c.expression, c.after)
	}
}

func TestBadExpressionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "* * * * * *", "* * * *", "61 * * * *", "@every 1s", "@never", "0 0 30 2 *", "a b c d e"} {
		_, err := cron.Next(bad, time.Now())
		require.Equal(t, fault.Invalid, fault.KindOf(err), bad)
	}
}

func FuzzNext(f *testing.F) {
	f.Add("0 6 * * 1-5")
	f.Add("@weekly")
	f.Add("*/7 1-3,5 L * ?")
	after := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression string) {
		next, err := cron.Next(expression, after)
		if err == nil {
			require.True(t, next.After(after))
		}
	})
}
