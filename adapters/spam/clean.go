package spam

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/soundings-io/soundings/domain/analysis"
)

// maxScan bounds the work on one text, in bytes: what advertises does so in
// the first 16 KiB.
const maxScan = 16 << 10

// disguise counts the tricks found while a text was cleaned.
type disguise struct {
	// overrides counts bidirectional overrides: they make text read backwards,
	// and no ordinary text in any script needs them.
	overrides int
	// hidden counts zero-width characters between two Latin letters or digits.
	// Elsewhere they are ordinary: emoji families, Persian, Indic scripts.
	hidden int
	// styled counts letters in mathematical, circled or squared form.
	styled int
	// mixed counts words in which letters of another alphabet stand for Latin ones.
	mixed int
}

// clean returns what a reader sees of text, lower case and within maxScan:
// without markup, entities, invisible characters and combining marks, and with
// look-alike letters replaced by the Latin ones they stand for.
func clean(dst []rune, text string) ([]rune, disguise) {
	var tricks disguise
	dst = visible(dst[:0], truncate(text, maxScan), &tricks)
	unmask(dst, &tricks)
	return dst, tricks
}

// visible appends the characters that a reader sees.
func visible(dst []rune, text string, tricks *disguise) []rune {
	hidden := false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == '&' || r == '<' {
			if shown, skip := markup(text[i:]); skip > 0 {
				dst = append(dst, []rune(shown)...)
				i += skip
				continue
			}
		}
		i += size
		switch {
		case r < utf8.RuneSelf:
			if hidden && len(dst) > 0 && isWordASCII(r) && isWordASCII(dst[len(dst)-1]) {
				tricks.hidden++
			}
			dst = append(dst, r)
		case r == '\u202D' || r == '\u202E':
			tricks.overrides++
			continue
		case isInvisible(r):
			hidden = true
			continue
		case unicode.Is(unicode.Mn, r):
			continue
		default:
			dst = append(dst, r)
		}
		hidden = false
	}
	return dst
}

// isInvisible tells of characters without a glyph: zero-width ones, soft
// hyphens, directional marks and isolates, variation selectors, tags.
func isInvisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x180E, r == 0xFEFF,
		r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F,
		r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0000 && r <= 0xE0FFF:
		return true
	}
	return false
}

// unmask lowers the case and replaces look-alikes, word by word. Where a text
// has real letters of another alphabet, words of that alphabet are just words.
func unmask(text []rune, tricks *disguise) {
	foreign := 0
	for _, r := range text {
		if r >= 0x370 && unicode.IsLetter(r) && analysis.LooksLike(r) == 0 {
			foreign++
		}
	}
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && (unicode.IsLetter(text[end]) || isStyled(text[end])) {
			end++
		}
		if end == start {
			start++
			continue
		}
		unmaskWord(text[start:end], foreign < 3, tricks)
		start = end
	}
}

// unmaskWord works in place. Stylistic forms are always replaced; letters of
// another alphabet only among Latin ones, and only if suspicious.
func unmaskWord(word []rune, suspicious bool, tricks *disguise) {
	latin, alike := 0, 0
	for i, r := range word {
		switch {
		case r < 0x180:
			latin++
		case isStyled(r):
			if r < 0xFF00 || r > 0xFFEF { // full-width letters are ordinary in East Asia
				tricks.styled++
			}
			word[i] = analysis.LooksLike(r)
			latin++
			continue
		case analysis.LooksLike(r) != 0:
			alike++
		}
		word[i] = unicode.ToLower(r)
	}
	if !suspicious || alike == 0 || latin+alike < len(word) || (latin == 0 && len(word) < 3) {
		return
	}
	tricks.mixed++
	for i, r := range word {
		if latin := analysis.LooksLike(r); latin != 0 {
			word[i] = latin
		}
	}
}

// isStyled tells of Latin letters in another form than their own code points.
func isStyled(r rune) bool {
	return r >= 0x249C && (r < 0x24EA || r >= 0xFF01) && analysis.LooksLike(r) != 0
}

func isWordASCII(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// entities are those that the platforms write into texts.
var entities = map[string]string{
	"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": `"`, "&#39;": "'", "&nbsp;": " ",
}

// markup reads an entity or a tag at the beginning of text: what is seen of it
// and how many bytes it takes, 0 where it is neither. A link of YouTube's HTML
// texts is its address, but for the links made of timestamps and hashtags.
func markup(text string) (shown string, size int) {
	if text[0] == '&' {
		if end := strings.IndexByte(text[:min(len(text), 8)], ';'); end > 0 {
			if shown, known := entities[text[:end+1]]; known {
				return shown, end + 1
			}
		}
		return "", 0
	}
	end := strings.IndexByte(text[:min(len(text), 1024)], '>')
	if end < 0 {
		return "", 0
	}
	tag := text[:end+1]
	switch {
	case strings.HasPrefix(tag, "<br"), tag == "</a>", tag == "<b>", tag == "</b>", tag == "<i>", tag == "</i>":
		return " ", len(tag)
	case strings.HasPrefix(tag, "<a "):
		return anchor(tag, text[end+1:]), len(tag)
	}
	return "", 0
}

// anchor returns the address of a link unless its caption shows it already, or
// is a timestamp or a hashtag.
func anchor(tag, caption string) string {
	const href = `href="`
	from := strings.Index(tag, href)
	if from < 0 || caption == "" || caption[0] == '#' || strings.HasPrefix(caption, "http") || isDigit(rune(caption[0])) {
		return " "
	}
	address, _, _ := strings.Cut(tag[from+len(href):], `"`)
	return " " + address + " "
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// truncate shortens s to at most n bytes without cutting a character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
