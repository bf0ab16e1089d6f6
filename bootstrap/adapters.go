package bootstrap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/soundings-io/soundings/adapters/console"
	"github.com/soundings-io/soundings/adapters/cron"
	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/redisqueue"
	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/adapters/riverqueue"
	"github.com/soundings-io/soundings/adapters/sentiment"
	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/adapters/webhook"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// The functions of this file choose the adapters: each is one switch that calls
// an adapter's constructor. A new adapter is one package and one case here.

// openStore opens the database. Embedded databases are brought up to date;
// others must have been, by `soundings migrate`.
func openStore(ctx context.Context, c Config, keys access.Keyring, _ dataLock) (*sqlstore.Store, func(), error) {
	store, err := sqlstore.Open(ctx, c.DatabaseURL, sqlstore.Options{Keyring: keys})
	if err != nil {
		return nil, nil, err
	}
	ready := store.CheckMigrated
	if c.Embedded {
		ready = store.Migrate
	}
	if err := ready(ctx); err != nil {
		_ = store.Close()
		return nil, nil, err
	}
	return store, func() { _ = store.Close() }, nil
}

// queueAdapter is a queue with what bootstrap needs beside the port.
type queueAdapter struct {
	ports.Queue
	health ports.HealthChecker
}

func openQueue(ctx context.Context, c Config, store *sqlstore.Store, log *slog.Logger) (queueAdapter, func(), error) {
	switch c.Queue {
	case QueueAsynq:
		q, err := redisqueue.Open(ctx, c.RedisURL, redisqueue.Options{Concurrency: c.Concurrency, Logger: log})
		if err != nil {
			return queueAdapter{}, nil, err
		}
		return queueAdapter{Queue: q, health: q}, func() { _ = q.Close() }, nil
	case QueueRiver:
		if store.Pooled() && c.DatabaseDirectURL == "" {
			return queueAdapter{}, nil, errNoDirectAddress
		}
		q, err := openRiver(ctx, c, log)
		if err != nil {
			return queueAdapter{}, nil, err
		}
		return queueAdapter{Queue: q, health: q}, func() { _ = q.Close() }, nil
	default:
		return queueAdapter{Queue: memory.NewQueue(c.Concurrency)}, func() {}, nil
	}
}

// errNoDirectAddress is what a pooler of transactions cannot do.
var errNoDirectAddress = errors.New("DATABASE_DIRECT_URL: expected the database's address past the pooler " +
	"that DATABASE_URL leads through: migrations lock a session and River listens on one")

// openRiver keeps River's tables in the Postgres database, or in a file beside
// the SQLite database: one writer a file keeps both quick. River listens on a
// session of its own, which a pooler of transactions does not give.
func openRiver(ctx context.Context, c Config, log *slog.Logger) (*riverqueue.Queue, error) {
	opts := riverqueue.Options{Concurrency: c.Concurrency, Logger: log}
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		return riverqueue.OpenSQLite(ctx, strings.TrimSuffix(path, ".db")+"-queue.db", opts)
	}
	return riverqueue.OpenPostgres(ctx, cmp.Or(c.DatabaseDirectURL, c.DatabaseURL), opts)
}

// leftoverAge is how long a file in the making may lie untouched before it is
// taken for that of a process that was killed.
const leftoverAge = 24 * time.Hour

// openFiles opens the folder or the bucket that EXPORT_URL names.
func openFiles(ctx context.Context, c Config) (ports.FileStore, func(), error) {
	if files.ValidBucketURL(c.ExportURL) {
		return openBucket(ctx, c)
	}
	dir, err := files.OpenDir(strings.TrimPrefix(c.ExportURL, "file://"))
	if err != nil {
		return nil, nil, fmt.Errorf("EXPORT_URL: %w", err)
	}
	if err := dir.RemoveLeftovers(time.Now().Add(-leftoverAge)); err != nil {
		_ = dir.Close()
		return nil, nil, fmt.Errorf("EXPORT_URL: the folder for exports: %w", err)
	}
	return dir, func() { _ = dir.Close() }, nil
}

