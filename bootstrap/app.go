package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/soundings-io/soundings/adapters/console"
	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/ports"
)

//go:generate go tool -modfile=../.tools/generate.mod wire gen .

// Version is what `soundings version` prints.
type Version string

// App is Soundings, put together and not yet running.
type App struct {
	Config      Config
	Store       *sqlstore.Store
	Tasks       *application.Tasks
	Watch       *application.Watch
	Exports     *application.Exports
	Accounts    *application.Accounts
	Contexts    *application.Contexts
	Quotas      *application.Quotas
	Formats     ports.ExportFormats
	Dispatcher  *application.Dispatcher
	Worker      *application.Worker
	Webhooks    *application.Webhooks
	Words       *application.Words
	Expiry      *application.ExportExpiry
	Schedules   *application.Schedules
	Retention   *application.Retention
	Readiness   *application.Readiness
	Handler     *rest.Server
	Console     *console.Server
	Metrics     *observe.Metrics
	Traces      *observe.Traces
	MetricsPage metricsPage
	Log         *slog.Logger
}

// Open puts an App together: it takes the lock of an embedded data folder,
// opens database and queue, and checks that they can be used. The returned
// function closes all of it, after Run has returned.
func Open(ctx context.Context, c Config, version Version, log *slog.Logger) (*App, func(), error) {
	return initApp(ctx, c, version, log)
}

// Roles say what a process does.
type Roles struct {
	API, Worker bool
	// Guest is a worker that came for a task of its own: what the deployment does
	// by the clock it leaves to those who serve, and who have all its settings.
	Guest bool
}

// Run serves the roles until ctx ends, then stops in order: no new requests, no
// new deliveries, running work to a good place, the rest handed back. ready is
// called once with the address of the API, or of a worker's health, or "".
func (a *App) Run(ctx context.Context, roles Roles, ready func(addr string)) error {
	if err := a.prepare(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop before it began
		}
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	addr, err := a.listen(ctx, group, roles)
	if err != nil {
		return err
	}
	if err := a.listenMetrics(ctx, group); err != nil {
		return err
	}
	// The dispatcher outlives the worker, whose runs poke it until their end.
	dispatching, stopDispatching := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { a.Dispatcher.Run(dispatching); return nil })
	if roles.Worker && !roles.Guest {
		group.Go(func() error { a.Webhooks.Run(ctx); return nil })
		group.Go(func() error { a.Expiry.Run(ctx); return nil })
		group.Go(func() error { a.Words.Run(ctx); return nil })
		group.Go(func() error { a.Schedules.Run(ctx); return nil })
		group.Go(func() error { a.Retention.Run(ctx); return nil })
	}
	group.Go(func() error {
		defer stopDispatching()
		if !roles.Worker {
			<-ctx.Done()
			return nil
		}
		return a.Worker.Run(ctx)
	})
	ready(addr)
	err = group.Wait()
	a.settle(ctx)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// settleTime bounds the end of refreshes in flight, which have seconds.
const settleTime = 20 * time.Second

// settle saves what is neither in a task nor lost without harm: tokens that
// were renewed, and units of quota that nobody spends any more.
func (a *App) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	a.Contexts.Close(ctx)
	a.Quotas.Close(ctx)
}

// prepare frees what a process that died has held: embedded, where the lock
// file allows one process, every lease is void.
func (a *App) prepare(ctx context.Context) error {
	if !a.Config.singleProcess() {
		return nil
	}
	released, err := a.Store.Release(ctx, "")
	if err == nil && released > 0 {
		a.Log.Info("going on with what the process before left", "subtasks", released)
	}
	return err
}

func (a *App) listen(ctx context.Context, group *errgroup.Group, roles Roles) (string, error) {
	e := endpoint{a.Config.HTTPAddr, "HTTP_ADDR", a.front()}
	if !roles.API {
		e = endpoint{a.Config.WorkerAddr, "WORKER_ADDR", a.Handler.HealthOnly()}
	}
	if e.addr == "" {
		return "", nil
	}
	e.handler = a.Metrics.Handler(a.Traces.Handler(e.handler))
	return a.serve(ctx, group, e)
}

// endpoint is what a process serves at an address that a variable names.
type endpoint struct {
	addr, variable string
	handler        http.Handler
}

// serve serves the endpoint until ctx ends, and returns its address.
func (a *App) serve(ctx context.Context, group *errgroup.Group, e endpoint) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.addr)
	if err != nil {
		return "", fmt.Errorf("cannot listen on %s: %w; set %s to a free address", e.addr, errors.Unwrap(err), e.variable)
	}
	server := newHTTPServer(e.handler, a.Log)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		a.Watch.Close() // open streams would outlast the grace
		return shutdown(ctx, server)
	})
	return listener.Addr().String(), nil
}

// front leads browsers to the console, and everybody else to the API.
func (a *App) front() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == console.Root || strings.HasPrefix(r.URL.Path, console.Root+"/") {
			r.Pattern = console.Root + "/" // its pages are one route for whoever counts
			a.Console.ServeHTTP(w, r)
			return
		}
		a.Handler.ServeHTTP(w, r)
	})
}

const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	requestTimeout = time.Minute
	maxHeaderBytes = 64 << 10
	shutdownGrace  = 5 * time.Second
)

// newHTTPServer bounds what a client can hold. Writing is bounded by the
// handlers, because a download may take long.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// shutdown gives open requests a moment to end.
func shutdown(ctx context.Context, server *http.Server) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}
