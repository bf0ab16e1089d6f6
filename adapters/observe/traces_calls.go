package observe

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// call begins the span of a call of somebody else's service.
func (t *Traces) call(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
}

// ContentSource makes spans of what is fetched. The providers are told of no
// trace.
func (t *Traces) ContentSource(s ports.ContentSource) ports.ContentSource {
	if t == nil {
		return s
	}
	return &tracedSource{s, t}
}

type tracedSource struct {
	ports.ContentSource
	t *Traces
}

// Open makes a span.
func (s *tracedSource) Open(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	ctx, span := s.t.call(ctx, string(s.Provider())+" open", attribute.String("soundings.kind", string(src.Kind)))
	page, err := s.ContentSource.Open(ctx, ec, src)
	endSpan(span, err)
	return page, err
}

// Fetch makes a span.
func (s *tracedSource) Fetch(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	ctx, span := s.t.call(ctx, string(s.Provider())+" fetch", attribute.String("soundings.kind", string(l.Kind)))
	page, err := s.ContentSource.Fetch(ctx, ec, l, token)
	span.SetAttributes(attribute.Int("soundings.posts", len(page.Posts)))
	endSpan(span, err)
	return page, err
}

// Meter notes each call that a provider's quota pays for in the span that made
// it.
func (t *Traces) Meter(meter ports.Meter) ports.Meter {
	if t == nil {
		return meter
	}
	return &tracedMeter{meter}
}

type tracedMeter struct{ ports.Meter }

// Take notes a call, made or refused.
func (m *tracedMeter) Take(ctx context.Context, ec access.ExecutionContext, method string) error {
	err := m.Meter.Take(ctx, ec, method)
	trace.SpanFromContext(ctx).AddEvent("call", trace.WithAttributes(
		attribute.String("soundings.method", method), attribute.String("soundings.outcome", outcomeOf(err))))
	return err
}

// TokenAuthority makes spans of what is asked of an OAuth server.
func (t *Traces) TokenAuthority(a ports.TokenAuthority) ports.TokenAuthority {
	if t == nil {
		return a
	}
	return &tracedAuthority{a, t}
}

type tracedAuthority struct {
	ports.TokenAuthority
	t *Traces
}

func (a *tracedAuthority) ask(ctx context.Context, operation string) (context.Context, trace.Span) {
	return a.t.call(ctx, string(a.Provider())+" token "+operation)
}

// Exchange makes a span.
func (a *tracedAuthority) Exchange(ctx context.Context, code, verifier access.Token, redirectURL string) (access.Grant, error) {
	ctx, span := a.ask(ctx, "exchange")
	grant, err := a.TokenAuthority.Exchange(ctx, code, verifier, redirectURL)
	endSpan(span, err)
	return grant, err
}

// Refresh makes a span.
func (a *tracedAuthority) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	ctx, span := a.ask(ctx, "refresh")
	grant, err := a.TokenAuthority.Refresh(ctx, refresh)
	endSpan(span, err)
	return grant, err
}

// Revoke makes a span.
func (a *tracedAuthority) Revoke(ctx context.Context, c access.Credentials) error {
	ctx, span := a.ask(ctx, "revoke")
	err := a.TokenAuthority.Revoke(ctx, c)
	endSpan(span, err)
	return err
}

// Account makes a span.
func (a *tracedAuthority) Account(ctx context.Context, token access.Token) (ports.Account, error) {
	ctx, span := a.ask(ctx, "account")
	account, err := a.TokenAuthority.Account(ctx, token)
	endSpan(span, err)
	return account, err
}

// AppGrant makes a span.
func (a *tracedAuthority) AppGrant(ctx context.Context) (access.Grant, error) {
	ctx, span := a.ask(ctx, "app grant")
	grant, err := a.TokenAuthority.AppGrant(ctx)
	endSpan(span, err)
	return grant, err
}

// SpamDetector makes spans of what is judged. What it returns is a
// ports.HealthChecker if d is.
func (t *Traces) SpamDetector(d ports.SpamDetector) ports.SpamDetector {
	if t == nil {
		return d
	}
	traced := &tracedDetector{d, t}
	if health, ok := d.(ports.HealthChecker); ok {
		return struct {
			*tracedDetector
			ports.HealthChecker
		}{traced, health}
	}
	return traced
}

