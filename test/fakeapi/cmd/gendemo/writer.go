package main

import (
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"strconv"
	"strings"
)

// mood is what a comment feels about its video.
type mood int

const (
	praising mood = iota
	blaming
	neutral
	asking
	spamming
)

// writer invents texts and people. The same seed invents the same ones.
type writer struct {
	dice   *rand.Rand
	people []person
	// promoters write the spam.
	promoters []person
	serial    int
}

// person is an invented account.
type person struct{ name, channelID string }

func newWriter(seed uint64) *writer {
	w := &writer{dice: rand.New(rand.NewPCG(seed, seed))}
	for len(w.people) < 760 {
		w.people = append(w.people, named(w.handle(handleWords)))
	}
	for len(w.promoters) < 34 {
		w.promoters = append(w.promoters, named(w.handle(promoWords)))
	}
	return w
}

var (
	handleWords = [2][]string{
		{"quiet", "salty", "north", "rusty", "paper", "copper", "late", "tiny", "blue", "slow", "odd", "mossy", "second", "windy", "plain", "lunar", "amber", "brisk"},
		{"heron", "kettle", "anchor", "otter", "lantern", "pebble", "rope", "harbour", "gull", "teapot", "plank", "compass", "fern", "barge", "window", "sparrow", "cello", "dinghy"},
	}
	promoWords = [2][]string{{"lucky", "official", "rich", "best", "hot", "free"}, {"trader", "gifts", "profits", "winner", "coins", "deals"}}
)

func (w *writer) handle(words [2][]string) string {
	name := "@" + w.pick(words[0]) + w.pick(words[1])
	if w.chance(0.2) {
		name = "@" + w.pick(words[0]) + "_" + w.pick(words[1])
	}
	return name + strconv.Itoa(10+w.dice.IntN(9989))
}

func named(name string) person { return person{name, "UC" + hashed(name, 22)} }

// hashed returns n characters of the base64url alphabet, stable for a name.
func hashed(name string, n int) string {
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:n]
}

func (w *writer) chance(p float64) bool { return w.dice.Float64() < p }

func (w *writer) pick(list []string) string { return list[w.dice.IntN(len(list))] }

// someone returns an account; a few of them write far more than the others.
func (w *writer) someone(of []person) person {
	r := w.dice.Float64()
	return of[int(r*r*float64(len(of)))]
}

// threadID and replyID have the form of the platform's ids.
func (w *writer) threadID() string {
	w.serial++
	return "Ug" + hashed("thread"+strconv.Itoa(w.serial), 17) + "4AaABAg"
}

func (w *writer) replyID(thread string) string {
	w.serial++
	return thread + "." + hashed("reply"+strconv.Itoa(w.serial), 22)
}

// likes has a long tail.
func (w *writer) likes() int64 {
	x := w.dice.ExpFloat64()
	return int64(x * x * x * 3)
}

// write returns a text of that mood.
func (w *writer) write(m mood) string {
	if m == spamming {
		return w.fill(w.pick(campaigns[w.dice.IntN(len(campaigns))]))
	}
	if m == asking {
		return w.roughen(w.fill(w.pick(questions)), m)
	}
	switch r := w.dice.Float64(); {
	case r < 0.13:
		return w.withEmotion(w.pick(foreign[m]), m, 0.4)
	case r < 0.18:
		return w.pick(wordless[m])
	}
	templates := map[mood][]string{praising: praise, blaming: blame, neutral: plain}[m]
	text := w.fill(w.pick(templates))
	if m != neutral && w.chance(0.18) {
		text = sentence(text) + " " + w.fill(w.pick(templates))
	}
	return w.roughen(text, m)
}

// fill replaces the slots of a template until none is left.
func (w *writer) fill(text string) string {
	for {
		before, rest, open := strings.Cut(text, "{")
		slot, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return tidy(text)
		}
		text = before + w.pick(slots[slot]) + after
	}
}

// reply returns a text of a list, mostly with a word before or behind it, as
// people who answer each other do.
func (w *writer) reply(list []string, m mood) string {
	text := w.pick(list)
	if len(text) > 12 && w.chance(0.75) {
		text = w.pick(openers) + " " + strings.ToLower(text[:1]) + text[1:]
	}
	if len(text) > 12 && w.chance(0.55) {
		text = sentence(text) + " " + w.pick(closers)
	}
	return w.roughen(w.fill(text), m)
}

// sentence ends a text that has no end.
func sentence(text string) string {
	if strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// tidy mends spaces and begins every sentence with a capital.
func tidy(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		if i == 0 || strings.HasSuffix(words[i-1], ".") || strings.HasSuffix(words[i-1], "?") {
			words[i] = capital(word)
		}
	}
	return strings.Join(words, " ")
}

// capital turns a first letter of ASCII into a capital.
func capital(word string) string {
	if word[0] < 'a' || word[0] > 'z' || strings.Contains(word, ".") {
		return word
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// roughen writes as people do: in lower case, without a full stop, with too
// many signs, a slip, or a second line.
func (w *writer) roughen(text string, m mood) string {
	if w.chance(0.4) {
		text = strings.TrimSuffix(text, ".")
	}
	if w.chance(0.22) {
		text = strings.ToLower(text)
	}
	if m == blaming && w.chance(0.06) {
		text = strings.ToUpper(text)
	}
	if w.chance(0.05) {
		text = slip(text, w.dice.IntN(len(text)))
	}
	text = w.withEmotion(text, m, 0.16)
	if w.chance(0.04) {
		text = strings.Replace(text, ". ", ".\n\n", 1)
	}
	return text
}

// withEmotion adds an emoji, or some exclamation marks, to polar texts.
func (w *writer) withEmotion(text string, m mood, p float64) string {
	emotion, polar := map[mood]string{praising: "joy", blaming: "sad"}[m]
	if polar && w.chance(p) {
		text += " " + strings.Repeat(w.pick(slots[emotion]), 1+w.dice.IntN(2))
	}
	if polar && w.chance(p/2) {
		text = strings.TrimRight(text, ".!") + strings.Repeat("!", 1+w.dice.IntN(4))
	}
	return text
}

// slip swaps two neighbouring letters of a text.
func slip(text string, at int) string {
	letter := func(b byte) bool { return b >= 'a' && b <= 'z' }
	if at+1 >= len(text) || !letter(text[at]) || !letter(text[at+1]) {
		return text
	}
	return text[:at] + text[at+1:at+2] + text[at:at+1] + text[at+2:]
}
