package portstest

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
)

// TestSpamDetector checks what ports.SpamDetector promises. newDetector
// returns a detector that can judge; it is called once for each guarantee.
func TestSpamDetector(t *testing.T, newDetector func(t *testing.T) ports.SpamDetector) {
	t.Helper()
	for _, guarantee := range []struct {
		name  string
		check func(t *testing.T, d ports.SpamDetector)
	}{
		{"an empty batch has no verdicts", spamEmptyBatch},
		{"verdicts come in the order of the items", spamOrder},
		{"500 items are one batch", spamFullBatch},
		{"the same item has the same verdict in every batch", spamAlone},
		{"any text is judged", spamWeirdTexts},
		{"the caller's items are left alone", spamItemsUntouched},
		{"a context that ended ends the call", spamCancelled},
		{"many goroutines may judge", spamConcurrent},
	} {
		t.Run(guarantee.name, func(t *testing.T) {
			t.Parallel()
			guarantee.check(t, newDetector(t))
		})
	}
}

// spamSample returns n items of every sort, with ids of their own.
func spamSample(n int) []analysis.SpamItem {
	texts := []string{
		"what a lovely song, it reminds me of my grandmother's garden",
		"Check out my channel and subscribe please!!! http://spam.example/win",
		"", "first", "Это очень хорошая песня, спасибо за видео!",
	}
	items := make([]analysis.SpamItem, n)
	for i := range items {
		items[i] = analysis.SpamItem{
			ID:          "post-" + strconv.Itoa(i),
			Text:        texts[i%len(texts)],
			Author:      content.Author{Name: "author " + strconv.Itoa(i%7), ExternalID: "UC" + strconv.Itoa(i%7)},
			PublishedAt: time.Date(2026, 3, 1, 12, 0, i, 0, time.UTC),
			ByOwner:     i%11 == 10,
			Occurrences: 1 + i%3,
		}
	}
	return items
}

// spamVerdicts judges items and checks what holds for every verdict.
func spamVerdicts(t *testing.T, d ports.SpamDetector, items []analysis.SpamItem) []*analysis.SpamVerdict {
	t.Helper()
	verdicts, err := d.Detect(t.Context(), items)
	require.NoError(t, err)
	require.Len(t, verdicts, len(items))
	for i, v := range verdicts {
		require.NotNil(t, v, "item %d has no verdict", i)
		assert.Contains(t, []analysis.Verdict{analysis.Spam, analysis.OK}, v.Verdict)
		assert.False(t, math.IsNaN(v.Score) || v.Score < 0 || v.Score > 1, "item %d has the score %v", i, v.Score)
		assert.NotEmpty(t, v.Model)
		if v.Verdict == analysis.OK {
			assert.Empty(t, v.Reasons, "item %d is ok for reasons", i)
		}
	}
	return verdicts
}

func spamEmptyBatch(t *testing.T, d ports.SpamDetector) {
	verdicts, err := d.Detect(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, verdicts)
	assert.NotEmpty(t, d.Model())
}

func spamOrder(t *testing.T, d ports.SpamDetector) {
	items := spamSample(20)
	forwards := spamVerdicts(t, d, items)
	slices.Reverse(items)
	backwards := spamVerdicts(t, d, items)
	slices.Reverse(backwards)
	assert.Equal(t, forwards, backwards)
	kinds := map[analysis.Verdict]bool{}
	for _, v := range forwards {
		kinds[v.Verdict] = true
	}
	assert.Len(t, kinds, 2, "a detector that always says the same shows nothing about order")
}

func spamFullBatch(t *testing.T, d ports.SpamDetector) { spamVerdicts(t, d, spamSample(500)) }

func spamAlone(t *testing.T, d ports.SpamDetector) {
	items := spamSample(30)
	together := spamVerdicts(t, d, items)
	for i := range items {
		alone := spamVerdicts(t, d, items[i:i+1])
		assert.Equal(t, together[i], alone[0], "item %d", i)
	}
}

func spamWeirdTexts(t *testing.T, d ports.SpamDetector) {
	var items []analysis.SpamItem
	for i, text := range []string{
		"", " ", "\x00", "\xff\xfe\xfd", "a\x80b", "\ufeff", strings.Repeat("word ", 13_000), strings.Repeat("x", 65_536),
		strings.Repeat("<", 65_536), strings.Repeat("👨‍👩‍👧 ", 3_000), "👍🏽👍🏽👍🏽", "שלום עולם, איזה שיר יפה", "مرحبا بالعالم ما أجمل هذه الأغنية",
		"\u202egnirts desrever\u202c", "\"}]}{\\", "<a href=\"", "&amp;&#39;&", "https://", "...", "🇩🇪🇯🇵",
	} {
		items = append(items, analysis.SpamItem{ID: "weird-" + strconv.Itoa(i), Text: text, Occurrences: 1})
	}
	spamVerdicts(t, d, items)
}

func spamItemsUntouched(t *testing.T, d ports.SpamDetector) {
	items := spamSample(40)
	before := slices.Clone(items)
	verdicts := spamVerdicts(t, d, items)
	assert.Equal(t, before, items)
	first := *verdicts[0]
	clear(items)
	assert.Equal(t, first, *verdicts[0])
}

func spamCancelled(t *testing.T, d ports.SpamDetector) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan error, 1)
	go func() {
		_, err := d.Detect(ctx, spamSample(500))
		done <- err
	}()
	select {
	case err := <-done:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(2 * time.Second):
		t.Error("Detect goes on 2 seconds after its context ended")
	}
}

func spamConcurrent(t *testing.T, d ports.SpamDetector) {
	items := spamSample(50)
	want := spamVerdicts(t, d, items)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got, err := d.Detect(t.Context(), items)
			assert.NoError(t, err)
			assert.Equal(t, want, got)
			assert.NotEmpty(t, d.Model())
		})
	}
	all.Wait()
}
