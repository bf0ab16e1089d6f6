package application

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// wordsEvery is how long a due task may wait.
	wordsEvery = time.Second
	// wordsLease is longer than the posts of the largest task take to be read.
	wordsLease = 5 * time.Minute
)

// Words works out the words that mark each side of ended tasks. Every worker
// process runs one; any number of them may run. A process works on one task at
// a time, so that the memory is bounded.
type Words struct {
	store ports.WordStore
	posts ports.PostReader
	log   *slog.Logger
}

// NewWords returns the use case; Run does the work.
func NewWords(store ports.WordStore, posts ports.Store, log *slog.Logger) *Words {
	return &Words{store: store, posts: posts, log: log}
}

// Run works out what is due, and looks again once a second, until ctx ends. What
// it leaves half done is due again when its lease is over.
func (w *Words) Run(ctx context.Context) {
	tick := time.NewTicker(wordsEvery)
	defer tick.Stop()
	for {
		for worked := true; worked && ctx.Err() == nil; {
			var err error
			if worked, err = w.next(ctx, ""); err != nil && ctx.Err() == nil {
				w.log.WarnContext(ctx, "working out the words of a task failed; it is tried again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// WorkOut works out the words of one task now, if they are due: for who cannot
// wait for Run.
func (w *Words) WorkOut(ctx context.Context, of task.ID) error {
	_, err := w.next(ctx, of)
	return err
}

// next works out the words of a task that is due, and tells whether there was one
// that succeeded.
func (w *Words) next(ctx context.Context, only task.ID) (worked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, wordsLease)
	defer cancel()
	lease, err := w.store.LeaseWords(ctx, only, wordsLease)
	if err != nil || lease == nil {
		return false, err
	}
	count := analysis.NewWordCount()
	scored := analysis.PostFilter{Sentiments: []analysis.Label{analysis.Positive, analysis.Neutral, analysis.Negative}}
	err = w.posts.EachPost(ctx, lease.User, lease.Task, scored, analysis.ByTime, func(p *analysis.JudgedPost) error {
		count.Add(p.Text, p.Sentiment.Label)
		return nil
	})
	if err != nil {
		return false, err
	}
	if err := w.store.SaveWords(ctx, *lease, count.Sides()); err != nil && !errors.Is(err, ports.ErrLeaseLost) {
		return false, err
	}
	return true, nil
}
