package sentiment

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestBuiltinPassesKit(t *testing.T) {
	t.Parallel()
	builtin := NewBuiltin()
	portstest.TestSentimentAnalyzer(t, func(*testing.T) ports.SentimentAnalyzer { return builtin })
}

// The sentences and scores that vaderSentiment publishes in its README and its
// demo.
func TestPublishedScores(t *testing.T) {
	t.Parallel()
	b := NewBuiltin()
	for text, want := range map[string]float64{
		"VADER is smart, handsome, and funny.":                                                0.8316,
		"VADER is smart, handsome, and funny!":                                                0.8439,
		"VADER is very smart, handsome, and funny.":                                           0.8545,
		"VADER is VERY SMART, handsome, and FUNNY.":                                           0.9227,
		"VADER is VERY SMART, handsome, and FUNNY!!!":                                         0.9342,
		"VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!":                            0.9469,
		"VADER is not smart, handsome, nor funny.":                                            -0.7424,
		"The book was good.":                                                                  0.4404,
		"At least it isn't a horrible book.":                                                  0.431,
		"The book was only kind of good.":                                                     0.3832,
		"The plot was good, but the characters are uncompelling and the dialog is not great.": -0.7042,
		"Today SUX!": -0.5461,
		"Today only kinda sux! But I'll get by, lol": 0.5249,
		"Make sure you :) or :D today!":              0.8633,
		"Catch utf-8 emoji such as 💘 and 💋 and 😁":    0.875,
		"Not bad at all": 0.431,
		"Sentiment analysis has never been good.":                               -0.3412,
		"Sentiment analysis has never been this good!":                          0.5672,
		"With VADER, sentiment analysis is the shit!":                           0.6476,
		"On the other hand, VADER is quite bad ass":                             0.802,
		"Most automated sentiment analysis tools are shit.":                     -0.5574,
		"Other sentiment analysis tools can be quite bad.":                      -0.5849,
		"VADER is such a badass!":                                               0.4003,
		"Not such a badass after all.":                                          -0.2584,
		"Without a doubt, an excellent idea.":                                   0.7013,
		"Roger Dodger is one of the most compelling variations on this theme.":  0.2944,
		"Without a doubt, excellent idea.":                                      0.7013,
		"Roger Dodger is at least compelling as a variation on the theme.":      0.2263,
		"Roger Dodger is one of the least compelling variations on this theme.": -0.1695,
	} {
		assert.InDelta(t, want, b.score(text), 1e-9, text)
	}
}

func TestOwnRules(t *testing.T) {
	t.Parallel()
	b := NewBuiltin()
	for name, pair := range map[string][2]string{
		"a line break divides words":           {"good\nbook", "good book"},
		"a curly apostrophe is an apostrophe":  {"This isn’t good", "This isn't good"},
		"drawn-out words":                      {"I looooove it", "I love it"},
		"words glued by punctuation":           {"It is ok.great", "It is ok. great"},
		"an emoji glued to a word":             {"great💘great", "great 💘 great"},
		"a variation selector changes nothing": {"I see ❤️", "I see ❤"},
		"a skin tone changes nothing":          {"see ✌🏽", "see ✌"},
		"marks in a link do not emphasise":     {"good https://a.example/?b=1?c=2??d=3", "good link"},
		"a link says nothing":                  {"see http://good-love.example/great", "see link"},
		"a mention says nothing":               {"@love see you", "@someone see you"},
		"curly quotes are stripped":            {"It was “great”", "It was great"},
	} {
		assert.InDelta(t, b.score(pair[1]), b.score(pair[0]), 1e-9, name)
	}
	assert.Positive(t, b.score("I don't have time. Great party."), "a negation ends with its sentence")
	assert.Positive(t, b.score("Nope :-)"), "a smile is not negated")
	assert.Negative(t, b.score("NO NO NO this is it"), "no and no is no yes")
	assert.Positive(t, b.score("U.S. is great"))
	assert.Positive(t, b.score("I can't wait for this"), "a phrase")
	assert.Negative(t, b.score("I can't stand him"), "a phrase of the published lexicon")
	assert.Negative(t, b.score("that was pretty bad"), "pretty is a booster here")
	assert.Positive(t, b.score("she is pretty"))
	assert.Negative(t, b.score("Would I see it again? No."), "a short word at the end of a sentence")
	assert.Zero(t, b.score("No, I was at home"), "a no that answers")
	assert.Positive(t, b.score("👍"))
	assert.Negative(t, b.score("👎"))
	assert.Negative(t, b.score("💔"), "its name has a heart in it")
	assert.Positive(t, b.score("I'm not going 😍"), "an emoji is not negated")
	assert.Positive(t, b.score("🔥🔥🔥"), "fire is praise")
}

