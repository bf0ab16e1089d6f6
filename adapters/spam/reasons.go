package spam

import (
	"cmp"
	"slices"
)

// reasonWording is given where no signal but the words themselves speak for spam.
const reasonWording = "wording"

// reasonOf groups signals under the reason that people read; the others are no
// reason by themselves.
var reasonOf = [signals_]string{
	signalLink:          "link",
	signalManyLinks:     "link",
	signalOnlyLink:      "link",
	signalShortLink:     "short_link",
	signalSocialLink:    "link",
	signalMoneyLink:     "link",
	signalHiddenLink:    "hidden_link",
	signalPromotesOwn:   "self_promotion",
	signalCheckOut:      "self_promotion",
	signalFishing:       "fishing_for_likes",
	signalAsksForOwn:    "self_promotion",
	signalAsksSubscribe: "self_promotion",
	signalSubForSub:     "self_promotion",
	signalGiveaway:      "giveaway",
	signalMoney:         "money",
	signalCrypto:        "money",
	signalSelling:       "selling",
	signalBegging:       "begging",
	signalAdult:         "adult",
	signalMessenger:     "contact_handle",
	signalPhone:         "contact_handle",
	signalRepeated:      "repeated_text",
	signalOverride:      "bidi_override",
	signalHiddenLetters: "hidden_letters",
	signalStyled:        "lookalike_letters",
	signalLookalike:     "lookalike_letters",
}

// reasons returns why the text speaks for spam, strongest first.
func (m *model) reasons(r *reading, wording float64) []string {
	type weighed struct {
		reason string
		weight float64
	}
	var all []weighed
	for sign, value := range r.signals {
		reason, weight := reasonOf[sign], value*m.signals[sign]
		if reason == "" || weight <= 0 {
			continue
		}
		i := slices.IndexFunc(all, func(w weighed) bool { return w.reason == reason })
		if i < 0 {
			all, i = append(all, weighed{reason: reason}), len(all)
		}
		all[i].weight += weight
	}
	if wording > 1 {
		all = append(all, weighed{reasonWording, wording})
	}
	slices.SortStableFunc(all, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	reasons := make([]string, len(all))
	for i, w := range all {
		reasons[i] = w.reason
	}
	return reasons
}
