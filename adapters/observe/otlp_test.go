package observe_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	collected "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/soundings-io/soundings/adapters/observe"
)

// wire answers each request as the next answer says, and the last one again; 200
// where there is none. It keeps what came.
type wire struct {
	answers []http.HandlerFunc
	mu      sync.Mutex
	heads   []http.Header
	bodies  [][]byte
}

func (s *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.heads, s.bodies = append(s.heads, r.Header), append(s.bodies, body)
	n := min(len(s.bodies), len(s.answers))
	s.mu.Unlock()
	if n > 0 {
		s.answers[n-1](w, r)
	}
}

func (s *wire) came() ([]http.Header, [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heads, s.bodies
}

func status(code int, said string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, said)
	}
}

func broken(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// export sends one span, unless it is given others.
func export(t *testing.T, s *wire, c observe.Collector, spans ...tracetest.SpanStub) error {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	c.Endpoint = strings.Replace(server.URL, "://", "://user:s3cret@", 1) + c.Endpoint
	exporter, err := observe.NewExporter(c)
	require.NoError(t, err)
	defer func() { assert.NoError(t, exporter.Shutdown(t.Context())) }()
	if len(spans) == 0 {
		spans = []tracetest.SpanStub{{Name: "one"}}
	}
	return exporter.ExportSpans(t.Context(), tracetest.SpanStubs(spans).Snapshots())
}

// TestWhatACollectorAnswers decides about another try, and what the error says:
// never an address.
func TestWhatACollectorAnswers(t *testing.T) {
	t.Parallel()
	partial, err := proto.Marshal(&collected.ExportTraceServiceResponse{
		PartialSuccess: &collected.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "too old"},
	})
	require.NoError(t, err)
	rejects := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(partial)
	}
	for name, tc := range map[string]struct {
		answers []http.HandlerFunc
		calls   int
		err     string
	}{
		"takes it":          {nil, 1, ""},
		"takes it in words": {[]http.HandlerFunc{status(200, "fine")}, 1, ""},
		"rejects some":      {[]http.HandlerFunc{rejects}, 1, "1 spans rejected: too old"},
		"is busy once":      {[]http.HandlerFunc{status(503, ""), status(200, "")}, 2, ""},
		"hangs up once":     {[]http.HandlerFunc{broken, status(200, "")}, 2, ""},
		"is always busy":    {[]http.HandlerFunc{status(429, "busy")}, 3, "status 429: busy"},
		"refuses":           {[]http.HandlerFunc{status(400, " what is this?\n")}, 1, "status 400: what is this?"},
		"is broken":         {[]http.HandlerFunc{status(500, "")}, 1, "status 500: (no text)"},
		"says much":         {[]http.HandlerFunc{status(400, strings.Repeat("é", 5000))}, 1, "status 400: " + strings.Repeat("é", 100)},
		"is somewhere else": {[]http.HandlerFunc{http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect).ServeHTTP}, 1, "status 307: (no text)"},
		"is busy for a long day": {[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(503)
		}}, 1, "status 503: (no text)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &wire{answers: tc.answers}
			err := export(t, server, observe.Collector{Timeout: 5 * time.Second})
			if tc.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tc.err)
			}
			_, bodies := server.came()
			require.Len(t, bodies, tc.calls)
			for _, body := range bodies {
				assert.Equal(t, bodies[0], body, "each try sends the same")
			}
		})
	}
}

// TestACollectorOutOfReachIsNotNamed: its address may hold a password.
func TestACollectorOutOfReachIsNotNamed(t *testing.T) {
	t.Parallel()
	hangs := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	err := export(t, &wire{answers: []http.HandlerFunc{hangs}}, observe.Collector{Endpoint: "/a-path", Timeout: 20 * time.Millisecond})
	require.ErrorContains(t, err, "exceeded")
	assert.NotContains(t, err.Error(), "s3cret")
	assert.NotContains(t, err.Error(), "a-path")
}

func TestHeadersAreSent(t *testing.T) {
	t.Parallel()
	headers, ok := observe.ParseHeaders("authorization=Bearer%20a=b== , x-tenant = one,")
	require.True(t, ok)
	server := &wire{}
	require.NoError(t, export(t, server, observe.Collector{Headers: headers, Timeout: 5 * time.Second}))
	heads, _ := server.came()
	require.Len(t, heads, 1)
	assert.Equal(t, "Bearer a=b==", heads[0].Get("Authorization"))
	assert.Equal(t, "one", heads[0].Get("X-Tenant"))
	assert.Equal(t, "application/x-protobuf", heads[0].Get("Content-Type"))
	for _, bad := range []string{"authorization", "=x", "a b=x", "a=%zz", "a=x%0d%0ab: y"} {
		_, ok := observe.ParseHeaders(bad)
		assert.False(t, ok, bad)
	}
}

