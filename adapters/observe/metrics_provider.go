package observe

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
)

type providerMetrics struct {
	requests, calls, tokens *prometheus.CounterVec
	took, tokensTook        *prometheus.HistogramVec
}

func newProviderMetrics(f promauto.Factory) providerMetrics {
	m := providerMetrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_provider_requests_total", Help: "Sources opened and pages fetched, by what came of it.",
		}, []string{"provider", "operation", "outcome"}),
		took: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "soundings_provider_request_duration_seconds", Help: "How long opening a source or fetching a page took.", Buckets: callBuckets,
		}, []string{"provider", "operation"}),
		calls: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_provider_calls_total",
			Help: "Calls of a provider's API that were asked of the quota: ok was made, another outcome says why not.",
		}, []string{"provider", "method", "outcome"}),
		tokens: f.NewCounterVec(prometheus.CounterOpts{
			Name: "soundings_token_requests_total", Help: "Requests to a provider's OAuth server, refreshes among them, by what came of it.",
		}, []string{"provider", "operation", "outcome"}),
		tokensTook: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "soundings_token_request_duration_seconds", Help: "How long a provider's OAuth server took.", Buckets: callBuckets,
		}, []string{"provider", "operation"}),
	}
	for _, p := range []content.ProviderID{content.YouTube, content.Reddit} {
		for _, operation := range []string{"open", "fetch"} {
			m.requests.WithLabelValues(string(p), operation, outcomeOK)
			m.took.WithLabelValues(string(p), operation)
		}
		m.tokens.WithLabelValues(string(p), "refresh", outcomeOK)
		m.tokensTook.WithLabelValues(string(p), "refresh")
	}
	return m
}

// ContentSource counts and times what is fetched.
func (m *Metrics) ContentSource(s ports.ContentSource) ports.ContentSource {
	if m == nil {
		return s
	}
	return &countedSource{s, &m.provider}
}

type countedSource struct {
	ports.ContentSource
	m *providerMetrics
}

// Open counts an opened source.
func (s *countedSource) Open(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	began := time.Now()
	page, err := s.ContentSource.Open(ctx, ec, src)
	timed(s.m.requests, s.m.took, began, err, string(s.Provider()), "open")
	return page, err
}

// Fetch counts a page.
func (s *countedSource) Fetch(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	began := time.Now()
	page, err := s.ContentSource.Fetch(ctx, ec, l, token)
	timed(s.m.requests, s.m.took, began, err, string(s.Provider()), "fetch")
	return page, err
}

// Meter counts the calls that a provider's quota pays for.
func (m *Metrics) Meter(meter ports.Meter) ports.Meter {
	if m == nil {
		return meter
	}
	return &countedMeter{meter, &m.provider}
}

type countedMeter struct {
	ports.Meter
	m *providerMetrics
}

// Take counts a call, made or refused. The names of methods are the adapters'
// own.
func (c *countedMeter) Take(ctx context.Context, ec access.ExecutionContext, method string) error {
	err := c.Meter.Take(ctx, ec, method)
	c.m.calls.WithLabelValues(string(ec.Provider()), method, outcomeOf(err)).Inc()
	return err
}

// TokenAuthority counts and times what is asked of an OAuth server.
func (m *Metrics) TokenAuthority(a ports.TokenAuthority) ports.TokenAuthority {
	if m == nil {
		return a
	}
	return &countedAuthority{a, &m.provider}
}

type countedAuthority struct {
	ports.TokenAuthority
	m *providerMetrics
}

func (a *countedAuthority) done(operation string, began time.Time, err error) {
	timed(a.m.tokens, a.m.tokensTook, began, err, string(a.Provider()), operation)
}

// Exchange counts a consent that became a grant, or not.
func (a *countedAuthority) Exchange(ctx context.Context, code, verifier access.Token, redirectURL string) (access.Grant, error) {
	began := time.Now()
	grant, err := a.TokenAuthority.Exchange(ctx, code, verifier, redirectURL)
	a.done("exchange", began, err)
	return grant, err
}

// Refresh counts a renewal.
func (a *countedAuthority) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	began := time.Now()
	grant, err := a.TokenAuthority.Refresh(ctx, refresh)
	a.done("refresh", began, err)
	return grant, err
}

// Revoke counts an end.
func (a *countedAuthority) Revoke(ctx context.Context, c access.Credentials) error {
	began := time.Now()
	err := a.TokenAuthority.Revoke(ctx, c)
	a.done("revoke", began, err)
	return err
}

// Account counts a question whose token it is.
func (a *countedAuthority) Account(ctx context.Context, token access.Token) (ports.Account, error) {
	began := time.Now()
	account, err := a.TokenAuthority.Account(ctx, token)
	a.done("account", began, err)
	return account, err
}

// AppGrant counts a token of the deployment's own.
func (a *countedAuthority) AppGrant(ctx context.Context) (access.Grant, error) {
	began := time.Now()
	grant, err := a.TokenAuthority.AppGrant(ctx)
	a.done("app_grant", began, err)
	return grant, err
}
