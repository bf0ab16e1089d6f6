// Package batchservice posts batches of JSON to a judging service within
// patience: what the clients of the spam and the sentiment service share.
package batchservice

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/soundings-io/soundings/domain/fault"
)

// The defaults of Options.
const (
	DefaultPatience       = 60 * time.Second
	DefaultRequestTimeout = 30 * time.Second
	DefaultConcurrency    = 4
)

const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 5 * time.Second
	// breakerDelay is short because a call that meets the breaker half open is
	// a single attempt: patience is spent once, not by every batch, and a
	// person's retry after the service came back is not turned away.
	breakerDelay = time.Second
	// trialPoll is how often a call looks whether another call's trial ended.
	trialPoll = 20 * time.Millisecond
)

// ErrRefused means that the service refuses the batch for good (422, 400 or
// 413): the caller splits it to find the item at fault. Judge does.
var ErrRefused = errors.New("the service refuses the batch")

// Service says how failures of the service are named.
type Service struct {
	// Name stands in messages: "spam service".
	Name string
	// Unavailable is the code of a service that gave nothing usable.
	Unavailable fault.Code
}

// Options are the limits of a Client. Zero values mean the defaults.
type Options struct {
	// Patience is how long one request goes on being sent to a service that
	// gives nothing usable (SERVICE_PATIENCE of the contract).
	Patience time.Duration
	// RequestTimeout bounds one exchange, the answer's body included.
	RequestTimeout time.Duration
	// Concurrency is the number of requests in flight, over all callers.
	Concurrency int
	// Transport carries the requests; nil means one of the client's own.
	Transport http.RoundTripper
}

// Client posts to one service. It may be used by many goroutines.
type Client struct {
	base     string
	service  Service
	patience time.Duration
	timeout  time.Duration
	http     *http.Client
	slots    chan struct{}
	breaker  circuitbreaker.CircuitBreaker[any]
	// lastUsable is when the service last answered sensibly, in Unix nanoseconds.
	lastUsable atomic.Int64
}

// New returns a client of the service at baseURL, an http or https address.
func New(baseURL string, service Service, opts Options) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "the address of the %s must be http://HOST or https://HOST", service.Name)
	}
	transport := opts.Transport
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = or(opts.Concurrency, DefaultConcurrency)
		transport = own
	}
	return &Client{
		base:     strings.TrimRight(baseURL, "/"),
		service:  service,
		patience: or(opts.Patience, DefaultPatience),
		timeout:  or(opts.RequestTimeout, DefaultRequestTimeout),
		slots:    make(chan struct{}, or(opts.Concurrency, DefaultConcurrency)),
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		breaker: circuitbreaker.NewBuilder[any]().WithFailureThreshold(1).WithDelay(breakerDelay).Build(),
	}, nil
}

func or[T time.Duration | int](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}

// Post sends request as JSON to path until read accepts the answer. read gets
// the body of a 200 and returns an error for an answer that must not be used;
// it may be called twice.
//
// Errors: ErrRefused; Rejected with CodeAnalysisRejected after the second
// answer that read did not accept; Unavailable with the service's code when
// nothing usable came within patience, or at once while the breaker is open;
// ctx's own error when that ends.
func (c *Client) Post(ctx context.Context, path string, request any, read func(body []byte) error) error {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	trial, err := c.enter(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	err = c.persist(ctx, call{path: path, request: request, read: read, trial: trial})
	c.record(err, trial, began)
	return err
}

// enter asks the breaker for leave. It tells whether this call is the trial
// of a half-open breaker; calls that come beside a trial wait for its end.
func (c *Client) enter(ctx context.Context) (trial bool, err error) {
	for {
		if c.breaker.TryAcquirePermit() {
			return c.breaker.IsHalfOpen(), nil
		}
		if c.breaker.IsOpen() {
			return false, c.unavailable(errors.New("it gave nothing usable a moment ago"))
		}
		if err := sleep(ctx, trialPoll); err != nil {
			return false, err
		}
	}
}

// record tells the breaker how the call ended. Patience used up while other
// calls got their answers does not open it: the service is there.
func (c *Client) record(err error, trial bool, began time.Time) {
	switch {
	case err == nil || errors.Is(err, ErrRefused):
		c.lastUsable.Store(time.Now().UnixNano())
		c.breaker.RecordSuccess()
	case trial:
		c.breaker.RecordFailure()
	case fault.Is(err, fault.Unavailable) && c.lastUsable.Load() < began.UnixNano():
		c.breaker.RecordFailure()
	}
}

// persist repeats the exchange until it is usable, refused or given up.
func (c *Client) persist(ctx context.Context, call call) error {
	body, err := call.encode()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(c.patience)
	garbled := 0
	for attempt := 0; ; attempt++ {
		err := c.exchange(ctx, deadline, call, body)
		if err == nil || errors.Is(err, ErrRefused) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errGarbled) {
			if garbled++; garbled > 1 {
				return fault.Wrap(err, fault.Rejected, fault.CodeAnalysisRejected,
					fmt.Sprintf("the %s answered twice with something that cannot be used", c.service.Name))
			}
		} else if call.trial {
			return c.unavailable(err)
		}
		wait := max(backoff(attempt), retryAfter(err))
		if time.Until(deadline) <= wait {
			return c.unavailable(err)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (c *Client) unavailable(cause error) *fault.Error {
	return fault.Wrap(cause, fault.Unavailable, c.service.Unavailable,
		fmt.Sprintf("the %s gave nothing usable; try again when it is back", c.service.Name))
}

// Healthy asks GET /health and returns nil for any 2xx, else why the service
// cannot be used now. It answers within 2 seconds and leaves the breaker alone.
func (c *Client) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/health", http.NoBody)
	if err != nil {
		return c.unavailable(withoutAddress(err))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unavailable(withoutAddress(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return c.unavailable(fmt.Errorf("GET /health answered %d", resp.StatusCode))
	}
	return nil
}

// backoff doubles from 100 ms to 5 s; half of it is random, so that workers
// that failed together do not come back together.
func backoff(attempt int) time.Duration {
	whole := min(firstBackoff<<min(attempt, 10), lastBackoff)
	return whole/2 + rand.N(whole/2)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