// Nothing in these is a judgement that an English lexicon may make, although
// most of them contain a word or a sign that it rates.
func TestCannotBeJudged(t *testing.T) {
	t.Parallel()
	b := NewBuiltin()
	for _, text := range []string{
		"", " \n", "https://example.com/love/great", "www.best-love.example", "@happy @love", "12345", "10:32 3:15", "...", "?!",
		"https://example.com @love 123 !!!",
		"Die Katze ist nicht auf dem Tisch und die Leute sind da",
		"Das war nicht gut, ich bin sehr traurig :(",
		"Ich finde das Video super toll und sehr lustig",
		"No me gusta nada este video, es horrible",
		"Me encanta esta canción, es la mejor del mundo 😍",
		"que hermosa voz, saludos desde Chile :)",
		"Je suis surpris de voir comment VADER est incroyablement utile !",
		"C'est vraiment super, merci pour cette vidéo",
		"Sono sorpreso di vedere solo come incredibilmente utile VADER è!",
		"Essa música é muito boa, parabéns pelo trabalho kkkk",
		"Wat een mooie video, dit is echt super goed gedaan",
		"Det här är en mycket bra låt, jag älskar den",
		"Bu şarkı çok güzel, super olmuş",
		"To jest super piosenka, bardzo mi się podoba",
		"Lagunya bagus banget, saya suka sekali sama video ini lol",
		"Ang ganda ng boses mo, sana manalo ka lol",
		"bhai kya gaana hai yeh, maza aa gaya lol",
		"Bài hát hay như này sao giờ tôi mới biết đến vậy quá có lỗi😂😂😂😂", "Rap cho Jack😂",
		"Bài hát này rất hay, cảm ơn anh nhiều :)",
		"Я удивлен увидеть, как раз как удивительно полезно ВЕЙДЕРА! :)",
		"私はこの曲が大好きです 😍", "정말 좋아요 👍😍", "我很惊讶地看到VADER是如此有用!", "أنا مندهش لرؤية كيف مثير 😍", "ฉันรักเพลงนี้ 😍", "यह बहुत अच्छा है :)",
		"\xff\xfe\xfd",
	} {
		sentiments, err := b.Analyze(t.Context(), []string{text})
		require.NoError(t, err)
		assert.Equal(t, analysis.Sentiment{Label: analysis.Neutral, Model: BuiltinModel}, *sentiments[0], "%q", text)
	}
}

