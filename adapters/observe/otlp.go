package observe

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

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collected "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"golang.org/x/net/http/httpguts"
	"google.golang.org/protobuf/proto"
)

// Collector is where traces go, as the standard variables say.
type Collector struct {
	Endpoint string        // below which v1/traces is
	Headers  http.Header   // of every request; they may hold a token
	Timeout  time.Duration // of one request
}

// ParseHeaders reads OTEL_EXPORTER_OTLP_HEADERS: NAME=VALUE with commas between
// them, each value percent-encoded
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
func ParseHeaders(s string) (headers http.Header, ok bool) {
	headers = http.Header{}
	for pair := range strings.SplitSeq(s, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, encoded, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		if !found || err != nil || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, false
		}
		headers.Set(name, value)
	}
	return headers, true
}

const (
	// exportTries is how often one batch is sent at most.
	exportTries = 3
	// exportPause stands before the second try, and doubles.
	exportPause = time.Second
	// longestAnswer bounds what is read of a collector's answer, in bytes.
	longestAnswer = 4096
)

// exporter sends spans by OTLP over HTTP in protobuf
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp). Its errors tell no
// address, and 200 bytes of an answer at most.
type exporter struct {
	url     string
	headers http.Header
	client  *http.Client
}

func newExporter(c Collector) (*exporter, error) {
	address, err := url.JoinPath(c.Endpoint, "v1/traces")
	if err != nil {
		return nil, err
	}
	headers := http.Header{"User-Agent": {"soundings"}}
	for name, values := range c.Headers {
		headers[name] = values
	}
	headers.Set("Content-Type", protobuf)
	return &exporter{address, headers, &http.Client{
		Transport: http.DefaultTransport.(*http.Transport).Clone(),
		Timeout:   c.Timeout,
		// The headers are for this collector, not for where it may point to.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

const protobuf = "application/x-protobuf"

// ExportSpans sends spans of one provider and one tracer, as all of Traces are.
// It tries again where the collector is busy or out of reach, for exportPatience
// at most.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := proto.Marshal(encodeSpans(spans))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, exportPatience)
	defer cancel()
	for try := range exportTries {
		var retry *busyError
		if err = e.post(ctx, body); !errors.As(err, &retry) || try == exportTries-1 {
			break
		}
		if !pause(ctx, max(exportPause<<try, retry.after)) {
			break
		}
	}
	return err
}

// Shutdown closes the connection to the collector.
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

// pause waits, and tells whether the context lasts that long.
func pause(ctx context.Context, d time.Duration) bool {
	if end, bounded := ctx.Deadline(); bounded && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// busyError is an error that another try may not meet.
type busyError struct {
	error
	after time.Duration // before which no try is welcome
}

func (e *exporter) post(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return withoutAddress(err)
	}
	request.Header = e.headers.Clone()
	answer, err := e.client.Do(request)
	if err != nil {
		return &busyError{error: withoutAddress(err)}
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, longestAnswer)) // the status tells what matters
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		after, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		after = min(max(after, 0), int(exportPatience/time.Second))
		return &busyError{refused(answer.StatusCode, said), time.Duration(after) * time.Second}
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return refused(answer.StatusCode, said)
	}
	return rejected(answer.Header.Get("Content-Type"), said)
}

func refused(status int, said []byte) error {
	return fmt.Errorf("status %d: %s", status, cmp.Or(quoted(string(said)), "(no text)"))
}

// rejected returns what a collector says of spans that it did not take although
// it took the request.
func rejected(contentType string, said []byte) error {
	var response collected.ExportTraceServiceResponse
	if contentType != protobuf || proto.Unmarshal(said, &response) != nil {
		return nil
	}
	partial := response.GetPartialSuccess()
	if partial.GetRejectedSpans() == 0 && partial.GetErrorMessage() == "" {
		return nil
	}
	return fmt.Errorf("%d spans rejected: %s", partial.GetRejectedSpans(), quoted(partial.GetErrorMessage()))
}

// quoted returns what an error quotes of a collector's answer.
func quoted(said string) string {
	said = strings.TrimSpace(strings.ToValidUTF8(said, ""))
	return strings.ToValidUTF8(said[:min(len(said), longestReason)], "")
}

// withoutAddress returns the cause of an error with an address, which may hold a
// password.
func withoutAddress(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
