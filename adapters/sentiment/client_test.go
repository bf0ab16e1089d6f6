package sentiment

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

// fakeService speaks contract §6 and keeps what it was asked.
type fakeService struct {
	// answer replaces the ordinary answer to a request, numbered from 0, if it
	// returns true.
	answer func(w http.ResponseWriter, n int, texts []string) bool

	mu       sync.Mutex
	requests [][]string
}

func (f *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		return
	}
	var request struct {
		Texts []string `json:"texts"`
	}
	err := json.NewDecoder(r.Body).Decode(&request)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/analyze" || len(request.Texts) == 0 || len(request.Texts) > 100 {
		http.Error(w, "bad request", http.StatusTeapot)
		return
	}
	f.mu.Lock()
	n := len(f.requests)
	f.requests = append(f.requests, request.Texts)
	f.mu.Unlock()
	if f.answer != nil && f.answer(w, n, request.Texts) {
		return
	}
	writeResults(w, request.Texts)
}

func (f *fakeService) seen() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

// writeResults answers each text by whether it says "wonderful" or "hate".
func writeResults(w http.ResponseWriter, texts []string) {
	results := make([]map[string]any, len(texts))
	for i, text := range texts {
		results[i] = map[string]any{"label": "neutral", "score": 0}
		if strings.Contains(text, "wonderful") {
			results[i] = map[string]any{"label": "positive", "score": 0.9}
		}
		if strings.Contains(text, "hate") {
			results[i] = map[string]any{"label": "negative", "score": 0.8}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results, "model": "fake@3"})
}

func body(format string, args ...any) func(http.ResponseWriter, int, []string) bool {
	return func(w http.ResponseWriter, _ int, _ []string) bool {
		fmt.Fprintf(w, format, args...)
		return true
	}
}

func newTestClient(t *testing.T, service *fakeService) *Client {
	t.Helper()
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	client, err := NewClient(server.URL, Options{Patience: time.Minute})
	require.NoError(t, err)
	return client
}

func TestClientPassesKit(t *testing.T) {
	t.Parallel()
	portstest.TestSentimentAnalyzer(t, func(t *testing.T) ports.SentimentAnalyzer {
		client := newTestClient(t, &fakeService{})
		_, err := client.Analyze(t.Context(), []string{"tell your name"})
		require.NoError(t, err)
		return client
	})
}

func TestClientTakesOverResults(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, &fakeService{answer: body(`{"results":[
		{"label":"positive","score":0.87},{"label":"negative","score":0.6},{"label":"negative","score":-0.4},
		{"label":"neutral","score":0.01},{"label":"negative","score":0}],"model":"field@2","extra":1}`)})
	got, err := client.Analyze(t.Context(), []string{"a", "b", "c", "d", "e"})
	require.NoError(t, err)
	scores := []float64{0.87, -0.6, -0.4, 0.01, 0}
	for i, s := range got {
		assert.InDelta(t, scores[i], s.Score, 0, "result %d", i)
		assert.Equal(t, analysis.Model("field@2"), s.Model)
	}
	written, err := json.Marshal(got[4].Score)
	require.NoError(t, err)
	assert.Equal(t, "0", string(written), "no negative zero")
	assert.Equal(t, analysis.Model("field@2"), client.Model())
}

func TestClientSplitsIntoRequests(t *testing.T) {
	t.Parallel()
	service := &fakeService{}
	client := newTestClient(t, service)
	texts := make([]string, 450)
	for i := range texts {
		texts[i] = fmt.Sprintf("text %d", i)
	}
	_, err := client.Analyze(t.Context(), texts)
	require.NoError(t, err)
	var sent []string
	for _, request := range service.seen() {
		sent = append(sent, request...)
	}
	assert.Len(t, service.seen(), 5)
	assert.ElementsMatch(t, texts, sent)
}

func TestClientCutsLongTextsAtAWord(t *testing.T) {
	t.Parallel()
	service := &fakeService{}
	client := newTestClient(t, service)
	long := strings.Repeat("żółw ", 3000)
	_, err := client.Analyze(t.Context(), []string{long, strings.Repeat("字", 10_001), strings.Repeat("x", 10_000)})
	require.NoError(t, err)
	sent := service.seen()[0]
	assert.Equal(t, 9999, utf8.RuneCountInString(sent[0]))
	assert.True(t, strings.HasSuffix(sent[0], "żółw"))
	assert.Equal(t, 10_000, utf8.RuneCountInString(sent[1]), "nothing to cut at")
	assert.Len(t, sent[2], 10_000)
}

func TestClientUsesNoBadAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"too few":            `{"results":[]}`,
		"too many":           `{"results":[{"label":"neutral","score":0},{"label":"neutral","score":0}]}`,
		"unknown label":      `{"results":[{"label":"mixed","score":0}]}`,
		"label of HF":        `{"results":[{"label":"POSITIVE","score":0.9}]}`,
		"no label":           `{"results":[{"score":0.5}]}`,
		"no score":           `{"results":[{"label":"positive"}]}`,
		"NaN":                `{"results":[{"label":"positive","score":NaN}]}`,
		"out of range":       `{"results":[{"label":"positive","score":1.01}]}`,
		"far out of range":   `{"results":[{"label":"positive","score":1e999}]}`,
		"contradicts itself": `{"results":[{"label":"positive","score":-0.5}]}`,
		"a string":           `{"results":[{"label":"positive","score":"0.5"}]}`,
		"null results":       `{"results":null}`,
		"null result":        `{"results":[null]}`,
		"not JSON":           `<html>hello</html>`,
		"cut off":            `{"results":[{"label":"positive","sc`,
		"two documents":      `{"results":[{"label":"neutral","score":0}]} {}`,
		"too large":          strings.Repeat(" ", 5<<20),
		"empty":              ``,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := &fakeService{answer: body("%s", answer)}
			got, err := newTestClient(t, service).Analyze(t.Context(), []string{"a"})
			require.Error(t, err)
			assert.Equal(t, fault.Rejected, fault.KindOf(err))
			assert.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code)
			assert.Equal(t, []*analysis.Sentiment{nil}, got, "no post gets a guess")
			assert.Len(t, service.seen(), 2, "one retry")
		})
	}
}

func TestClientRecoversFromOneBadAnswer(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, &fakeService{answer: func(w http.ResponseWriter, n int, _ []string) bool {
		if n == 0 {
			fmt.Fprint(w, "oops")
		}
		return n == 0
	}})
	got, err := client.Analyze(t.Context(), []string{"wonderful"})
	require.NoError(t, err)
	assert.Equal(t, analysis.Positive, got[0].Label)
}

func TestClientKeepsOtherRequestsOfABatch(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, &fakeService{answer: func(w http.ResponseWriter, _ int, texts []string) bool {
		bad := texts[0] == "bad"
		if bad {
			fmt.Fprint(w, `{"results":[]}`)
		}
		return bad
	}})
	texts := make([]string, 200)
	texts[100] = "bad"
	got, err := client.Analyze(t.Context(), texts)
	assert.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code)
	for i, s := range got {
		assert.Equal(t, i < 100, s != nil, "text %d", i)
	}
}

func TestClientFindsTheRefusedText(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, &fakeService{answer: func(w http.ResponseWriter, _ int, texts []string) bool {
		for _, text := range texts {
			if text == "poison" {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return true
			}
		}
		return false
	}})
	texts := make([]string, 100)
	texts[42] = "poison"
	got, err := client.Analyze(t.Context(), texts)
	assert.Equal(t, fault.Rejected, fault.KindOf(err))
	for i, s := range got {
		assert.Equal(t, i != 42, s != nil, "text %d", i)
	}
}

func TestClientWaitsForABusyService(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			client := newTestClient(t, &fakeService{answer: func(w http.ResponseWriter, n int, _ []string) bool {
				if n == 0 {
					w.Header().Set("Retry-After", "1")
					w.WriteHeader(status)
				}
				return n == 0
			}})
			_, err := client.Analyze(t.Context(), []string{"a"})
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(began), time.Second)
		})
	}
}

func TestClientGivesUpWithinPatience(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(server.Close)
	client, err := NewClient(server.URL, Options{Patience: 300 * time.Millisecond})
	require.NoError(t, err)
	got, err := client.Analyze(t.Context(), []string{"a"})
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.Equal(t, fault.CodeSentimentUnavailable, fault.As(err).Code)
	assert.Nil(t, got[0])
	assert.Error(t, client.Healthy(t.Context()))
}

func TestClientEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := newTestClient(t, &fakeService{answer: func(w http.ResponseWriter, _ int, _ []string) bool {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}})
	_, err := client.Analyze(ctx, []string{"a"})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestClientWithoutAModelName(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, &fakeService{answer: body(`{"results":[{"label":"neutral","score":0}]}`)})
	got, err := client.Analyze(t.Context(), []string{"a"})
	require.NoError(t, err)
	assert.Equal(t, unknownModel, got[0].Model)
	assert.NoError(t, client.Healthy(t.Context()))
}

func TestNewClientRefusesABadAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:8001", "ftp://example.com", "http://"} {
		_, err := NewClient(address, Options{})
		assert.Equal(t, fault.Invalid, fault.KindOf(err), address)
	}
}
