package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// Words outside these lengths, in letters, are none: single letters, and what
	// people hold a key down for. Scripts without spaces give longer ones as well.
	wordMinLetters, wordMaxLetters = 2, 24
)

// wordSplitter splits texts into words. It has a buffer, so that splitting
// allocates nothing.
type wordSplitter struct{ word []byte }

// each calls do with the words of a text, in lower case: letters with the marks
// above them, and apostrophes between letters ("don't"). What is between white
// space and has the form of an address or a name (https://…, www.…, @somebody,
// #tag, u/name, r/name) is no word, nor is what holds digits.
//
// Chinese and Japanese have no spaces: their ideographs are taken in pairs, as
// search engines do, and kana by run. Other scripts without spaces, like Thai,
// give words only where their writers put some.
func (s *wordSplitter) each(text string, do func(word []byte)) {
	for part := range strings.FieldsSeq(text) {
		if isAddress(part) {
			continue
		}
		for part != "" {
			kind, n := glyphRun(part)
			switch kind {
			case letter, kana:
				s.spelt(part[:n], do)
			case ideograph:
				pairs(part[:n], do)
			case noGlyph:
			}
			part = part[n:]
		}
	}
}

func isAddress(part string) bool {
	part = strings.TrimLeft(part, `("'<[{*_-~`)
	for _, begin := range []string{"@", "#", "u/", "r/", "/u/", "/r/", "www.", "WWW."} {
		if strings.HasPrefix(part, begin) {
			return true
		}
	}
	return strings.Contains(part, "://")
}

// glyph tells characters that stand together in a word from those that do not.
type glyph uint8

const (
	noGlyph glyph = iota
	letter        // and digits, marks and what is inside words
	kana
	ideograph
)

func glyphOf(r rune) glyph {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '\'' {
			return letter
		}
		return noGlyph
	case unicode.Is(unicode.Han, r):
		return ideograph
	case unicode.In(r, unicode.Hiragana, unicode.Katakana), r == 'ー':
		return kana
	case unicode.Is(unicode.Variation_Selector, r): // of an emoji
		return noGlyph
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r), insideWords(r):
		return letter
	}
	return noGlyph
}

// insideWords tells characters that belong to a word between letters only:
// apostrophes, and the joiners of Persian and of Indic scripts.
func insideWords(r rune) bool {
	return r == '\'' || r == '’' || r == '\u200c' || r == '\u200d'
}

// glyphRun returns how long the text goes on as it begins, in bytes.
func glyphRun(text string) (glyph, int) {
	first, _ := utf8.DecodeRuneInString(text)
	kind := glyphOf(first)
	end := strings.IndexFunc(text, func(r rune) bool { return glyphOf(r) != kind })
	if end < 0 {
		end = len(text)
	}
	return kind, end
}

// spelt calls do with a word made of letters, if it is one.
func (s *wordSplitter) spelt(run string, do func(word []byte)) {
	run = strings.TrimLeftFunc(run, func(r rune) bool { return insideWords(r) || unicode.IsMark(r) })
	run = strings.TrimRightFunc(run, insideWords)
	s.word = s.word[:0]
	letters := 0
	for _, r := range run {
		switch {
		case unicode.IsNumber(r):
			return
		case r == '’':
			r = '\''
		case unicode.IsLetter(r):
			letters++
		}
		s.word = utf8.AppendRune(s.word, unicode.ToLower(r))
	}
	if letters >= wordMinLetters && letters <= wordMaxLetters {
		do(s.word)
	}
}

// pairs calls do with each two ideographs that stand side by side.
func pairs(run string, do func(word []byte)) {
	for first := 0; ; {
		_, n := utf8.DecodeRuneInString(run[first:])
		_, m := utf8.DecodeRuneInString(run[first+n:])
		if m == 0 {
			return
		}
		do([]byte(run[first : first+n+m]))
		first += n
	}
}
