package observe

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

type analyserMetrics struct {
	requests, items *prometheus.CounterVec
	took            *prometheus.HistogramVec
}

func newAnalyserMetrics(f promauto.Factory) analyserMetrics {
	m := analyserMetrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_analyser_requests_total", Help: "Batches given to an analyser, by what came of it.",
		}, []string{"analyser", "outcome"}),
		took: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "soundings_analyser_request_duration_seconds", Help: "How long an analyser took for a batch, its own retries included.",
			Buckets: callBuckets,
		}, []string{"analyser"}),
		items: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_analyser_posts_total", Help: "Posts given to an analyser: judged, or left without a verdict.",
		}, []string{"analyser", "result"}),
	}
	for _, analyser := range []string{spamAnalyser, sentimentAnalyser} {
		m.requests.WithLabelValues(analyser, outcomeOK)
		m.took.WithLabelValues(analyser)
		m.items.WithLabelValues(analyser, "judged")
		m.items.WithLabelValues(analyser, "unjudged")
	}
	return m
}

// The analysers.
const (
	spamAnalyser      = "spam"
	sentimentAnalyser = "sentiment"
)

// done counts a batch, of which some posts have a verdict.
func (m *analyserMetrics) done(analyser string, began time.Time, judged, of int, err error) {
	timed(m.requests, m.took, began, err, analyser)
	m.items.WithLabelValues(analyser, "judged").Add(float64(judged))
	m.items.WithLabelValues(analyser, "unjudged").Add(float64(of - judged))
}

func countJudged[T any](verdicts []*T) (judged int) {
	for _, v := range verdicts {
		if v != nil {
			judged++
		}
	}
	return judged
}

// SpamDetector counts and times what is judged. What it returns is a
// ports.HealthChecker if d is.
func (m *Metrics) SpamDetector(d ports.SpamDetector) ports.SpamDetector {
	if m == nil {
		return d
	}
	counted := &countedDetector{d, &m.analyser}
	if health, ok := d.(ports.HealthChecker); ok {
		return struct {
			*countedDetector
			ports.HealthChecker
		}{counted, health}
	}
	return counted
}

type countedDetector struct {
	ports.SpamDetector
	m *analyserMetrics
}

// Detect counts a batch.
func (d *countedDetector) Detect(ctx context.Context, items []analysis.SpamItem) ([]*analysis.SpamVerdict, error) {
	began := time.Now()
	verdicts, err := d.SpamDetector.Detect(ctx, items)
	d.m.done(spamAnalyser, began, countJudged(verdicts), len(items), err)
	return verdicts, err
}

// SentimentAnalyzer counts and times what is scored. What it returns is a
// ports.HealthChecker if a is.
func (m *Metrics) SentimentAnalyzer(a ports.SentimentAnalyzer) ports.SentimentAnalyzer {
	if m == nil {
		return a
	}
	counted := &countedAnalyzer{a, &m.analyser}
	if health, ok := a.(ports.HealthChecker); ok {
		return struct {
			*countedAnalyzer
			ports.HealthChecker
		}{counted, health}
	}
	return counted
}

type countedAnalyzer struct {
	ports.SentimentAnalyzer
	m *analyserMetrics
}

// Analyze counts a batch.
func (a *countedAnalyzer) Analyze(ctx context.Context, texts []string) ([]*analysis.Sentiment, error) {
	began := time.Now()
	sentiments, err := a.SentimentAnalyzer.Analyze(ctx, texts)
	a.m.done(sentimentAnalyser, began, countJudged(sentiments), len(texts), err)
	return sentiments, err
}

// Notifier counts messages. A nil Notifier, which sends none, stays nil.
func (m *Metrics) Notifier(n ports.Notifier) ports.Notifier {
	if m == nil || n == nil {
		return n
	}
	return &countedNotifier{n, m.webhooks}
}

type countedNotifier struct {
	ports.Notifier
	sent *prometheus.CounterVec
}

// Notify counts a message.
func (n *countedNotifier) Notify(ctx context.Context, target task.CallbackURL, message ports.Message) error {
	err := n.Notifier.Notify(ctx, target, message)
	n.sent.WithLabelValues(outcomeOf(err)).Inc()
	return err
}
