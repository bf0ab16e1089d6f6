package fakeapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const threadQuery = "part=snippet&maxResults=5&videoId=" + videoID

func TestRulesTakeTheCallsTheyName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule fakeapi.Rule
		want []int
	}{
		"all":            {fakeapi.Rule{}, []int{503, 503, 503, 503}},
		"the second":     {fakeapi.Rule{Skip: 1, Times: 1}, []int{200, 503, 200, 200}},
		"from the third": {fakeapi.Rule{Skip: 2}, []int{200, 200, 503, 503}},
		"its path":       {fakeapi.Rule{Path: "commentThreads", Service: fakeapi.YouTube}, []int{503, 503, 503, 503}},
		"another path":   {fakeapi.Rule{Path: "comments"}, []int{200, 200, 200, 200}},
		"another one":    {fakeapi.Rule{Service: fakeapi.Spam}, []int{200, 200, 200, 200}},
		"its query":      {fakeapi.Rule{Query: "videoId=" + videoID}, []int{503, 503, 503, 503}},
		"later pages":    {fakeapi.Rule{Query: "pageToken="}, []int{200, 200, 200, 200}},
		"half of them":   {fakeapi.Rule{Probability: 0.5, Seed: 4}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statuses := func() (got []int) {
				s := fakeapi.Run(t, small(t, 1))
				c.rule.Effect, c.rule.Reason = fakeapi.Error, "backendError"
				s.Inject(c.rule)
				for range 4 {
					got = append(got, call(t, s, "commentThreads", threadQuery).status)
				}
				return got
			}
			got := statuses()
			if c.want != nil {
				require.Equal(t, c.want, got)
			}
			require.Equal(t, got, statuses(), "a rule is deterministic")
		})
	}
}

func TestTheFirstRuleThatTakesACallActsAlone(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	s.Inject(
		fakeapi.Rule{Effect: fakeapi.Error, Reason: "quotaExceeded", Times: 1},
		fakeapi.Rule{Effect: fakeapi.Error, Reason: "rateLimitExceeded", RetryAfter: "7", Times: 1},
	)
	require.Equal(t, "quotaExceeded", call(t, s, "commentThreads", threadQuery).reason(t))
	limited := call(t, s, "commentThreads", threadQuery)
	require.Equal(t, http.StatusTooManyRequests, limited.status)
	require.Equal(t, "7", limited.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, call(t, s, "commentThreads", threadQuery).status)
	s.Inject(fakeapi.Rule{Effect: fakeapi.Garbage})
	s.ClearRules()
	require.Equal(t, http.StatusOK, call(t, s, "commentThreads", threadQuery).status)
}

func TestEveryKnownReasonHasItsStatus(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	for _, reason := range append(fakeapi.KnownReasons(), "somethingNew") {
		s.ClearRules()
		s.Inject(fakeapi.Rule{Effect: fakeapi.Error, Reason: reason})
		r := call(t, s, "commentThreads", threadQuery)
		require.NotEmpty(t, r.reason(t))
		require.GreaterOrEqual(t, r.status, 400)
	}
	s.ClearRules()
	s.Inject(fakeapi.Rule{Effect: fakeapi.Error, Reason: "rateLimitExceeded", Status: 403})
	require.Equal(t, http.StatusForbidden, call(t, s, "commentThreads", threadQuery).status)
}

func TestPageTokensCanMisbehave(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 30))
	first := call(t, s, "commentThreads", threadQuery).page(t)
	next := threadQuery + "&pageToken=" + first.NextPageToken

	s.Inject(fakeapi.Rule{Effect: fakeapi.RefusePageToken, Query: "pageToken=", Times: 1})
	require.Equal(t, "invalidPageToken", call(t, s, "commentThreads", next).reason(t))
	require.Equal(t, "c24", ids(call(t, s, "commentThreads", next).page(t))[0], "refused once")

	s.ClearRules()
	s.Inject(fakeapi.Rule{Effect: fakeapi.LoopPageToken})
	require.Equal(t, first.NextPageToken, call(t, s, "commentThreads", threadQuery).page(t).NextPageToken)
	for range 3 {
		looped := call(t, s, "commentThreads", next).page(t)
		require.Equal(t, first.NextPageToken, looped.NextPageToken)
		require.Equal(t, "c24", ids(looped)[0])
	}

	s.ClearRules()
	s.Inject(fakeapi.Rule{Effect: fakeapi.IgnorePageToken})
	require.Equal(t, first, call(t, s, "commentThreads", next).page(t))

	s.ClearRules()
	s.Inject(fakeapi.Rule{Effect: fakeapi.EmptyPage, Times: 1})
	require.Len(t, ids(walk(t, s, "commentThreads", threadQuery)...), 25, "one page was empty, not the last")
}

func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 5))
	address := s.YouTubeURL() + "/commentThreads?" + threadQuery + "&key=" + fakeapi.DemoKey
	inject := func(r fakeapi.Rule) {
		s.ClearRules()
		s.Inject(r)
	}

	inject(fakeapi.Rule{Effect: fakeapi.Truncate})
	truncated, err := get(t.Context(), address, "")
	require.NoError(t, err)
	require.False(t, json.Valid(truncated.body))
	require.Equal(t, http.StatusOK, truncated.status)

	inject(fakeapi.Rule{Effect: fakeapi.Garbage})
	garbage, err := get(t.Context(), address, "")
	require.NoError(t, err)
	require.Contains(t, garbage.header.Get("Content-Type"), "text/html")
	require.Equal(t, http.StatusOK, garbage.status)
	inject(fakeapi.Rule{Effect: fakeapi.Garbage, Status: 502})
	garbage, err = get(t.Context(), address, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadGateway, garbage.status)

	inject(fakeapi.Rule{Effect: fakeapi.Cut})
	cut, err := get(t.Context(), address, "")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, http.StatusOK, cut.status)
	require.NotEmpty(t, cut.body)

	inject(fakeapi.Rule{Effect: fakeapi.Drop, Times: 1})
	_, err = get(t.Context(), address, "Connection: close")
	require.ErrorIs(t, err, io.EOF)
}

