// Package console serves the web pages in which people use Soundings without
// a program of their own: what they see are the use cases and nothing more.
package console

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Root is the path below which everything lies.
const Root = "/console"

// Deps are the use cases that the pages show.
type Deps struct {
	Sessions     *application.Sessions
	Tasks        *application.Tasks
	Watch        *application.Watch
	Threads      *application.Threads
	Verdicts     *application.Verdicts
	Exports      *application.Exports
	Estimates    *application.Estimates
	Providers    *application.Providers
	Integrations *application.Integrations
	Queues       *application.Queues
	Formats      ports.ExportFormats
}

// Options say how people reach the console.
type Options struct {
	// PublicURL is the address that browsers reach the server at. With https,
	// cookies are never sent without it.
	PublicURL string
	// KeyFile is where an embedded deployment keeps its first API key; empty where
	// there is none.
	KeyFile string
	// RequestsPerSecond bounds each user; 0 is no bound.
	RequestsPerSecond float64
	Logger            *slog.Logger
}

// Server is the console. It is safe for concurrent use.
type Server struct {
	Deps
	opts      Options
	log       *slog.Logger
	pages     pages
	origins   *http.CrossOriginProtection
	summaries summaries
	requests  echo.MiddlewareFunc
	echo      *echo.Echo
}

// New returns a server of the use cases. It panics if an embedded template
// cannot be read.
func New(deps Deps, opts Options) *Server {
	s := &Server{Deps: deps, opts: opts, log: opts.Logger, pages: mustReadPages(), origins: newOrigins(opts.PublicURL), echo: echo.New()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.summaries.kept = map[task.ID]keptSummary{}
	s.requests = s.limitRequests(opts.RequestsPerSecond)
	s.echo.Logger.SetOutput(io.Discard)                                               // requests are logged by observe
	s.echo.HTTPErrorHandler = func(err error, c echo.Context) { s.showError(c, err) } // the limiter's way to refuse
	s.echo.IPExtractor = echo.ExtractIPDirect()
	s.echo.Use(s.observe, middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1 << 10, Skipper: streams}))
	s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// streams tells answers that are not to be compressed: what is sent bit by bit,
// and files of which parts are asked for.
func streams(c echo.Context) bool {
	switch c.Path() {
	case Root + "/events", Root + "/tasks/:id/events", Root + "/tasks/:id/download":
		return true
	}
	return false
}

func (s *Server) routes() {
	open := s.echo.Group(Root)
	open.GET("", s.home)
	open.GET("/", s.home)
	open.GET("/login", s.showLogin)
	open.POST("/login", s.signIn, limitSignIns())
	open.GET("/assets/:name", s.asset)
	open.GET("/connected", s.connected)

	in := routes{s, open}
	in.post("/logout", s.signOut)
	in.get("/tasks", s.listTasks)
	in.get("/events", s.watchTasks)
	in.get("/new", s.newTask)
	in.post("/estimate", s.estimate)
	in.post("/tasks", s.startTask)
	in.get("/tasks/:id", s.showTask)
	in.get("/tasks/:id/events", s.watchTasks)
	in.get("/tasks/:id/figures", s.showFigures)
	in.get("/tasks/:id/plots/:name", s.plot)
	in.get("/tasks/:id/confirm/:action", s.confirmTask)
	in.post("/tasks/:id/:action", s.changeTask)
	in.get("/tasks/:id/posts", s.listPosts)
	in.get("/tasks/:id/thread", s.showThread)
	in.post("/tasks/:id/posts/:post/spam", s.judge)
	in.get("/tasks/:id/export", s.newExport)
	in.post("/tasks/:id/export", s.startExport)
	in.get("/tasks/:id/download", s.download)
	in.get("/integrations", s.listIntegrations)
	in.post("/integrations/connect/:provider", s.connect)
	in.post("/integrations/complete", s.complete)
	in.get("/integrations/:id/disconnect", s.confirmDisconnect)
	in.post("/integrations/:id/disconnect", s.disconnect)
	in.get("/queues", s.listQueues)
	in.get("/queues/:name", s.showQueue)
	in.post("/queues/:name/:action", s.changeQueue)
	in.post("/queues/:name/jobs/:job/:action", s.changeJob)
}

// routes are those of people who are signed in.
type routes struct {
	server *Server
	group  *echo.Group
}

func (r routes) get(path string, h func(*visit) error) {
	r.group.GET(path, r.server.signedIn(h))
	r.group.HEAD(path, r.server.signedIn(h))
}

// post registers what changes something: a form of a page of ours, see checkForm.
func (r routes) post(path string, h func(*visit) error) {
	r.group.POST(path, r.server.signedIn(func(v *visit) error {
		if err := r.server.checkForm(v, v.session); err != nil {
			return err
		}
		return h(v)
	}))
}
