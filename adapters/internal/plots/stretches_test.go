package plots

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
)

func TestStretchesAreAsShortAsFits(t *testing.T) {
	t.Parallel()
	for days, want := range map[int]struct {
		unit  string
		count int
		first string
	}{
		1:         {"day", 1, "2024-02-27"},
		62:        {"day", 62, "2024-02-27"},
		63:        {"week", 10, "2024-02-26"}, // a Tuesday: the week began the day before
		430:       {"week", 62, "2024-02-26"},
		450:       {"month", 16, "2024-02-01"},
		1000:      {"month", 34, "2024-02-01"},
		6 * 365:   {"quarter", 25, "2024-01-01"},
		20 * 365:  {"year", 21, "2024-01-01"},
		200 * 365: {"year", mostStretches, "2163-01-01"},
	} {
		s := figures(days)
		all, u := stretches(s.ByDay)
		require.Equal(t, want.unit, u.name, "%d days", days)
		require.Len(t, all, want.count, "%d days", days)
		require.Equal(t, want.first, all[0].from.Format(time.DateOnly), "%d days", days)
	}
}

// What is summed up by stretches is what there was by days, and each stretch
// begins where the one before ends.
func TestStretchesLoseNothing(t *testing.T) {
	t.Parallel()
	for _, days := range []int{1, 8, 61, 62, 63, 100, 434, 435, 1000, 3000, 10_000} {
		s := figures(days)
		want := stretch{}
		for _, d := range s.ByDay {
			want.add(d)
		}
		all, u := stretches(s.ByDay)
		got := total(all)
		require.InDelta(t, want.sum, got.sum, 1e-6)
		got.sum = want.sum
		require.Equal(t, want, got, "%d days", days)
		for i := 1; i < len(all); i++ {
			require.Equal(t, all[i].from, u.next(all[i-1].from))
		}
	}
}

func TestMeanIsWeightedByPosts(t *testing.T) {
	t.Parallel()
	high, low := 1.0, -1.0
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	all, _ := stretches([]analysis.Day{
		{Day: day, Posts: 3, Positive: 3, MeanScore: &high}, {Day: day.AddDate(0, 0, 1), Posts: 1, Negative: 1, MeanScore: &low},
		{Day: day.AddDate(0, 0, 4), Posts: 7},
	})
	require.Len(t, all, 5, "days without posts are there, too")
	require.InDelta(t, 0.5, total(all).mean(), 1e-9)
}

func TestRoundUp(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]int64{0: 2, 1: 2, 2: 2, 3: 4, 5: 6, 9: 10, 10: 10, 11: 20, 24: 30, 99: 100, 100: 100, 101: 200, 12_345: 20_000, 10e9: 10e9} {
		require.Equal(t, want, roundUp(n), "%d", n)
	}
}
