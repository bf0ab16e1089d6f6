package sentiment

// phrases rates pairs of words that mean together what neither means alone:
// those of the published lexicon, which its own look-up by single words never
// finds; sayings; and names of emoji that hands and parties have.
var phrases = map[string]float64{
	"can't stand": -2, "cant stand": -2, "fed up": -1.8, "screwed up": -1.5,
	"can't wait": 1.9, "cant wait": 1.9, "cannot wait": 1.9, "well done": 2.1, "hell yeah": 1.9, "hell yes": 1.9,
	"fuck yeah": 1.9, "shut up": -1.5, "let down": -1.8,
	"thumbs up": 1.8, "thumbs down": -1.8, "clapping hands": 1.6, "raising hands": 1.6, "party popper": 1.6,
	"hundred points": 1.8, "middle finger": -2.4, "broken heart": -2.9,
}

// emojiMeanings replaces descriptions that say what an emoji shows where
// people mean something else by it: under a video, fire is praise.
var emojiMeanings = map[rune]string{'🔥': "awesome"}

// markPhrases gives the second word of a phrase the phrase's rating. "Pretty"
// before a rated word is a booster there and no praise.
func markPhrases(tokens []token) {
	for i := 0; i+1 < len(tokens); i++ {
		first, second := &tokens[i], &tokens[i+1]
		if first.ends {
			continue
		}
		if first.lower == "pretty" && (second.word.rated || second.lower == "much") {
			first.word.rated, first.word.valence, first.word.boost = false, 0, boostBy
			continue
		}
		if !first.word.opens {
			continue
		}
		if valence, ok := phrases[first.lower+" "+second.lower]; ok {
			first.word.negates, first.word.valence = false, 0
			second.word.rated, second.word.valence = true, valence
		}
	}
}
