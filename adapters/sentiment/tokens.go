package sentiment

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one word or emoticon of a text.
type token struct {
	lower   string // lower-case, without surrounding punctuation
	upper   bool   // written in capitals
	letters bool   // is a word, not an emoticon, a number or from an emoji
	ends    bool   // closes a sentence
	word    word
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
	markPhrases(r.tokens)
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
			if isASCIILetter(byte(c)) {
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

// add appends the words of a piece without white space. Words that touch a
// full stop, comma, exclamation or question mark on both sides, as hasty
// writers leave them ("great!love it"), are taken apart.
func (v *vocabulary) add(r *reading, piece string) {
	for piece != "" {
		end := gluedAt(piece)
		if end < len(piece) && v.knows(piece) {
			end = len(piece)
		}
		r.tokens = append(r.tokens, v.token(piece[:end]))
		piece = piece[end:]
	}
}

// longestEntry bounds what is looked up whole, in bytes, so that a long field
// is read once and not once for each of its parts.
const longestEntry = 32

// knows tells whether a piece is in the vocabulary as it stands.
func (v *vocabulary) knows(piece string) bool {
	if len(piece) > longestEntry {
		return false
	}
	_, ok := v.words[strings.ToLower(strings.Trim(piece, punctuation))]
	return ok
}

// gluedAt returns where the second of two words glued by punctuation begins,
// or the piece's length. Both need two letters: "U.S." is one word.
func gluedAt(piece string) int {
	for i := 2; i+2 < len(piece); i++ {
		if !isStop(piece[i]) || !isASCIILetter(piece[i-1]) || !isASCIILetter(piece[i-2]) {
			continue
		}
		for i++; i < len(piece) && isStop(piece[i]); i++ {
		}
		if i+1 < len(piece) && isASCIILetter(piece[i]) && isASCIILetter(piece[i+1]) {
			return i
		}
	}
	return len(piece)
}

func isStop(c byte) bool { return c == '.' || c == ',' || c == '!' || c == '?' || c == ';' }

func isASCIILetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// token strips punctuation from a word. What has two characters or fewer
// without it is most likely an emoticon and stays as it is (published rule),
// unless it closes a sentence.
func (v *vocabulary) token(raw string) token {
	text := strings.Trim(raw, punctuation)
	stripped := raw[strings.Index(raw, text)+len(text):]
	if utf8.RuneCountInString(text) <= 2 && !closesSentence(text, raw) {
		text = raw
	}
	text = strings.ReplaceAll(text, "’", "'")
	lower := strings.ToLower(text)
	w, known := v.words[lower]
	if !known {
		lower, w = v.unstretched(lower)
	}
	first, _ := utf8.DecodeRuneInString(lower)
	t := token{lower: lower, word: w, letters: unicode.IsLetter(first)}
	t.upper = lower != text && strings.ToUpper(text) == text
	t.ends = t.letters && strings.ContainsAny(stripped, ".!?…")
	t.word.negates = w.negates || strings.Contains(lower, "n't")
	return t
}

// closesSentence tells whether raw is a short word with nothing but the end of
// a sentence behind it ("No.", "ok!"), and not an emoticon. A comma does not
// count: a "no" before one answers, and negates nothing.
func closesSentence(text, raw string) bool {
	return text != "" && isASCIILetter(text[0]) && strings.HasPrefix(raw, text) &&
		strings.Trim(raw[len(text):], ".!?") == ""
}

// unstretched finds the word behind one that was drawn out ("loooove",
// "yessss"): letters written three times or more become two, else one.
func (v *vocabulary) unstretched(lower string) (string, word) {
	for keep := 2; keep >= 1; keep-- {
		short := shortenRuns(lower, keep)
		if short == lower {
			return lower, word{}
		}
		if w, ok := v.words[short]; ok && w.foreign == 0 {
			return short, w
		}
	}
	return lower, word{}
}

// shortenRuns cuts every run of three or more equal letters to keep of them.
func shortenRuns(text string, keep int) string {
	short := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		end := i + 1
		for end < len(text) && text[end] == text[i] {
			end++
		}
		if end-i >= 3 && isASCIILetter(text[i]) {
			short = append(short, text[i:i+keep]...)
		} else {
			short = append(short, text[i:end]...)
		}
		i = end
	}
	return string(short)
}