func contextOf(id byte, remote bool) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{id}, TraceFlags: trace.FlagsSampled, Remote: remote,
	})
}

// TestAllOfASpanArrives: attributes of all kinds, events, links, status and
// resource.
func TestAllOfASpanArrives(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_700_000_000, 5)
	server := &wire{}
	require.NoError(t, export(t, server, observe.Collector{Timeout: 5 * time.Second}, tracetest.SpanStub{
		Name: "all", SpanContext: contextOf(2, false), Parent: contextOf(3, true), SpanKind: trace.SpanKindConsumer,
		StartTime: began, EndTime: began.Add(time.Second),
		Attributes: []attribute.KeyValue{
			attribute.String("text", "é"), attribute.Int("int", -7), attribute.Bool("bool", true), attribute.Float64("float", 0.5),
			attribute.StringSlice("texts", []string{"a", "b"}), attribute.Int64Slice("ints", []int64{1, 2}),
			attribute.BoolSlice("bools", []bool{true}), attribute.Float64Slice("floats", []float64{1.5}),
		},
		Events: []sdktrace.Event{{Name: "call", Time: began, Attributes: []attribute.KeyValue{attribute.Int("n", 1)}, DroppedAttributeCount: 4}},
		Links:  []sdktrace.Link{{SpanContext: contextOf(9, true), Attributes: []attribute.KeyValue{attribute.Bool("b", false)}}},
		Status: sdktrace.Status{Code: codes.Error, Description: "unavailable"}, DroppedAttributes: 1, DroppedEvents: 2, DroppedLinks: 3,
		Resource:             resource.NewWithAttributes("schema/r", attribute.String("service.name", "soundings")),
		InstrumentationScope: instrumentation.Scope{Name: "scope", Version: "1", SchemaURL: "schema/s"},
	}, tracetest.SpanStub{Name: "next"}))
	_, bodies := server.came()
	require.Len(t, bodies, 1)
	var got collected.ExportTraceServiceRequest
	require.NoError(t, proto.Unmarshal(bodies[0], &got))
	require.Len(t, got.GetResourceSpans(), 1)
	of := got.GetResourceSpans()[0]
	assert.Equal(t, "schema/r", of.GetSchemaUrl())
	same(t, pair("service.name", text("soundings")), of.GetResource().GetAttributes()[0])
	require.Len(t, of.GetScopeSpans(), 1)
	scope := of.GetScopeSpans()[0]
	assert.Equal(t, "schema/s", scope.GetSchemaUrl())
	same(t, &common.InstrumentationScope{Name: "scope", Version: "1"}, scope.GetScope())
	require.Len(t, scope.GetSpans(), 2)
	assert.Equal(t, "next", scope.GetSpans()[1].GetName())
	same(t, wantSpan(uint64(began.UnixNano())), scope.GetSpans()[0])
}

func wantSpan(began uint64) *otlp.Span {
	const fromElsewhere = 0x301 // sampled, and its parent is known to be of another process
	id := func(first byte, length int) []byte { return append([]byte{first}, make([]byte, length-1)...) }
	return &otlp.Span{
		TraceId: id(1, 16), SpanId: id(2, 8), ParentSpanId: id(3, 8), Flags: fromElsewhere,
		Name: "all", Kind: otlp.Span_SPAN_KIND_CONSUMER, StartTimeUnixNano: began, EndTimeUnixNano: began + 1e9,
		Attributes: []*common.KeyValue{
			pair("text", text("é")), pair("int", whole(-7)), pair("bool", yes(true)), pair("float", real(0.5)),
			pair("texts", list(text("a"), text("b"))), pair("ints", list(whole(1), whole(2))), pair("bools", list(yes(true))), pair("floats", list(real(1.5))),
		},
		Events: []*otlp.Span_Event{{Name: "call", TimeUnixNano: began, Attributes: []*common.KeyValue{pair("n", whole(1))}, DroppedAttributesCount: 4}},
		Links:  []*otlp.Span_Link{{TraceId: id(1, 16), SpanId: id(9, 8), Flags: fromElsewhere, Attributes: []*common.KeyValue{pair("b", yes(false))}}},
		Status: &otlp.Status{Code: otlp.Status_STATUS_CODE_ERROR, Message: "unavailable"}, DroppedAttributesCount: 1, DroppedEventsCount: 2, DroppedLinksCount: 3,
	}
}

func same(t *testing.T, want, got proto.Message) {
	t.Helper()
	assert.True(t, proto.Equal(want, got), "want %v\ngot  %v", want, got)
}

func pair(key string, value *common.AnyValue) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: value}
}
func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}
func whole(n int64) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}
}
func yes(b bool) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: b}}
}
func real(f float64) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: f}}
}
func list(values ...*common.AnyValue) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: values}}}
}
