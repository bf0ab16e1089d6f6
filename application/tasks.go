package application

import (
	"context"
	"fmt"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// MaxURLs is how many addresses one task may collect.
const MaxURLs = 50

// Tasks is what people do with their tasks.
type Tasks struct {
	store      ports.Store
	files      ports.FileStore
	dispatcher *Dispatcher
	maxPosts   int64
}

// NewTasks returns the use cases. maxPosts is the largest MaxPosts that a
// request may name.
func NewTasks(store ports.Store, files ports.FileStore, d *Dispatcher, maxPosts MaxPosts) *Tasks {
	return &Tasks{store: store, files: files, dispatcher: d, maxPosts: int64(maxPosts)}
}

// MaxPosts is the largest number of posts that a task may ask for.
type MaxPosts int64

// NewTask is a request for an analysis.
type NewTask struct {
	URLs          []string
	IntegrationID string
	Options       task.Options
	// Callback is told when the task ends; empty for nobody.
	Callback task.CallbackURL
}

// Create accepts a task: it judges the addresses alone and calls nobody. The
// task is stored before it returns, and on its way to a worker.
func (t *Tasks) Create(ctx context.Context, by access.Caller, req NewTask) (task.State, error) {
	sources, err := t.check(ctx, by, req)
	if err != nil {
		return task.State{}, err
	}
	created, first := task.NewAnalysis(by.User.ID, sources, req.IntegrationID, req.Options, newID, now())
	if req.Callback != "" {
		created.CallBack(req.Callback)
	}
	if err := t.store.CreateTask(ctx, created, first); err != nil {
		return task.State{}, err
	}
	t.dispatcher.Poke()
	return created.State(), nil
}

// check returns what the request asks to collect, or why it is refused.
func (t *Tasks) check(ctx context.Context, by access.Caller, req NewTask) ([]content.Source, error) {
	if err := by.May(access.TasksWrite); err != nil {
		return nil, err
	}
	sources, err := parseSources(req.URLs)
	if err != nil {
		return nil, err
	}
	if err := t.checkOptions(req.Options); err != nil {
		return nil, err
	}
	return sources, t.checkIntegration(ctx, by, sources[0].Provider, req.IntegrationID)
}

// checkIntegration refuses an account that is not the caller's, or not the
// provider's.
func (t *Tasks) checkIntegration(ctx context.Context, by access.Caller, provider content.ProviderID, id string) error {
	if id == "" {
		return nil
	}
	_, err := t.store.Integration(ctx, by.User.ID, provider, id)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return err
	}
	for other, name := range providerNames {
		if _, err := t.store.Integration(ctx, by.User.ID, other, id); err == nil {
			return fault.New(fault.Invalid, fault.CodeInvalidValue, "the integration is a %s account, and the address is one of %s",
				name, providerNames[provider]).In("integrationId")
		}
	}
	return fault.New(fault.NotFound, fault.CodeNotFound, "there is no integration of this id").In("integrationId")
}

func parseSources(urls []string) ([]content.Source, error) {
	if len(urls) == 0 || len(urls) > MaxURLs {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "name 1 to %d addresses, not %d", MaxURLs, len(urls)).In("urls")
	}
	sources := make([]content.Source, len(urls))
	for i, u := range urls {
		src, err := content.ParseSource(u)
		if err != nil {
			f := *fault.As(err)
			if len(urls) > 1 {
				f.Field = fmt.Sprintf("urls[%d]", i)
			}
			return nil, &f
		}
		if src.Provider != sources[0].Provider && i > 0 {
			return nil, fault.New(fault.Invalid, fault.CodeInvalidValue,
				"a task collects from one provider: make a task for %s and another for %s", sources[0].Provider, src.Provider).In(fmt.Sprintf("urls[%d]", i))
		}
		sources[i] = src
	}
	return sources, nil
}

func (t *Tasks) checkOptions(o task.Options) error {
	if o.MaxPosts < 0 || o.MaxPosts > t.maxPosts {
		return fault.New(fault.Invalid, fault.CodeInvalidValue, "maxPosts is 0 (all) to %d", t.maxPosts).In("options.maxPosts")
	}
	switch o.Auth {
	case task.AuthAny, task.AuthUser, task.AuthMaster:
		return nil
	}
	return fault.New(fault.Invalid, fault.CodeInvalidValue, "auth is user, master or null").In("options.auth")
}

