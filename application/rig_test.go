package application_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/sentiment"
	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/adapters/youtube"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/env/embedded"
	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	// patience bounds what a test waits for, on a busy machine and with -race.
	patience = 3 * time.Minute
	pollGap  = 40 * time.Millisecond
)

// rig is a deployment without its processes: a real SQLite store, files in
// memory, and the fake platforms at the wire.
type rig struct {
	t     testing.TB
	store *sqlstore.Store
	files *memory.Files
	fake  *fakeapi.Server
	data  *fakeapi.Data
	by    access.Caller
}

func newRig(t *testing.T) *rig {
	t.Helper()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	store, err := sqlstore.Open(t.Context(), "sqlite:"+embedded.Database(t), sqlstore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	by, err := application.NewAccounts(store).Local(t.Context(), "somebody")
	require.NoError(t, err)
	return &rig{t: t, store: store, files: memory.NewFiles(), fake: fakeapi.Run(t, data), data: data, by: by}
}

// parts are what a test may put in the place of the usual ones.
type parts struct {
	detector ports.SpamDetector
	analyzer ports.SentimentAnalyzer
	masters  application.MasterTokens
	// integrations holds connected accounts; nobody has one, unless a test says so.
	integrations ports.IntegrationStore
	authorities  application.TokenAuthorities
	budgets      ports.BudgetStore
	plans        application.BudgetPlans
	limits       task.Limits
	retry        task.RetryPolicy
	retention    application.RetentionPolicy
	grace        time.Duration
	files        ports.FileStore
}

// process is one worker process: its queue is in memory and ends with it.
type process struct {
	*rig
	tasks     *application.Tasks
	estimates *application.Estimates
	exports   *application.Exports
	// stop asks the process to end and waits for it.
	stop func()
}

// start runs a process until the test ends or stop is called.
func (r *rig) start(change ...func(*parts)) *process {
	r.t.Helper()
	p := parts{
		detector: spam.NewBuiltin(), analyzer: sentiment.NewBuiltin(),
		masters:      application.MasterTokens{content.YouTube: access.NewToken(fakeapi.DemoKey)},
		integrations: newAccountStore(),
		limits:       task.DefaultLimits(), retry: quickRetries(), grace: patience, files: r.files,
	}
	for _, c := range change {
		c(&p)
	}
	log, queue := slog.New(slog.DiscardHandler), memory.NewQueue(4)
	dispatcher := application.NewDispatcher(r.store, queue, p.limits, log)
	quotas := application.NewQuotas(p.budgets, p.plans, log)
	sources := application.ContentSources{content.YouTube: youtube.New(youtube.Options{BaseURL: r.fake.YouTubeURL(), Timeout: 5 * time.Second, Meter: quotas})}
	formats := files.Formats{}
	contexts := application.NewContexts(application.ContextsDeps{Store: p.integrations, Authorities: p.authorities, Masters: p.masters}, log)
	worker := application.NewWorker(application.Work{
		Store: r.store, Queue: queue, Dispatcher: dispatcher,
		Processors: application.NewProcessors(
			application.NewFetcher(r.store, queue, contexts, sources, quotas),
			application.NewSpamJudge(r.store, p.detector), application.NewSentimentJudge(r.store, p.analyzer),
			application.NewExporter(r.store, p.files, formats, application.ExportLifetime{TTL: time.Hour, Policy: p.retention, Store: r.store}, encodeManifest)),
	}, application.WorkerOptions{Owner: uuid.NewString(), Grace: p.grace, Retry: p.retry}, log)

	ctx, cancel := context.WithCancel(r.t.Context())
	var running sync.WaitGroup
	running.Go(func() { dispatcher.Run(ctx) })
	running.Go(func() { _ = worker.Run(ctx) })
	stop := sync.OnceFunc(func() { cancel(); running.Wait() })
	r.t.Cleanup(stop)
	tasks := application.NewTasks(r.store, p.files, dispatcher, 1000)
	return &process{
		rig: r, stop: stop,
		tasks: tasks, estimates: application.NewEstimates(tasks, contexts, sources, quotas),
		exports: application.NewExports(r.store, p.files, formats, dispatcher),
	}
}

// quickRetries is the usual policy without its waiting.
func quickRetries() task.RetryPolicy {
	policy := task.DefaultRetryPolicy()
	policy.FirstDelay = time.Nanosecond
	return policy
}

// collect makes a task for the address, all of it where no options are given.
func (p *process) collect(address string, change ...func(*task.Options)) task.ID {
	p.t.Helper()
	options := task.Options{IncludeReplies: true}
	for _, c := range change {
		c(&options)
	}
	made, err := p.tasks.Create(p.t.Context(), p.by, application.NewTask{URLs: []string{address}, Options: options})
	require.NoError(p.t, err)
	return made.ID
}

// ended waits for the task's end and returns it.
func (p *process) ended(id task.ID) task.State {
	p.t.Helper()
	return p.when(id, "has ended", func(s task.State) bool { return s.Status.Ended() })
}

// when waits until the task is as described and returns it.
func (r *rig) when(id task.ID, what string, is func(task.State) bool) task.State {
	r.t.Helper()
	var state task.State
	r.until("the task "+what, func() bool {
		var err error
		state, err = r.store.Task(r.t.Context(), r.by.User.ID, id)
		require.NoError(r.t, err)
		return is(state)
	})
	return state
}

// until waits for a condition, and fails the test if it does not come.
func (r *rig) until(what string, is func() bool) {
	r.t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(pollGap)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			require.Fail(r.t, "waited in vain until "+what)
		}
	}
}

