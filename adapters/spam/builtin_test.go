package spam_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestBuiltinKeepsThePortsPromises(t *testing.T) {
	t.Parallel()
	portstest.TestSpamDetector(t, func(*testing.T) ports.SpamDetector { return spam.NewBuiltin() })
}

func judge(t *testing.T, item analysis.SpamItem) analysis.SpamVerdict {
	t.Helper()
	item.Occurrences = max(item.Occurrences, 1)
	verdicts, err := spam.NewBuiltin().Detect(t.Context(), []analysis.SpamItem{item})
	require.NoError(t, err)
	return *verdicts[0]
}

func TestBuiltinSeesSpamAndSaysWhy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, reason string }{
		"a link":                    {"get it here http://cheap-stuff.example.com/offer", "link"},
		"a bare domain":             {"best prices at cheapstuff.com go now", "link"},
		"a domain without a scheme": {"everything on cheapstuff.pl/shop today", "link"},
		"a shortener":               {"guys look at this bit.ly/3xYz", "short_link"},
		"dot com":                   {"guys check out my site cheapstuff dot com", "hidden_link"},
		"loose dot":                 {"check out my new website cheapstuff  . com", "hidden_link"},
		"bracketed dot":             {"free stuff for you at cheapstuff[.]com", "hidden_link"},
		"unicode dot":               {"visit my website cheapstuff。com", "hidden_link"},
		"self promotion":            {"please check out my channel, I make covers", "self_promotion"},
		"a subscription":            {"subscribe to me and i subscribe back", "self_promotion"},
		"spelled letter by letter":  {"s u b s c r i b e to my channel", "self_promotion"},
		"look-alike letters":        {"рlеаsе сhесk out my сhаnnеl", "lookalike_letters"},
		"mathematical letters":      {"𝗣𝗹𝗲𝗮𝘀𝗲 𝘀𝘂𝗯𝘀𝗰𝗿𝗶𝗯𝗲 𝘁𝗼 𝗺𝘆 𝗰𝗵𝗮𝗻𝗻𝗲𝗹", "lookalike_letters"},
		"full-width letters":        {"ｐｌｅａｓｅ ｓｕｂｓｃｒｉｂｅ ｔｏ ｍｙ ｃｈａｎｎｅｌ", "self_promotion"},
		"zero-width letters":        {"please sub\u200bscr\u200bibe to my cha\u200bnnel", "hidden_letters"},
		"a right-to-left override":  {"\u202emoc.ffutspaehc\u202c check this out", "bidi_override"},
		"fishing for likes":         {"like this comment if you are watching please", "fishing_for_likes"},
		"money":                     {"earn $500 cash every day, make money from home free", "money"},
		"a messenger":               {"thank her for my profit, contact her on whatsapp +1 415 555 0132 to invest in bitcoin trading", "contact_handle"},
		"a giveaway":                {"hey guys get free gift cards, giveaway at giftcardz.com", "giveaway"},
		"adult":                     {"hot girls nude on my webcam http://adult.example.com", "adult"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdict := judge(t, analysis.SpamItem{Text: test.text})
			assert.Equal(t, analysis.Spam, verdict.Verdict, "score %.2f", verdict.Score)
			assert.Contains(t, verdict.Reasons, test.reason)
		})
	}
}

func TestBuiltinLeavesOrdinaryTextsAlone(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"short":              "first!",
		"very short":         "lol",
		"praise":             "I love this song so much, the video is beautiful",
		"a timestamp":        "2:19 best part",
		"a timestamp's link": `<a href="http://www.youtube.com/watch?v=KQ6zr6kCPj8&amp;t=2m19s">2:19</a> best part`,
		"Russian":            "Это очень хорошая песня, спасибо за видео, слушаю каждый день",
		"Russian and Latin":  "Купил iPhone и слушаю через YouTube Music, всем советую",
		"Greek":              "Αυτό το τραγούδι είναι υπέροχο, το ακούω κάθε μέρα",
		"Turkish":            "Bu şarkıyı çok seviyorum, her gün dinliyorum ışık gibi",
		"Thai":               "เพลงนี้เพราะมาก ฟังทุกวันเลย",
		"Vietnamese":         "Bài hát này hay quá, mình nghe mỗi ngày",
		"Hebrew with marks":  "\u200fאיזה שיר יפה\u200f, אני שומע אותו כל יום",
		"Arabic isolate":     "\u2067هذه الأغنية جميلة جدا\u2069",
		"Persian joiner":     "می\u200cخواهم این آهنگ را گوش کنم",
		"emoji families":     "👨‍👩‍👧‍👦 we all love it 👩🏽‍🚀🏳️‍🌈",
		"flags":              "who is here from 🇧🇷🇵🇹?",
		"a missing blank":    "i love it.me too",
		"Portuguese com":     "Que música linda. Com certeza a melhor",
		"an abbreviation":    "the U.S. version e.g. the radio edit is better",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdict := judge(t, analysis.SpamItem{Text: text})
			assert.Equal(t, analysis.OK, verdict.Verdict, "score %.2f for %v", verdict.Score, verdict.Reasons)
			assert.Empty(t, verdict.Reasons)
		})
	}
}

