package portstest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/ports"
)

// weirdTexts are what platforms really send, and what only a broken one does.
var weirdTexts = []string{
	"", " ", "\t\n\r", "\x00", "a\x00b", "\xff\xfe broken \xc3", "\ufeffgood", "https://example.com/?a=1&b=2", "@someone @else",
	"12345 67890", "!!!!????", "😂", "👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301\u0301\u0301", "\u202egood\u202c", "ﷺ", "Это было ужасно", "とても良い",
	strings.Repeat("good ", 20_000), strings.Repeat("x", 64<<10), strings.Repeat("a.b,", 16<<10), strings.Repeat("💘", 16<<10),
}

// TestSentimentAnalyzer checks a ports.SentimentAnalyzer. newAnalyzer returns
// one that works, and whose service, if it has one, answers every text; what
// it opens, it closes with t.Cleanup.
func TestSentimentAnalyzer(t *testing.T, newAnalyzer func(t *testing.T) ports.SentimentAnalyzer) {
	t.Helper()
	tests := map[string]func(*testing.T, ports.SentimentAnalyzer){
		"keeps order and length":          sentimentOrder,
		"nothing for nothing":             sentimentEmptyBatch,
		"takes 500 texts":                 sentimentFullBatch,
		"same text, same result":          sentimentIndependence,
		"survives weird texts":            sentimentWeirdTexts,
		"leaves the texts alone":          sentimentCallersSlice,
		"returns the error of a ctx":      sentimentCancelled,
		"serves many callers":             sentimentConcurrency,
		"results belong to the caller":    sentimentOwnership,
		"tells its model as name@version": sentimentModel,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newAnalyzer(t))
		})
	}
}

// analyzeAll scores texts and checks what holds for every result.
func analyzeAll(t *testing.T, analyzer ports.SentimentAnalyzer, texts []string) []*analysis.Sentiment {
	t.Helper()
	sentiments, err := analyzer.Analyze(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, sentiments, len(texts))
	for i, s := range sentiments {
		require.NotNilf(t, s, "text %d has no result", i)
		checkSentiment(t, *s)
	}
	return sentiments
}

// checkSentiment checks the ranges, and the sign by the label.
func checkSentiment(t *testing.T, s analysis.Sentiment) {
	t.Helper()
	assert.NotEmpty(t, s.Model)
	assert.True(t, s.Score >= -1 && s.Score <= 1, "a score of %v", s.Score)
	switch s.Label {
	case analysis.Positive:
		assert.GreaterOrEqual(t, s.Score, 0.0)
	case analysis.Negative:
		assert.LessOrEqual(t, s.Score, 0.0)
	case analysis.Neutral:
	default:
		assert.Failf(t, "unknown label", "%q", s.Label)
	}
}

// opinionTexts are n texts that an analyser has no reason to find all alike.
func opinionTexts(n int) []string {
	opinions := []string{"This is a wonderful, wonderful song %d", "I hate this terrible video %d", "The train leaves at %d"}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(opinions[i%len(opinions)], i)
	}
	return texts
}

func sentimentsOf(sentiments []*analysis.Sentiment) []analysis.Sentiment {
	plain := make([]analysis.Sentiment, len(sentiments))
	for i, s := range sentiments {
		plain[i] = *s
	}
	return plain
}

func sentimentOrder(t *testing.T, analyzer ports.SentimentAnalyzer) {
	texts := opinionTexts(150)
	forward := sentimentsOf(analyzeAll(t, analyzer, texts))
	slices.Reverse(texts)
	backward := sentimentsOf(analyzeAll(t, analyzer, texts))
	slices.Reverse(backward)
	assert.Equal(t, forward, backward)
	assert.NotEqual(t, forward[0], forward[1], "an analyser that tells nothing apart cannot be checked")
}

func sentimentEmptyBatch(t *testing.T, analyzer ports.SentimentAnalyzer) {
	analyzeAll(t, analyzer, nil)
	analyzeAll(t, analyzer, []string{})
}

func sentimentFullBatch(t *testing.T, analyzer ports.SentimentAnalyzer) {
	analyzeAll(t, analyzer, opinionTexts(500))
}

func sentimentIndependence(t *testing.T, analyzer ports.SentimentAnalyzer) {
	texts := opinionTexts(240)
	together := sentimentsOf(analyzeAll(t, analyzer, texts))
	for _, i := range []int{0, 1, 99, 100, 239} {
		alone := analyzeAll(t, analyzer, texts[i:i+1])
		assert.Equal(t, together[i], *alone[0], "text %d alone and in a batch", i)
	}
	twice := analyzeAll(t, analyzer, []string{texts[0], texts[1], texts[0]})
	assert.Equal(t, *twice[0], *twice[2])
}

func sentimentWeirdTexts(t *testing.T, analyzer ports.SentimentAnalyzer) {
	first := sentimentsOf(analyzeAll(t, analyzer, weirdTexts))
	assert.Equal(t, first, sentimentsOf(analyzeAll(t, analyzer, weirdTexts)))
}

func sentimentCallersSlice(t *testing.T, analyzer ports.SentimentAnalyzer) {
	texts := append(opinionTexts(120), weirdTexts...)
	before := slices.Clone(texts)
	results := sentimentsOf(analyzeAll(t, analyzer, texts))
	assert.Equal(t, before, texts)
	clear(texts)
	assert.Equal(t, results, sentimentsOf(analyzeAll(t, analyzer, before)), "the analyser kept the slice")
}

func sentimentCancelled(t *testing.T, analyzer ports.SentimentAnalyzer) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sentiments, err := analyzer.Analyze(ctx, opinionTexts(300))
	require.ErrorIs(t, err, context.Canceled)
	for _, s := range sentiments {
		if s != nil {
			checkSentiment(t, *s)
		}
	}
}

func sentimentConcurrency(t *testing.T, analyzer ports.SentimentAnalyzer) {
	texts := opinionTexts(130)
	want := sentimentsOf(analyzeAll(t, analyzer, texts))
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			got, err := analyzer.Analyze(t.Context(), texts)
			if assert.NoError(t, err) {
				assert.Equal(t, want, sentimentsOf(got))
			}
			_ = analyzer.Model()
		})
	}
	callers.Wait()
}

func sentimentOwnership(t *testing.T, analyzer ports.SentimentAnalyzer) {
	texts := opinionTexts(3)
	first := analyzeAll(t, analyzer, texts)
	want := sentimentsOf(first)
	for _, s := range first {
		*s = analysis.Sentiment{}
	}
	assert.Equal(t, want, sentimentsOf(analyzeAll(t, analyzer, texts)))
}

func sentimentModel(t *testing.T, analyzer ports.SentimentAnalyzer) {
	assert.NotEmpty(t, analyzer.Model())
	sentiments := analyzeAll(t, analyzer, opinionTexts(1))
	for _, model := range []analysis.Model{analyzer.Model(), sentiments[0].Model} {
		name, version, ok := strings.Cut(string(model), "@")
		assert.True(t, ok && name != "" && version != "", "the model %q is not name@version", model)
	}
}
