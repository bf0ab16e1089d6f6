package rest

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const requestIDHeader = "X-Request-Id"

// writePatience is how long a client may take to send a request and read the
// answer; a download has it for each part.
const writePatience = 90 * time.Second

// call is one request on its way: what the middleware learnt of it.
type call struct {
	echo.Context
	requestID string
	caller    access.Caller
	// browser tells that a person's browser was sent here: failures are pages.
	browser bool
}

// callerOf returns who calls; zero in operations that are public.
func callerOf(c echo.Context) access.Caller { return c.(*call).caller }

// Headers of all answers, shared between them: nobody appends to these slices.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
)

// observe names each request, gives its answer the headers of all answers, ends
// it with a problem document or a page where it failed, and logs it. Query
// strings, headers and bodies are never logged: they may hold secrets.
func observe(log *slog.Logger, webApp string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			started := time.Now()
			c := &call{Context: ec, requestID: requestID(ec.Request().Header.Get(requestIDHeader))}
			// In its place: whoever counts the request outside looks into this one.
			r := ec.Request()
			*r = *r.WithContext(ports.WithLogAttrs(r.Context(), slog.String("requestId", c.requestID)))
			h := c.Response().Header()
			h["X-Content-Type-Options"] = noSniff
			h["Referrer-Policy"] = noReferrer
			h["Cache-Control"] = noStore
			h["Content-Security-Policy"] = noContent
			h[requestIDHeader] = []string{c.requestID}
			// An error means that the writer has no deadlines: a test's recorder.
			_ = http.NewResponseController(c.Response().Writer).SetWriteDeadline(started.Add(writePatience))

			err := safely(next, c)
			switch {
			case err == nil || c.Response().Committed:
			case c.browser:
				writePage(c, err, webApp)
			default:
				writeProblem(c, err)
			}
			logRequest(log, c, err, time.Since(started))
			return nil
		}
	}
}

// safely turns a panic of a handler into an error.
func safely(next echo.HandlerFunc, c *call) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if r == http.ErrAbortHandler {
				panic(r)
			}
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return next(c)
}

const maxRequestID = 128

// requestID returns the client's own name of the request, if it is harmless in
// a log and a header, or a fresh one.
func requestID(given string) string {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-_.:", r)
	}
	if given == "" || len(given) > maxRequestID || strings.ContainsFunc(given, odd) {
		return uuid.Must(uuid.NewV7()).String()
	}
	return given
}

// logRequest writes one line: errors of ours as errors, probes of health for
// debugging alone. The route stands for the path where there is one.
func logRequest(log *slog.Logger, c *call, err error, took time.Duration) {
	level, status := slog.LevelInfo, c.Response().Status
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case c.Path() == "/healthz", c.Path() == "/readyz":
		level = slog.LevelDebug
	}
	ctx := c.Request().Context()
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request().Method),
		slog.String("path", shortened(c.Request().URL.Path)), slog.Int("status", status),
		slog.Duration("took", took),
	}
	if user := c.caller.User.ID; user != "" {
		attrs = append(attrs, slog.String("user", string(user)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("code", string(fault.As(problemCause(err)).Code)))
		if level >= slog.LevelWarn {
			attrs = append(attrs, slog.String("error", err.Error()))
		}
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}