type tracedDetector struct {
	ports.SpamDetector
	t *Traces
}

// Detect makes a span.
func (d *tracedDetector) Detect(ctx context.Context, items []analysis.SpamItem) ([]*analysis.SpamVerdict, error) {
	ctx, span := d.t.call(ctx, "detect spam", attribute.Int("soundings.posts", len(items)))
	verdicts, err := d.SpamDetector.Detect(ctx, items)
	span.SetAttributes(attribute.Int("soundings.judged", countJudged(verdicts)))
	endSpan(span, err)
	return verdicts, err
}

// SentimentAnalyzer makes spans of what is scored. What it returns is a
// ports.HealthChecker if a is.
func (t *Traces) SentimentAnalyzer(a ports.SentimentAnalyzer) ports.SentimentAnalyzer {
	if t == nil {
		return a
	}
	traced := &tracedAnalyzer{a, t}
	if health, ok := a.(ports.HealthChecker); ok {
		return struct {
			*tracedAnalyzer
			ports.HealthChecker
		}{traced, health}
	}
	return traced
}

type tracedAnalyzer struct {
	ports.SentimentAnalyzer
	t *Traces
}

// Analyze makes a span.
func (a *tracedAnalyzer) Analyze(ctx context.Context, texts []string) ([]*analysis.Sentiment, error) {
	ctx, span := a.t.call(ctx, "analyze sentiment", attribute.Int("soundings.posts", len(texts)))
	sentiments, err := a.SentimentAnalyzer.Analyze(ctx, texts)
	span.SetAttributes(attribute.Int("soundings.judged", countJudged(sentiments)))
	endSpan(span, err)
	return sentiments, err
}

// Notifier makes spans of messages. A nil Notifier, which sends none, stays nil.
func (t *Traces) Notifier(n ports.Notifier) ports.Notifier {
	if t == nil || n == nil {
		return n
	}
	return &tracedNotifier{n, t}
}

type tracedNotifier struct {
	ports.Notifier
	t *Traces
}

// Notify makes a span in the trace of the task that ended. The receiver is told
// of no trace.
func (n *tracedNotifier) Notify(ctx context.Context, target task.CallbackURL, message ports.Message) error {
	ctx, span := n.t.call(carriedOn(ctx, message.Trace), "webhook", attribute.String("soundings.message", message.ID))
	err := n.Notifier.Notify(ctx, target, message)
	endSpan(span, err)
	return err
}

// idlePerHost is at least what a client of a service has in flight.
const idlePerHost = 8

// Transport returns a transport whose requests carry the trace, for services
// that the operator runs beside Soundings; nil, for the adapter's own, where
// nothing is traced.
func (t *Traces) Transport() http.RoundTripper {
	if t == nil {
		return nil
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = idlePerHost
	return carrying{base}
}

// Client returns a client for the calls of platforms, a span for each, which are
// told of no trace; nil, for the adapter's own, where nothing is traced.
func (t *Traces) Client() *http.Client {
	if t == nil {
		return nil
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 2 * idlePerHost
	return &http.Client{Transport: calling{base, t}}
}

type calling struct {
	http.RoundTripper
	t *Traces
}

// RoundTrip makes a span of a call until the head of its answer. Of the address
// it says the host alone: paths and queries name people.
func (c calling) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := c.t.call(r.Context(), r.Method+" "+r.URL.Host,
		attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Host))
	defer span.End()
	answer, err := c.RoundTripper.RoundTrip(r.WithContext(ctx))
	if err != nil {
		span.SetStatus(codes.Error, "unanswered")
		return answer, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
	if answer.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, http.StatusText(answer.StatusCode))
	}
	return answer, nil
}

type carrying struct{ http.RoundTripper }

// RoundTrip adds the header to a copy: a RoundTripper changes no request.
func (c carrying) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	traceparent.Inject(r.Context(), propagation.HeaderCarrier(r.Header))
	return c.RoundTripper.RoundTrip(r)
}
