package fakeapi

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	collected "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
)

// Span is a span as a collector got it.
type Span struct {
	// Trace and ID are in hexadecimal, Parent too, and empty for the first of a
	// trace.
	Trace, ID, Parent string
	Name              string
	Failed            bool
	// Attributes are texts, whatever they were; those of events are among them.
	Attributes map[string]string
	// Links are the traces that it leads to.
	Links []string
}

// Collector plays a collector of OpenTelemetry traces: OTLP over HTTP, in
// protobuf (https://opentelemetry.io/docs/specs/otlp/#otlphttp). It is safe for
// concurrent use.
type Collector struct {
	URL string

	mu    sync.Mutex
	spans []Span
	raw   []byte
	calls int
}

// RunCollector starts a collector for a test. refuse, if it is not nil, answers
// in its stead.
func RunCollector(t testing.TB, refuse http.HandlerFunc) *Collector {
	t.Helper()
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.calls++
		c.mu.Unlock()
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody)) // to its end, so that the server sees a client go away
		switch {
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		case refuse != nil:
			refuse(w, r)
		default:
			c.take(w, r.URL.Path, body)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	c.URL = server.URL
	return c
}

func (c *Collector) take(w http.ResponseWriter, path string, body []byte) {
	var request collected.ExportTraceServiceRequest
	if path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, body...)
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, newSpan(s))
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func newSpan(s *otlp.Span) Span {
	span := Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Name: s.GetName(), Failed: s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR, Attributes: map[string]string{},
	}
	attributes := s.GetAttributes()
	for _, e := range s.GetEvents() {
		attributes = append(attributes, e.GetAttributes()...)
	}
	for _, l := range s.GetLinks() {
		span.Links = append(span.Links, hex.EncodeToString(l.GetTraceId()))
	}
	for _, a := range attributes {
		span.Attributes[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return span
}

// Spans returns what came so far, in order.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Raw returns all that came, as it came: texts in it can be looked for.
func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.raw)
}

// Calls returns how many requests came.
func (c *Collector) Calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}