func openBucket(ctx context.Context, c Config) (ports.FileStore, func(), error) {
	bucket, err := files.OpenBucket(c.ExportURL, files.BucketOptions{
		AccessKeyID: c.AWSAccessKeyID, SecretKey: c.AWSSecretAccessKey.Token, SessionToken: c.AWSSessionToken.Token, Timeout: c.CallTimeout,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("EXPORT_URL: %w", err)
	}
	if err := bucket.RemoveLeftovers(ctx, time.Now().Add(-leftoverAge)); err != nil {
		_ = bucket.Close()
		return nil, nil, fmt.Errorf("EXPORT_URL: %w", err)
	}
	return bucket, func() { _ = bucket.Close() }, nil
}

func newSpamDetector(c Config, m *observe.Metrics, t *observe.Traces) (ports.SpamDetector, error) {
	if c.SpamServiceURL == "" {
		return t.SpamDetector(m.SpamDetector(spam.NewBuiltin())), nil
	}
	client, err := spam.NewClient(c.SpamServiceURL, spam.Options{
		Patience: c.ServicePatience, RequestTimeout: c.CallTimeout, Transport: t.Transport(),
	})
	if err != nil {
		return nil, err
	}
	return t.SpamDetector(m.SpamDetector(client)), nil
}

func newSentimentAnalyzer(c Config, m *observe.Metrics, t *observe.Traces) (ports.SentimentAnalyzer, error) {
	if c.SentimentServiceURL == "" {
		return t.SentimentAnalyzer(m.SentimentAnalyzer(sentiment.NewBuiltin())), nil
	}
	client, err := sentiment.NewClient(c.SentimentServiceURL, sentiment.Options{
		Patience: c.ServicePatience, RequestTimeout: c.CallTimeout, Transport: t.Transport(),
	})
	if err != nil {
		return nil, err
	}
	return t.SentimentAnalyzer(m.SentimentAnalyzer(client)), nil
}

// newNotifier returns nil where there is no secret to sign with: no messages
// are sent then.
func newNotifier(c Config, m *observe.Metrics, t *observe.Traces) (ports.Notifier, error) {
	if c.WebhookSecret.Empty() {
		return nil, nil
	}
	n, err := webhook.New(webhook.Options{Secret: c.WebhookSecret.Token, AllowedNetworks: c.WebhookAllowedNetworks, Timeout: c.CallTimeout})
	if err != nil {
		return nil, err
	}
	return t.Notifier(m.Notifier(n)), nil
}

func newTaskEncoder() application.TaskEncoder { return rest.EncodeTask }

func newManifestEncoder() application.ManifestEncoder { return rest.EncodeManifest }

func newRetentionPolicy(c Config) application.RetentionPolicy {
	return application.RetentionPolicy{
		content.YouTube: {Texts: c.RetentionYouTubeTexts, Tasks: c.RetentionYouTubeTasks},
		content.Reddit:  {Texts: c.RetentionRedditTexts, Tasks: c.RetentionRedditTasks},
	}
}

func newCron() task.CronNext { return cron.Next }

func newReadiness(
	store *sqlstore.Store, q queueAdapter, contexts *application.Contexts, detector ports.SpamDetector, analyzer ports.SentimentAnalyzer,
) *application.Readiness {
	parts := []application.Part{
		{Name: "database", Vital: true, Checker: store},
		{Name: "integrations", Checker: contexts},
	}
	if q.health != nil {
		parts = append(parts, application.Part{Name: "queue", Vital: true, Checker: q.health})
	}
	if h, ok := detector.(ports.HealthChecker); ok {
		parts = append(parts, application.Part{Name: "spam", Checker: h})
	}
	if h, ok := analyzer.(ports.HealthChecker); ok {
		parts = append(parts, application.Part{Name: "sentiment", Checker: h})
	}
	return application.NewReadiness(parts)
}

func newLimits(c Config) task.Limits {
	l := task.DefaultLimits()
	l.Running, l.PerTask, l.PerUser = c.RunningTasks, c.QueuedPerTask, c.QueuedPerUser
	return l
}

// stopGrace is how long runs may go on after the process was asked to stop.
const stopGrace = 10 * time.Second

func newWorkerOptions(c Config) application.WorkerOptions {
	host, _ := os.Hostname()
	retry := task.DefaultRetryPolicy()
	retry.MaxPark = c.MaxPark
	return application.WorkerOptions{
		Owner: fmt.Sprintf("%s/%d/%s", host, os.Getpid(), uuid.NewString()),
		Grace: stopGrace, Retry: retry,
	}
}

func newMaxPosts(c Config) application.MaxPosts { return application.MaxPosts(c.MaxPosts) }

func newExportLifetime(c Config, policy application.RetentionPolicy, store *sqlstore.Store) application.ExportLifetime {
	return application.ExportLifetime{TTL: c.ExportTTL, Policy: policy, Store: store}
}

func newRESTOptions(c Config, version Version, metrics metricsPage, log *slog.Logger) rest.Options {
	return rest.Options{
		JWTSecret: []byte(c.JWTSecret.Reveal()), JWKSURL: c.JWKSURL, JWTIssuer: c.JWTIssuer, JWTAudience: c.JWTAudience,
		RequestsPerSecond: c.RequestsPerSecond, WebAppOrigin: c.WebAppOrigin,
		Webhooks: !c.WebhookSecret.Empty(), Metrics: metrics.Handler,
		Version: string(version), Logger: log,
	}
}

// newConsoleOptions tells where the first API key is, where this deployment
// made one by itself.
func newConsoleOptions(c Config, log *slog.Logger) console.Options {
	opts := console.Options{PublicURL: c.PublicURL, RequestsPerSecond: c.RequestsPerSecond, Logger: log}
	if c.Embedded {
		opts.KeyFile = keyFile(c.DataDir)
	}
	return opts
}
