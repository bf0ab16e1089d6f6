package batchservice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
)

// maxAnswer bounds an answer's body, in bytes: 100 results need a few
// kilobytes, so anything larger is no answer of such a service.
const maxAnswer = 4 << 20

// errGarbled marks a 200 whose body cannot be used.
var errGarbled = errors.New("the answer cannot be used")

// call is one request and what becomes of its answer.
type call struct {
	path    string
	request any
	read    func(body []byte) error
	trial   bool
}

func (c call) encode() ([]byte, error) {
	body, err := json.Marshal(c.request)
	if err != nil {
		return nil, fault.Wrap(err, fault.Rejected, fault.CodeAnalysisRejected, "a batch cannot be written as JSON")
	}
	return body, nil
}

// busyError is an answer that promises a later one.
type busyError struct {
	status int
	after  time.Duration
}

func (e *busyError) Error() string { return fmt.Sprintf("it answered %d", e.status) }

// exchange sends the body once. Its errors are ErrRefused, errGarbled, a
// *busyError, or a network error without the service's address.
func (c *Client) exchange(ctx context.Context, deadline time.Time, call call, body []byte) error {
	if limit := time.Now().Add(c.timeout); limit.Before(deadline) {
		deadline = limit
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+call.path, bytes.NewReader(body))
	if err != nil {
		return withoutAddress(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return withoutAddress(err)
	}
	defer resp.Body.Close()
	return judge(resp, call.read)
}

// judge sorts an answer by what the contract (§6) makes of it. 400 and 413 are
// treated as 422: servers other than FastAPI say so of a batch they dislike.
func judge(resp *http.Response, read func([]byte) error) error {
	switch resp.StatusCode {
	case http.StatusOK:
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		if err != nil {
			return withoutAddress(err)
		}
		if len(body) > maxAnswer {
			return fmt.Errorf("%w: it is larger than %d bytes", errGarbled, maxAnswer)
		}
		if err := read(body); err != nil {
			return fmt.Errorf("%w: %w", errGarbled, err)
		}
		return nil
	case http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w with %d", ErrRefused, resp.StatusCode)
	default:
		return &busyError{status: resp.StatusCode, after: parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())}
	}
}

// retryAfter returns how long the service asked to be left alone, or 0.
func retryAfter(err error) time.Duration {
	if busy, ok := errors.AsType[*busyError](err); ok {
		return busy.after
	}
	return 0
}

// parseRetryAfter reads both forms of RFC 9110 §10.2.3; anything else is 0.
func parseRetryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// withoutAddress drops the address that net/http puts into its errors: it may
// carry a password.
func withoutAddress(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
