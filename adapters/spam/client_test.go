package spam_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

// wireItem is an item as it stands in a request (contract §6).
type wireItem struct {
	ID          string  `json:"id"`
	Text        string  `json:"text"`
	Author      string  `json:"author"`
	PublishedAt *string `json:"publishedAt"`
}

// fakeService is a spam service: texts with "http" are spam. A fault stands in
// for the answer of the n-th request to /classify, counted from 1, if it
// returns true.
type fakeService struct {
	fault func(n int, w http.ResponseWriter, items []wireItem) bool

	mu       sync.Mutex
	requests [][]wireItem
}

func (f *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/classify" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var request struct {
		Items []wireItem `json:"items"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil || len(request.Items) == 0 || len(request.Items) > 100 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	f.mu.Lock()
	f.requests = append(f.requests, request.Items)
	n := len(f.requests)
	f.mu.Unlock()
	if f.fault == nil || !f.fault(n, w, request.Items) {
		classify(w, request.Items)
	}
}

// classify answers in an order of its own.
func classify(w io.Writer, items []wireItem) {
	results := make([]map[string]any, 0, len(items))
	for _, item := range slices.Backward(items) {
		isSpam := strings.Contains(item.Text, "http")
		result := map[string]any{"id": item.ID, "spam": isSpam, "score": 0.1}
		if isSpam {
			result["score"], result["reasons"] = 0.97, []string{"link"}
		}
		results = append(results, result)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results, "model": "fake@7"})
}

// answer is a fault of the first n requests: a fixed body.
func answer(n int, text string) func(int, http.ResponseWriter, []wireItem) bool {
	return func(i int, w http.ResponseWriter, _ []wireItem) bool {
		if i > n {
			return false
		}
		_, _ = io.WriteString(w, text)
		return true
	}
}

func newService(t *testing.T, f *fakeService) *spam.Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	client, err := spam.NewClient(server.URL, spam.Options{Patience: 2 * time.Second})
	require.NoError(t, err)
	return client
}

func items(n int) []analysis.SpamItem {
	all := make([]analysis.SpamItem, n)
	for i := range all {
		all[i] = analysis.SpamItem{ID: "p" + strconv.Itoa(i), Text: "hello", Occurrences: 1}
	}
	return all
}

func TestClientKeepsThePortsPromises(t *testing.T) {
	t.Parallel()
	portstest.TestSpamDetector(t, func(t *testing.T) ports.SpamDetector { return newService(t, &fakeService{}) })
}

// The promises hold on a service that fails every third request in turn.
func TestClientKeepsThePortsPromisesOnABadDay(t *testing.T) {
	t.Parallel()
	portstest.TestSpamDetector(t, func(t *testing.T) ports.SpamDetector {
		var faults atomic.Int64
		return newService(t, &fakeService{fault: func(n int, w http.ResponseWriter, items []wireItem) bool {
			if n%3 != 0 {
				return false
			}
			switch faults.Add(1) % 3 {
			case 0:
				w.WriteHeader(http.StatusBadGateway)
			case 1:
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
			default:
				classify(w, items[:len(items)-len(items)/2]) // some ids are missing
			}
			return true
		}})
	})
}

func TestClientSendsWhatTheContractSays(t *testing.T) {
	t.Parallel()
	f := &fakeService{}
	verdicts, err := newService(t, f).Detect(t.Context(), []analysis.SpamItem{
		{ID: "a", Text: "see http://x", Author: content.Author{Name: "Ann", ExternalID: "UC1"},
			PublishedAt: time.Date(2026, 5, 4, 12, 0, 0, 0, time.FixedZone("", 2*3600))},
		{ID: "b", Text: "hi"},
	})
	require.NoError(t, err)
	at := "2026-05-04T10:00:00Z"
	assert.Equal(t, [][]wireItem{{
		{ID: "a", Text: "see http://x", Author: "Ann", PublishedAt: &at}, {ID: "b", Text: "hi"},
	}}, f.requests)
	assert.Equal(t, []*analysis.SpamVerdict{
		{Verdict: analysis.Spam, Score: 0.97, Reasons: []string{"link"}, Model: "fake@7"},
		{Verdict: analysis.OK, Score: 0.1, Model: "fake@7"},
	}, verdicts)
}

func TestClientSplitsBatchesOf500(t *testing.T) {
	t.Parallel()
	f := &fakeService{}
	verdicts, err := newService(t, f).Detect(t.Context(), items(500))
	require.NoError(t, err)
	assert.NotContains(t, verdicts, (*analysis.SpamVerdict)(nil))
	assert.Len(t, f.requests, 5)
}

func TestClientTellsTheServicesModel(t *testing.T) {
	t.Parallel()
	client := newService(t, &fakeService{})
	assert.EqualValues(t, "spam-service@unknown", client.Model())
	_, err := client.Detect(t.Context(), items(1))
	require.NoError(t, err)
	assert.EqualValues(t, "fake@7", client.Model())

	verdicts, err := newService(t, &fakeService{fault: answer(1, `{"results":[{"id":"p0","spam":false,"score":0}]}`)}).Detect(t.Context(), items(1))
	require.NoError(t, err)
	assert.EqualValues(t, "spam-service@unknown", verdicts[0].Model)
}

// An answer that cannot be used has one retry, then no post gets a guess.
func TestClientUsesNoBadAnswer(t *testing.T) {
	t.Parallel()
	good := `{"id":"p1","spam":false,"score":0.2}`
	for name, bad := range map[string]string{
		"NaN":                `{"results":[{"id":"p0","spam":true,"score":NaN},` + good + `]}`,
		"a score over 1":     `{"results":[{"id":"p0","spam":true,"score":1.2},` + good + `]}`,
		"a score under 0":    `{"results":[{"id":"p0","spam":true,"score":-0.1},` + good + `]}`,
		"a score in words":   `{"results":[{"id":"p0","spam":true,"score":"high"},` + good + `]}`,
		"no score":           `{"results":[{"id":"p0","spam":true},` + good + `]}`,
		"no verdict":         `{"results":[{"id":"p0","score":0.5},` + good + `]}`,
		"a verdict in words": `{"results":[{"id":"p0","spam":"yes","score":0.5},` + good + `]}`,
		"an id twice":        `{"results":[` + good + `,` + good + `]}`,
		"HTML":               `<!doctype html><title>502</title>`,
		"an empty body":      ``,
		"another shape":      `{"spam":[]}`,
		"a list":             `[` + good + `]`,
		"null":               `null`,
		"a cut answer":       `{"results":[` + good,
		"two documents":      `{"results":[]}{"results":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			once := &fakeService{fault: answer(1, bad)}
			verdicts, err := newService(t, once).Detect(t.Context(), items(2))
			require.NoError(t, err)
			assert.NotContains(t, verdicts, (*analysis.SpamVerdict)(nil))

			always := &fakeService{fault: answer(1000, bad)}
			verdicts, err = newService(t, always).Detect(t.Context(), items(2))
			assert.Equal(t, []*analysis.SpamVerdict{nil, nil}, verdicts)
			assert.True(t, fault.Is(err, fault.Rejected), "%v", err)
			assert.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code)
			assert.Len(t, always.requests, 2)
		})
	}
}

func TestClientIgnoresWhatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 500)
	f := &fakeService{fault: answer(1, `{"results":[{"id":"other","spam":true,"score":9},{"id":"p0","spam":true,"score":1,
		"reasons":["a;b","  ","`+long+`"],"extra":{"x":1}}],"model":"  m@1 ","took":3}`)}
	verdicts, err := newService(t, f).Detect(t.Context(), items(1))
	require.NoError(t, err)
	assert.Equal(t, []string{"a,b", strings.Repeat("é", 32)}, verdicts[0].Reasons)
	assert.EqualValues(t, "m@1", verdicts[0].Model)
}

func TestClientAsksOnceMoreForAMissingID(t *testing.T) {
	t.Parallel()
	f := &fakeService{fault: func(_ int, w http.ResponseWriter, items []wireItem) bool {
		classify(w, slices.DeleteFunc(slices.Clone(items), func(i wireItem) bool {
			return i.ID == "p3" || (i.ID == "p5" && len(items) > 5)
		}))
		return true
	}}
	verdicts, err := newService(t, f).Detect(t.Context(), items(10))
	for i, v := range verdicts {
		assert.Equal(t, i == 3, v == nil, "item %d", i)
	}
	assert.True(t, fault.Is(err, fault.Rejected))
	require.Len(t, f.requests, 2)
	assert.Equal(t, []string{"p3", "p5"}, []string{f.requests[1][0].ID, f.requests[1][1].ID})
}

func TestClientFindsTheItemThatTheServiceRefuses(t *testing.T) {
	t.Parallel()
	f := &fakeService{fault: func(_ int, w http.ResponseWriter, items []wireItem) bool {
		bad := slices.ContainsFunc(items, func(i wireItem) bool { return i.ID == "p42" })
		if bad {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		return bad
	}}
	verdicts, err := newService(t, f).Detect(t.Context(), items(100))
	for i, v := range verdicts {
		assert.Equal(t, i == 42, v == nil, "item %d", i)
	}
	assert.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code)
	assert.LessOrEqual(t, len(f.requests), 15)
}

func TestClientJudgesItemsWithTheSameID(t *testing.T) {
	t.Parallel()
	verdicts, err := newService(t, &fakeService{}).Detect(t.Context(), []analysis.SpamItem{
		{ID: "a", Text: "http://x"}, {ID: "a", Text: "hello"}, {Text: "http://x"}, {Text: "hello"},
	})
	require.NoError(t, err)
	for i, v := range verdicts {
		assert.Equal(t, i%2 == 0, v.Verdict == analysis.Spam, "item %d", i)
	}
}

func TestClientGivesUpOnAServiceThatIsDown(t *testing.T) {
	t.Parallel()
	f := &fakeService{fault: func(_ int, w http.ResponseWriter, _ []wireItem) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}}
	client := newService(t, f)
	began := time.Now()
	verdicts, err := client.Detect(t.Context(), items(150))
	assert.True(t, fault.Is(err, fault.Unavailable))
	assert.Equal(t, fault.CodeSpamUnavailable, fault.As(err).Code)
	assert.Len(t, slices.DeleteFunc(verdicts, func(v *analysis.SpamVerdict) bool { return v == nil }), 0)
	assert.Less(t, time.Since(began), 4*time.Second)
	assert.Error(t, client.Healthy(t.Context()))
}

func TestClientHonoursItsContextWhileTheServiceHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	client := newService(t, &fakeService{fault: func(int, http.ResponseWriter, []wireItem) bool {
		<-release
		return false
	}})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := client.Detect(ctx, items(500))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestNewClientRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	_, err := spam.NewClient("localhost", spam.Options{})
	assert.True(t, fault.Is(err, fault.Invalid))
}
