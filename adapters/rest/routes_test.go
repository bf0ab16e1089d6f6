package rest_test

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/rest"
)

func TestSpecIsValid(t *testing.T) {
	t.Parallel()
	require.NoError(t, loadSpec(t).Validate(t.Context()))
}

// route is a method and a path as openapi.yaml writes it.
type route struct{ method, path string }

// specPath returns a path of echo as openapi.yaml writes it.
func specPath(path string) string { return echoParameter.ReplaceAllString(path, "{$1}") }

var echoParameter = regexp.MustCompile(`:(\w+)`)

func specRoutes(spec *openapi3.T) map[route]*openapi3.Operation {
	routes := map[route]*openapi3.Operation{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			routes[route{method, path}] = op
		}
	}
	return routes
}

// TestRoutesAreThoseOfTheSpec: what is served is described, and what is
// described is served, so that the walk below meets every route there is.
func TestRoutesAreThoseOfTheSpec(t *testing.T) {
	t.Parallel()
	b := setup(t)
	described := specRoutes(b.spec)
	served := map[route]bool{}
	for _, r := range b.server.Routes() {
		if r.Method == http.MethodHead || slices.Contains(rest.DocsAssets(), r.Path) {
			continue
		}
		served[route{r.Method, specPath(r.Path)}] = true
	}
	for r := range described {
		assert.True(t, served[r], "%v is described but not served", r)
	}
	for r := range served {
		assert.Contains(t, described, r, "%v is served but not described", r)
	}
	for _, r := range b.server.Routes() {
		if r.Method == http.MethodHead {
			path := specPath(r.Path)
			assert.True(t, served[route{http.MethodGet, path}] || slices.Contains(rest.DocsAssets(), path), "HEAD %s without GET", path)
		}
	}
}

// TestEveryListPages walks over all lists: limit and cursor are checked alike.
func TestEveryListPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", allBut(""))
	has := belongings{"{id}": b.createTask(owner), "{name}": "fetch_content"}
	lists := 0
	for r, op := range specRoutes(b.spec) {
		if op.Parameters.GetByInAndName("query", "limit") == nil {
			continue
		}
		lists++
		path := has.fill(r.path)
		for query, code := range map[string]string{
			"limit=0": "invalid_value", "limit=101": "invalid_value", "limit=-1": "invalid_value", "limit=x": "invalid_value",
			"limit=": "invalid_value", "limit=1&limit=2": "invalid_value", "limit=99999999999999999999": "invalid_value",
			"cursor=garbage": "bad_cursor", "cursor=e30": "bad_cursor",
		} {
			got := b.get(path+"?"+query, owner)
			assert.Equal(t, http.StatusBadRequest, got.status, "%s?%s: %s", path, query, got.body)
			assert.Equal(t, code, got.doc["code"], "%s?%s", path, query)
		}
		assert.Equal(t, http.StatusOK, b.get(path+"?limit=100", owner).status)
	}
	require.GreaterOrEqual(t, lists, 5)
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	path := "/tasks/" + b.createTask(owner)
	got := b.send(request{method: http.MethodHead, path: path, token: owner})
	require.Equal(t, http.StatusOK, got.status)
	require.Empty(t, got.body)
	require.NotEmpty(t, got.header.Get("Content-Length"))
	require.Equal(t, http.StatusUnauthorized, b.send(request{method: http.MethodHead, path: path}).status)
}