// Cancel ends a task and what of it is open. The workers that run it notice
// within 2 seconds.
func (t *Tasks) Cancel(ctx context.Context, by access.Caller, id task.ID) (task.State, error) {
	if err := by.May(access.TasksWrite); err != nil {
		return task.State{}, err
	}
	return t.store.UpdateTask(ctx, by.User.ID, id, func(of *task.Task) error { return of.Cancel(now()) })
}

// Delete removes a task that does not run, with its posts and exports.
func (t *Tasks) Delete(ctx context.Context, by access.Caller, id task.ID) error {
	if err := by.May(access.TasksWrite); err != nil {
		return err
	}
	if err := t.remove(ctx, by.User.ID, id); err != nil {
		return err
	}
	// What is left of the posts then, Retention removes: the task is gone all the same.
	_ = t.deletePosts(ctx, id)
	return nil
}

// deletedAtOnce bounds the posts of one transaction, as dropAtOnce does.
const deletedAtOnce = 1000

// deletePosts removes the posts of a deleted task.
func (t *Tasks) deletePosts(ctx context.Context, id task.ID) error {
	for after := ""; ; {
		next, err := t.store.DeletePosts(ctx, id, after, deletedAtOnce)
		if err != nil || next == "" {
			return err
		}
		after = next
	}
}

func (t *Tasks) remove(ctx context.Context, user access.UserID, id task.ID) error {
	removed, err := t.store.DeleteTask(ctx, user, id)
	if err != nil {
		return err
	}
	t.removeFiles(ctx, removed)
	return nil
}

// removeFiles removes the files of deleted exports. What cannot be removed now
// stays listed, and ExportExpiry removes it: the tasks are gone all the same.
func (t *Tasks) removeFiles(ctx context.Context, deleted []task.State) {
	var gone []task.ID
	for _, d := range deleted {
		if d.Export != nil && t.files.DeleteAll(ctx, exportStem(d.ID)) == nil {
			gone = append(gone, d.ID)
		}
	}
	_ = t.store.ExportsRemoved(ctx, gone)
}

// Task returns a task of the caller.
func (t *Tasks) Task(ctx context.Context, by access.Caller, id task.ID) (task.State, error) {
	if err := by.May(access.TasksRead); err != nil {
		return task.State{}, err
	}
	return t.store.Task(ctx, by.User.ID, id)
}

// List returns the caller's tasks, newest first.
func (t *Tasks) List(ctx context.Context, by access.Caller, f ports.TaskFilter, p ports.Paging) (ports.Listed[task.State], error) {
	if err := by.May(access.TasksRead); err != nil {
		return ports.Listed[task.State]{}, err
	}
	return t.store.Tasks(ctx, by.User.ID, f, p)
}

// Subtasks returns a task's subtasks, oldest first.
func (t *Tasks) Subtasks(ctx context.Context, by access.Caller, id task.ID, p ports.Paging) (ports.Listed[task.SubtaskState], error) {
	if err := by.May(access.TasksRead); err != nil {
		return ports.Listed[task.SubtaskState]{}, err
	}
	return t.store.Subtasks(ctx, by.User.ID, id, p)
}

// Posts returns a task's posts.
func (t *Tasks) Posts(ctx context.Context, by access.Caller, id task.ID, f analysis.PostFilter, o analysis.Order, p ports.Paging) (ports.Listed[analysis.JudgedPost], error) {
	if err := by.May(access.TasksRead); err != nil {
		return ports.Listed[analysis.JudgedPost]{}, err
	}
	return t.store.Posts(ctx, by.User.ID, id, f, o, p)
}

// Summary sums up a task. What an ended task lacks although all of it was asked
// for, the platform hides.
func (t *Tasks) Summary(ctx context.Context, by access.Caller, id task.ID) (analysis.Summary, error) {
	of, err := t.Task(ctx, by, id)
	if err != nil {
		return analysis.Summary{}, err
	}
	summary, err := t.store.Summary(ctx, of.User, of.ID)
	explainGap(&summary, of)
	return summary, err
}

func explainGap(summary *analysis.Summary, of task.State) {
	if whole := of.Status == task.Completed || of.Status == task.CompletedPartial; whole && of.Options.IncludeReplies {
		summary.ExplainGap()
	}
}
