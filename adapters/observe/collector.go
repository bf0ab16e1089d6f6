package observe

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Rows are where the state of the whole deployment is read. All processes read
// the same, so that one of them is enough; whoever sums up over processes takes
// the maximum.
type Rows struct {
	Store ports.QueueStore
	// Quota returns how a provider's budget stands, nil where nobody knows.
	Quota     func(ctx context.Context, p content.ProviderID) (*access.Quota, error)
	Providers []content.ProviderID
	// Pools are this process's connections to the database, by name.
	Pools map[string]*sql.DB
}

const (
	// rowsFresh is how long an answer of the database serves all scrapes.
	rowsFresh = 5 * time.Second
	// rowsTimeout bounds the questions of one scrape.
	rowsTimeout = 3 * time.Second
)

// rowsCollector shows what the rows said last. Where they say nothing, it shows
// nothing but soundings_rows_up 0: yesterday's figures would calm a graph.
type rowsCollector struct {
	rows Rows

	mu   sync.Mutex
	at   time.Time
	seen deployment
	up   bool
}

// deployment is what the rows say at a moment.
type deployment struct {
	queues []ports.QueueState
	tasks  ports.TaskCounts
	quotas map[content.ProviderID]access.Quota
}

func newRowsCollector(rows Rows) *rowsCollector { return &rowsCollector{rows: rows} }

// refresh asks the database, unless it was asked a moment ago. Scrapes that come
// meanwhile wait for the answer, as long as the questions may take.
func (c *rowsCollector) refresh(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < rowsFresh {
		return
	}
	// A scrape that is given up must not leave its failure to the next one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rowsTimeout)
	defer cancel()
	seen, err := c.rows.read(ctx)
	c.seen, c.up, c.at = seen, err == nil, time.Now()
}

func (r Rows) read(ctx context.Context) (d deployment, err error) {
	if d.queues, err = r.Store.Queues(ctx); err != nil {
		return deployment{}, err
	}
	if d.tasks, err = r.Store.TaskCounts(ctx); err != nil {
		return deployment{}, err
	}
	d.quotas = map[content.ProviderID]access.Quota{}
	for _, p := range r.Providers {
		quota, err := r.Quota(ctx, p)
		if err != nil {
			return deployment{}, err
		}
		if quota != nil {
			d.quotas[p] = *quota
		}
	}
	return d, nil
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help+" Read from the database: every process shows the same.", labels, nil)
}

// What the rows tell, by name.
var (
	rowsUp      = prometheus.NewDesc("soundings_rows_up", "Whether the database told this process the metrics of the deployment.", nil, nil)
	queueDepth  = describe("soundings_queue_depth", "Jobs by type and state.", "type", "state")
	queueOldest = describe("soundings_queue_oldest_seconds", "How long the job that has been due longest has waited to be run.", "type")
	queuePaused = describe("soundings_queue_paused", "1 where an operator paused the queue.", "type")
	tasksLive   = describe("soundings_tasks", "Tasks that have not ended and are not paused, by status.", "status")
	tasksEnded  = describe("soundings_tasks_ended_last_hour", "Tasks that ended within the last hour, by status.", "status")
	quotaUsed   = describe("soundings_quota_used", "Units or requests of a provider's quota that are used in its window.", "provider")
	quotaLimit  = describe("soundings_quota_limit", "Units or requests that a provider's quota has in its window.", "provider")
)

// Describe implements prometheus.Collector.
func (c *rowsCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{rowsUp, queueDepth, queueOldest, queuePaused, tasksLive, tasksEnded, quotaUsed, quotaLimit} {
		to <- d
	}
}

// Collect implements prometheus.Collector: it shows what refresh has read.
func (c *rowsCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	seen, up := c.seen, c.up
	c.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(rowsUp, number(up))
	for _, q := range seen.queues {
		name := string(q.Type.Queue())
		gauge(queueOldest, q.Oldest.Seconds(), name)
		gauge(queuePaused, number(q.Paused), name)
		for _, state := range task.JobStates() {
			gauge(queueDepth, float64(q.Depth[state]), name, string(state))
		}
	}
	for status, n := range seen.tasks.Live {
		gauge(tasksLive, float64(n), string(status))
	}
	for status, n := range seen.tasks.EndedLately {
		gauge(tasksEnded, float64(n), string(status))
	}
	for p, quota := range seen.quotas {
		gauge(quotaUsed, float64(quota.Used), string(p))
		gauge(quotaLimit, float64(quota.Limit), string(p))
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
