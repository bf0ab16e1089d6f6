package fakeapi

import (
	"math"
	"net/http"
	"strings"
	"unicode"
)

const sentimentModel = "fake-sentiment@1"

// sentimentService plays the sentiment service: POST analyze, GET health. It
// counts words, so that a test can foretell what it says.
type sentimentService struct{}

func (sentimentService) fault(r Rule) answer { return fault(r) }

type analyzeRequest struct {
	Texts []string `json:"texts"`
}

type sentimentResult struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

func (sentimentService) answer(r *http.Request, path string, effect Effect) answer {
	return route(r, path, "analyze", func() answer { return analyze(r, effect) })
}

func analyze(r *http.Request, effect Effect) answer {
	var batch analyzeRequest
	if refusal := read(r, &batch); refusal != nil {
		return *refusal
	}
	if batch.Texts == nil {
		return refused("texts", "Field required")
	}
	if refusal := overLimit("texts", batch.Texts); refusal != nil {
		return *refusal
	}
	results := make([]sentimentResult, len(batch.Texts))
	for i, text := range batch.Texts {
		results[i].Label, results[i].Score = Polarity(text)
		if effect == UnknownLabel {
			results[i].Label = "bittersweet"
		}
	}
	return spoiledAnswer(results, sentimentModel, effect)
}

var polarWords = map[string]float64{
	"good": 1, "great": 1, "love": 1, "loved": 1, "best": 1, "amazing": 1, "thanks": 1, "thank": 1, "helpful": 1, "excellent": 1,
	"beautiful": 1, "perfect": 1, "awesome": 1, "nice": 1, "like": 0.5, "clear": 0.5, "😍": 1, "❤": 1, "🔥": 1, "👍": 1,
	"bad": -1, "worst": -1, "hate": -1, "hated": -1, "terrible": -1, "awful": -1, "boring": -1, "broken": -1, "useless": -1, "poor": -1,
	"disappointed": -1, "disappointing": -1, "wrong": -0.5, "slow": -0.5, "annoying": -1, "😡": -1, "👎": -1,
}

// Polarity returns what the fake sentiment service says of a text: the sum of
// its polar words, turned around behind a negation, drawn into -1 to 1 to two
// decimals. From 0.05 on it is positive, to -0.05 negative.
func Polarity(text string) (label string, score float64) {
	sum, sign := 0.0, 1.0
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && r != '\'' && !unicode.IsSymbol(r)
	})
	for _, word := range words {
		if word == "not" || word == "no" || strings.HasSuffix(word, "n't") {
			sign = -1
			continue
		}
		sum += sign * polarWords[word]
		sign = 1
	}
	score = math.Round(100*sum/math.Sqrt(sum*sum+4)) / 100
	switch {
	case score >= 0.05:
		return "positive", score
	case score <= -0.05:
		return "negative", score
	}
	return "neutral", 0
}
