package bootstrap

import (
	"context"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/content"
)

// heardBy returns the configuration without the address at which a process of
// these roles does not listen.
func (c Config) heardBy(roles Roles) Config {
	if roles.API {
		c.WorkerAddr = ""
	} else {
		c.HTTPAddr = ""
	}
	return c
}

// newMetrics returns nil, which decorates nothing, where nobody could read what
// is counted: the process listens nowhere.
func newMetrics(c Config, v Version) *observe.Metrics {
	if c.HTTPAddr == "" && c.WorkerAddr == "" && c.MetricsAddr == "" {
		return nil
	}
	return observe.NewMetrics(string(v))
}

// metricsPage is what Prometheus reads; empty where nothing is counted.
type metricsPage struct{ http.Handler }

func newMetricsPage(m *observe.Metrics, store *sqlstore.Store, quotas *application.Quotas) metricsPage {
	if m == nil {
		return metricsPage{}
	}
	return metricsPage{m.Page(observe.Rows{
		Store: store, Quota: quotas.Quota, Providers: []content.ProviderID{content.YouTube, content.Reddit}, Pools: store.Pools(),
	})}
}

// listenMetrics serves /metrics to everybody at METRICS_ADDR, if that is set:
// an address that only the operators' network reaches.
func (a *App) listenMetrics(ctx context.Context, group *errgroup.Group) error {
	if a.Config.MetricsAddr == "" || a.MetricsPage.Handler == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.MetricsPage)
	_, err := a.serve(ctx, group, endpoint{addr: a.Config.MetricsAddr, variable: "METRICS_ADDR", handler: mux})
	return err
}
