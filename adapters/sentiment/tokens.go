package sentiment

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one word or emoticon of a text.
type token struct {
	lower string // lower-case, without surrounding punctuation
	upper bool   // written in capitals
	word  word
}

// punctuation is Python's string.punctuation, which the published rules strip,
// and the typographic marks that phones write in its place.
const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" + "“”‘’«»…–—¡¿"

// reading is a text cut into tokens, with what the gate and the rules need.
type reading struct {
	tokens      []token
	exclamation int  // number of !
	question    int  // number of ?
	latin       int  // letters of the Latin script
	otherScript int  // letters of any other
	emoji       bool // there is an emoji of the lexicon
}

// read cuts a text into tokens. Links and mentions become tokens that mean
// nothing, and their punctuation does not count; an emoji becomes the words of
// its description, as published.
func (v *vocabulary) read(text string) reading {
	r := reading{tokens: make([]token, 0, len(text)/5+1)}
	for field := range strings.FieldsSeq(text) {
		if isLink(field) {
			r.tokens = append(r.tokens, token{})
			continue
		}
		v.readField(&r, field)
	}
	return r
}

// isLink tells whether a field is an address or a mention: what it says is a
// name and not an opinion.
func isLink(field string) bool {
	return len(field) > 1 && field[0] == '@' || strings.Contains(field, "://") ||
		len(field) > 4 && strings.EqualFold(field[:4], "www.")
}

// readField reads what stands between two white spaces.
func (v *vocabulary) readField(r *reading, field string) {
	start := 0
	for i, c := range field {
		switch {
		case c == '!':
			r.exclamation++
		case c == '?':
			r.question++
		case c < utf8.RuneSelf:
			if 'a' <= c|0x20 && c|0x20 <= 'z' {
				r.latin++
			}
		case isJoiner(c):
			v.add(r, field[start:i])
			start = i + utf8.RuneLen(c)
		case v.emojis[c] != nil:
			v.add(r, field[start:i])
			r.tokens = append(r.tokens, v.emojis[c]...)
			r.emoji = true
			start = i + utf8.RuneLen(c)
		case unicode.Is(unicode.Latin, c):
			r.latin++
		case unicode.IsLetter(c):
			r.otherScript++
		}
	}
	v.add(r, field[start:])
}

// isJoiner tells whether c only shapes the emoji before it: variation
// selectors, the zero-width joiner, skin tones.
func isJoiner(c rune) bool {
	return c == 0xFE0F || c == 0x200D || 0x1F3FB <= c && c <= 0x1F3FF
}

func (v *vocabulary) add(r *reading, raw string) {
	if raw != "" {
		r.tokens = append(r.tokens, v.token(raw))
	}
}

// token strips punctuation from a word. What has two characters or fewer
// without it is most likely an emoticon and stays as it is (published rule).
func (v *vocabulary) token(raw string) token {
	text := strings.Trim(raw, punctuation)
	if utf8.RuneCountInString(text) <= 2 {
		text = raw
	}
	text = strings.ReplaceAll(text, "’", "'")
	lower := strings.ToLower(text)
	t := token{lower: lower, word: v.words[lower]}
	t.upper = lower != text && strings.ToUpper(text) == text
	if !t.word.negates && strings.Contains(lower, "n't") {
		t.word.negates = true
	}
	return t
}
