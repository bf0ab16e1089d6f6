// Package outcall makes outgoing HTTP calls that end by themselves, stay in
// memory bounds and leave nothing secret in their errors.
package outcall

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// usualBody is the room that a body of unknown length gets at first, in bytes:
// about a page of a hundred comments. The sender's word is taken no further.
const usualBody = 128 << 10

// ErrTooLarge means that an answer's body went beyond Limits.MaxBody.
var ErrTooLarge = errors.New("the answer is too large")

// Limits bound a Client's calls; all of them are required.
type Limits struct {
	// Timeout bounds one call, the answer's body included.
	Timeout time.Duration
	// MaxBody is the largest body that is read, in bytes after decompression.
	MaxBody int64
	// Parallel is how many connections to one host are kept for reuse.
	Parallel int
}

// Client makes calls. It may be used by many goroutines and does not retry.
type Client struct {
	http    http.Client
	maxBody int64
}

// New returns a client over hc's transport, or over one of its own where hc is
// nil. hc is copied, not changed. Redirects are not followed: net/http would
// carry headers such as X-Goog-Api-Key along to whatever host they name.
func New(hc *http.Client, limits Limits) *Client {
	c := &Client{maxBody: limits.MaxBody}
	if hc != nil {
		c.http = *hc
	}
	if c.http.Transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = limits.Parallel
		c.http.Transport = own
	}
	if c.http.Timeout == 0 || c.http.Timeout > limits.Timeout {
		c.http.Timeout = limits.Timeout
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// Answer is what came back, with its body read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends the request and reads the answer. Its errors are *Error. Only a
// 2xx needs its body: of any other status whatever could be read is given,
// because the status and Retry-After say enough.
func (c *Client) Do(req *http.Request) (Answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, newError(req, err)
	}
	defer resp.Body.Close()
	answer := Answer{Status: resp.StatusCode, Header: resp.Header}
	answer.Body, err = c.read(resp)
	if err != nil && resp.StatusCode/100 == 2 {
		return Answer{}, newError(req, err)
	}
	return answer, nil
}

// read returns the body, or what came of it until it broke.
func (c *Client) read(resp *http.Response) ([]byte, error) {
	var body bytes.Buffer
	expected := int64(usualBody)
	if resp.ContentLength >= 0 {
		expected = min(resp.ContentLength, usualBody)
	}
	body.Grow(int(expected) + bytes.MinRead)
	n, err := body.ReadFrom(io.LimitReader(resp.Body, c.maxBody+1))
	if err == nil && n > c.maxBody {
		err = ErrTooLarge
	}
	return body.Bytes(), err
}

// Error is a call that brought no answer. It names method, host and path:
// the query and userinfo of an address may be secret, and net/http puts whole
// addresses into its errors.
type Error struct {
	Method, Host, Path string
	Err                error
}

func newError(req *http.Request, err error) *Error {
	for wrapped, ok := errors.AsType[*url.Error](err); ok; wrapped, ok = errors.AsType[*url.Error](err) {
		err = wrapped.Err
	}
	return &Error{Method: req.Method, Host: req.URL.Host, Path: req.URL.Path, Err: err}
}

// Error returns the words for logs.
func (e *Error) Error() string { return fmt.Sprintf("%s %s%s: %v", e.Method, e.Host, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Base returns the address that text names, or standard where it is empty,
// without a slash behind it. From one that cannot be read, every call fails as
// to an address that cannot be reached.
func Base(text, standard string) *url.URL {
	base, err := url.Parse(strings.TrimRight(cmp.Or(text, standard), "/"))
	if err != nil {
		return &url.URL{}
	}
	return base
}

// Within runs work that ends by itself within the limit, however many calls it
// makes. When the caller's own context ended, that is the error.
func Within[T any](ctx context.Context, limit time.Duration, work func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result, err := work(limited)
	if err != nil && ctx.Err() != nil {
		var none T
		return none, ctx.Err()
	}
	return result, err
}

// RetryAt returns when the header's Retry-After allows the next call, in
// seconds or as a date (RFC 9110 §10.2.3); zero where it says nothing readable.
func RetryAt(h http.Header, now time.Time) time.Time {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return now.Add(time.Duration(seconds) * time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return at
	}
	return time.Time{}
}
