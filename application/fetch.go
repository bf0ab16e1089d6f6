package application

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Fetcher runs FETCH_CONTENT: it walks one listing, a page a transaction, so
// that whatever breaks, the walk goes on behind the last stored page.
type Fetcher struct {
	store    ports.PostWriter
	queue    ports.Queue
	contexts *Contexts
	sources  ContentSources
	quotas   *Quotas
}

// ContentSources holds the built-in providers.
type ContentSources map[content.ProviderID]ports.ContentSource

// NewFetcher returns the processor.
func NewFetcher(store ports.Store, queue ports.Queue, contexts *Contexts, sources ContentSources, quotas *Quotas) *Fetcher {
	return &Fetcher{store: store, queue: queue, contexts: contexts, sources: sources, quotas: quotas}
}

func (f *Fetcher) process(ctx context.Context, r *run) (task.Outcome, error) {
	source, ok := f.sources[r.lease.Task.Provider]
	if !ok {
		return task.Outcome{}, fault.New(fault.Rejected, fault.CodeProviderUnavailable,
			"Soundings reads %s addresses, but this version cannot fetch from there", r.lease.Task.Provider)
	}
	if _, full := r.lease.Task.Missing[content.Capped]; full {
		return task.Succeed(), nil // no call for posts that may not be stored
	}
	ec, err := f.contexts.Build(ctx, r.lease.Task)
	if err != nil {
		return task.Outcome{}, err
	}
	defer f.quotas.Using(ctx, source.Provider())()
	walk := &walk{fetcher: f, run: r, source: source, ec: ec, began: time.Now()}
	return walk.toTheEnd(ctx)
}

// walk is one run through (a part of) a listing.
type walk struct {
	fetcher *Fetcher
	run     *run
	source  ports.ContentSource
	ec      access.ExecutionContext
	began   time.Time
	pages   int
}

func (w *walk) toTheEnd(ctx context.Context) (task.Outcome, error) {
	for {
		page, err := w.next(ctx)
		if err != nil {
			return broken(err)
		}
		gone, err := w.leaveKnown(ctx, &page)
		if err != nil {
			return task.Outcome{}, err
		}
		write, err := w.plan(page)
		if err != nil {
			return w.brokenAt(ctx, page, err)
		}
		write.Gone = gone
		stored, err := w.fetcher.store.SavePage(ctx, w.run.lease, write)
		if err != nil {
			return task.Outcome{}, err
		}
		w.pages++
		w.run.lease.Subtask = stored.Subtask
		w.run.committed()
		switch {
		case stored.Capped:
			return capped(), nil
		case write.End != nil:
			w.run.settled = true
			return task.Outcome{}, nil
		case w.run.asksToStop() || w.turnIsOver(ctx):
			return task.HandBack(), nil
		}
	}
}

// replays bounds how often a page is asked for with another token.
const replays = 4

// next calls the provider. When it refuses the token, the page is asked for once
// more with a renewed one, and once more without it (design §4).
func (w *walk) next(ctx context.Context) (content.Page, error) {
	if err := w.renewEarly(ctx); err != nil {
		return content.Page{}, err
	}
	page, err := w.ask(ctx)
	renewed := map[string]bool{}
	for i := 0; err != nil && i < replays; i++ {
		ec, refusal := w.another(ctx, err, renewed)
		if refusal != nil {
			return page, refusal
		}
		w.ec = ec
		page, err = w.ask(ctx)
	}
	return page, err
}

// renewEarly takes a new token before the old one ends in the middle of a walk.
func (w *walk) renewEarly(ctx context.Context) error {
	ends := w.ec.ExpiresAt()
	if ends.IsZero() || time.Until(ends) >= access.RefreshEarly {
		return nil
	}
	ec, err := w.fetcher.contexts.Build(ctx, w.run.lease.Task)
	if err == nil {
		w.ec = ec
	}
	return err
}

// another returns the context to ask again in after the provider refused the
// token, or cause where that is not about the token or nothing else is left.
// renewed holds what was renewed for this page already.
func (w *walk) another(ctx context.Context, cause error, renewed map[string]bool) (access.ExecutionContext, error) {
	f, contexts, t := fault.As(cause), w.fetcher.contexts, w.run.lease.Task
	own, id := w.ec.TokenSource() == access.UserOAuth, w.ec.IntegrationID()
	switch {
	case own && f.Kind == fault.Forbidden && f.Code == fault.CodeNeedsReconnect:
		return contexts.Reject(ctx, t, w.ec, access.ReasonInsufficientScope)
	case f.Kind != fault.Unauthenticated || f.Code != fault.CodeCredentialsRejected:
	case !renewed[id] && contexts.CanRenew(w.ec):
		renewed[id] = true
		return contexts.Renew(ctx, t, w.ec)
	case own:
		return contexts.Reject(ctx, t, w.ec, access.ReasonRefused)
	}
	return w.ec, cause
}

