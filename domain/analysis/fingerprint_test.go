package analysis_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/soundings-io/soundings/domain/analysis"
)

// Fingerprints are stored: these values must never change. The first was
// computed apart, from the letters "checkouthisvideonyoutube".
func TestFingerprintIsStableForEver(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint64{
		"Check out this video on YouTube:":              0xc246d3df1b92f30d,
		"Эта песня звучит просто замечательно":          0xcb33e67a05f03766,
		"これはとても良い曲だと思います、毎日聴いています":                      0xe811ba1b2553e3c5,
		"Bài hát này hay quá, mình nghe mỗi ngày":       0x76e73c88aea3d243,
		"What does the fox say? What does the fox say?": 0xfd571244be78f125,
	} {
		assert.Equalf(t, want, analysis.Fingerprint(text), "%q has %#x", text, analysis.Fingerprint(text))
	}
}

func TestFingerprintFoldsNearRepeats(t *testing.T) {
	t.Parallel()
	plain := analysis.Fingerprint("Check out my channel for cool videos")
	assert.NotZero(t, plain)
	for name, text := range map[string]string{
		"case":               "CHECK OUT my channel FOR cool videos",
		"punctuation":        "Check out -- my channel!!! (for cool videos...)",
		"digits":             "Check out my channel for cool videos 123456",
		"white space":        "  Check\tout my\nchannel  for cool\u00a0videos ",
		"no white space":     "Checkoutmychannelforcoolvideos",
		"emoji":              "👉 Check out my channel 🔥🔥 for cool videos 👨‍👩‍👧",
		"repeated letters":   "Cheeeck out my chaaannel for coool videosss",
		"accents":            "Chéck öut my chànnel for cóol vídeos",
		"combining accents":  "Che\u0301ck out my channel for cool videos",
		"Cyrillic letters":   "Сhесk оut mу сhаnnеl fоr сооl vіdеоs",
		"Greek letters":      "Checκ οut my channel fοr cοοl νideοs",
		"full-width letters": "Ｃｈｅｃｋ ｏｕｔ my channel for cool videos",
		"mathematical bold":  "𝐂𝐡𝐞𝐜𝐤 𝐨𝐮𝐭 𝐦𝐲 𝐜𝐡𝐚𝐧𝐧𝐞𝐥 𝐟𝐨𝐫 𝐜𝐨𝐨𝐥 𝐯𝐢𝐝𝐞𝐨𝐬",
		"circled letters":    "Ⓒⓗⓔⓒⓚ out my channel for cool videos",
		"squared letters":    "🅲🅷🅴🅲🅺 out my channel for cool videos",
		"zero width":         "Che\u200bck out my cha\u200dnnel for cool videos\ufeff",
		"bidi controls":      "\u202aCheck out my channel\u202c for cool videos\u200f",
	} {
		assert.Equal(t, plain, analysis.Fingerprint(text), name)
	}
	assert.NotEqual(t, plain, analysis.Fingerprint("Check out my channel for bad videos"))
}

func TestShortTextsHaveNoFingerprint(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "first", "nineteen characters", strings.Repeat("😂", 50), "1:23 4:56 7:89 10:11 12:13",
		"2:15 lol 2:15 lol 2:15", "....................", "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "きょうはいい天気です",
	} {
		assert.Zero(t, analysis.Fingerprint(text), "%q", text)
	}
	assert.NotZero(t, analysis.Fingerprint("exactly twenty chars"))
}

func TestFingerprintLooksAtTheBeginningOfLongTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("the quick brown fox jumps over the lazy dog ", 100)
	assert.Equal(t, analysis.Fingerprint(long), analysis.Fingerprint(long+"and ends otherwise"))
}

func TestLooksLike(t *testing.T) {
	t.Parallel()
	for r, want := range map[rune]rune{
		'а': 'a', 'О': 'o', 'ο': 'o', 'Ａ': 'a', '７': '7', '𝔸': 'a', '𝟗': '9', 'ⓩ': 'z', '🅰': 'a',
		'a': 0, 'é': 0, 'ß': 0, 'ı': 0, 'ж': 0, 'λ': 0, '中': 0, 'א': 0, '！': 0, '😀': 0, '🇩': 0,
	} {
		assert.Equal(t, string(want), string(analysis.LooksLike(r)), "%c", r)
	}
}

func FuzzFingerprint(f *testing.F) {
	f.Add("Check out this video on YouTube:")
	f.Add("\xff\u202e𝐂")
	f.Fuzz(func(t *testing.T, text string) {
		fingerprint := analysis.Fingerprint(text)
		assert.Equal(t, fingerprint, analysis.Fingerprint(text))
		if fingerprint != 0 {
			assert.Equal(t, fingerprint, analysis.Fingerprint(text+" 12345 !!"))
		}
	})
}

func BenchmarkFingerprint(b *testing.B) {
	texts := []string{
		"I love this song so much, it reminds me of the summer that we spent at the lake",
		"Это очень хорошая песня, спасибо за видео",
		"Please check out my channel, I make covers",
	}
	for b.Loop() {
		for _, text := range texts {
			analysis.Fingerprint(text)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "texts/s")
}
