package spam

import (
	"context"
	_ "embed" // the weights
	"math"
	"strings"
	"sync"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/ports"
)

// builtinModel names the built-in detector. The version grows whenever a
// verdict may change.
const builtinModel analysis.Model = "soundings-spam@1"

// threshold is the score from which a text is spam.
const threshold = 0.5

// checkEvery is after how many items the context is looked at.
const checkEvery = 64

// Builtin judges posts without a service: signals that a person would name and
// the wording, weighed by a logistic regression. It may be used by many
// goroutines, and a verdict depends on the item alone.
type Builtin struct {
	model    *model
	readings sync.Pool
}

var _ ports.SpamDetector = (*Builtin)(nil)

//go:embed weights.tsv
var ownWeights string

// NewBuiltin returns the detector with the weights that it ships with.
func NewBuiltin() *Builtin {
	weights, err := ParseWeights(strings.NewReader(ownWeights))
	if err != nil { // the file is part of the program, and a test reads it
		panic(err)
	}
	return NewBuiltinWith(weights)
}

// NewBuiltinWith returns a detector with other weights than its own:
// evaluation trains without the data that it then judges.
func NewBuiltinWith(weights Weights) *Builtin {
	return &Builtin{model: newModel(weights), readings: sync.Pool{New: func() any { return new(reading) }}}
}

// Model returns the detector's name and version.
func (b *Builtin) Model() analysis.Model { return builtinModel }

// Detect judges every item; its only error is ctx's.
func (b *Builtin) Detect(ctx context.Context, items []analysis.SpamItem) ([]*analysis.SpamVerdict, error) {
	r := b.readings.Get().(*reading)
	defer b.readings.Put(r)
	verdicts := make([]analysis.SpamVerdict, len(items))
	results := make([]*analysis.SpamVerdict, len(items))
	for i := range items {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return results, ctx.Err()
		}
		verdicts[i] = b.judge(r, &items[i])
		results[i] = &verdicts[i]
	}
	return results, ctx.Err()
}

// judge gives the verdict on one item. The channel's owner is never a spammer
// on the own content (field-notes 3.4 item 11), and spam needs a reason that a
// person can check.
func (b *Builtin) judge(r *reading, item *analysis.SpamItem) analysis.SpamVerdict {
	ok := analysis.SpamVerdict{Verdict: analysis.OK, Model: builtinModel}
	if item.ByOwner || item.Text == "" {
		return ok
	}
	r.read(item)
	odds, wording := b.model.score(r)
	ok.Score = 1 / (1 + math.Exp(-odds))
	if ok.Score < threshold {
		return ok
	}
	reasons := b.model.reasons(r, wording)
	if len(reasons) == 0 {
		ok.Score = math.Nextafter(threshold, 0)
		return ok
	}
	return analysis.SpamVerdict{Verdict: analysis.Spam, Score: ok.Score, Reasons: reasons, Model: builtinModel}
}
