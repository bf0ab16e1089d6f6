package observe

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// traced is the run of a subtask that a delivery brought. Its span begins with
// the claim, which alone tells whose trace it belongs to, so that the context
// that was made before holds a place for it.
type traced struct {
	span  trace.Span
	ended bool
}

type tracedKey struct{}

func tracedIn(ctx context.Context) *traced {
	run, _ := ctx.Value(tracedKey{}).(*traced)
	return run
}

// inRun returns the context with the span of its subtask's run, unless it has a
// span of its own.
func inRun(ctx context.Context) context.Context {
	run := tracedIn(ctx)
	if run == nil || run.span == nil || trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	return trace.ContextWithSpan(ctx, run.span)
}

// Queue makes a span of each run of a subtask, in the trace of the request that
// asked for the task. Deliveries have none: many tasks share one Enqueue, and
// what a message carries is no truth (design: the rows are).
func (t *Traces) Queue(q ports.Queue) ports.Queue {
	if t == nil {
		return q
	}
	return &tracedQueue{q}
}

type tracedQueue struct{ ports.Queue }

// Run ends the span of each run when its handler has returned.
func (q *tracedQueue) Run(ctx context.Context, handle func(ctx context.Context, d ports.Delivery) error) error {
	return q.Queue.Run(ctx, func(ctx context.Context, d ports.Delivery) error {
		run := &traced{}
		err := handle(context.WithValue(ctx, tracedKey{}, run), d)
		if run.span != nil {
			run.close(err)
		}
		return err
	})
}

// close ends the span of a run. One whose end nobody stored was dropped:
// cancelled, paused, or its lease was lost.
func (r *traced) close(err error) {
	switch {
	case err != nil:
		endSpan(r.span, err)
		return
	case !r.ended:
		r.span.SetAttributes(attribute.String("soundings.outcome", outcomeDropped))
	}
	r.span.End()
}

// end notes how a run ended.
func (r *traced) end(o *task.Outcome) {
	if r == nil || r.span == nil {
		return
	}
	r.ended = true
	r.span.SetAttributes(attribute.String("soundings.outcome", outcomeNames[o.Kind]))
	if o.Problem != nil {
		r.span.SetAttributes(attribute.String("soundings.problem", string(o.Problem.Code)))
	}
	if o.Kind == task.FailedForGood || o.Kind == task.RetryLater {
		r.span.SetStatus(codes.Error, outcomeNames[o.Kind])
	}
}

// Store carries a request's trace to the runs that it asked for, in the task's
// row, and makes spans of what is stored.
func (t *Traces) Store(s ports.Store) ports.Store {
	if t == nil {
		return s
	}
	return &tracedStore{s, t}
}

type tracedStore struct {
	ports.Store
	t *Traces
}

// CreateTask notes the trace, and begins one where no request has: the command
// `analyze` makes its task itself.
func (s *tracedStore) CreateTask(ctx context.Context, t *task.Task, first []*task.Subtask) error {
	if trace.SpanContextFromContext(ctx).IsValid() {
		t.BelongTo(carried(ctx))
		return s.Store.CreateTask(ctx, t, first)
	}
	ctx, span := s.t.start(ctx, "create task", trace.WithAttributes(attribute.String("soundings.task", string(t.State().ID))))
	t.BelongTo(carried(ctx))
	err := s.Store.CreateTask(ctx, t, first)
	endSpan(span, err)
	return err
}

// goOn has the task's next run belong to the context's trace, and returns where
// the run before is traced.
func goOn(ctx context.Context, t *task.Task) (before string) {
	before = t.State().Trace
	t.BelongTo(carried(ctx))
	return before
}

// linkTo leads from the context's span to that of a traceparent, if there is one.
func linkTo(ctx context.Context, before string) {
	if earlier := trace.SpanContextFromContext(carriedOn(ctx, before)); earlier.IsRemote() {
		trace.SpanFromContext(ctx).AddLink(trace.Link{SpanContext: earlier})
	}
}