// posts returns what is stored of a task.
func (r *rig) posts(id task.ID) []analysis.JudgedPost {
	r.t.Helper()
	var all []analysis.JudgedPost
	err := r.store.EachPost(r.t.Context(), r.by.User.ID, id, analysis.PostFilter{}, analysis.ByTime, func(p *analysis.JudgedPost) error {
		kept := *p // the store fills p anew for each row
		if p.Spam != nil {
			kept.Spam = new(*p.Spam)
		}
		if p.Sentiment != nil {
			kept.Sentiment = new(*p.Sentiment)
		}
		all = append(all, kept)
		return nil
	})
	require.NoError(r.t, err)
	return all
}

// comments returns the texts of the stored comments and replies by their ids.
func (r *rig) comments(id task.ID) map[string]string {
	r.t.Helper()
	texts := map[string]string{}
	for _, p := range r.posts(id) {
		if p.Discussion() {
			_, twice := texts[p.ExternalID]
			require.False(r.t, twice, "%s is stored twice", p.ExternalID)
			texts[p.ExternalID] = p.Text
		}
	}
	return texts
}

// onYouTube returns the texts of all comments that the fake hands out.
func (r *rig) onYouTube(videos ...string) map[string]string {
	texts := map[string]string{}
	for _, v := range videos {
		for _, c := range r.data.Comments(v) {
			texts[c.ID] = c.Text
		}
	}
	return texts
}

// subtasks returns all subtasks of a task.
func (r *rig) subtasks(id task.ID) []task.SubtaskState {
	r.t.Helper()
	var all []task.SubtaskState
	for page := (ports.Paging{Limit: 100}); ; {
		listed, err := r.store.Subtasks(r.t.Context(), r.by.User.ID, id, page)
		require.NoError(r.t, err)
		all = append(all, listed.Items...)
		if page.After = listed.Next; page.After == "" {
			return all
		}
	}
}

// codes returns the codes of a task's problems.
func codes(s task.State) []string {
	found := []string{}
	for _, p := range s.Problems {
		found = append(found, string(p.Code))
	}
	return found
}

// requireCountersAreRows compares the counters of an ended task with its rows.
func (r *rig) requireCountersAreRows(s task.State) {
	r.t.Helper()
	var fetched, spammy, scored int64
	for _, p := range r.posts(s.ID) {
		fetched++
		if p.Spam != nil && p.Spam.Verdict == analysis.Spam {
			spammy++
			require.Nil(r.t, p.Sentiment, "spam is never scored")
		}
		if p.Sentiment != nil {
			scored++
		}
	}
	require.Equal(r.t, [3]int64{fetched, spammy, scored}, [3]int64{s.Counters.Fetched, s.Counters.Spam, s.Counters.Scored}, "fetched, spam, scored")
	var succeeded, failed, cancelled int64
	subtasks := r.subtasks(s.ID)
	for _, sub := range subtasks {
		require.False(r.t, sub.Status.Open(), "a subtask of an ended task is open")
		switch sub.Status {
		case task.SubtaskSucceeded:
			succeeded++
		case task.SubtaskFailed:
			failed++
		case task.SubtaskCancelled:
			cancelled++
		}
	}
	require.Equal(r.t, [4]int64{int64(len(subtasks)), succeeded, failed, cancelled},
		[4]int64{s.Counters.Subtasks, s.Counters.Succeeded, s.Counters.Failed, s.Counters.Cancelled}, "subtasks")
}
