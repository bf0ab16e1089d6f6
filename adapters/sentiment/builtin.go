// Package sentiment scores texts: a built-in analyser after VADER, and a
// client of the sentiment service.
//
// The rules are implemented here although the library govader is kept: it
// divides words at spaces only, so that a line break, as comments are full of,
// melts two words into one; its lexicon is older ("heart" is missing); it needs
// gonum; and the gate that keeps other languages out wants the same look-up of
// every word. test/eval measures both side by side.
package sentiment

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/ports"
)

// BuiltinModel names the built-in analyser. The number rises with every change
// that can change a score.
const BuiltinModel analysis.Model = "soundings-vader@1"

const (
	// threshold divides the labels, as VADER's authors recommend.
	threshold = 0.05
	// maxText is how much of a text is read, in bytes. No platform lets a
	// comment be longer (Reddit: 40,000 characters).
	maxText = 64 << 10
)

var _ ports.SentimentAnalyzer = (*Builtin)(nil)

// Builtin scores English texts, emoticons and emoji by the published rules of
// VADER (Hutto and Gilbert, ICWSM 2014) and needs no service. A text in
// another language, or with nothing in it that the lexicon rates, is neutral
// with a score of 0.
type Builtin struct {
	vocabulary *vocabulary
}

// NewBuiltin returns an analyser. It reads the embedded lexicon, which takes a
// few milliseconds.
func NewBuiltin() *Builtin {
	return &Builtin{vocabulary: newVocabulary()}
}

// Model names the analyser.
func (b *Builtin) Model() analysis.Model { return BuiltinModel }

// Analyze scores the texts. Its only error is ctx's.
func (b *Builtin) Analyze(ctx context.Context, texts []string) ([]*analysis.Sentiment, error) {
	sentiments := make([]*analysis.Sentiment, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return sentiments, err
		}
		score := b.score(text)
		sentiments[i] = &analysis.Sentiment{Label: label(score), Score: score, Model: BuiltinModel}
	}
	return sentiments, nil
}

// score is the polarity of one text, 0 for one that cannot be judged.
func (b *Builtin) score(text string) float64 {
	text = strings.ToValidUTF8(bounded(text), "")
	r := b.vocabulary.read(text)
	if !judgeable(text, r) {
		return 0
	}
	return b.vocabulary.compound(r)
}

// bounded returns the first maxText bytes of a text, cut between characters.
func bounded(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

func label(score float64) analysis.Label {
	switch {
	case score >= threshold:
		return analysis.Positive
	case score <= -threshold:
		return analysis.Negative
	}
	return analysis.Neutral
}
