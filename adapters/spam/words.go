package spam

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWords bounds the words that are looked at in one text.
const maxWords = 2000

// word is one word of a text as it lies in tokens.buf. Words are separated
// there by one blank, so that neighbours are read as one slice.
type word struct {
	start, end int
	concept    concept
	// gap is what stood between this word and the one before.
	gap gap
	// slash tells that a slash follows at once, as behind a host.
	slash bool
}

// gap classifies what separates two words.
type gap uint8

const (
	gapOther gap = iota
	gapBlank
	// gapDot is a dot alone, as in "example.com".
	gapDot
	// gapLooseDot is a dot with a blank or a bracket before it, a comma, or a
	// look-alike of the dot: "example . com", "example[.]com".
	gapLooseDot
)

// tokens is a text taken apart. It is reused from text to text.
type tokens struct {
	buf   []byte
	words []word
	links links
	// canon is buf with concepts in the place of their words, and ends are
	// where its words end.
	canon []byte
	ends  []int
	// chars counts the characters, letters those that are letters, capitals
	// those of the original text in upper case.
	chars, letters, capitals int
}

// split takes the cleaned text apart into words and links.
func (t *tokens) split(text []rune) {
	t.buf, t.words, t.links = t.buf[:0], t.words[:0], links{}
	between := 0
	for i := 0; i < len(text) && len(t.words) < maxWords; {
		if size := linkAt(text, i); size > 0 {
			t.links.address(string(text[i : i+size]))
			t.add(nil, gapOther, conceptLink)
			i += size
			between = i
			continue
		}
		if !inWord(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && (inWord(text[end]) || isApostrophe(text, end)) {
			end++
		}
		t.add(text[i:end], gapOf(text[between:i]), 0)
		t.words[len(t.words)-1].slash = end < len(text) && (text[end] == '/' || text[end] == '\\')
		i, between = end, end
	}
	t.domains()
	t.spelled()
	t.canonise()
}

// count measures the text as it was written.
func (t *tokens) count(text string) {
	t.chars, t.letters, t.capitals = 0, 0, 0
	for _, r := range truncate(text, maxScan) {
		t.chars++
		switch {
		case 'a' <= r && r <= 'z':
			t.letters++
		case 'A' <= r && r <= 'Z':
			t.letters++
			t.capitals++
		}
	}
}

// canonise writes the words as the model knows them.
func (t *tokens) canonise() {
	t.canon, t.ends = t.canon[:0], t.ends[:0]
	for i, w := range t.words {
		if i > 0 {
			t.canon = append(t.canon, ' ')
		}
		text := t.text(w)
		switch {
		case w.concept != 0:
			t.canon = append(t.canon, conceptNames[w.concept]...)
		case isDigit(rune(text[0])):
			t.canon = append(t.canon, "_number"...)
		default:
			t.canon = append(t.canon, text...)
		}
		t.ends = append(t.ends, len(t.canon))
	}
}

// ngrams hands out every concept, and every pair of neighbours of which one
// is a concept. Plain words alone say what a discussion is about, not whether
// somebody advertises in it. The slices are valid until the next text.
func (t *tokens) ngrams(visit func(ngram []byte)) {
	start := 0
	for i, end := range t.ends {
		here := t.words[i].concept != 0
		if here {
			visit(t.canon[start:end])
		}
		if i+1 < len(t.ends) && (here || t.words[i+1].concept != 0) {
			visit(t.canon[start:t.ends[i+1]])
		}
		start = end + 1
	}
}

// add appends a word without apostrophes and with letters written three times
// or more written once; a link stands as the word "_link".
func (t *tokens) add(letters []rune, g gap, c concept) {
	if len(t.buf) > 0 {
		t.buf = append(t.buf, ' ')
	}
	w := word{start: len(t.buf), gap: g, concept: c}
	if c == conceptLink {
		t.buf = append(t.buf, conceptNames[conceptLink]...)
	}
	for i := 0; i < len(letters); {
		run := i + 1
		for run < len(letters) && letters[run] == letters[i] {
			run++
		}
		times := run - i
		if times > 2 && !isDigit(letters[i]) {
			times = 1
		}
		for ; times > 0 && inWord(letters[i]); times-- {
			t.buf = utf8.AppendRune(t.buf, letters[i])
		}
		i = run
	}
	w.end = len(t.buf)
	if c == 0 {
		w.concept = concepts[string(t.text(w))]
	}
	t.words = append(t.words, w)
}

func (t *tokens) text(w word) []byte { return t.buf[w.start:w.end] }

// spelled finds a word written letter by letter, "s u b s c r i b e", and puts
// its concept on the first letter.
func (t *tokens) spelled() {
	var joined [16]byte
	for i := 0; i < len(t.words); {
		n := 0
		for i+n < len(t.words) && n < len(joined) && t.words[i+n].end-t.words[i+n].start == 1 {
			joined[n] = t.buf[t.words[i+n].start]
			n++
		}
		if c := concepts[string(joined[:n])]; n >= 4 && c != 0 {
			t.words[i].concept = c
		}
		i += max(n, 1)
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// isApostrophe tells of an apostrophe between two letters.
func isApostrophe(text []rune, i int) bool {
	return (text[i] == '\'' || text[i] == '’') && i+1 < len(text) && unicode.IsLetter(text[i+1])
}

// gapOf classifies what stands between two words.
func gapOf(between []rune) gap {
	if len(between) == 0 || len(between) > 8 {
		return gapOther
	}
	if len(between) == 1 && between[0] == '.' {
		return gapDot
	}
	dots, blanks := 0, 0
	for _, r := range between {
		switch {
		case r == '.', strings.ContainsRune(",․。．｡‧∙", r):
			dots++
		case unicode.IsSpace(r):
			blanks++
		case !strings.ContainsRune("()[]{}", r):
			return gapOther
		}
	}
	switch {
	case dots == 0 && blanks == len(between):
		return gapBlank
	case dots == 1 && between[0] != '.': // a dot and a blank end a sentence
		return gapLooseDot
	}
	return gapOther
}
