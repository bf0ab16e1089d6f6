package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
)

// VerdictStore keeps what people say of single posts. The counters of the task
// move with the post, also while it runs, and an ended task has its words
// counted again (WordStore).
type VerdictStore interface {
	// OverrulePost stores a person's verdict on a post, or takes it back where v
	// is nil, and keeps what was overruled: see analysis.Overrule. What was
	// overruled of an older text counts for nothing. It returns the post as it is
	// then.
	OverrulePost(ctx context.Context, user access.UserID, id task.ID, postID string, v *analysis.Verdict) (analysis.JudgedPost, error)
	// ScorePost stores a sentiment of the post as it was read, unless it has got
	// another text meanwhile, a sentiment, or a verdict of spam. It returns the
	// post as it is then.
	ScorePost(ctx context.Context, user access.UserID, id task.ID, read analysis.JudgedPost, s analysis.Sentiment) (analysis.JudgedPost, error)
}