func TestHangEndsWithTheClient(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	s.Inject(fakeapi.Rule{Effect: fakeapi.Hang})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := get(ctx, s.YouTubeURL()+"/videos?part=id&id=x", "")
		failed <- err
	}()
	require.Eventually(t, func() bool { return s.MaxInFlight(fakeapi.YouTube) == 1 }, 5*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	require.Eventually(t, func() bool { return s.Calls()[0].Effect == fakeapi.Hang }, 5*time.Second, time.Millisecond)
	require.Zero(t, s.Calls()[0].Status)
}

func TestCloseEndsWhatHangs(t *testing.T) {
	t.Parallel()
	s := fakeapi.New(small(t, 1))
	require.NoError(t, s.Start(t.Context()))
	s.Inject(fakeapi.Rule{Effect: fakeapi.Hang})
	failed := make(chan error, 1)
	go func() {
		_, err := get(t.Context(), s.YouTubeURL()+"/videos?part=id&id=x", "")
		failed <- err
	}()
	require.Eventually(t, func() bool { return s.MaxInFlight(fakeapi.YouTube) == 1 }, 5*time.Second, time.Millisecond)
	s.Close()
	require.Error(t, <-failed)
	_, err := get(t.Context(), s.YouTubeURL(), "")
	require.Error(t, err, "closed")
}

func TestDelayWaitsAndCallsAreCountedWhileOpen(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	s.Inject(fakeapi.Rule{Effect: fakeapi.Delayed, DelayMillis: 150})
	start := time.Now()
	done := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := get(t.Context(), s.YouTubeURL()+"/videos?part=id&id=x", "")
			done <- err
		}()
	}
	for range 3 {
		require.NoError(t, <-done)
	}
	require.GreaterOrEqual(t, time.Since(start), 150*time.Millisecond)
	require.Equal(t, 3, s.MaxInFlight(fakeapi.YouTube))
	require.Len(t, s.CallsTo(fakeapi.YouTube, "videos"), 3)
	require.Empty(t, s.CallsTo(fakeapi.YouTube, "channels"))
	s.ForgetCalls()
	require.Empty(t, s.Calls())
	require.Zero(t, s.MaxInFlight(fakeapi.YouTube))
}

func TestSenselessRulesAreRefused(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	for _, r := range []fakeapi.Rule{{Effect: "explode"}, {}, {Effect: fakeapi.Error}, {Effect: fakeapi.Hang, Probability: 2}} {
		require.Panics(t, func() { s.Inject(r) })
	}
}

func TestAnotherProcessProgramsTheFaults(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	control := s.URL() + "/_fakeapi"
	require.Equal(t, http.StatusNoContent, post(t, control+"/rules", `{"effect":"garbage","times":1}`).status)
	require.Equal(t, http.StatusNoContent, post(t, control+"/rules", `[{"effect":"error","reason":"quotaExceeded"}]`).status)
	require.Contains(t, string(call(t, s, "videos", "part=id&id=x").body), "<html")
	require.Equal(t, "quotaExceeded", call(t, s, "videos", "part=id&id=x").reason(t))
	for _, wrong := range []string{``, `{`, `{"effect":"explode"}`, `{"efect":"cut"}`, `[1]`} {
		require.Equal(t, http.StatusBadRequest, post(t, control+"/rules", wrong).status, wrong)
	}
	require.Equal(t, http.StatusNoContent, request(t, http.MethodDelete, control+"/rules").status)
	require.Equal(t, http.StatusOK, call(t, s, "videos", "part=id&id=x").status)

	var calls struct {
		Calls       []fakeapi.Call
		MaxInFlight map[string]int
	}
	require.NoError(t, json.Unmarshal(request(t, http.MethodGet, control+"/calls?after=1").body, &calls))
	require.Len(t, calls.Calls, 2)
	require.Equal(t, 403, calls.Calls[0].Status)
	require.Equal(t, 1, calls.MaxInFlight["youtube"])
	require.Equal(t, http.StatusNoContent, request(t, http.MethodDelete, control+"/calls").status)
	require.Contains(t, string(request(t, http.MethodGet, control+"/calls").body), `"calls":[]`)
	require.Equal(t, http.StatusOK, request(t, http.MethodGet, control+"/health").status)
	require.Equal(t, http.StatusNotFound, request(t, http.MethodGet, control+"/bogus").status)
	require.Equal(t, http.StatusNotFound, request(t, http.MethodGet, s.URL()+"/").status)
}

func request(t testing.TB, method, address string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
	require.NoError(t, err)
	answer, err := do(r, "")
	require.NoError(t, err)
	return answer
}

func TestTooLargeABodyIsRefused(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1))
	body := strings.NewReader(strings.Repeat(" ", 9<<20))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sentiment/analyze", body))
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}
