//go:build wireinject

package bootstrap

import (
	"context"
	"log/slog"

	"github.com/google/wire"

	"github.com/soundings-io/soundings/adapters/console"
	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// initApp is written out by wire into wire_gen.go: `make generate`.
func initApp(ctx context.Context, c Config, v Version, log *slog.Logger) (*App, func(), error) {
	panic(wire.Build(
		lockData, openKeyring, openStore, openQueue, openFiles,
		newMetrics, newMetricsPage, newTraces, newStore, newScheduleStore, newQueue,
		wire.Bind(new(ports.ExportStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.IdempotencyStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.WebhookStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.QueueStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.RetentionStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.WordStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.WatchStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.IntegrationStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.ConnectionStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.BudgetStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.SessionStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.ThreadStore), new(*sqlstore.Store)),
		wire.Bind(new(ports.VerdictStore), new(*sqlstore.Store)),
		wire.Struct(new(files.Formats)),
		wire.Bind(new(ports.ExportFormats), new(files.Formats)),
		newSpamDetector, newSentimentAnalyzer, newReadiness,
		newContentSources, newMasterTokens, newTokenAuthorities, newAppGrants, newIntegrationSettings, newBudgetPlans,
		newNotifier, newTaskEncoder, task.DefaultWebhookPolicy, application.NewWebhooks, application.NewWords,
		newLimits, newMaxPosts, newExportLifetime, newWorkerOptions, newRESTOptions,
		application.NewDispatcher, application.NewTasks, application.NewExportExpiry, application.NewWatch, application.NewExports, application.NewAccounts,
		application.NewProviders, application.NewEstimates, application.NewQueues, application.NewQuotas, newCron, application.NewSchedules,
		newRetentionPolicy, application.NewRetention, application.NewErasure,
		wire.Struct(new(application.ContextsDeps), "*"), application.NewContexts,
		wire.Struct(new(application.IntegrationsDeps), "*"), application.NewIntegrations,
		application.NewProcessors, application.NewFetcher,
		application.NewSpamJudge, application.NewSentimentJudge, application.NewExporter, newManifestEncoder, application.NewWorker,
		wire.Struct(new(application.Work), "*"),
		wire.Struct(new(rest.Deps), "*"), rest.New,
		application.NewVerdicts, application.NewSessions, application.NewThreads, newConsoleOptions, wire.Struct(new(console.Deps), "*"), console.New,
		wire.Struct(new(App), "*"),
	))
}
