package sentiment

import (
	_ "embed"
	"strconv"
	"strings"
)

// The lexicon of Hutto and Gilbert (ICWSM 2014), MIT licence, see
// lexicon/LICENSE: token and mean human rating (-4 to 4), emoji and its
// description. Entries that no lower-cased token can equal are left out.
var (
	//go:embed lexicon/valence.tsv
	valenceTSV string
	//go:embed lexicon/emoji.tsv
	emojiTSV string
	// additionsTSV has words of judgement that the lexicon lacks, on the same
	// scale. Their ratings are ours; see lexicon/README.md.
	//go:embed lexicon/additions.tsv
	additionsTSV string
)

// Empirical constants of the paper and of the published vaderSentiment.
const (
	boostBy   = 0.293 // a booster word adds this
	capsBy    = 0.733 // ALL CAPS among lower-case words add this
	negateBy  = -0.74 // a negation multiplies by this
	neverSoBy = 1.25  // "never so", "never this" multiply by this
	alpha     = 15    // normalises a sum of ratings to -1..1
)

// word is all that the rules want to know of a token; the zero value is a
// word like any other.
type word struct {
	valence float64
	boost   float64
	rated   bool // is in the lexicon
	negates bool
	opens   bool // begins a phrase
	english int8 // weight as evidence of English
	foreign int8 // weight as evidence of another language
}

// vocabulary maps lower-case tokens to what is known of them, so that the
// rules need one look-up a token. It is never changed after newVocabulary.
type vocabulary struct {
	words  map[string]word
	emojis map[rune][]token
	idioms map[string]float64
}

var boosters = strings.Fields(`absolutely amazingly awfully completely considerable considerably decidedly deeply
	effing enormous enormously entirely especially exceptional exceptionally extreme extremely fabulously flipping
	flippin frackin fracking fricking frickin frigging friggin fully fuckin fucking fuggin fugging greatly hella
	highly hugely incredible incredibly intensely major majorly more most particularly purely quite really
	remarkably so substantially thoroughly total totally tremendous tremendously uber unbelievably unusually utter
	utterly very`)

var dampeners = strings.Fields(`almost barely hardly kinda kindof kind-of less little marginal marginally occasional
	occasionally partly scarce scarcely slight slightly somewhat sorta sortof sort-of`)

// dampeningPairs are dampeners of two words.
var dampeningPairs = map[string]float64{"just enough": -boostBy, "kind of": -boostBy, "sort of": -boostBy}

var negations = strings.Fields(`aint arent cannot cant couldnt darent didnt doesnt ain't aren't can't couldn't daren't
	didn't doesn't dont hadnt hasnt havent isnt mightnt mustnt neither don't hadn't hasn't haven't isn't mightn't
	mustn't neednt needn't never none nope nor not nothing nowhere oughtnt shant shouldnt uhuh wasnt werent oughtn't
	shan't shouldn't uh-uh wasn't weren't without wont wouldnt won't wouldn't rarely seldom despite`)

// idioms replace the rating of the word that they surround.
var idioms = map[string]float64{
	"the shit": 3, "the bomb": 3, "bad ass": 1.5, "bus stop": 0, "yeah right": -2,
	"kiss of death": -1.5, "to die for": 3, "beating heart": 3.1, "broken heart": -2.9,
}

func newVocabulary() *vocabulary {
	v := &vocabulary{words: make(map[string]word, 9000), emojis: make(map[rune][]token, 1300), idioms: idioms}
	for name, rating := range pairs(additionsTSV + valenceTSV) {
		valence, err := strconv.ParseFloat(rating, 64)
		if err != nil {
			continue // a test reads every line of the embedded file
		}
		v.words[name] = word{valence: valence, rated: true}
	}
	v.mark(boosters, func(w *word) { w.boost = boostBy })
	v.mark(dampeners, func(w *word) { w.boost = -boostBy })
	v.mark(negations, func(w *word) { w.negates = true })
	v.markLanguages()
	for phrase := range phrases {
		first, _, _ := strings.Cut(phrase, " ")
		v.mark([]string{first}, func(w *word) { w.opens = true })
	}
	for emoji, description := range pairs(emojiTSV) {
		r := []rune(emoji)[0]
		if meaning, ok := emojiMeanings[r]; ok {
			description = meaning
		}
		for name := range strings.FieldsSeq(description) {
			t := v.token(name)
			// The writer chose a picture, not English words, and it is not negated.
			t.letters, t.word.english, t.word.foreign = false, 0, 0
			v.emojis[r] = append(v.emojis[r], t)
		}
	}
	return v
}

// mark changes what is known of the named words.
func (v *vocabulary) mark(names []string, change func(*word)) {
	for _, name := range names {
		w := v.words[name]
		change(&w)
		v.words[name] = w
	}
}

// pairs yields the two columns of a tab-separated file.
func pairs(tsv string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for line := range strings.Lines(tsv) {
			first, second, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			if ok && !yield(first, second) {
				return
			}
		}
	}
}
