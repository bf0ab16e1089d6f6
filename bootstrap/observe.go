package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/ports"
)

// samplers are those of the specification that the SDK knows.
var samplers = []string{
	"", "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

func (c *Config) traceChecks() []check {
	_, headers := observe.ParseHeaders(c.OTLPHeaders.Reveal())
	return []check{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://… or https://…, or nothing", c.OTLPEndpoint == "" || isHTTP(c.OTLPEndpoint)},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf, or nothing", c.OTLPProtocol == "" || c.OTLPProtocol == "http/protobuf"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "NAME=VALUE with commas between them, each value percent-encoded, or nothing", headers},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", expectations["OTEL_EXPORTER_OTLP_TIMEOUT"], c.OTLPTimeout >= 1 && c.OTLPTimeout <= 60_000},
		{"OTEL_TRACES_SAMPLER", "one of " + strings.Join(samplers[1:], ", "), slices.Contains(samplers, c.OTelSampler)},
	}
}

// newTraces returns nil, which decorates nothing, where no collector is named.
func newTraces(ctx context.Context, c Config, v Version, log *slog.Logger) (*observe.Traces, func(), error) {
	if c.OTLPEndpoint == "" || c.OTelDisabled {
		return nil, func() {}, nil
	}
	headers, _ := observe.ParseHeaders(c.OTLPHeaders.Reveal()) // checked when it was read
	t, err := observe.NewTraces(ctx, observe.Collector{
		Endpoint: c.OTLPEndpoint, Headers: headers, Timeout: time.Duration(c.OTLPTimeout) * time.Millisecond,
	}, string(v), log)
	if err != nil {
		return nil, nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	return t, func() { t.Close(ctx) }, nil
}

func newStore(s *sqlstore.Store, m *observe.Metrics, t *observe.Traces) ports.Store {
	return t.Store(m.Store(s))
}

func newScheduleStore(s *sqlstore.Store, m *observe.Metrics, t *observe.Traces) ports.ScheduleStore {
	return t.ScheduleStore(m.ScheduleStore(s))
}

func newQueue(q queueAdapter, m *observe.Metrics, t *observe.Traces) ports.Queue {
	return t.Queue(m.Queue(q.Queue))
}
