package youtube_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/youtube"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// tally is a meter that notes what it is told, and refuses when it is told to.
type tally struct {
	mu      sync.Mutex
	methods []string
	until   []time.Time
	refuse  error
}

func (m *tally) Take(_ context.Context, _ access.ExecutionContext, method string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.methods = append(m.methods, method)
	return m.refuse
}

func (m *tally) Heard(context.Context, access.ExecutionContext, access.Allowance) {}

func (m *tally) Refused(_ context.Context, _ access.ExecutionContext, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.until = append(m.until, until)
}

func metered(t *testing.T, handler http.Handler, m *tally) *youtube.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	noon := time.Date(2026, 3, 7, 20, 0, 0, 0, time.UTC)
	return youtube.New(youtube.Options{
		BaseURL: server.URL, HTTPClient: server.Client(), Meter: m, Now: func() time.Time { return noon },
	})
}

func TestEachCallIsMeteredByItsMethod(t *testing.T) {
	t.Parallel()
	m := &tally{}
	s := metered(t, &platform{}, m)
	page, err := s.Open(t.Context(), withKey(), source(content.Video, videoA))
	require.NoError(t, err)
	_, err = s.Fetch(t.Context(), withKey(), page.Follow[0], "")
	require.NoError(t, err)
	assert.Equal(t, []string{"videos.list", "commentThreads.list"}, m.methods)
	assert.Empty(t, m.until)
}

func TestWhatTheMeterRefusesIsNotCalled(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC)
	m := &tally{refuse: fault.New(fault.QuotaExhausted, fault.CodeQuotaExhausted, "used up").At(at)}
	s := metered(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call was made") }), m)
	_, err := s.Open(t.Context(), withKey(), source(content.Video, videoA))
	assert.Equal(t, fault.QuotaExhausted, fault.KindOf(err))
	assert.Equal(t, at, fault.As(err).RetryAt)
}

func TestTheMeterHearsThatTheQuotaIsUsedUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		want []time.Time
	}{
		"quotaExceeded": {`{"error":{"code":403,"errors":[{"reason":"quotaExceeded"}]}}`, []time.Time{time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC)}},
		"forbidden":     {`{"error":{"code":403,"errors":[{"reason":"forbidden"}]}}`, nil},
		"rate limit":    {`{"error":{"code":403,"errors":[{"reason":"rateLimitExceeded"}]}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &tally{}
			s := metered(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(tc.body))
			}), m)
			_, err := s.Open(t.Context(), withKey(), source(content.Video, videoA))
			require.Error(t, err)
			assert.Equal(t, tc.want, m.until)
		})
	}
}

// The day before daylight saving begins ends at 8:00 in UTC, that on which it
// begins at 7:00.
func TestDayEndKnowsDaylightSaving(t *testing.T) {
	t.Parallel()
	first := youtube.DayEnd(time.Date(2026, 3, 7, 20, 0, 0, 0, time.UTC))
	assert.Equal(t, time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC), first)
	assert.Equal(t, time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC), youtube.DayEnd(first))
}

// A mistake in the Google Cloud project must not cost users their connections.
func TestAProjectsMistakeIsNotTheAccounts(t *testing.T) {
	t.Parallel()
	user := access.NewUserContext(access.Integration{ID: "i", UserID: "user", Provider: content.YouTube}, access.NewToken("ya29.x"))
	for body, kind := range map[string]fault.Kind{
		`{"error":{"code":403,"errors":[{"reason":"accessNotConfigured"}]}}`: fault.Forbidden,
		`{"error":{"code":401,"errors":[{"reason":"authError"}]}}`:           fault.Unauthenticated,
	} {
		s := metered(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(body))
		}), &tally{})
		_, err := s.Open(t.Context(), user, source(content.Video, videoA))
		assert.Equal(t, kind, fault.KindOf(err))
		assert.Equal(t, fault.CodeCredentialsRejected, fault.As(err).Code)
	}
}
