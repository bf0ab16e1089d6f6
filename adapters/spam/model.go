package spam

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/soundings-io/soundings/domain/analysis"
)

// Weights are a trained model: how much each feature speaks for spam (above 0)
// or against it, by the names that Features gives. BiasName has the bias.
type Weights map[string]float64

// BiasName is the name of the weight that every text has.
const BiasName = "#bias"

// ParseWeights reads what WriteTo wrote. Lines that begin with // are comments.
func ParseWeights(r io.Reader) (Weights, error) {
	weights := Weights{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		name, number, found := strings.Cut(line, "\t")
		weight, err := strconv.ParseFloat(number, 64)
		if !found || err != nil || math.IsNaN(weight) || math.IsInf(weight, 0) {
			return nil, fmt.Errorf("spam weights: %q is not NAME, tab, NUMBER", line)
		}
		weights[name] = weight
	}
	return weights, lines.Err()
}

// WriteTo writes the weights, one a line, sorted by name, with four digits.
func (w Weights) WriteTo(out io.Writer) (int64, error) {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w)) {
		fmt.Fprintf(&text, "%s\t%.4f\n", name, w[name])
	}
	n, err := io.WriteString(out, text.String())
	return int64(n), err
}

// model is Weights in the form that is quick to apply. It does not change.
type model struct {
	bias    float64
	signals [signals_]float64
	// ngrams finds a word or a pair of words in weights.
	ngrams  map[string]int32
	weights []float64
}

func newModel(weights Weights) *model {
	m := &model{bias: weights[BiasName], ngrams: make(map[string]int32, len(weights))}
	for sign, name := range signalNames {
		m.signals[sign] = weights[name]
	}
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if !strings.HasPrefix(name, "#") {
			m.ngrams[name] = int32(len(m.weights))
			m.weights = append(m.weights, weights[name])
		}
	}
	return m
}

// reading is one text being judged: buffers that are used again for the next.
type reading struct {
	runes   []rune
	tokens  tokens
	signals signals
	// seen stamps the n-grams that this text had already; stamp is its number.
	seen  []uint32
	stamp uint32
}

// read takes the item's text apart and measures it.
func (r *reading) read(item *analysis.SpamItem) {
	var tricks disguise
	r.runes, tricks = clean(r.runes, item.Text)
	r.tokens.split(r.runes)
	r.tokens.count(item.Text)
	r.signals.measure(item, &r.tokens, tricks)
}

// score returns the log-odds of spam and, of that, the part of the words. An
// n-gram counts once however often it stands in the text.
func (m *model) score(r *reading) (odds, wording float64) {
	if len(r.seen) != len(m.weights) || r.stamp == math.MaxUint32 {
		r.seen, r.stamp = make([]uint32, len(m.weights)), 0
	}
	r.stamp++
	r.tokens.ngrams(func(ngram []byte) {
		if i, known := m.ngrams[string(ngram)]; known && r.seen[i] != r.stamp {
			r.seen[i] = r.stamp
			wording += m.weights[i]
		}
	})
	wording *= r.tokens.dilution()
	odds = m.bias + wording
	for sign, value := range r.signals {
		odds += value * m.signals[sign]
	}
	return odds, wording
}

// Features returns what the model may know of an item, by name: signals begin
// with #, words of a concept with _, pairs of words are joined by a blank.
// Training uses it, so that it sees what judging sees.
func Features(item analysis.SpamItem) map[string]float64 {
	var r reading
	r.read(&item)
	features := map[string]float64{}
	for sign, value := range r.signals {
		if value != 0 {
			features[signalNames[sign]] = value
		}
	}
	r.tokens.ngrams(func(ngram []byte) { features[string(ngram)] = r.tokens.dilution() })
	return features
}
