package spam

import (
	"math"

	"github.com/soundings-io/soundings/domain/analysis"
)

// signal is something about a text that a person would name as a sign of spam
// or of its absence. The model has a weight for each.
type signal uint8

const (
	signalLink signal = iota
	signalManyLinks
	signalOnlyLink
	signalHiddenLink
	signalShortLink
	signalSocialLink
	signalMoneyLink
	signalOwnLink
	signalReference
	signalPromotesOwn
	signalAsksSubscribe
	signalCheckOut
	signalFishing
	signalAsksForOwn
	signalAsksPolitely
	signalAddressesAll
	signalSubForSub
	signalGiveaway
	signalMoney
	signalAdult
	signalCrypto
	signalMessenger
	signalPhone
	signalBegging
	signalSelling
	signalRepeated
	signalOverride
	signalHiddenLetters
	signalStyled
	signalLookalike
	signalShouting
	signalShort
	signals_
)

var signalNames = [signals_]string{
	"#link", "#many_links", "#only_link", "#hidden_link", "#short_link", "#social_link", "#money_link", "#own_link", "#reference",
	"#promotes_own", "#asks_subscribe", "#check_out", "#fishing", "#asks_for_own", "#asks_politely", "#addresses_all", "#sub_for_sub",
	"#giveaway", "#money", "#adult", "#crypto", "#messenger", "#phone", "#begging", "#selling",
	"#repeated", "#override", "#hidden_letters", "#styled", "#lookalike",
	"#shouting", "#short",
}

// undiluted is how many words a text may have before its words count less.
const undiluted = 40

// signals measures a text: 0 where a sign is absent, 1 where it is there, more
// where more of it counts.
type signals [signals_]float64

func (s *signals) set(sign signal, there bool) {
	if there {
		s[sign] = 1
	}
}

// measure fills in the signals of an item.
func (s *signals) measure(item *analysis.SpamItem, t *tokens, tricks disguise) {
	*s = signals{}
	s.measureWords(t)
	for sign := range s {
		s[sign] *= t.dilution()
	}
	s.measureLinks(t)
	s.measureRepeats(item)
	s.set(signalOverride, tricks.overrides > 0)
	s.set(signalHiddenLetters, tricks.hidden > 0)
	s.set(signalStyled, tricks.styled > 3)
	s.set(signalLookalike, tricks.mixed > 0)
	s.set(signalShouting, t.letters >= 20 && t.capitals*10 > t.letters*7)
	s.set(signalShort, t.chars < 25)
}

func (s *signals) measureLinks(t *tokens) {
	l := t.links
	s.set(signalLink, l.all > 0)
	s.set(signalManyLinks, l.all > 2)
	s.set(signalOnlyLink, l.all > 0 && len(t.words) < 4+l.all)
	s.set(signalHiddenLink, l.hidden > 0)
	s.set(signalShortLink, l.short > 0)
	s.set(signalSocialLink, l.social > 0)
	s.set(signalMoneyLink, l.money > 0)
	s.set(signalOwnLink, l.own > 0)
	s.set(signalReference, l.reference > 0)
}

