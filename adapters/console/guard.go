package console

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// writePatience is how long a browser may take to send a request and read the
// answer; a download has it for each part.
const writePatience = 90 * time.Second

const requestIDHeader = "X-Request-Id"

// The headers of all answers. Nothing but this server's own files is run, shown
// or asked, and nobody may frame a page.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	"Cache-Control":                "no-store",
}

// observe gives each answer its headers, ends it with a page where it failed, and
// logs it. Queries, headers and forms are never logged: they may hold secrets.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		started, id := time.Now(), uuid.Must(uuid.NewV7()).String()
		h := c.Response().Header()
		for name, value := range headers {
			h.Set(name, value)
		}
		h.Set(requestIDHeader, id)
		r := c.Request()
		*r = *r.WithContext(ports.WithLogAttrs(r.Context(), slog.String("requestId", id)))
		// An error means that the writer has no deadlines: a test's recorder.
		_ = http.NewResponseController(c.Response().Writer).SetWriteDeadline(started.Add(writePatience))
		err := safely(next, c)
		if err != nil && !c.Response().Committed {
			s.showError(c, err)
		}
		s.logRequest(c, err, time.Since(started))
		return nil
	}
}

// safely turns a panic of a handler into an error.
func safely(next echo.HandlerFunc, c echo.Context) (err error) {
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

func (s *Server) logRequest(c echo.Context, err error, took time.Duration) {
	level, status := slog.LevelInfo, c.Response().Status
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request().Method), slog.String("path", c.Path()),
		slog.Int("status", status), slog.Duration("took", took),
	}
	if err != nil && level == slog.LevelError {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	s.log.LogAttrs(c.Request().Context(), level, "console", attrs...)
}

// statuses are what HTTP makes of a failure.
var statuses = map[fault.Kind]int{
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Gone:            http.StatusGone,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.QuotaExhausted:  http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// failure is an error as a page tells it.
type failure struct {
	Status           int
	Heading, Message string
	RequestID        string
}

var headings = map[int]string{
	http.StatusUnauthorized:          "You are not signed in",
	http.StatusForbidden:             "You may not do this",
	http.StatusNotFound:              "There is nothing here",
	http.StatusMethodNotAllowed:      "This address takes forms only",
	http.StatusConflict:              "This cannot be done now",
	http.StatusGone:                  "This is gone",
	http.StatusRequestEntityTooLarge: "This is too much at once",
	http.StatusUnprocessableEntity:   "This could not be read",
	http.StatusTooManyRequests:       "Too many requests",
	http.StatusServiceUnavailable:    "Soundings is not available",
	http.StatusInternalServerError:   "Something went wrong",
}

// describe says what an error is for a person. What is internal stays opaque:
// the log has it under the request's id.
func describe(err error, requestID string) failure {
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		f := failure{Status: h.Code, Heading: headings[h.Code], Message: "Go back, or begin at the list of tasks."}
		if f.Heading == "" {
			f.Heading = http.StatusText(h.Code)
		}
		return f
	}
	f := fault.As(err)
	status, known := statuses[f.Kind]
	if !known {
		return failure{
			Status: http.StatusInternalServerError, Heading: headings[http.StatusInternalServerError],
			Message: "This is a fault of Soundings. Its log tells more about this request.", RequestID: requestID,
		}
	}
	return failure{Status: status, Heading: headings[status], Message: sentence(f.Message)}
}

// showError tells a person what went wrong. Who is not signed in gets the form
// for it, and comes back to the page afterwards.
func (s *Server) showError(c echo.Context, err error) {
	if fault.Is(err, fault.Unauthenticated) && c.Request().Method == http.MethodGet {
		_ = c.Redirect(http.StatusSeeOther, Root+"/login?next="+url.QueryEscape(c.Request().URL.RequestURI()))
		return
	}
	told := describe(err, c.Response().Header().Get(requestIDHeader))
	v, failed := s.visitOf(c)
	if failed != nil {
		v = nil // the page is for whoever comes
	}
	if err := s.render(c, v, told.Status, "error", told.Heading, told); err != nil {
		s.log.ErrorContext(c.Request().Context(), "the page that tells of an error could not be shown", "error", err)
	}
}

func newOrigins(publicURL string) *http.CrossOriginProtection {
	origins := http.NewCrossOriginProtection()
	if u, err := url.Parse(publicURL); err == nil {
		_ = origins.AddTrustedOrigin(u.Scheme + "://" + u.Host) // one that is malformed stays untrusted
	}
	return origins
}

// The bounds of requests. A page is a handful of requests at once; nobody can
// guess a key, so that the bound of sign-ins is about load alone.
const (
	requestBurst     = 5
	signInsPerSecond = 1
	signInBurst      = 20
	forgetAfter      = 5 * time.Minute
)

func limitSignIns() echo.MiddlewareFunc {
	return limited(signInsPerSecond, signInBurst, func(c echo.Context) string { return c.RealIP() })
}

// limitRequests bounds the requests of each user.
func (s *Server) limitRequests(perSecond float64) echo.MiddlewareFunc {
	if perSecond <= 0 {
		return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	}
	return limited(perSecond, max(1, int(requestBurst*perSecond)), func(c echo.Context) string { return c.Get(userKey).(string) })
}

func limited(perSecond float64, burst int, who func(echo.Context) string) echo.MiddlewareFunc {
	return middleware.RateLimiterWithConfig(middleware.RateLimiterConfig{
		Store: middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
			Rate: rate.Limit(perSecond), Burst: burst, ExpiresIn: forgetAfter,
		}),
		IdentifierExtractor: func(c echo.Context) (string, error) { return who(c), nil },
		DenyHandler: func(echo.Context, string, error) error {
			return fault.New(fault.RateLimited, fault.CodeTooManyRequests, "that was a lot at once; wait a few seconds and try again")
		},
	})
}