func TestBuiltinExemptsTheOwner(t *testing.T) {
	t.Parallel()
	text := "Subscribe to my channel, new song on http://music.example.com"
	assert.Equal(t, analysis.Spam, judge(t, analysis.SpamItem{Text: text}).Verdict)
	assert.Equal(t, analysis.OK, judge(t, analysis.SpamItem{Text: text, ByOwner: true}).Verdict)
}

func TestBuiltinCountsRepeatedTexts(t *testing.T) {
	t.Parallel()
	const text = "Cant believe what happened to this famous actor yesterday"
	once := judge(t, analysis.SpamItem{Text: text, Occurrences: 1})
	often := judge(t, analysis.SpamItem{Text: text, Occurrences: 200})
	assert.Equal(t, analysis.OK, once.Verdict)
	assert.Greater(t, often.Score, once.Score+0.2)

	const offer = "This is how people here get their gift codes so quickly"
	assert.Contains(t, judge(t, analysis.SpamItem{Text: offer, Occurrences: 40}).Reasons, "repeated_text")

	assert.Equal(t, judge(t, analysis.SpamItem{Text: "nice video", Occurrences: 1}),
		judge(t, analysis.SpamItem{Text: "nice video", Occurrences: 500}), "everybody writes short texts")
}

func TestBuiltinBoundsItsWork(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("an ordinary sentence about the weather ", 4_000)
	assert.Equal(t, judge(t, analysis.SpamItem{Text: long}), judge(t, analysis.SpamItem{Text: long + long}))
}

func TestWeightsAreReadable(t *testing.T) {
	t.Parallel()
	weights, err := spam.ParseWeights(strings.NewReader("// a comment\n#link\t1.5\n_check out\t-0.25\n"))
	require.NoError(t, err)
	assert.Equal(t, spam.Weights{"#link": 1.5, "_check out": -0.25}, weights)
	var text strings.Builder
	_, err = weights.WriteTo(&text)
	require.NoError(t, err)
	assert.Equal(t, "#link\t1.5000\n_check out\t-0.2500\n", text.String())
	for _, bad := range []string{"no tab", "name\tword", "name\tNaN", "name\t+Inf"} {
		_, err := spam.ParseWeights(strings.NewReader(bad))
		assert.Error(t, err, bad)
	}
}

func FuzzBuiltin(f *testing.F) {
	detector := spam.NewBuiltin()
	for _, seed := range []string{"", "check out www.x.com", "a&amp;<a href=\"x\">", "s u b", "рlеаsе", "\u202e\u200d", "1.com/ . com"} {
		f.Add(seed, 1)
	}
	f.Fuzz(func(t *testing.T, text string, occurrences int) {
		verdicts, err := detector.Detect(t.Context(), []analysis.SpamItem{{Text: text, Occurrences: occurrences}})
		require.NoError(t, err)
		_, err = analysis.NewSpamVerdict(true, verdicts[0].Score, nil, "")
		require.NoError(t, err)
	})
}

func BenchmarkBuiltin(b *testing.B) {
	detector := spam.NewBuiltin()
	items := make([]analysis.SpamItem, 500)
	texts := []string{
		"I love this song so much, it reminds me of the summer that we spent at the lake with all of our friends",
		"Please check out my channel, I make covers http://www.youtube.com/watch?v=abcdefghijk and I will subscribe back!!",
		"Это очень хорошая песня, спасибо за видео, слушаю каждый день по дороге на работу",
		"lol",
	}
	for i := range items {
		items[i] = analysis.SpamItem{Text: texts[i%len(texts)], Occurrences: 1}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := detector.Detect(b.Context(), items); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(items))/b.Elapsed().Seconds(), "texts/s")
}
