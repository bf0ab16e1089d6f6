package analysis

import "github.com/soundings-io/soundings/domain/fault"

// Opinion is what is thought of a post. Both are nil where nobody judged.
type Opinion struct {
	Spam      *SpamVerdict
	Sentiment *Sentiment
}

// ParseVerdict returns the verdict that a person's word stands for.
func ParseVerdict(word string) (Verdict, error) {
	switch v := Verdict(word); v {
	case Spam, OK:
		return v, nil
	}
	return "", fault.New(fault.Invalid, fault.CodeInvalidValue, "a verdict is spam, ok or null").In("verdict")
}

// Overrule returns what is thought of a post once a person has said whether it
// is spam, and what is to be kept until the person takes that back: the opinion
// that was overruled, with its Spam nil where no detector had one. kept is what
// an earlier verdict of a person overruled; nil where there was none, or where
// the text has changed since.
//
//   - Spam drops the sentiment: spam has none.
//   - OK leaves a sentiment, or brings back the one that was overruled. A post
//     without any is to be scored: see WantsScore.
//   - nil takes a person's verdict back: the overruled opinion holds again. A
//     sentiment that the post got meanwhile stays, unless the detector says spam.
func Overrule(now Opinion, kept *Opinion, verdict *Verdict) (after Opinion, keep *Opinion) {
	byPerson := now.Spam != nil && now.Spam.Model == HumanModel
	switch {
	case !byPerson && verdict == nil:
		return now, nil
	case !byPerson:
		kept = &now
	case kept == nil:
		kept = &Opinion{}
	}
	after.Sentiment = now.Sentiment
	if after.Sentiment == nil {
		after.Sentiment = kept.Sentiment
	}
	if verdict == nil {
		after.Spam = kept.Spam
	} else {
		after.Spam, keep = personsVerdict(*verdict), kept
	}
	if isSpam(after.Spam) {
		after.Sentiment = nil
	}
	return after, keep
}

func personsVerdict(v Verdict) *SpamVerdict {
	s := SpamVerdict{Verdict: v, Model: HumanModel}
	if v == Spam {
		s.Score = 1
	}
	return &s
}

func isSpam(v *SpamVerdict) bool { return v != nil && v.Verdict == Spam }

// WantsScore tells whether a sentiment is what the post lacks: it has a text
// that can be judged, and is no spam.
func (p *JudgedPost) WantsScore() bool {
	return p.Scorable() && p.Sentiment == nil && !isSpam(p.Spam)
}
