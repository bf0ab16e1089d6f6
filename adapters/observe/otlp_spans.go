package observe

import (
	"math"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collected "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resources "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
)

// encodeSpans returns a request with one span or more, all of one resource and
// one scope.
func encodeSpans(spans []sdktrace.ReadOnlySpan) *collected.ExportTraceServiceRequest {
	resource, scope := spans[0].Resource(), spans[0].InstrumentationScope()
	encoded := make([]*otlp.Span, len(spans))
	for i, s := range spans {
		encoded[i] = encodeSpan(s)
	}
	return &collected.ExportTraceServiceRequest{ResourceSpans: []*otlp.ResourceSpans{{
		Resource:  &resources.Resource{Attributes: encodeAttributes(resource.Attributes())},
		SchemaUrl: resource.SchemaURL(),
		ScopeSpans: []*otlp.ScopeSpans{{
			Scope: &common.InstrumentationScope{Name: scope.Name, Version: scope.Version}, SchemaUrl: scope.SchemaURL, Spans: encoded,
		}},
	}}}
}

func encodeSpan(s sdktrace.ReadOnlySpan) *otlp.Span {
	self, parent := s.SpanContext(), s.Parent()
	traceID, id := self.TraceID(), self.SpanID()
	span := &otlp.Span{
		TraceId: traceID[:], SpanId: id[:], TraceState: self.TraceState().String(), Flags: flags(self, parent),
		Name: s.Name(), Kind: kinds[s.SpanKind()],
		StartTimeUnixNano: nanoseconds(s.StartTime()), EndTimeUnixNano: nanoseconds(s.EndTime()),
		Attributes: encodeAttributes(s.Attributes()), DroppedAttributesCount: count(s.DroppedAttributes()),
		DroppedEventsCount: count(s.DroppedEvents()), DroppedLinksCount: count(s.DroppedLinks()),
		Status: &otlp.Status{Code: statuses[s.Status().Code], Message: s.Status().Description},
	}
	if parentID := parent.SpanID(); parentID.IsValid() {
		span.ParentSpanId = parentID[:]
	}
	for _, e := range s.Events() {
		span.Events = append(span.Events, &otlp.Span_Event{
			Name: e.Name, TimeUnixNano: nanoseconds(e.Time),
			Attributes: encodeAttributes(e.Attributes), DroppedAttributesCount: count(e.DroppedAttributeCount),
		})
	}
	for _, l := range s.Links() {
		traceID, id := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		span.Links = append(span.Links, &otlp.Span_Link{
			TraceId: traceID[:], SpanId: id[:], TraceState: l.SpanContext.TraceState().String(), Flags: flags(l.SpanContext, l.SpanContext),
			Attributes: encodeAttributes(l.Attributes), DroppedAttributesCount: count(l.DroppedAttributeCount),
		})
	}
	return span
}

var kinds = map[trace.SpanKind]otlp.Span_SpanKind{
	trace.SpanKindInternal: otlp.Span_SPAN_KIND_INTERNAL,
	trace.SpanKindServer:   otlp.Span_SPAN_KIND_SERVER,
	trace.SpanKindClient:   otlp.Span_SPAN_KIND_CLIENT,
	trace.SpanKindProducer: otlp.Span_SPAN_KIND_PRODUCER,
	trace.SpanKindConsumer: otlp.Span_SPAN_KIND_CONSUMER,
}

var statuses = map[codes.Code]otlp.Status_StatusCode{
	codes.Ok:    otlp.Status_STATUS_CODE_OK,
	codes.Error: otlp.Status_STATUS_CODE_ERROR,
}

// flags are those of the W3C, and whether the other span is of another process.
func flags(of, other trace.SpanContext) uint32 {
	f := uint32(of.TraceFlags()) | uint32(otlp.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	if other.IsRemote() {
		f |= uint32(otlp.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	return f
}

func nanoseconds(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

func count(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

func encodeAttributes(attributes []attribute.KeyValue) []*common.KeyValue {
	encoded := make([]*common.KeyValue, len(attributes))
	for i, a := range attributes {
		encoded[i] = &common.KeyValue{Key: string(a.Key), Value: encodeValue(a.Value)}
	}
	return encoded
}

func encodeValue(v attribute.Value) *common.AnyValue {
	switch v.Type() {
	case attribute.BOOL:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: v.AsBool()}}
	case attribute.INT64:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: v.AsInt64()}}
	case attribute.FLOAT64:
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: v.AsFloat64()}}
	case attribute.BOOLSLICE:
		return encodeSlice(v.AsBoolSlice(), attribute.BoolValue)
	case attribute.INT64SLICE:
		return encodeSlice(v.AsInt64Slice(), attribute.Int64Value)
	case attribute.FLOAT64SLICE:
		return encodeSlice(v.AsFloat64Slice(), attribute.Float64Value)
	case attribute.STRINGSLICE:
		return encodeSlice(v.AsStringSlice(), attribute.StringValue)
	case attribute.STRING:
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: v.AsString()}}
	case attribute.EMPTY:
		return &common.AnyValue{}
	default: // bytes and nested values, which no span of ours has
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: v.String()}}
	}
}

func encodeSlice[T any](values []T, valueOf func(T) attribute.Value) *common.AnyValue {
	encoded := make([]*common.AnyValue, len(values))
	for i, v := range values {
		encoded[i] = encodeValue(valueOf(v))
	}
	return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: encoded}}}
}
