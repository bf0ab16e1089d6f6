package main

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
)

func sentimentFixtures(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FIXTURES_DIR")
	if dir == "" {
		dir = "../../../shared/fixtures"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no fixtures: %v", err)
		}
		t.Skipf("no fixtures: %v", err)
	}
	return dir
}

// The figures that the README shows must stay true.
func TestSentimentTargets(t *testing.T) {
	t.Parallel()
	tweets, err := sentimentSets[0].load(sentimentFixtures(t))
	require.NoError(t, err)
	require.Len(t, tweets, 2758)
	ours, govader := soundingsLabeller(), govaderLabeller()
	assert.GreaterOrEqual(t, countPolar(tweets, labelThreshold, ours).f1(), 0.955)
	for _, atLeast := range []float64{math.SmallestNonzeroFloat64, labelThreshold, 0.2, 0.5} {
		assert.Greater(t, countPolar(tweets, atLeast, ours).f1(), countPolar(tweets, atLeast, govader).f1(),
			"texts rated at least %g", atLeast)
	}
}

func TestEvalSentimentPrintsEverySet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, evalSentiment(sentimentFixtures(t), &out))
	for _, set := range sentimentSets {
		assert.Contains(t, out.String(), "| "+set.name+" |")
	}
	t.Log(out.String())
}

func TestSentimentSetsAreReadWhole(t *testing.T) {
	t.Parallel()
	rows, err := readRatings(strings.NewReader("1\t-1.5\t\"quoted\" and \"\"odd\r\n2\t0.04\ta\tb\n"))
	require.NoError(t, err)
	assert.Equal(t, []judgement{
		{text: `"quoted" and ""odd`, label: analysis.Negative, rating: -1.5},
		{text: "a\tb", label: analysis.Neutral, rating: 0.04},
	}, rows)
	rows, err = readSST2(strings.NewReader("label\ttext_a\n1\ta \" b \n0\tc\n"))
	require.NoError(t, err)
	assert.Equal(t, []judgement{{text: `a " b `, label: analysis.Positive}, {text: "c", label: analysis.Negative}}, rows)
	rows, err = readReddit(strings.NewReader("clean_comment,category\n\"a, \"\"b\"\"\nc\",-1\n,0\n"))
	require.NoError(t, err)
	assert.Equal(t, []judgement{{text: "a, \"b\"\nc", label: analysis.Negative}}, rows)
	_, err = readReddit(strings.NewReader("clean_comment,category\na,7\n"))
	assert.Error(t, err)
}

func TestSentimentFigures(t *testing.T) {
	t.Parallel()
	constant := labeller{"constant", func(text string) analysis.Label { return analysis.Label(text) }}
	rows := []judgement{
		{text: "positive", label: "positive", rating: 1}, {text: "negative", label: "positive", rating: 1},
		{text: "neutral", label: "negative", rating: -1}, {text: "neutral", label: "neutral"},
	}
	polar := countPolar(rows, labelThreshold, constant)
	assert.Equal(t, polarCount{polar: 3, answered: 2, right: 1}, polar)
	assert.InDelta(t, 0.4, polar.f1(), 1e-9)
	c := countClasses(rows, constant)
	assert.InDelta(t, 0.5, c.accuracy(), 1e-9)
	assert.InDelta(t, (2.0/3+0+2.0/3)/3, c.macroF1(), 1e-9)
}
