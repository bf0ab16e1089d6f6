package outcall_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
)

const maxBody = 1 << 20

func client(timeout time.Duration) *outcall.Client {
	return outcall.New(nil, outcall.Limits{Timeout: timeout, MaxBody: maxBody, Parallel: 2})
}

func call(t *testing.T, c *outcall.Client, handler http.HandlerFunc) (outcall.Answer, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	target := strings.Replace(server.URL, "http://", "http://name:hidden@", 1) + "/path?key=secret"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	require.NoError(t, err)
	return c.Do(req)
}

func TestAnswerIsReadWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 200_000, maxBody} {
		answer, err := call(t, client(time.Minute), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Test", "yes")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, strings.Repeat("a", size))
		})
		require.NoError(t, err)
		assert.Equal(t, http.StatusAccepted, answer.Status)
		assert.Equal(t, "yes", answer.Header.Get("X-Test"))
		assert.Len(t, answer.Body, size)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	bomb := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 16 {
			_, _ = z.Write(make([]byte, maxBody))
		}
		_ = z.Close()
	}
	_, err := call(t, client(time.Minute), bomb)
	require.ErrorIs(t, err, outcall.ErrTooLarge)
	_, err = call(t, client(time.Minute), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, maxBody+1))
	})
	require.ErrorIs(t, err, outcall.ErrTooLarge)
}

func TestStatusIsWorthMoreThanABrokenBody(t *testing.T) {
	t.Parallel()
	cut := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "half")
		}
	}
	answer, err := call(t, client(time.Minute), cut(http.StatusTooManyRequests))
	require.NoError(t, err)
	assert.Equal(t, "half", string(answer.Body))
	_, err = call(t, client(time.Minute), cut(http.StatusOK))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestErrorsNameTheCallWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	_, err := call(t, client(time.Minute), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	var failed *outcall.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "/path", failed.Path)
	assert.Contains(t, err.Error(), "GET 127.0.0.1:")
	assert.NotContains(t, err.Error(), "secret")
	assert.NotContains(t, err.Error(), "hidden")
	require.ErrorIs(t, err, io.EOF)
}

func TestCallsEndByThemselves(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half an answer": func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		_, err := call(t, client(50*time.Millisecond), handler)
		var timeout interface{ Timeout() bool }
		require.ErrorAs(t, err, &timeout, name)
		assert.True(t, timeout.Timeout(), name)
	}
}

func TestCancelledCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:1/", http.NoBody)
	require.NoError(t, err)
	_, err = client(time.Minute).Do(req)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRedirectsAreAnswers(t *testing.T) {
	t.Parallel()
	given := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("not asked") }}
	c := outcall.New(given, outcall.Limits{Timeout: time.Minute, MaxBody: maxBody, Parallel: 1})
	answer, err := call(t, c, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	require.NoError(t, err)
	assert.Equal(t, http.StatusFound, answer.Status)
	assert.Error(t, given.CheckRedirect(nil, nil), "the given client is left as it was")
	assert.Zero(t, given.Timeout)
}

func TestRetryAt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Time{
		"":                              {},
		"0":                             now,
		"120":                           now.Add(2 * time.Minute),
		"Wed, 01 Jul 2026 13:00:00 GMT": now.Add(time.Hour),
		"-5":                            {},
		"1.5":                           {},
		"99999999999999999999":          {},
		"soon":                          {},
	} {
		assert.Equal(t, want, outcall.RetryAt(http.Header{"Retry-After": {value}}, now), value)
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "https://standard.example/v3"},
		{"http://127.0.0.1:9000/api//", "http://127.0.0.1:9000/api"},
		{"http://[::1", ""}, // cannot be read
	} {
		require.Equal(t, c.want, outcall.Base(c.text, "https://standard.example/v3/").String(), c.text)
	}
}

func TestWithinEndsWorkAtItsLimit(t *testing.T) {
	t.Parallel()
	wait := func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 1, errors.New("cut off")
	}
	_, err := outcall.Within(t.Context(), time.Millisecond, wait)
	require.EqualError(t, err, "cut off", "the limit's end is the work's own error")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	n, err := outcall.Within(ended, time.Minute, wait)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, n)
}
