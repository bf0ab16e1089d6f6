// Package rest serves the HTTP API: it turns requests into calls of the use
// cases and what these return into the documents of openapi.yaml.
package rest

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/ports"
)

//go:generate go tool -modfile=../../.tools/generate.mod oapi-codegen -config oapi-codegen.yaml openapi.yaml

// Deps are the use cases that the server serves.
type Deps struct {
	Tasks        *application.Tasks
	Verdicts     *application.Verdicts
	Watch        *application.Watch
	Exports      *application.Exports
	Queues       *application.Queues
	Schedules    *application.Schedules
	Accounts     *application.Accounts
	Erasure      *application.Erasure
	Integrations *application.Integrations
	Providers    *application.Providers
	Estimates    *application.Estimates
	Readiness    *application.Readiness
	Idempotency  ports.IdempotencyStore
}

// Options say how the server treats its clients.
type Options struct {
	// JWTSecret checks the web app's JWTs (HS256); without it every JWT is refused.
	JWTSecret []byte
	// JWKSURL is where the public keys stand that check them in its stead (RS256,
	// ES256, EdDSA); they are fetched when the first JWT comes.
	JWKSURL string
	// JWTIssuer and JWTAudience must stand in a JWT, where they are set.
	JWTIssuer   string
	JWTAudience string
	// RequestsPerSecond bounds each user; 0 is no bound.
	RequestsPerSecond float64
	// WebAppOrigin is the only origin that browsers may call from; empty for none.
	WebAppOrigin string
	// Webhooks tells that messages about ended tasks are sent; otherwise a
	// callbackUrl is refused.
	Webhooks bool
	// Metrics is what GET /metrics shows; nil where nothing is counted.
	Metrics http.Handler
	// Version is told in openapi.yaml.
	Version string
	Logger  *slog.Logger
}

// Server is the HTTP API. It is safe for concurrent use.
type Server struct{ api, health *echo.Echo }

// New returns a server of the use cases. It panics if the embedded openapi.yaml
// leaves open who may call an operation, so that nothing is served unguarded.
func New(deps Deps, opts Options) *Server {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	g := newGate(deps.Accounts, opts)
	h := &handlers{Deps: deps, gate: g, spec: versioned(opts.Version), docs: newDocs(), webhooks: opts.Webhooks, metrics: opts.Metrics, log: opts.Logger}
	guards := map[string][]echo.MiddlewareFunc{}
	for _, op := range mustReadOperations() {
		guards[op.id] = []echo.MiddlewareFunc{g.guard(op)}
	}

	api := newEcho(opts)
	RegisterHandlersWithOptions(withHead{api}, h, RegisterHandlersOptions{OperationMiddlewares: guards})
	for _, path := range docsAssets {
		withHead{api}.GET(path, h.docs.asset)
	}

	health := newEcho(opts)
	wrapped := ServerInterfaceWrapper{Handler: h}
	withHead{health}.GET("/healthz", wrapped.GetHealth, guards["getHealth"]...)
	withHead{health}.GET("/readyz", wrapped.GetReadiness, guards["getReadiness"]...)
	withHead{health}.GET("/metrics", wrapped.GetMetrics, guards["getMetrics"]...)
	return &Server{api: api, health: health}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.api.ServeHTTP(w, r) }

// HealthOnly serves /healthz, /readyz and /metrics and nothing else: for a
// process that only works.
func (s *Server) HealthOnly() http.Handler { return s.health }

func newEcho(opts Options) *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard) // requests are logged by observe
	e.Use(observe(opts.Logger, opts.WebAppOrigin))
	if opts.WebAppOrigin != "" {
		e.Use(middleware.CORSWithConfig(middleware.CORSConfig{
			AllowOrigins:  []string{opts.WebAppOrigin},
			AllowMethods:  []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete},
			AllowHeaders:  []string{"Authorization", "Content-Type", "Idempotency-Key", "Range", "If-Range", "If-None-Match", "Last-Event-ID", requestIDHeader},
			ExposeHeaders: []string{"Location", "Retry-After", "ETag", "Content-Disposition", "Idempotency-Replayed", requestIDHeader},
			MaxAge:        600, // seconds that a browser may remember the answer
		}))
	}
	return e
}

// withHead registers HEAD with every GET: RFC 9110 wants both.
type withHead struct{ *echo.Echo }

// GET registers a handler for GET and HEAD.
func (r withHead) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	r.HEAD(path, h, m...)
	return r.Echo.GET(path, h, m...)
}

// handlers answer the operations; the file of each is named for its tag.
type handlers struct {
	Deps
	gate *gate
	spec []byte
	docs *docs
	log  *slog.Logger

	webhooks bool
	metrics  http.Handler
}

var _ ServerInterface = (*handlers)(nil)
