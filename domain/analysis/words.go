package analysis

import (
	"cmp"
	"math"
	"slices"
)

// WordFigures is a word that marks one side.
type WordFigures struct {
	Word string
	// Posts is how many posts of the side hold the word.
	Posts int64
	// Weight is the z score of the word's log-odds ratio between the sides.
	Weight float64
}

// SideWords are the words that mark the positive and the negative posts, the
// most telling first. A side without any is empty, not nil.
type SideWords struct{ Positive, Negative []WordFigures }

const (
	// sideWords is how many words a side shows at most.
	sideWords = 20
	// wordMinPosts is in how many posts of its side a word must be: two people
	// who quote each other mark nothing.
	wordMinPosts = 5
	// wordMinWeight is beyond chance at 5 %.
	wordMinWeight = 1.96
	// wordPrior is how much the prior weighs, beside the posts: enough that a word
	// that one side lacks does not count without end, too little to hide a
	// difference.
	wordPrior = 0.1
	// maxWords bounds the distinct words that are counted at a time, which is 20
	// to 40 MB.
	maxWords = 200_000
)

// WordCount finds the words that mark the positive and the negative posts of a
// task, one post after the other, in bounded memory: when there are too many
// distinct words, the rarest are forgotten (Manku & Motwani, Approximate
// Frequency Counts over Data Streams, 2002). What is forgotten had no part in
// the result: it stands in a few posts of several hundred thousand. Below that
// the order of the posts does not matter.
//
// It is not safe for concurrent use.
type WordCount struct {
	words map[string]*wordCount
	most  int
	posts int64 // added so far
	split wordSplitter
}

// wordCount is in how many posts of each side a word is, and in how many scored
// ones. last is the post that counted last.
type wordCount struct{ positive, negative, all, last int64 }

// NewWordCount returns a count of nothing.
func NewWordCount() *WordCount { return newWordCount(maxWords) }

func newWordCount(most int) *WordCount { return &WordCount{words: map[string]*wordCount{}, most: most} }

// Add counts the words of a scored post, each once. Posts that are neither
// positive nor negative tell how common a word is.
func (c *WordCount) Add(text string, label Label) {
	c.posts++
	c.split.each(text, func(word []byte) {
		w := c.words[string(word)]
		if w == nil {
			w = new(wordCount)
			c.words[string(word)] = w
		}
		if w.last == c.posts {
			return
		}
		w.last = c.posts
		w.all++
		switch label {
		case Positive:
			w.positive++
		case Negative:
			w.negative++
		case Neutral:
		}
	})
	if len(c.words) > c.most {
		c.forget()
	}
}

// forget drops the rarest words until half of the room is free, so that this is
// rare as well.
func (c *WordCount) forget() {
	for rare := int64(1); len(c.words) > c.most/2; rare++ {
		for word, w := range c.words {
			if w.all <= rare {
				delete(c.words, word)
			}
		}
	}
}

// Sides returns the words that mark each side: by the log-odds ratio with an
// informative Dirichlet prior (Monroe, Colaresi & Quinn, Fightin' Words, 2008),
// in which all scored posts are the prior. What is common on both sides, as
// "the" is, does not come out, so that no language needs a list of stop words.
func (c *WordCount) Sides() SideWords {
	var sum wordCount // of integers: the same in whatever order the map has them
	for _, w := range c.words {
		sum.positive += w.positive
		sum.negative += w.negative
		sum.all += w.all
	}
	sides := SideWords{Positive: []WordFigures{}, Negative: []WordFigures{}}
	if sum.positive == 0 || sum.negative == 0 {
		return sides // nothing to tell it from
	}
	for word, w := range c.words {
		z := w.weight(sum)
		switch {
		case z > wordMinWeight && w.positive >= wordMinPosts:
			sides.Positive = append(sides.Positive, WordFigures{word, w.positive, z})
		case z < -wordMinWeight && w.negative >= wordMinPosts:
			sides.Negative = append(sides.Negative, WordFigures{word, w.negative, -z})
		}
	}
	sides.Positive, sides.Negative = mostTelling(sides.Positive), mostTelling(sides.Negative)
	return sides
}

// weight returns the z score, above 0 for the positive side. sum counts all words.
func (w *wordCount) weight(sum wordCount) float64 {
	prior, priors := wordPrior*float64(w.all), wordPrior*float64(sum.all)
	up, down := float64(w.positive)+prior, float64(w.negative)+prior
	odds := math.Log(up/(float64(sum.positive)+priors-up)) - math.Log(down/(float64(sum.negative)+priors-down))
	return odds / math.Sqrt(1/up+1/down)
}

func mostTelling(words []WordFigures) []WordFigures {
	slices.SortFunc(words, func(a, b WordFigures) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(b.Posts, a.Posts), cmp.Compare(a.Word, b.Word))
	})
	return slices.Clip(words[:min(len(words), sideWords)])
}
