package main

import (
	"bytes"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/soundings-io/soundings/adapters/spam"
)

const (
	// minComments, minAuthors and minVideos are how many comments and people
	// must have used a word, under how many videos, before the model may know
	// it: others are names, or what one video is about.
	minComments = 3
	minAuthors  = 3
	minVideos   = 2
	// trainSweeps is enough for the weights to settle to four digits.
	trainSweeps = 200
)

// priors are where the weights of signals start from, and stay near to where
// the data says little. Most tricks are rare in a collection of 2013 to 2015;
// what they mean is known all the same. Signals not listed start from 0.
var priors = map[string]float64{
	"#link": 2, "#hidden_link": 3, "#short_link": 1, "#money_link": 1, "#only_link": 1, "#own_link": -1,
	"#promotes_own": 1, "#asks_subscribe": 2, "#sub_for_sub": 2, "#asks_for_own": 2, "#check_out": 1, "#fishing": 2,
	"#giveaway": 1, "#money": 2, "#adult": 1, "#crypto": 1, "#messenger": 2, "#phone": 3, "#begging": 1,
	"#repeated": 3, "#reference": -3, "#override": 4, "#hidden_letters": 3, "#styled": 1, "#lookalike": 3,
}

var ridgeWords, ridgeSignals = 2.0, 0.5

// weightsHeader stands at the top of the weights file.
const weightsHeader = `// Weights of the built-in spam detector: name, tab, weight. Written by
// go run ./test/eval -train-spam; do not edit.
// Trained on three videos of the YouTube Spam Collection (Alberto, Lochter and
// Almeida, UCI Machine Learning Repository, CC BY 4.0). Words that fewer than
// three people used, or under one video alone, author names and texts are not
// in it.
`

// writeSpamWeights trains on all videos and writes the weights that the
// detector embeds.
func writeSpamWeights(fixturesDir, path string) error {
	videos, err := loadSpamVideos(fixturesDir)
	if err != nil {
		return err
	}
	var all []labelled
	for _, video := range videos {
		all = append(all, video.Comments...)
	}
	text := bytes.NewBufferString(weightsHeader)
	if _, err := trainSpam(all).WriteTo(text); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

// trainSpam fits a logistic regression with a quadratic penalty by cyclic
// coordinate descent. It is deterministic: no random start, features in order.
func trainSpam(comments []labelled) spam.Weights {
	fit := newRegression(comments)
	for range trainSweeps {
		for j := range fit.columns {
			fit.descend(j)
		}
	}
	weights := spam.Weights{}
	for j, name := range fit.names {
		weights[name] = fit.weights[j]
	}
	return weights
}

// cell is one comment's value of a feature.
type cell struct {
	comment int
	value   float64
}

// regression is a logistic regression being fitted: features are columns.
type regression struct {
	names   []string
	columns [][]cell
	weights []float64
	labels  []float64
	odds    []float64
}

func newRegression(comments []labelled) *regression {
	columns := map[string][]cell{}
	fit := &regression{odds: make([]float64, len(comments))}
	for i, c := range comments {
		for name, value := range spam.Features(c.SpamItem) {
			columns[name] = append(columns[name], cell{i, value})
		}
		columns[spam.BiasName] = append(columns[spam.BiasName], cell{i, 1})
		fit.labels = append(fit.labels, map[bool]float64{true: 1}[c.Spam])
	}
	for name := range priors {
		columns[name] = append(columns[name], []cell{}...)
	}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		if strings.HasPrefix(name, "#") || common(columns[name], comments) {
			fit.names = append(fit.names, name)
			fit.columns = append(fit.columns, columns[name])
		}
	}
	fit.weights = make([]float64, len(fit.names))
	return fit
}

// common tells whether enough people used the word.
func common(column []cell, comments []labelled) bool {
	authors, videos := map[string]bool{}, map[string]bool{}
	for _, c := range column {
		authors[comments[c.comment].Author.Name] = true
		videos[comments[c.comment].Video] = true
	}
	return len(column) >= minComments && len(authors) >= minAuthors && len(videos) >= minVideos
}

// descend moves one weight to where the penalised likelihood is highest under
// the bound of 1/4 on the curvature, which never overshoots.
func (f *regression) descend(j int) {
	ridge := ridgeWords
	if strings.HasPrefix(f.names[j], "#") {
		ridge = ridgeSignals
	}
	if f.names[j] == spam.BiasName {
		ridge = 0
	}
	gradient, curvature := ridge*(f.weights[j]-priors[f.names[j]]), ridge
	for _, c := range f.columns[j] {
		p := 1 / (1 + math.Exp(-f.odds[c.comment]))
		gradient += c.value * (p - f.labels[c.comment])
		curvature += c.value * c.value / 4
	}
	step := -gradient / curvature
	f.weights[j] += step
	for _, c := range f.columns[j] {
		f.odds[c.comment] += step * c.value
	}
}
