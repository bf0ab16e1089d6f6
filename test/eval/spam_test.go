package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

// spamFixtures returns the folder of the recorded data.
func spamFixtures(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FIXTURES_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	if _, err := os.Stat(filepath.Join(dir, "spam")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the recorded data is missing: set FIXTURES_DIR")
		}
		t.Skip("the recorded data is missing: set FIXTURES_DIR")
	}
	return dir
}

func TestSpamIsFoundInVideosThatTrainingNeverSaw(t *testing.T) {
	t.Parallel()
	folds, err := spamFolds(t.Context(), spamFixtures(t))
	require.NoError(t, err)
	require.Len(t, folds, 3)
	mean := meanOf(folds)
	assert.GreaterOrEqual(t, mean.f1, 0.92)
	assert.GreaterOrEqual(t, mean.precision, 0.92)
}

func TestShippedWeightsAreThoseOfTheTraining(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "weights.tsv")
	require.NoError(t, writeSpamWeights(spamFixtures(t), path))
	trained, err := os.ReadFile(path)
	require.NoError(t, err)
	shipped, err := os.ReadFile(filepath.Join("..", "..", spamWeights))
	require.NoError(t, err)
	assert.Equal(t, string(trained), string(shipped), "run go run ./test/eval -train-spam")
}

func TestFewOrdinaryCommentsAreFlagged(t *testing.T) {
	t.Parallel()
	shares, err := spamElsewhere(t.Context(), spam.NewBuiltin(), spamFixtures(t))
	require.NoError(t, err)
	for _, share := range shares {
		if most, set := map[string]float64{
			"youtube_2024_gaming": 0.02, "youtube_2025_brands": 0.02, "youtube_thai": 0.01,
			"youtube_vietnamese": 0.01, "reddit_2016_2024_gaming": 0.03,
		}[share.name]; set {
			assert.LessOrEqual(t, share.flagged, most, share.name)
		}
	}
}

func TestTrainingForgetsRareWordsAndNames(t *testing.T) {
	t.Parallel()
	comment := func(author, video, text string, isSpam bool) labelled {
		item := analysis.SpamItem{Text: text, Author: content.Author{Name: author}, Occurrences: 1}
		return labelled{SpamItem: item, Video: video, Spam: isSpam}
	}
	weights := trainSpam([]labelled{
		comment("a", "v", "subscribe zorro", true), comment("a", "w", "subscribe zorro", true), comment("a", "w", "subscribe zorro", true),
		comment("b", "v", "my channel rocks", true), comment("c", "v", "my channel rocks", true), comment("d", "w", "my channel rocks", true),
		comment("b", "v", "perry video", true), comment("c", "v", "perry video", true), comment("d", "v", "perry video", true),
		comment("e", "v", "lovely", false), comment("f", "w", "lovely", false),
	})
	assert.NotContains(t, weights, "_subscribe zorro", "one person's words")
	assert.NotContains(t, weights, "perry _video", "one video's words")
	assert.Positive(t, weights["_channel rocks"])
}
