package rest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/fault"
)

// statuses is the one table from codes to HTTP. A fault whose code is not in it
// is told by the code of its kind.
var statuses = map[fault.Code]int{
	fault.CodeBadJSON:              http.StatusBadRequest,
	fault.CodeUnknownField:         http.StatusBadRequest,
	fault.CodeInvalidValue:         http.StatusBadRequest,
	fault.CodeBadCursor:            http.StatusBadRequest,
	fault.CodeUnauthenticated:      http.StatusUnauthorized,
	fault.CodeForbidden:            http.StatusForbidden,
	fault.CodeNotFound:             http.StatusNotFound,
	fault.CodeMethodNotAllowed:     http.StatusMethodNotAllowed,
	fault.CodeWrongState:           http.StatusConflict,
	fault.CodeNothingToRetry:       http.StatusConflict,
	fault.CodeNotReady:             http.StatusConflict,
	fault.CodeIdempotencyInFlight:  http.StatusConflict,
	fault.CodeExpired:              http.StatusGone,
	fault.CodeTooLarge:             http.StatusRequestEntityTooLarge,
	fault.CodeUnsupportedMediaType: http.StatusUnsupportedMediaType,
	fault.CodeUnsupportedURL:       http.StatusUnprocessableEntity,
	fault.CodeUnsupportedKind:      http.StatusUnprocessableEntity,
	fault.CodeIdempotencyMismatch:  http.StatusUnprocessableEntity,
	fault.CodeTooManyRequests:      http.StatusTooManyRequests,
	fault.CodeUnavailable:          http.StatusServiceUnavailable,
	fault.CodeInternal:             http.StatusInternalServerError,
}

// codes are those of faults that have a code of another vocabulary.
var codes = map[fault.Kind]fault.Code{
	fault.Internal:        fault.CodeInternal,
	fault.Invalid:         fault.CodeInvalidValue,
	fault.Unauthenticated: fault.CodeUnauthenticated,
	fault.Forbidden:       fault.CodeForbidden,
	fault.NotFound:        fault.CodeNotFound,
	fault.Conflict:        fault.CodeWrongState,
	fault.Gone:            fault.CodeExpired,
	fault.RateLimited:     fault.CodeTooManyRequests,
	fault.QuotaExhausted:  fault.CodeTooManyRequests,
	fault.Unavailable:     fault.CodeUnavailable,
	fault.Rejected:        fault.CodeInternal,
}

// problemCause returns err in the words of this API: what echo and the
// generated code say is translated here and nowhere else.
func problemCause(err error) error {
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		return routingFault(h)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the request was given up before it was answered; try again")
	}
	return err
}

func routingFault(h *echo.HTTPError) error {
	switch h.Code {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, fault.CodeNotFound, "there is nothing at this path; GET /docs shows what there is")
	case http.StatusMethodNotAllowed:
		return fault.New(fault.Invalid, fault.CodeMethodNotAllowed, "this path does not take this method; the Allow header has those that it takes")
	case http.StatusBadRequest:
		return bindingFault(fmt.Sprint(h.Message))
	}
	return fault.Wrap(h, fault.Internal, fault.CodeInternal, "")
}

// boundParameter finds the name in what the generated code says of a parameter.
var boundParameter = regexp.MustCompile(` for (?:parameter )?([^:,]+)[:,]`)

// bindingFault reads what the generated code says of a parameter that it could
// not read. No id can be malformed: what is no id names nothing.
func bindingFault(message string) error {
	found := boundParameter.FindStringSubmatch(message)
	switch {
	case found == nil:
		return fault.New(fault.Invalid, fault.CodeInvalidValue, "the request has a parameter of the wrong form")
	case found[1] == "id":
		return errNoSuchThing()
	}
	return invalid(found[1], "%s has a value of the wrong form", found[1])
}

func errNoSuchThing() error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "there is nothing of that id")
}

// problemOf returns the document of an error. What is internal stays opaque:
// the log has it under the request's id.
func problemOf(err error, requestID string) (Problem, *fault.Error) {
	f := fault.As(problemCause(err))
	code, detail := f.Code, f.Message
	if _, known := statuses[code]; !known {
		code = codes[f.Kind]
	}
	if code == fault.CodeInternal {
		detail = "something went wrong inside Soundings; its log tells more about request " + requestID
	}
	status := statuses[code]
	if _, ok := errors.AsType[errBadRange](err); ok {
		status = http.StatusRequestedRangeNotSatisfiable
	}
	p := Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: detail, Code: string(code), RequestID: requestID, Allowed: f.Allowed,
		RetryAt: timeOrNull(f.RetryAt),
	}
	if f.Field != "" {
		p.Errors = []FieldError{{Field: f.Field, Message: detail}}
	}
	return p, f
}

var problemType = []string{"application/problem+json"}

func writeProblem(c *call, err error) {
	p, f := problemOf(err, c.requestID)
	h := c.Response().Header()
	h["Content-Type"] = problemType
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="soundings"`)
	}
	if !f.RetryAt.IsZero() {
		seconds := math.Ceil(time.Until(f.RetryAt).Seconds())
		h.Set("Retry-After", strconv.Itoa(max(1, int(seconds))))
	}
	// The document holds nothing that cannot be marshalled, and a client that
	// does not read its problem needs no other.
	body, _ := json.Marshal(p)
	c.Response().WriteHeader(p.Status)
	_, _ = c.Response().Write(body)
}
