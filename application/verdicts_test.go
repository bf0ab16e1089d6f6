package application_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/sentiment"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// noAnalyzer is a sentiment service that is down.
type noAnalyzer struct{ ports.SentimentAnalyzer }

func (noAnalyzer) Analyze(context.Context, []string) ([]*analysis.Sentiment, error) {
	return nil, fault.New(fault.Unavailable, fault.CodeSentimentUnavailable, "down")
}

// worked returns a task that was worked to its end, and a post of it that was
// judged so.
func (r *rig) worked(verdict analysis.Verdict) (task.ID, analysis.JudgedPost) {
	r.t.Helper()
	p := r.start()
	id := p.collect("https://youtu.be/SolarBoat01")
	p.ended(id)
	p.stop()
	for _, post := range r.posts(id) {
		if post.Spam != nil && post.Spam.Verdict == verdict && post.Scorable() {
			return id, post
		}
	}
	require.Fail(r.t, "no post is "+string(verdict))
	return "", analysis.JudgedPost{}
}

func TestAClearedPostIsScoredAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, spam := r.worked(analysis.Spam)
	cleared := new(analysis.OK)
	down := application.NewVerdicts(r.store, noAnalyzer{}, slog.New(slog.DiscardHandler))
	post, err := down.Judge(t.Context(), r.by, id, spam.ID, cleared)
	require.NoError(t, err, "the verdict holds although the service is down")
	require.Equal(t, analysis.HumanModel, post.Spam.Model)
	require.Nil(t, post.Sentiment)

	verdicts := application.NewVerdicts(r.store, sentiment.NewBuiltin(), slog.New(slog.DiscardHandler))
	post, err = verdicts.Judge(t.Context(), r.by, id, spam.ID, cleared)
	require.NoError(t, err)
	require.NotNil(t, post.Sentiment, "judged once more, it is scored")
	post, err = verdicts.Judge(t.Context(), r.by, id, spam.ID, nil)
	require.NoError(t, err)
	require.Equal(t, spam.Spam, post.Spam)
	require.Nil(t, post.Sentiment)
}

func TestAVerdictStandsWhenTheTaskRunsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, ok := r.worked(analysis.OK)
	verdicts := application.NewVerdicts(r.store, sentiment.NewBuiltin(), slog.New(slog.DiscardHandler))
	_, err := verdicts.Judge(t.Context(), r.by, id, ok.ID, new(analysis.Spam))
	require.NoError(t, err)
	p := r.start()
	_, err = p.tasks.Refresh(t.Context(), r.by, id, task.RefreshAll)
	require.NoError(t, err)
	ended := p.ended(id)
	var spam, scored int64
	for _, post := range r.posts(id) {
		if post.ID == ok.ID {
			require.Equal(t, analysis.HumanModel, post.Spam.Model)
			require.Nil(t, post.Sentiment)
		}
		if post.Spam != nil && post.Spam.Verdict == analysis.Spam {
			spam++
		}
		if post.Sentiment != nil {
			scored++
		}
	}
	require.Equal(t, spam, ended.Counters.Spam)
	require.Equal(t, scored, ended.Counters.Scored)
}

func TestWhoMayJudge(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, ok := r.worked(analysis.OK)
	verdicts := application.NewVerdicts(r.store, sentiment.NewBuiltin(), slog.New(slog.DiscardHandler))
	reader := r.by
	reader.Permissions = []access.Permission{access.TasksRead}
	_, err := verdicts.Judge(t.Context(), reader, id, ok.ID, new(analysis.Spam))
	require.True(t, fault.Is(err, fault.Forbidden), "%v", err)
	_, err = verdicts.Judge(t.Context(), r.by, id, ok.ID, new(analysis.Verdict("ham")))
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	_, err = verdicts.Judge(t.Context(), r.by, id, newID(), new(analysis.Spam))
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// brokenWords cannot read posts.
type brokenWords struct{ ports.Store }

func (brokenWords) EachPost(context.Context, access.UserID, task.ID, analysis.PostFilter, analysis.WalkOrder, func(*analysis.JudgedPost) error) error {
	return errors.New("the connection broke")
}

func TestWordsAreWorkedOutWhenATaskHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, ok := r.worked(analysis.OK)
	shown := func() *analysis.SideWords {
		summary, err := r.store.Summary(t.Context(), r.by.User.ID, id)
		require.NoError(t, err)
		return summary.Words
	}
	log := slog.New(slog.DiscardHandler)
	words := application.NewWords(r.store, r.store, log)
	require.NoError(t, words.WorkOut(t.Context(), task.ID(newID())), "nothing is due")
	require.Nil(t, shown())
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); words.Run(ctx) }()
	r.until("the words are there", func() bool { return shown() != nil })
	cancel()
	<-ran

	verdicts := application.NewVerdicts(r.store, sentiment.NewBuiltin(), log)
	_, err := verdicts.Judge(t.Context(), r.by, id, ok.ID, new(analysis.Spam))
	require.NoError(t, err)
	require.Error(t, application.NewWords(r.store, brokenWords{r.store}, log).WorkOut(t.Context(), id))
	require.NotNil(t, shown(), "what there was is shown meanwhile")
}
