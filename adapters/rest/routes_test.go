package rest_test

import (
	"net/http"
	"slices"
	"strings"
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
		served[route{r.Method, strings.ReplaceAll(r.Path, ":id", "{id}")}] = true
	}
	for r := range described {
		assert.True(t, served[r], "%v is described but not served", r)
	}
	for r := range served {
		assert.Contains(t, described, r, "%v is served but not described", r)
	}
	for _, r := range b.server.Routes() {
		if r.Method == http.MethodHead {
			path := strings.ReplaceAll(r.Path, ":id", "{id}")
			assert.True(t, served[route{http.MethodGet, path}] || slices.Contains(rest.DocsAssets(), path), "HEAD %s without GET", path)
		}
	}
}

// public are the paths that contract §1 leaves open.
var public = []string{"/healthz", "/readyz", "/openapi.yaml", "/docs", "/integrations/callback", "/console/login"}

// exampleBody returns the first example of an operation's body, with the id of
// somebody's task in it.
func exampleBody(op *openapi3.Operation, id string) string {
	if op.RequestBody == nil {
		return ""
	}
	bodies := map[string]string{
		"createTask":   `{"url":"` + someVideo + `"}`,
		"createExport": `{"taskId":"` + id + `","format":"csv"}`,
		"createAPIKey": `{"name":"k"}`,
	}
	return bodies[op.OperationID]
}

// TestEveryRouteIsGuarded walks over all routes of openapi.yaml.
func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger, nobody := token(t, "owner", nil), token(t, "stranger", nil), token(t, "nobody", "")
	id := b.createTask(owner)
	for r, op := range specRoutes(b.spec) {
		body := exampleBody(op, id)
		if op.RequestBody != nil {
			require.NotEmpty(t, body, "give %s an example body, so that it is walked", op.OperationID)
		}
		send := func(token, id string) reply {
			return b.send(request{method: r.method, path: strings.ReplaceAll(r.path, "{id}", id), token: token, body: body})
		}
		if op.Security != nil && len(*op.Security) == 0 {
			assert.Contains(t, public, r.path, "%v must not be open", r)
			assert.Equal(t, http.StatusOK, send("", id).status, "%v", r)
			continue
		}
		for _, bad := range []string{"", "snd_unknown", "x.y.z"} {
			got := send(bad, id)
			assert.Equal(t, http.StatusUnauthorized, got.status, "%v without credentials", r)
			assert.Equal(t, "unauthenticated", got.doc["code"])
			assert.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer")
		}
		permission, _ := op.Extensions["x-permission"].(string)
		require.NotEmpty(t, permission, "%v has no x-permission", r)
		if got := send(nobody, id); permission == "none" {
			assert.NotContains(t, []int{401, 403}, got.status, "%v needs no permission", r)
		} else {
			assert.Equal(t, http.StatusForbidden, got.status, "%v without permissions", r)
			assert.Contains(t, got.doc["detail"], permission)
		}
		if strings.Contains(r.path, "{id}") || strings.Contains(body, id) {
			assert.Equal(t, http.StatusNotFound, send(stranger, id).status, "%v with somebody else's id", r)
		}
		if strings.Contains(r.path, "{id}") {
			for _, garbage := range []string{"1", "%00", "%ff", "..%2f..", "null", newID(), strings.Repeat("9", 3000)} {
				assert.Equal(t, http.StatusNotFound, send(owner, garbage).status, "%v with the id %s", r, garbage)
			}
		}
		for _, unknown := range []string{"?surprise=1", "?limit=1&limit=2&surprise=", "?a=%00"} {
			got := b.send(request{method: r.method, path: strings.ReplaceAll(r.path, "{id}", id) + unknown, token: owner, body: body})
			assert.Equal(t, http.StatusBadRequest, got.status, "%v with %s", r, unknown)
		}
	}
}

// TestEveryListPages walks over all lists: limit and cursor are checked alike.
func TestEveryListPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	lists := 0
	for r, op := range specRoutes(b.spec) {
		if op.Parameters.GetByInAndName("query", "limit") == nil {
			continue
		}
		lists++
		path := strings.ReplaceAll(r.path, "{id}", id)
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
	require.Equal(t, 4, lists)
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
