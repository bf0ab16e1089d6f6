package application

import (
	"context"
	"errors"
	"slices"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// judgeStep is how many posts are judged in one transaction.
const judgeStep = 500

// SpamJudge runs DETECT_SPAM: it judges one batch of posts.
type SpamJudge struct {
	store    ports.PostWriter
	detector ports.SpamDetector
}

// NewSpamJudge returns the processor.
func NewSpamJudge(store ports.Store, detector ports.SpamDetector) *SpamJudge {
	return &SpamJudge{store: store, detector: detector}
}

// process judges the batches, and has what is no spam scored.
func (j *SpamJudge) process(ctx context.Context, r *run) (task.Outcome, error) {
	if p := r.lease.Subtask.Payload; p.Repeats && len(p.PostBatches()) == 0 {
		return j.spread(ctx, r)
	}
	var scorable []task.BatchID
	refusal, err := eachStep(ctx, j.store, r, func(b task.BatchID, posts []ports.BatchPost) error {
		spam, err := j.judge(ctx, r, b, unjudged(posts, r.lease.Subtask.Payload.Repeats))
		wanted := func(p ports.BatchPost) bool {
			isSpam, judged := spam[p.ID]
			return p.Scorable() && p.Sentiment == nil && !isSpam && (judged || !flagged(p))
		}
		if !slices.Contains(scorable, b) && slices.ContainsFunc(posts, wanted) {
			scorable = append(scorable, b)
		}
		return err
	})
	if err != nil {
		return task.Outcome{}, err
	}
	o := ended(refusal)
	if len(scorable) > 0 {
		o.Spawn = []*task.Subtask{r.spawn(task.AnalyzeSentiment, task.Payload{Batches: scorable})}
	}
	return o, nil
}

// spread finds out which posts the last pass judges again, and spreads them over
// subtasks, so that all workers take part.
func (j *SpamJudge) spread(ctx context.Context, r *run) (task.Outcome, error) {
	stale, err := j.store.CountRepeats(ctx, r.lease)
	if err != nil {
		return task.Outcome{}, err
	}
	o := task.Succeed()
	for _, p := range task.JudgeAgain(stale) {
		o.Spawn = append(o.Spawn, r.spawn(task.DetectSpam, p))
	}
	return o, nil
}

// unjudged returns the posts that want a verdict. The owner's videos and texts
// that were taken away get none, a person's verdict stands.
func unjudged(posts []ports.BatchPost, again bool) []ports.BatchPost {
	var wanted []ports.BatchPost
	for _, p := range posts {
		byPerson := p.Spam != nil && p.Spam.Model == analysis.HumanModel
		if p.Kind != content.VideoPost && !p.Deleted && !byPerson && (again || p.Spam == nil) {
			wanted = append(wanted, p)
		}
	}
	return wanted
}

// flagged tells whether a post stands as spam.
func flagged(p ports.BatchPost) bool { return p.Spam != nil && p.Spam.Verdict == analysis.Spam }

// judge has the posts judged and stores the verdicts. It returns which are spam.
func (j *SpamJudge) judge(ctx context.Context, r *run, b task.BatchID, posts []ports.BatchPost) (spam map[string]bool, err error) {
	if len(posts) == 0 {
		return nil, nil
	}
	items := make([]analysis.SpamItem, len(posts))
	for i, p := range posts {
		items[i] = analysis.SpamItem{
			ID: p.ID, Text: p.Text, Author: p.Author, PublishedAt: p.PublishedAt,
			ByOwner: p.ByOwner, Occurrences: p.Occurrences,
		}
	}
	verdicts, refusal := j.detector.Detect(ctx, items)
	var results []ports.SpamResult
	spam = map[string]bool{}
	for i, v := range verdicts {
		if v != nil {
			spam[items[i].ID] = v.Verdict == analysis.Spam
			results = append(results, ports.SpamResult{PostID: items[i].ID, Occurrences: items[i].Occurrences, Verdict: *v})
		}
	}
	if len(results) > 0 {
		if err := j.store.SaveSpam(ctx, r.lease, b, results); err != nil {
			return nil, err
		}
	}
	return spam, refused(ctx, refusal)
}

// SentimentJudge runs ANALYZE_SENTIMENT: it scores what is no spam in one batch.
type SentimentJudge struct {
	store    ports.PostWriter
	analyzer ports.SentimentAnalyzer
}

// NewSentimentJudge returns the processor.
func NewSentimentJudge(store ports.Store, analyzer ports.SentimentAnalyzer) *SentimentJudge {
	return &SentimentJudge{store: store, analyzer: analyzer}
}

func (j *SentimentJudge) process(ctx context.Context, r *run) (task.Outcome, error) {
	refusal, err := eachStep(ctx, j.store, r, func(b task.BatchID, posts []ports.BatchPost) error {
		return j.score(ctx, r, b, posts)
	})
	if err != nil {
		return task.Outcome{}, err
	}
	return ended(refusal), nil
}

func (j *SentimentJudge) score(ctx context.Context, r *run, b task.BatchID, posts []ports.BatchPost) error {
	var ids, texts []string
	for _, p := range posts {
		if p.Scorable() && !flagged(p) && p.Sentiment == nil {
			ids, texts = append(ids, p.ID), append(texts, p.Text)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	sentiments, refusal := j.analyzer.Analyze(ctx, texts)
	var results []ports.SentimentResult
	for i, s := range sentiments {
		if s != nil {
			results = append(results, ports.SentimentResult{PostID: ids[i], Sentiment: *s})
		}
	}
	if len(results) > 0 {
		if err := j.store.SaveSentiments(ctx, r.lease, b, results); err != nil {
			return err
		}
	}
	return refused(ctx, refusal)
}

// refusal is a service's word that some posts stay unjudged. The rest of the
// batch goes on.
type refusal struct{ why *fault.Error }

func (r refusal) Error() string { return r.why.Error() }

// refused tells a service's refusal from an error that ends the run.
func refused(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	switch f := fault.As(err); f.Code {
	case fault.CodeAnalysisRejected, fault.CodeSpamUnavailable, fault.CodeSentimentUnavailable:
		return refusal{f}
	default:
		return err
	}
}

// eachStep calls do with the posts of the subtask's batches, judgeStep at a time.
// It goes on behind a refusal of single posts, stops at a service that is out of
// reach, and returns the refusal to be told; err ends the run.
func eachStep(ctx context.Context, store ports.PostWriter, r *run, do func(task.BatchID, []ports.BatchPost) error) (told *fault.Error, err error) {
	for _, b := range r.lease.Subtask.Payload.PostBatches() {
		for after, more := "", true; more; {
			posts, err := store.BatchPosts(ctx, r.lease.Subtask.TaskID, b, r.lease.Subtask.Payload.Repeats, after, judgeStep)
			if err != nil {
				return nil, err
			}
			if more = len(posts) == judgeStep; len(posts) == 0 {
				break
			}
			after = posts[len(posts)-1].ID
			err = do(b, posts)
			no, isRefusal := errors.AsType[refusal](err)
			if err != nil && !isRefusal {
				return nil, err
			}
			if isRefusal {
				told = no.why
			}
			if isRefusal && no.why.Kind == fault.Unavailable {
				return told, nil
			}
		}
	}
	return told, nil
}

// ended returns the outcome of a batch. A refusal fails the subtask, so that a
// retry of the task judges what is missing; the posts stay as they are. The
// service had its patience already: no attempt more is made by itself.
func ended(told *fault.Error) task.Outcome {
	if told == nil {
		return task.Succeed()
	}
	return task.Fail(task.Problem{Code: told.Code, Message: told.Message, Retryable: true, RetryAt: told.RetryAt})
}