// UpdateTask notes the trace of whoever lets a task run once more, and links it
// to that of the run before.
func (s *tracedStore) UpdateTask(ctx context.Context, user access.UserID, id task.ID, fn func(*task.Task) error) (task.State, error) {
	before := ""
	state, err := s.Store.UpdateTask(ctx, user, id, func(t *task.Task) error {
		err := fn(t)
		if err == nil && t.Reopened() {
			before = goOn(ctx, t)
		}
		return err
	})
	if err == nil {
		linkTo(ctx, before)
	}
	return state, err
}

// Claim begins the span of a run.
func (s *tracedStore) Claim(ctx context.Context, d ports.Delivery, owner string, length time.Duration) (ports.Lease, error) {
	began := time.Now()
	lease, err := s.Store.Claim(ctx, d, owner, length)
	run := tracedIn(ctx)
	if err != nil || run == nil {
		return lease, err
	}
	sub := lease.Subtask
	_, run.span = s.t.tracer.Start(carriedOn(ctx, lease.Task.Trace), string(sub.Type),
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(began), trace.WithAttributes(
			attribute.String("soundings.task", string(sub.TaskID)), attribute.String("soundings.subtask", string(sub.ID)),
			attribute.Int64("soundings.generation", sub.Generation), attribute.Int("soundings.attempt", sub.Attempt),
			attribute.String("soundings.provider", string(lease.Task.Provider)), attribute.Int("soundings.run", lease.Task.Run),
			// From when it was due, by the database's clock: what the queue took.
			attribute.Int64("soundings.waited_ms", max(0, began.Sub(sub.RunAt).Milliseconds())),
		))
	return lease, nil
}

// Finish notes how the run ended.
func (s *tracedStore) Finish(ctx context.Context, l ports.Lease, o task.Outcome) error {
	err := s.Store.Finish(ctx, l, o)
	if err == nil {
		tracedIn(ctx).end(&o)
	}
	return err
}

// SavePage makes a span, and notes how the run ended where the page ends it.
func (s *tracedStore) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	within, span := s.t.start(ctx, "store page", posts(len(w.Posts)))
	stored, err := s.Store.SavePage(within, l, w)
	endSpan(span, err)
	if err == nil && w.End != nil && !stored.Capped {
		tracedIn(ctx).end(w.End)
	}
	return stored, err
}

// SaveSpam makes a span.
func (s *tracedStore) SaveSpam(ctx context.Context, l ports.Lease, b task.BatchID, results []ports.SpamResult) error {
	ctx, span := s.t.start(ctx, "store spam verdicts", posts(len(results)))
	err := s.Store.SaveSpam(ctx, l, b, results)
	endSpan(span, err)
	return err
}

// SaveSentiments makes a span.
func (s *tracedStore) SaveSentiments(ctx context.Context, l ports.Lease, b task.BatchID, results []ports.SentimentResult) error {
	ctx, span := s.t.start(ctx, "store sentiments", posts(len(results)))
	err := s.Store.SaveSentiments(ctx, l, b, results)
	endSpan(span, err)
	return err
}

// posts says how many posts a call is about.
func posts(n int) trace.SpanStartOption {
	return trace.WithAttributes(attribute.Int("soundings.posts", n))
}

// ScheduleStore begins a trace for each refresh that a schedule makes.
func (t *Traces) ScheduleStore(s ports.ScheduleStore) ports.ScheduleStore {
	if t == nil {
		return s
	}
	return &tracedSchedules{s, t}
}

type tracedSchedules struct {
	ports.ScheduleStore
	t *Traces
}

// RunSchedule makes a span, and the refresh goes on in its trace.
func (s *tracedSchedules) RunSchedule(ctx context.Context, due task.Schedule, fn func(*task.Task, *task.Schedule)) error {
	ctx, span := s.t.start(ctx, "schedule", trace.WithAttributes(
		attribute.String("soundings.task", string(due.TaskID)), attribute.String("soundings.schedule", due.ID)))
	before := ""
	err := s.ScheduleStore.RunSchedule(ctx, due, func(t *task.Task, d *task.Schedule) {
		fn(t, d)
		if t.Reopened() {
			before = goOn(ctx, t)
		}
	})
	linkTo(ctx, before)
	endSpan(span, err)
	return err
}
