package analysis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

func TestExplainGap(t *testing.T) {
	t.Parallel()
	n := func(i int64) *int64 { return &i }
	old := analysis.Missing{Cause: content.BeforeSince, Count: n(20)}
	for name, c := range map[string]struct {
		expected *int64
		total    int64
		missing  []analysis.Missing
		want     []analysis.Missing
	}{
		"nothing announced":      {nil, 80, nil, nil},
		"all is there":           {n(100), 100, nil, nil},
		"more than was promised": {n(100), 110, nil, nil},
		"a gap":                  {n(100), 93, nil, []analysis.Missing{{Cause: content.HiddenByPlatform, Count: n(7)}}},
		"partly explained":       {n(100), 75, []analysis.Missing{old}, []analysis.Missing{old, {Cause: content.HiddenByPlatform, Count: n(5)}}},
		"added to what is known": {n(100), 90, []analysis.Missing{{Cause: content.HiddenByPlatform, Count: n(4)}}, []analysis.Missing{{Cause: content.HiddenByPlatform, Count: n(10)}}},
		"nobody can tell":        {n(100), 50, []analysis.Missing{{Cause: content.Capped}}, []analysis.Missing{{Cause: content.Capped}}},
	} {
		s := analysis.Summary{Expected: c.expected, Total: c.total, Missing: c.missing}
		s.ExplainGap()
		require.Equal(t, c.want, s.Missing, name)
	}
}
