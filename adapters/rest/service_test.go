package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/application"
)

// checker is a part that is well, or not.
type checker struct{ err error }

func (c checker) Healthy(context.Context) error { return c.err }

func TestReadiness(t *testing.T) {
	t.Parallel()
	sick := checker{errors.New("connection refused")}
	for _, c := range []struct {
		parts  []application.Part
		status int
		want   string
	}{
		{nil, 200, "ok"},
		{[]application.Part{{Name: "database", Vital: true, Checker: checker{}}}, 200, "ok"},
		{[]application.Part{{Name: "database", Vital: true, Checker: checker{}}, {Name: "spam", Checker: sick}}, 200, "degraded"},
		{[]application.Part{{Name: "database", Vital: true, Checker: sick}, {Name: "spam", Checker: checker{}}}, 503, "down"},
	} {
		b := setup(t, func(s *settings) { s.parts = c.parts })
		got := b.get("/readyz", "")
		require.Equal(t, c.status, got.status)
		require.Equal(t, c.want, got.doc["status"])
		require.Len(t, got.doc["parts"], len(c.parts))
		for _, part := range got.doc["parts"].([]any) {
			require.Equal(t, []string{"detail", "name", "status"}, keysOf(part))
		}
	}
}

func TestHealthOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/tasks": 404, "/docs": 404, "/openapi.yaml": 404} {
		w := httptest.NewRecorder()
		b.server.HealthOnly().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, want, w.Code, path)
	}
	require.JSONEq(t, `{"status":"ok"}`, string(b.get("/healthz", "").body))
}

func TestProviders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.get("/providers", token(t, "owner", nil))
	require.JSONEq(t, `{"items":[{"id":"youtube","name":"YouTube","authMethods":["oauth","api_key"],"masterCredentials":true,"quota":{"unit":"units","limit":10000,"used":0,"left":10000,"resetAt":"2100-01-01T08:00:00Z"}}],"nextCursor":null}`, string(got.body))
}

func TestOpenAPIIsServedWithItsVersion(t *testing.T) {
	t.Parallel()
	got := setup(t).get("/openapi.yaml", "")
	require.Contains(t, string(got.body), "\n  version: \"1.2.3\"\n")
	require.True(t, strings.HasPrefix(string(got.body), "openapi: 3.0.3\n"))
}

// TestDocsWorkWithoutInternet: whatever the page loads is served here, and the
// policy lets a browser load nothing else.
func TestDocsWorkWithoutInternet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.get("/docs", "")
	require.Equal(t, http.StatusOK, page.status)
	loads := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(string(page.body), -1)
	require.Len(t, loads, len(rest.DocsAssets()))
	for _, load := range loads {
		require.True(t, slices.Contains(rest.DocsAssets(), load[1]), load[1])
		asset := b.get(load[1], "")
		require.Equal(t, http.StatusOK, asset.status, load[1])
		require.NotEmpty(t, asset.body)
	}
	policy := page.header.Get("Content-Security-Policy")
	require.Equal(t, 2, strings.Count(policy, "'sha256-"), "both inline scripts of the page")
	require.NotContains(t, policy, "script-src 'self' 'unsafe-inline'")
	require.NotContains(t, policy, "http")
	require.Equal(t, http.StatusNotFound, b.get("/docs/nothing.js", "").status)
	require.Contains(t, b.get("/healthz", "").header.Get("Content-Security-Policy"), "default-src 'none'")
}