// ask makes the call. A refused token of a stored cursor is answered by
// walking the listing anew, once: posts that are there already are not counted
// again.
func (w *walk) ask(ctx context.Context) (content.Page, error) {
	sub := &w.run.lease.Subtask
	if sub.Payload.Listing.Kind == content.ListingSource {
		return w.source.Open(ctx, w.ec, w.run.lease.Task.Sources[sub.Payload.Source])
	}
	page, err := w.source.Fetch(ctx, w.ec, sub.Payload.Listing, sub.Cursor.Token)
	if f := fault.As(err); f != nil && f.Code == fault.CodePagingBroken && f.Kind == fault.Conflict {
		if sub.Cursor.Token == "" || sub.Cursor.Known > 0 {
			return page, fault.Wrap(err, fault.Rejected, fault.CodePagingBroken,
				"the provider refused its own page token; what was found until then is kept")
		}
		sub.Cursor = sub.Cursor.Restart()
		return w.source.Fetch(ctx, w.ec, sub.Payload.Listing, "")
	}
	return page, err
}

// plan turns a page into what is to be stored of it.
func (w *walk) plan(page content.Page) (ports.PageWrite, error) {
	sub, opts := w.run.lease.Subtask, w.run.lease.Task.Options
	posts, unwanted, missing := wanted(page.Posts, opts)
	cursor, err := sub.Cursor.Advance(page.Next)
	if err != nil {
		return ports.PageWrite{}, err
	}
	write := ports.PageWrite{
		Posts: posts, Cursor: cursor, Title: content.CleanText(page.Title), Expected: page.Expected,
		Missing: task.AddMissing(missing, page.Missing), EC: w.ec,
		FreshBatch: task.BatchID(newID()), Fruitful: unwanted > 0,
		Spawn: w.follow(page.Follow, opts),
	}
	if sub.Payload.Listing.Kind == content.ListingSource {
		write.Opened = 1
	}
	if cursor.Page <= cursor.Known {
		// Walked anew: what this page announces and lacks was counted before.
		write.Expected, write.Missing = 0, nil
	}
	if page.Next == "" {
		o := task.Succeed()
		write.End = &o
	}
	return write, nil
}

// follow returns the subtasks that walk the listings found on the page.
func (w *walk) follow(listings []content.Listing, opts task.Options) []*task.Subtask {
	var spawn []*task.Subtask
	own := w.run.lease.Subtask.Payload
	for _, l := range listings {
		if l.Kind == content.ListingReplies && !opts.IncludeReplies {
			continue
		}
		spawn = append(spawn, w.run.spawn(task.FetchContent, task.Payload{Source: own.Source, Listing: l, Refresh: own.Refresh}))
	}
	return spawn
}

// capped ends the walk of a task that holds as many posts as it may.
func capped() task.Outcome {
	o := task.Succeed()
	o.Missing = map[content.Cause]int64{content.Capped: content.UnknownCount}
	return o
}

// broken ends the walk when the provider's answer is final, and passes
// everything else on to the retry policy.
func broken(err error) (task.Outcome, error) {
	f := fault.As(err)
	if f.Code == fault.CodeCommentsDisabled {
		o := task.Succeed()
		o.Problem = &task.Problem{Code: f.Code, Message: f.Message}
		o.Missing = map[content.Cause]int64{content.CommentsDisabled: content.UnknownCount}
		return o, nil
	}
	return task.Outcome{}, err
}

// brokenAt stores the page that showed the listing to lead in a circle, and
// ends the walk there.
func (w *walk) brokenAt(ctx context.Context, page content.Page, cause error) (task.Outcome, error) {
	page.Next = ""
	write, err := w.plan(page)
	if err != nil {
		return task.Outcome{}, err
	}
	f := fault.As(cause)
	o := task.Fail(task.Problem{Code: f.Code, Message: f.Message, Retryable: true})
	write.End = &o
	stored, err := w.fetcher.store.SavePage(ctx, w.run.lease, write)
	if err != nil {
		return task.Outcome{}, err
	}
	if stored.Capped {
		return capped(), nil
	}
	w.run.settled = true
	return task.Outcome{}, nil
}

func (w *walk) turnIsOver(ctx context.Context) bool {
	return (w.pages%turnPages == 0 || time.Since(w.began) > turnTime) && othersWait(ctx, w.fetcher.queue)
}

// wanted returns the posts that the options keep, cleaned and each once, how
// many they leave out, and those of them that are missing for a cause.
func wanted(posts []content.Post, opts task.Options) (kept []content.Post, unwanted int, missing map[content.Cause]int64) {
	at := make(map[string]int, len(posts))
	missing = map[content.Cause]int64{}
	for _, p := range posts {
		ok, cause := opts.Wanted(p)
		if !ok {
			unwanted++
			if cause != "" {
				missing[cause]++
			}
			continue
		}
		p = p.Cleaned()
		if i, seen := at[p.ExternalID]; seen {
			kept[i] = p
			continue
		}
		at[p.ExternalID] = len(kept)
		kept = append(kept, p)
	}
	return kept, unwanted, missing
}
