package analysis

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func split(text string) []string {
	words := []string{}
	new(wordSplitter).each(text, func(word []byte) { words = append(words, string(word)) })
	return words
}

func TestWordsOfATextAre(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                             "",
		"Great song, GREAT voice!":     "great song great voice",
		"I don't; DON’T 'quote' o' it": "don't don't quote it",
		"mp3 1080p 3rd 2026 v2 ok":     "ok",
		"see https://example.com/great?a=b www.example.com (http://x.y) there": "see there",
		"@somebody thanks #blessed u/name r/music /r/music @all":               "thanks",
		"Größe ÉTÉ naïve cafe\u0301":                                           "größe été naïve cafe\u0301",
		"МУЗЫКА ΚΑΛΗΜΈΡΑ":                                                      "музыка καλημέρα",
		"well-known\nline\ttab":                                                "well known line tab",
		"love❤️love ❤️great 👍🏽👍 nice":                                          "love love great nice",
		"می\u200cخواهم":                                                        "می\u200cخواهم",
		"很好听的歌":                                                                "很好 好听 听的 的歌",
		"好":                                                                    "",
		"この曲すごい ラーメン最高":                                                        "この すごい ラーメン 最高",
		"노래 좋아요":                                                               "노래 좋아요",
		"हिन्दी गाना":                                                          "हिन्दी गाना",
		strings.Repeat("a", 25) + " " + strings.Repeat("b", 24):                strings.Repeat("b", 24),
	} {
		assert.Equal(t, strings.Fields(want), split(text), "%q", text)
	}
}

// side adds n posts of one label, each with a number of its own.
func side(c *WordCount, n int, label Label, text string) {
	for range n {
		c.Add(text, label)
	}
}

func TestWordsThatMarkASide(t *testing.T) {
	t.Parallel()
	c := NewWordCount()
	side(c, 100, Positive, "the song is beautiful beautiful")
	side(c, 30, Positive, "the voice is lovely")
	side(c, 4, Positive, "sublime")
	side(c, 100, Negative, "the sound is awful")
	side(c, 20, Negative, "the song is beautiful? no")
	side(c, 500, Neutral, "the lyrics of the song are here")
	got := c.Sides()
	words := func(figures []WordFigures) (all []string) {
		for _, f := range figures {
			all = append(all, f.Word)
		}
		return all
	}
	require.Equal(t, []string{"beautiful", "song", "lovely", "voice"}, words(got.Positive), "sublime is in 4 posts only")
	require.Equal(t, []string{"awful", "sound", "no"}, words(got.Negative), "what is on both sides, as the, is on none")
	require.EqualValues(t, 100, got.Positive[0].Posts, "a post counts once")
	for _, f := range slices.Concat(got.Positive, got.Negative) {
		require.Greater(t, f.Weight, wordMinWeight, f.Word)
	}
}

func TestOneSideAloneHasNoWords(t *testing.T) {
	t.Parallel()
	empty := SideWords{Positive: []WordFigures{}, Negative: []WordFigures{}}
	c := NewWordCount()
	require.Equal(t, empty, c.Sides())
	side(c, 100, Positive, "beautiful song")
	side(c, 100, Neutral, "lyrics")
	require.Equal(t, empty, c.Sides())
}

// TestWeightIsTheZScore computes one by hand: of 20 words on either side, 15 of
// one are "good", and 5 of the other.
func TestWeightIsTheZScore(t *testing.T) {
	t.Parallel()
	c := NewWordCount()
	side(c, 15, Positive, "good")
	side(c, 5, Positive, "plain")
	side(c, 5, Negative, "good")
	side(c, 15, Negative, "plain")
	// The prior of either word is 2: log(17/7) - log(7/17) = 1.7746, by the square
	// root of 1/17 + 1/7 = 0.4491.
	require.InDelta(t, 3.951, c.Sides().Positive[0].Weight, 0.001)
}

type labelled struct {
	text  string
	label Label
}

// manyPosts returns posts of Zipf's words, of which even ones are said with
// praise more often.
func manyPosts(random *rand.Rand, n int) []labelled {
	words := rand.NewZipf(random, 1.3, 3, 5000)
	posts := make([]labelled, n)
	for i := range posts {
		posts[i].label = []Label{Positive, Negative, Neutral}[random.IntN(3)]
		for range 1 + random.IntN(12) {
			w := words.Uint64()
			if posts[i].label == Positive && random.IntN(4) == 0 {
				w &^= 1
			}
			posts[i].text += " word" + strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(w))
		}
	}
	return posts
}

func sidesOf(posts []labelled, most int) SideWords {
	c := newWordCount(most)
	for _, p := range posts {
		c.Add(p.text, p.label)
	}
	return c.Sides()
}

func TestTheOrderOfPostsDoesNotMatter(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		posts := manyPosts(random, 5000)
		want := sidesOf(posts, maxWords)
		require.NotEmpty(t, want.Positive)
		random.Shuffle(len(posts), func(i, k int) { posts[i], posts[k] = posts[k], posts[i] })
		require.Equal(t, want, sidesOf(posts, maxWords))
	}
}

func TestRareWordsAreForgottenAndNothingElseChanges(t *testing.T) {
	t.Parallel()
	posts := manyPosts(rand.New(rand.NewPCG(7, 7)), 20_000)
	c := newWordCount(1000)
	for _, p := range posts {
		c.Add(p.text, p.label)
		require.LessOrEqual(t, len(c.words), 1000)
	}
	got, want := c.Sides(), sidesOf(posts, maxWords)
	for i := range 5 {
		require.Equal(t, want.Positive[i].Word, got.Positive[i].Word)
	}
	require.Equal(t, got, sidesOf(posts, 1000), "the same posts give the same words")
}

func FuzzWords(f *testing.F) {
	f.Add("I don't https://x.y 很好听 ❤️great मैं", true)
	f.Add("\xff\xfe'’\u200d\u0301a", false)
	f.Fuzz(func(t *testing.T, text string, up bool) {
		for _, word := range split(text) {
			if utf8.ValidString(text) {
				assert.True(t, utf8.ValidString(word), "%q", word)
			}
			assert.False(t, strings.ContainsFunc(word, unicode.IsDigit), "%q", word)
			assert.False(t, strings.ContainsFunc(word, unicode.IsSpace), "%q", word)
			assert.LessOrEqual(t, 2, utf8.RuneCountInString(word), "%q", word)
		}
		c := NewWordCount()
		label := Negative
		if up {
			label = Positive
		}
		side(c, 5, label, text)
		for _, w := range c.words {
			assert.EqualValues(t, 5, w.all)
		}
	})
}

func BenchmarkWords(b *testing.B) {
	posts := manyPosts(rand.New(rand.NewPCG(1, 2)), 10_000)
	for b.Loop() {
		sidesOf(posts, maxWords)
	}
	b.ReportMetric(float64(b.N*len(posts))/b.Elapsed().Seconds(), "posts/s")
}
