package rest_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/rest"
)

// preflight asks as a browser does before a request of the web app's.
func (b *testBundle) preflight(origin, method, path string, headers ...string) http.Header {
	b.Helper()
	got := b.send(request{method: http.MethodOptions, path: path, header: map[string]string{
		"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": strings.Join(headers, ","),
	}})
	require.Equal(b, http.StatusNoContent, got.status, "%s %s", method, path)
	return got.header
}

// words returns the words of a header with commas between, in lower case.
func words(h http.Header, name string) []string {
	var found []string
	for word := range strings.SplitSeq(strings.ToLower(strings.Join(h.Values(name), ",")), ",") {
		found = append(found, strings.TrimSpace(word))
	}
	return found
}

// TestCORSLetsTheWebAppDoEverything: no operation, and no header of one, is
// forgotten, and no answer's header is hidden from the web app.
func TestCORSLetsTheWebAppDoEverything(t *testing.T) {
	t.Parallel()
	b := setup(t)
	exposed := words(b.send(request{method: http.MethodGet, path: "/healthz", header: map[string]string{"Origin": webApp}}).header,
		"Access-Control-Expose-Headers")
	require.Contains(t, exposed, "retry-after")
	for r, op := range specRoutes(b.spec) {
		asked := []string{"authorization", "content-type"}
		for _, p := range slices.Concat(b.spec.Paths.Value(r.path).Parameters, op.Parameters) {
			if p.Value.In == openapi3.ParameterInHeader {
				asked = append(asked, strings.ToLower(p.Value.Name))
			}
		}
		allowed := b.preflight(webApp, r.method, strings.NewReplacer("{", "", "}", "").Replace(r.path), asked...)
		require.Equal(t, []string{webApp}, allowed.Values("Access-Control-Allow-Origin"), "%v", r)
		require.Contains(t, words(allowed, "Access-Control-Allow-Methods"), strings.ToLower(r.method), "%v", r)
		require.Subset(t, words(allowed, "Access-Control-Allow-Headers"), asked, "%v", r)
		for _, answer := range op.Responses.Map() {
			for name := range answer.Value.Headers {
				if name != "WWW-Authenticate" { // it is always Bearer
					require.Contains(t, exposed, strings.ToLower(name), "%v", r)
				}
			}
		}
	}
	headers := words(b.preflight(webApp, http.MethodPost, "/tasks"), "Access-Control-Allow-Headers")
	require.Subset(t, headers, []string{"idempotency-key", "last-event-id", "range", "if-range", "if-none-match"})
}

// TestCORSIsForTheWebAppAlone: refusals too can be read by the web app, and
// nothing by anybody else. No cookie opens anything, so none is asked for.
func TestCORSIsForTheWebAppAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.RequestsPerSecond = 0.001 })
	owner := token(t, "owner", allBut(""))
	id := b.createTask(owner) // the only request that the owner has
	asks := map[int]request{
		http.StatusOK:               {method: http.MethodGet, path: "/healthz"},
		http.StatusBadRequest:       {method: http.MethodGet, path: "/healthz?surprise=1"},
		http.StatusUnauthorized:     {method: http.MethodGet, path: "/tasks/" + id + "/events"},
		http.StatusForbidden:        {method: http.MethodGet, path: "/queues", token: token(t, "owner", []string{"tasks:read"})},
		http.StatusNotFound:         {method: http.MethodGet, path: "/nothing"},
		http.StatusMethodNotAllowed: {method: http.MethodPut, path: "/tasks"},
		http.StatusTooManyRequests:  {method: http.MethodGet, path: "/tasks", token: owner},
	}
	for _, origin := range []string{webApp, "https://evil.example", webApp + ".evil.example", webApp + ":8443", "http://app.example", "https://sub.app.example", "null"} {
		for status, ask := range asks {
			ask.header = map[string]string{"Origin": origin}
			got := b.send(ask)
			require.Equal(t, status, got.status, "%s", got.body)
			b.requireReadableBy(origin, got.header)
		}
		b.requireReadableBy(origin, b.preflight(origin, http.MethodPost, "/tasks", "authorization"))
	}
}

func (b *testBundle) requireReadableBy(origin string, h http.Header) {
	b.Helper()
	require.Contains(b, words(h, "Vary"), "origin", "a cache must not give one origin the answer to another")
	require.Empty(b, h.Values("Access-Control-Allow-Credentials"))
	if origin == webApp {
		require.Equal(b, []string{webApp}, h.Values("Access-Control-Allow-Origin"))
		return
	}
	require.Empty(b, slices.DeleteFunc(slices.Collect(maps.Keys(h)), func(name string) bool {
		return !strings.HasPrefix(name, "Access-Control-Allow-")
	}), origin)
}

func TestWithoutWebAppThereIsNoCORS(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.Options = rest.Options{} })
	for _, method := range []string{http.MethodGet, http.MethodOptions} {
		got := b.send(request{method: method, path: "/healthz", header: map[string]string{"Origin": webApp, "Access-Control-Request-Method": "GET"}})
		for name := range got.header {
			require.False(t, strings.HasPrefix(name, "Access-Control-"), "%s: %s", method, name)
		}
	}
}
