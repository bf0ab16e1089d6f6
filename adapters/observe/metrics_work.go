package observe

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

type workMetrics struct {
	enqueued, deliveries, subtasks, swept, posts, refreshes *prometheus.CounterVec
	took                                                    *prometheus.HistogramVec
}

func newWorkMetrics(f promauto.Factory) workMetrics {
	m := workMetrics{
		enqueued: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_deliveries_enqueued_total", Help: "Deliveries given to the queue, by what came of it.",
		}, []string{"outcome"}),
		deliveries: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_deliveries_total",
			Help: "Deliveries taken from the queue: run, void (doubled or out of date), or failed, so that they come again.",
		}, []string{"outcome"}),
		subtasks: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_subtasks_total",
			Help: "Runs of subtasks by how they ended: succeeded, failed, retried, parked, handed_back, or dropped (cancelled, paused, lease lost).",
		}, []string{"type", "outcome"}),
		took: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "soundings_subtask_duration_seconds", Help: "How long runs of subtasks took.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300, 1800},
		}, []string{"type"}),
		swept: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_swept_total", Help: "What the sweeps of this process mended: lost leases, parks over, tasks settled, deliveries made again.",
		}, []string{"what"}),
		posts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_posts_stored_total", Help: "Posts that were stored for the first time.",
		}, []string{"provider"}),
		refreshes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_refreshes_total", Help: "Refreshes of tasks that began, asked for by a request or by a schedule.",
		}, []string{"by"}),
	}
	m.begin()
	return m
}

// begin makes the series that are expected, so that rates see the first event.
func (m *workMetrics) begin() {
	for _, t := range task.SubtaskTypes() {
		m.took.WithLabelValues(string(t.Queue()))
		m.subtasks.WithLabelValues(string(t.Queue()), outcomeDropped)
		for _, outcome := range outcomeNames {
			m.subtasks.WithLabelValues(string(t.Queue()), outcome)
		}
	}
	m.enqueued.WithLabelValues(outcomeOK)
	for _, outcome := range []string{"run", "void", "failed"} {
		m.deliveries.WithLabelValues(outcome)
	}
	for _, by := range []string{"request", "schedule"} {
		m.refreshes.WithLabelValues(by)
	}
	for _, p := range []content.ProviderID{content.YouTube, content.Reddit} {
		m.posts.WithLabelValues(string(p))
	}
	m.sweep(ports.Swept{})
}

func (m *workMetrics) sweep(s ports.Swept) {
	for what, n := range map[string]int{
		"lost": s.Lost, "unparked": s.Unparked, "settled": s.Settled, "enqueued_again": len(s.Again),
	} {
		m.swept.WithLabelValues(what).Add(float64(n))
	}
}

// delivered is what the store tells the queue's decorator of the delivery that
// a context belongs to. A nil one takes no note.
type delivered struct {
	claimed, ended atomic.Pointer[string]
}

type deliveredKey struct{}

func deliveredIn(ctx context.Context) *delivered {
	d, _ := ctx.Value(deliveredKey{}).(*delivered)
	return d
}

func (d *delivered) claim(t task.SubtaskType) {
	if d != nil {
		name := string(t.Queue())
		d.claimed.Store(&name)
	}
}

func (d *delivered) end(k task.OutcomeKind) {
	if d != nil {
		name := outcomeNames[k]
		d.ended.Store(&name)
	}
}

// outcomeDropped is a run whose end is not the worker's to say: the subtask was
// cancelled or paused, or its lease was lost.
const outcomeDropped = "dropped"

var outcomeNames = map[task.OutcomeKind]string{
	task.Succeeded: "succeeded", task.FailedForGood: "failed", task.RetryLater: "retried",
	task.ParkedUntil: "parked", task.HandedBack: "handed_back",
}

// Queue counts deliveries, and the runs of subtasks that come of them.
func (m *Metrics) Queue(q ports.Queue) ports.Queue {
	if m == nil {
		return q
	}
	return &countedQueue{q, &m.work}
}

type countedQueue struct {
	ports.Queue
	m *workMetrics
}

// Enqueue counts what was added.
func (q *countedQueue) Enqueue(ctx context.Context, deliveries []ports.Delivery) error {
	err := q.Queue.Enqueue(ctx, deliveries)
	q.m.enqueued.WithLabelValues(outcomeOf(err)).Add(float64(len(deliveries)))
	return err
}

