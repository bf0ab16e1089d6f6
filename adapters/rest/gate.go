package rest

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// gate decides whether a request reaches its handler: who calls, whether they
// may, whether too often, and whether the request has a form that anybody
// could answer, in this order, so that a stranger learns nothing.
type gate struct {
	accounts *application.Accounts
	tokens   *tokenVerifier
	limits   *rateLimits
}

func newGate(accounts *application.Accounts, opts Options) *gate {
	return &gate{
		accounts: accounts,
		tokens:   newTokenVerifier(opts),
		limits:   newRateLimits(opts.RequestsPerSecond),
	}
}

// guard returns the middleware of one operation.
func (g *gate) guard(op operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Request().Pattern = c.Path() // for whoever counts requests, as http.ServeMux does
			if !op.public {
				if err := g.admit(c.(*call), op); err != nil {
					return err
				}
			}
			// A client of OAuth passes over parameters that it does not know
			// (RFC 6749 §4.1.2); those that it knows, the handler checks.
			if c.(*call).browser = op.browser; !op.browser {
				if err := checkQuery(c, op.query); err != nil {
					return err
				}
			}
			if c.Request().ContentLength > maxBody {
				return errTooLarge()
			}
			return next(c)
		}
	}
}

// admit authenticates the caller, and refuses whoever may not or asks too often.
func (g *gate) admit(c *call, op operation) error {
	caller, err := g.authenticate(c)
	if err != nil {
		return err
	}
	c.caller = caller
	if op.permission != "" {
		if err := caller.May(op.permission); err != nil {
			return err
		}
	}
	return g.limits.take(caller.User.ID)
}

// maxBearer bounds what is looked at of a token, in bytes.
const maxBearer = 8 << 10

func (g *gate) authenticate(c *call) (access.Caller, error) {
	bearer, err := bearerOf(c.Request().Header["Authorization"])
	if err != nil {
		return access.Caller{}, err
	}
	ctx := c.Request().Context()
	if access.LooksLikeAPIKey(bearer) {
		return g.accounts.ByAPIKey(ctx, bearer)
	}
	who, err := g.tokens.verify(ctx, bearer)
	if err != nil {
		return access.Caller{}, err
	}
	return g.accounts.BySubject(ctx, who.issuer, who.subject, who.name, who.scopes)
}

func bearerOf(headers []string) (string, error) {
	if len(headers) == 0 {
		return "", unauthenticated("send an API key or a JWT: Authorization: Bearer …")
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxBearer {
		return "", unauthenticated("the Authorization header is not one of the form Bearer TOKEN")
	}
	return token, nil
}

func unauthenticated(message string) *fault.Error {
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "%s", message)
}

// checkQuery refuses parameters that the operation does not know, and values
// that no database takes.
func checkQuery(c echo.Context, known []string) error {
	raw := c.Request().URL.RawQuery
	if raw == "" {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return fault.New(fault.Invalid, fault.CodeInvalidValue, "the query string cannot be read; percent-encode its values")
	}
	for name, given := range values {
		if !slices.Contains(known, name) {
			return fault.New(fault.Invalid, fault.CodeUnknownField, "there is no query parameter %q here", shortened(name)).In(shortened(name))
		}
		if len(given) > 1 {
			return invalid(name, "%s is given more than once; put commas between values where several are allowed", name)
		}
		if !storable(given[0]) {
			return invalid(name, "%s is not valid UTF-8 text", name)
		}
	}
	return nil
}

// storable tells texts that every database takes.
func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// invalid refuses a field's value.
func invalid(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, fault.CodeInvalidValue, format, args...).In(field)
}

// shortened bounds what of a client's words is said back to it.
func shortened(s string) string {
	const most = 100
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
