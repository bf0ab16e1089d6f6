package application

import (
	"context"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// scorePatience is how long a person waits for the score of a post that they
// cleared: longer than a service takes that is well.
const scorePatience = 10 * time.Second

// Verdicts is what people say of single posts.
type Verdicts struct {
	store    ports.VerdictStore
	analyzer ports.SentimentAnalyzer
	log      *slog.Logger
}

// NewVerdicts returns the use case.
func NewVerdicts(store ports.VerdictStore, analyzer ports.SentimentAnalyzer, log *slog.Logger) *Verdicts {
	return &Verdicts{store: store, analyzer: analyzer, log: log}
}

// Judge stores a person's verdict on a post, or takes it back where verdict is
// nil, and returns the post as it is then. A post that is cleared, by the person
// or because the detector's word holds again, is scored at once. If the analyser
// does not answer, the verdict holds all the same, and the post has no sentiment:
// to judge it once more scores it.
func (v *Verdicts) Judge(ctx context.Context, by access.Caller, id task.ID, postID string, verdict *analysis.Verdict) (analysis.JudgedPost, error) {
	if err := by.May(access.TasksWrite); err != nil {
		return analysis.JudgedPost{}, err
	}
	if verdict != nil {
		if _, err := analysis.ParseVerdict(string(*verdict)); err != nil {
			return analysis.JudgedPost{}, err
		}
	}
	post, err := v.store.OverrulePost(ctx, by.User.ID, id, postID, verdict)
	if err != nil || post.Spam == nil || !post.WantsScore() {
		return post, err
	}
	sentiment := v.score(ctx, post)
	if sentiment == nil {
		return post, nil
	}
	return v.store.ScorePost(ctx, by.User.ID, id, post, *sentiment)
}

// score returns nil where there is no sentiment to be had now.
func (v *Verdicts) score(ctx context.Context, post analysis.JudgedPost) *analysis.Sentiment {
	ctx, cancel := context.WithTimeout(ctx, scorePatience)
	defer cancel()
	sentiments, err := v.analyzer.Analyze(ctx, []string{post.Text})
	if err != nil {
		v.log.WarnContext(ctx, "a post that was cleared could not be scored", "post", post.ID, "error", err)
	}
	if len(sentiments) == 0 {
		return nil
	}
	return sentiments[0]
}
