package application

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// retainEvery is how late something that is too old may be noticed.
	retainEvery = 10 * time.Minute
	// retainAtOnce bounds the runs and the tasks of one look; the next look
	// begins at once where that was not all.
	retainAtOnce = 100
	// dropAtOnce bounds the posts of one transaction, so that it holds its locks
	// for some milliseconds.
	dropAtOnce = 500
)

// RetentionPolicy is how long what each provider handed out is kept.
type RetentionPolicy map[content.ProviderID]task.Retention

// Retention takes away what may not be kept any longer. Every worker process
// runs one; any number of them may run.
type Retention struct {
	store  ports.RetentionStore
	tasks  *Tasks
	policy RetentionPolicy
	log    *slog.Logger
}

// NewRetention returns the sweep; Run does the work.
func NewRetention(store ports.RetentionStore, tasks *Tasks, policy RetentionPolicy, log *slog.Logger) *Retention {
	return &Retention{store: store, tasks: tasks, policy: policy, log: log}
}

// Run sweeps until ctx ends.
func (r *Retention) Run(ctx context.Context) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		if err := r.Sweep(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "a part of the retention sweep failed; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep takes away everything that is too old now.
func (r *Retention) Sweep(ctx context.Context) error {
	var failed error
	for provider, keep := range r.policy {
		if keep.Texts > 0 {
			failed = errors.Join(failed, r.dropTexts(ctx, provider, now().Add(-keep.Texts)))
		}
		if keep.Tasks > 0 {
			failed = errors.Join(failed, r.deleteTasks(ctx, provider, now().Add(-keep.Tasks)))
		}
	}
	return errors.Join(failed, r.store.KeepMonths(ctx), r.deletePosts(ctx))
}

// deletePosts removes what deleted tasks have left, but for whole months, which
// KeepMonths has removed before.
func (r *Retention) deletePosts(ctx context.Context) error {
	for {
		deleted, err := r.store.TasksDeleted(ctx, retainAtOnce)
		if err != nil {
			return err
		}
		for _, id := range deleted {
			if err := r.tasks.deletePosts(ctx, id); err != nil {
				return err
			}
		}
		if len(deleted) < retainAtOnce {
			return nil
		}
	}
}

func (r *Retention) dropTexts(ctx context.Context, provider content.ProviderID, before time.Time) error {
	for {
		runs, err := r.store.RunsWithTexts(ctx, provider, before, retainAtOnce)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if err := r.dropTextsOf(ctx, run); err != nil {
				return err
			}
			r.log.InfoContext(ctx, "texts were dropped: they have been kept for as long as they may be", "task", run.TaskID, "run", run.Run, "provider", provider)
		}
		if len(runs) < retainAtOnce {
			return nil
		}
	}
}

func (r *Retention) dropTextsOf(ctx context.Context, run task.Run) error {
	after := ""
	for {
		began := now()
		next, err := r.store.DropTexts(ctx, run, after, dropAtOnce)
		if err != nil || next == "" {
			return err
		}
		if err := rest(ctx, now().Sub(began)); err != nil {
			return err
		}
		after = next
	}
}

// rest leaves the database to others for as long as the sweep had it: there may
// be millions of posts, and no hurry.
func rest(ctx context.Context, d time.Duration) error {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-over.C:
		return nil
	}
}

func (r *Retention) deleteTasks(ctx context.Context, provider content.ProviderID, before time.Time) error {
	for {
		old, err := r.store.TasksEnded(ctx, provider, before, retainAtOnce)
		if err != nil {
			return err
		}
		deleted := 0
		for _, t := range old {
			switch err := r.tasks.remove(ctx, t.User, t.ID); {
			case err == nil:
				deleted++
				r.log.InfoContext(ctx, "a task was deleted: it has been kept for as long as it may be", "task", t.ID, "provider", provider)
			case fault.Is(err, fault.NotFound), fault.Is(err, fault.Conflict): // deleted or refreshed meanwhile
			default:
				return err
			}
		}
		if len(old) < retainAtOnce || deleted == 0 {
			return nil
		}
	}
}