// measureWords looks for requests and offers: concepts that stand close to
// one another.
func (s *signals) measureWords(t *tokens) {
	var seen conceptSet
	digits := 0
	for i, w := range t.words {
		seen |= 1 << w.concept
		near := t.near(i, 4)
		switch {
		case mine.has(w.concept) && ownWork.has(t.firstIn(i+1, 3, ownWork)):
			s[signalPromotesOwn] = 1
			s.set(signalAsksForOwn, t.firstIn(i-5, 5, request) != 0)
		case w.concept == conceptSubscribe:
			s.set(signalAsksSubscribe, near&(mine|setOf(conceptPlease, conceptChannel, conceptWe)) != 0 || t.ordered(i))
			s.set(signalSubForSub, t.firstIn(i+1, 4, setOf(conceptSubscribe)) != 0)
		case w.concept == conceptCheck:
			s.set(signalCheckOut, t.firstIn(i+1, 4, ownWork|mine) != 0)
		case w.concept == conceptLike:
			s.set(signalFishing, t.fishing(i))
		case w.concept == conceptPlease:
			s.set(signalAsksPolitely, near&request != 0)
		case w.concept == conceptPeople:
			s.set(signalAddressesAll, near&(request|setOf(conceptGreeting)) != 0)
		case w.concept == conceptMoney || w.concept == conceptEarn:
			s.set(signalMoney, near&setOf(conceptMake, conceptEarn, conceptMoney, conceptFree, conceptClick) != 0)
		case w.concept == conceptHelp:
			s.set(signalBegging, near&setOf(conceptMe, conceptMy, conceptPlease, conceptWe) != 0)
		}
		if c := t.buf[w.start]; isDigit(rune(c)) {
			digits += w.end - w.start
		} else if digits < 9 {
			digits = 0
		}
	}
	all := func(needed ...concept) bool { return setOf(needed...)&^seen == 0 }
	s.set(signalGiveaway, seen.has(conceptGift) || all(conceptFree, conceptWin) || all(conceptFree, conceptClick))
	s.set(signalAdult, seen.has(conceptAdult))
	s.set(signalCrypto, seen.has(conceptCrypto))
	s.set(signalMessenger, seen.has(conceptMessenger))
	s.set(signalPhone, digits >= 9 && (seen.has(conceptMessenger) || seen.has(conceptContact)))
	s.set(signalSelling, seen.has(conceptSell))
	if seen.has(conceptDonate) {
		s[signalBegging] = 1
	}
}

// measureRepeats weighs how often the text occurs. Short texts are repeated by
// honest people (field-notes 3.4 item 11), so length counts as well.
func (s *signals) measureRepeats(item *analysis.SpamItem) {
	if item.Occurrences < 2 || analysis.Fingerprint(item.Text) == 0 {
		return
	}
	s[signalRepeated] = min(math.Log2(float64(item.Occurrences)), 5) / 5
}

// ordered tells whether "subscribe" at i is an order: at the beginning of the
// text, or behind "and", "come", "go".
func (t *tokens) ordered(i int) bool {
	if last := t.buf[t.words[i].end-1]; last != 'e' && last != 'b' { // subscribed, subscribers
		return false
	}
	if i == 0 {
		return true
	}
	before := string(t.text(t.words[i-1]))
	return before == "and" || before == "come" || before == "go"
}

// dilution is 1 for texts of the usual length and falls with every further
// word: a long text mentions help, money and videos without asking for them.
func (t *tokens) dilution() float64 {
	return min(1, undiluted/float64(max(len(t.words), 1)))
}

// near returns the concepts within n words of word i, without its own.
func (t *tokens) near(i, n int) conceptSet {
	if t.words[i].concept == 0 {
		return 0
	}
	var s conceptSet
	for k := max(i-n, 0); k <= min(i+n, len(t.words)-1); k++ {
		if k != i {
			s |= 1 << t.words[k].concept
		}
	}
	return s &^ 1
}

// fishing tells whether the word "like" at i asks for likes: "like this
// comment", "like for like", "thumbs up if", or "like if" at the beginning.
func (t *tokens) fishing(i int) bool {
	word := func(k int) string {
		if k >= len(t.words) {
			return ""
		}
		return string(t.text(t.words[k]))
	}
	switch word(i + 1) {
	case "this", "my":
		return word(i+2) == "comment"
	case "for", "4":
		return i+2 < len(t.words) && t.words[i+2].concept == conceptLike
	case "up":
		return word(i+2) == "if"
	case "if":
		return i == 0
	}
	return false
}

// firstIn returns the first concept of the set among the n words from word i on.
func (t *tokens) firstIn(i, n int, set conceptSet) concept {
	for k := max(i, 0); k < min(i+n, len(t.words)); k++ {
		if c := t.words[k].concept; set.has(c) {
			return c
		}
	}
	return 0
}
