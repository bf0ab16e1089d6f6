// Package analysis describes what Soundings thinks of a post, and sums it up.
package analysis

import (
	"math"
	"time"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// Verdict is spam or ok.
type Verdict string

// The verdicts, spelt as the HTTP contract has them.
const (
	Spam Verdict = "spam"
	OK   Verdict = "ok"
)

// Model is the name and version of what judged, as name@version. A person's
// verdict has the model "human".
type Model string

// HumanModel marks a person's verdict, which wins over every detector's.
const HumanModel Model = "human"

// SpamVerdict is a detector's opinion of one post.
type SpamVerdict struct {
	Verdict Verdict
	// Score is the likelihood of spam, 0 to 1.
	Score float64
	// Reasons are short words in snake case, strongest first; none for ok.
	Reasons []string
	Model   Model
}

// NewSpamVerdict returns a verdict, or an error for a score outside 0 to 1.
func NewSpamVerdict(spam bool, score float64, reasons []string, model Model) (SpamVerdict, error) {
	if math.IsNaN(score) || score < 0 || score > 1 {
		return SpamVerdict{}, fault.New(fault.Rejected, fault.CodeAnalysisRejected, "a spam score of %v is not within 0 and 1", score)
	}
	v := SpamVerdict{Verdict: OK, Score: score, Reasons: reasons, Model: model}
	if spam {
		v.Verdict = Spam
	}
	return v, nil
}

// Label is a sentiment's side.
type Label string

// The labels, spelt as the HTTP contract has them.
const (
	Positive Label = "positive"
	Neutral  Label = "neutral"
	Negative Label = "negative"
)

// Sentiment is an analyser's opinion of one text.
type Sentiment struct {
	Label Label
	// Score is the polarity, -1 to 1, with the sign of the label.
	Score float64
	Model Model
}

// NewSentiment returns a sentiment. A negative label with a positive score is
// a confidence and is negated (contract §6); an unknown label, NaN or a score
// outside -1 to 1 is an error: no post gets a guess.
func NewSentiment(label Label, score float64, model Model) (Sentiment, error) {
	if math.IsNaN(score) || score < -1 || score > 1 {
		return Sentiment{}, fault.New(fault.Rejected, fault.CodeAnalysisRejected, "a sentiment score of %v is not within -1 and 1", score)
	}
	switch label {
	case Positive, Neutral:
	case Negative:
		score = 0 - math.Abs(score) // 0 for 0, where a minus sign would give -0
	default:
		return Sentiment{}, fault.New(fault.Rejected, fault.CodeAnalysisRejected, "%q is not a sentiment label", label)
	}
	return Sentiment{Label: label, Score: score, Model: model}, nil
}

// JudgedPost is a stored post with what was thought of it. Spam and Sentiment
// are nil where nobody judged.
type JudgedPost struct {
	ID string
	content.Post
	Spam      *SpamVerdict
	Sentiment *Sentiment
}

// SpamItem is what a detector may know of a post.
type SpamItem struct {
	ID          string
	Text        string
	Author      content.Author
	PublishedAt time.Time
	// ByOwner tells that the author owns the content commented on.
	ByOwner bool
	// Occurrences is how many posts of the task carry the same Fingerprint, 1
	// or more. It is final only in the task's last pass.
	Occurrences int
}