// Run counts each delivery when its handler has returned.
func (q *countedQueue) Run(ctx context.Context, handle func(ctx context.Context, d ports.Delivery) error) error {
	return q.Queue.Run(ctx, func(ctx context.Context, d ports.Delivery) error {
		came, began := &delivered{}, time.Now()
		err := handle(context.WithValue(ctx, deliveredKey{}, came), d)
		q.m.settled(came, err, time.Since(began))
		return err
	})
}

func (m *workMetrics) settled(d *delivered, err error, took time.Duration) {
	claimed, ended := d.claimed.Load(), d.ended.Load()
	switch {
	case err != nil:
		m.deliveries.WithLabelValues("failed").Inc()
	case claimed == nil:
		m.deliveries.WithLabelValues("void").Inc()
	default:
		m.deliveries.WithLabelValues("run").Inc()
	}
	if claimed == nil {
		return
	}
	outcome := outcomeDropped
	if ended != nil {
		outcome = *ended
	}
	m.subtasks.WithLabelValues(*claimed, outcome).Inc()
	m.took.WithLabelValues(*claimed).Observe(took.Seconds())
}

// Store counts posts, refreshes, what sweeps mend, and how subtasks end.
func (m *Metrics) Store(s ports.Store) ports.Store {
	if m == nil {
		return s
	}
	return &countedStore{s, &m.work}
}

type countedStore struct {
	ports.Store
	m *workMetrics
}

// Claim notes the subtask's type.
func (s *countedStore) Claim(ctx context.Context, d ports.Delivery, owner string, length time.Duration) (ports.Lease, error) {
	lease, err := s.Store.Claim(ctx, d, owner, length)
	if err == nil {
		deliveredIn(ctx).claim(lease.Subtask.Type)
	}
	return lease, err
}

// Finish notes how the run ended.
func (s *countedStore) Finish(ctx context.Context, l ports.Lease, o task.Outcome) error {
	err := s.Store.Finish(ctx, l, o)
	if err == nil {
		deliveredIn(ctx).end(o.Kind)
	}
	return err
}

// SavePage counts new posts, and notes how the run ended where the page ends it.
func (s *countedStore) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	stored, err := s.Store.SavePage(ctx, l, w)
	if err != nil {
		return stored, err
	}
	s.m.posts.WithLabelValues(string(w.EC.Provider())).Add(float64(stored.Inserted))
	if w.End != nil && !stored.Capped {
		deliveredIn(ctx).end(w.End.Kind)
	}
	return stored, nil
}

// Sweep counts what was mended.
func (s *countedStore) Sweep(ctx context.Context, l ports.SweepLimits) (ports.Swept, error) {
	swept, err := s.Store.Sweep(ctx, l)
	s.m.sweep(swept)
	return swept, err
}

// UpdateTask counts a refresh.
func (s *countedStore) UpdateTask(ctx context.Context, user access.UserID, id task.ID, fn func(*task.Task) error) (task.State, error) {
	refreshed := false
	state, err := s.Store.UpdateTask(ctx, user, id, func(t *task.Task) error {
		err := fn(t)
		refreshed = t.Refreshed()
		return err
	})
	if err == nil && refreshed {
		s.m.refreshes.WithLabelValues("request").Inc()
	}
	return state, err
}

// ScheduleStore counts the refreshes that schedules begin.
func (m *Metrics) ScheduleStore(s ports.ScheduleStore) ports.ScheduleStore {
	if m == nil {
		return s
	}
	return &countedSchedules{s, &m.work}
}

type countedSchedules struct {
	ports.ScheduleStore
	m *workMetrics
}

// RunSchedule counts a refresh, unless it was skipped.
func (s *countedSchedules) RunSchedule(ctx context.Context, due task.Schedule, fn func(*task.Task, *task.Schedule)) error {
	refreshed := false
	err := s.ScheduleStore.RunSchedule(ctx, due, func(t *task.Task, d *task.Schedule) {
		fn(t, d)
		refreshed = t.Refreshed()
	})
	if err == nil && refreshed {
		s.m.refreshes.WithLabelValues("schedule").Inc()
	}
	return err
}
