package analysis_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
)

func TestNewSentiment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		label analysis.Label
		score float64
		want  float64
		ok    bool
	}{
		"positive":                  {analysis.Positive, 0.87, 0.87, true},
		"negative":                  {analysis.Negative, -0.5, -0.5, true},
		"a confidence is negated":   {analysis.Negative, 0.5, -0.5, true},
		"neutral":                   {analysis.Neutral, 0, 0, true},
		"the ends":                  {analysis.Positive, 1, 1, true},
		"too much":                  {analysis.Positive, 1.01, 0, false},
		"too little":                {analysis.Negative, -1.01, 0, false},
		"not a number":              {analysis.Neutral, math.NaN(), 0, false},
		"infinite":                  {analysis.Positive, math.Inf(1), 0, false},
		"an unknown label":          {"mixed", 0.1, 0, false},
		"a label of the wrong case": {"Positive", 0.1, 0, false},
		"no label":                  {"", 0.1, 0, false},
	} {
		s, err := analysis.NewSentiment(c.label, c.score, "m@1")
		if !c.ok {
			require.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code, name)
			require.Zero(t, s, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, analysis.Sentiment{Label: c.label, Score: c.want, Model: "m@1"}, s, name)
	}
}

func TestNewSpamVerdict(t *testing.T) {
	t.Parallel()
	v, err := analysis.NewSpamVerdict(true, 0.97, []string{"link"}, "m@1")
	require.NoError(t, err)
	require.Equal(t, analysis.SpamVerdict{Verdict: analysis.Spam, Score: 0.97, Reasons: []string{"link"}, Model: "m@1"}, v)
	v, err = analysis.NewSpamVerdict(false, 0, nil, "m@1")
	require.NoError(t, err)
	require.Equal(t, analysis.OK, v.Verdict)
	for _, score := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		_, err = analysis.NewSpamVerdict(true, score, nil, "m@1")
		require.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code)
	}
}