func TestEnglishPassesTheGate(t *testing.T) {
	t.Parallel()
	b := NewBuiltin()
	for text, sign := range map[string]float64{
		"lol":               1,
		"LOVE IT":           1,
		"awesome video bro": 1,
		"dis song sucks":    -1,
		"u r so cute omg":   1,
		"gr8 stuff, luv ya": 1,
		"hope supreme court provides due justice": 1,
		"Neighborhood dog wars scare me.":         -1,
		"Beyoncé slays, amazing":                  1,
		"café was great, great coffee":            1,
		"best song ever created":                  1,
		"worst remake ever":                       -1,
		":)":                                      1,
		"😍😍😍":                                     1,
		"😢":                                       -1,
		"<3":                                      1,
		"Ben and Sam hate Meg":                    -1,
	} {
		assert.Positive(t, sign*b.score(text), "%q scores %v", text, b.score(text))
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	assert.False(t, math.Signbit(round4(-0.00001)), "no negative zero")
	for score, want := range map[float64]analysis.Label{
		-1: analysis.Negative, -0.05: analysis.Negative, -0.0499: analysis.Neutral, 0: analysis.Neutral,
		0.0499: analysis.Neutral, 0.05: analysis.Positive, 1: analysis.Positive,
	} {
		assert.Equal(t, want, label(score), "%v", score)
	}
}

// A hostile text may be long, but must not take long.
func TestLongTextsAreBounded(t *testing.T) {
	t.Parallel()
	b := NewBuiltin()
	for _, unit := range []string{"good ", "a.b,", "aa.bb.", "💘", "x", "aaaa", "no ", "\u200d", "'", "kind of good ", "é"} {
		text := strings.Repeat(unit, 4<<20/len(unit))
		began := time.Now()
		b.score(text)
		assert.Less(t, time.Since(began), 10*time.Second, "%q", unit)
	}
	assert.InDelta(t, b.score(strings.Repeat("x", maxText)), b.score(strings.Repeat("x", maxText)+" good"), 0)
	assert.True(t, utf8.ValidString(bounded(strings.Repeat("x", maxText-1)+"é")), "a character is not cut")
}

func TestEmbeddedLexiconIsWhole(t *testing.T) {
	t.Parallel()
	v := newVocabulary()
	ratings := 0
	for name, rating := range pairs(valenceTSV) {
		ratings++
		assert.Regexp(t, `^-?[0-4](\.\d+)?$`, rating, name)
		assert.True(t, v.words[name].rated, name)
	}
	assert.Equal(t, strings.Count(valenceTSV, "\n"), ratings)
	assert.Len(t, v.emojis, strings.Count(emojiTSV, "\n"))
	assert.Equal(t, 7492, ratings)
}

// What was added is on the scale of the lexicon, replaces nothing in it, and is
// looked up as it is written.
func TestAdditionsAreSound(t *testing.T) {
	t.Parallel()
	v := newVocabulary()
	published := map[string]bool{}
	for name := range pairs(valenceTSV) {
		published[name] = true
	}
	additions := 0
	for name, rating := range pairs(additionsTSV) {
		additions++
		assert.Regexp(t, `^-?[0-3](\.\d)?$`, rating, name)
		assert.False(t, published[name], "%s is in the published lexicon", name)
		assert.Equal(t, name, v.token(name).lower, "found under its own spelling")
		assert.NotZero(t, v.words[name].valence, name)
		assert.Zero(t, v.words[name].boost, "%s is a booster", name)
		assert.False(t, v.words[name].negates, name)
	}
	assert.Equal(t, strings.Count(additionsTSV, "\n"), additions)
	for phrase := range phrases {
		assert.Len(t, strings.Fields(phrase), 2, phrase)
	}
}

func FuzzScore(f *testing.F) {
	for _, seed := range []string{"VADER is not smart, handsome, nor funny!!!", "good\xff", "no or nor no good", "💘‍💋️", "a.b.c", "least", "kind of", "@", "ſ İ ß"} {
		f.Add(seed)
	}
	b := NewBuiltin()
	f.Fuzz(func(t *testing.T, text string) {
		score := b.score(text)
		if !(score >= -1 && score <= 1) {
			t.Fatalf("%q scores %v", text, score)
		}
		if again := b.score(strings.Clone(text)); again != score {
			t.Fatalf("%q scores %v, then %v", text, score, again)
		}
		for _, token := range b.vocabulary.read(strings.ToValidUTF8(text, "")).tokens {
			if strings.ContainsAny(token.lower, " \t\n") {
				t.Fatalf("%q has the token %q", text, token.lower)
			}
		}
	})
}

func BenchmarkAnalyze(b *testing.B) {
	builtin := NewBuiltin()
	texts := []string{
		"I love this song so much, it never gets old!!! 😍😍", "first", "Check out my channel https://example.com/watch?v=1",
		"Das Video ist nicht gut", "Это было ужасно", "this is the worst remake ever. who asked for it?",
		"2:35 made me cry, what a voice, what a band, and nobody talks about the drummer who carries the whole thing",
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := builtin.Analyze(b.Context(), texts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "texts/s")
}
