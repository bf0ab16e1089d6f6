package rest_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
)

// public are the paths that contract §1 leaves open.
var public = []string{"/healthz", "/readyz", "/openapi.yaml", "/docs", "/integrations/callback", "/console/login"}

// TestWalk walks over all operations of openapi.yaml with the ids of somebody
// else, without credentials, and with too few permissions. An operation without
// a recipe fails it, so that no new one escapes.
func TestWalk(t *testing.T) {
	t.Parallel()
	for r, op := range specRoutes(loadSpec(t)) {
		t.Run(op.OperationID, func(t *testing.T) {
			t.Parallel()
			open := op.Security != nil && len(*op.Security) == 0
			require.Equal(t, slices.Contains(public, r.path), open, "contract §1 has the list of the paths that are open")
			if open {
				require.NotEqual(t, http.StatusUnauthorized, setup(t).send(request{method: r.method, path: r.path}).status)
				return
			}
			require.NotEmpty(t, recipes[op.OperationID],
				"%v has no recipe: say in recipes_test.go what its parameters and its body are, with ids of the owner's", r)
			w := newWalk(t, r, op)
			for _, a := range recipes[op.OperationID] {
				w.walk(a)
			}
		})
	}
}

// TestRecipesAreOfOperations: a recipe that nothing reads proves nothing.
func TestRecipesAreOfOperations(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, op := range specRoutes(loadSpec(t)) {
		known[op.OperationID] = true
	}
	for name := range recipes {
		assert.True(t, known[name], "openapi.yaml has no operation %s", name)
	}
}

// walk is one operation with a server, an owner and what the owner has.
type walk struct {
	*testBundle
	route      route
	op         *openapi3.Operation
	permission string
	owner      string
	has        belongings
}

func newWalk(t *testing.T, r route, op *openapi3.Operation) *walk {
	w := &walk{testBundle: setup(t), route: r, op: op}
	w.permission, _ = op.Extensions["x-permission"].(string)
	require.Equal(t, permissionFor(r), w.permission, "x-permission of %v", r)
	w.owner = token(t, "owner", allBut(""))
	w.has = w.belongings(w.owner)
	w.checkRecipe()
	return w
}

// permissionFor is contract §1, by which openapi.yaml goes.
func permissionFor(r route) string {
	first := strings.Split(r.path, "/")[1]
	switch {
	case first == "me", first == "apikeys":
		return "none" // everybody's own
	case first == "queues", first == "metrics":
		return "queues:admin"
	case r.method == http.MethodGet:
		return "tasks:read"
	case first == "integrations":
		return "integrations:write"
	case r.path == "/tasks/export":
		return "exports:write"
	}
	return "tasks:write"
}

// allBut returns a scope with every permission but one.
func allBut(left string) []string {
	words := []string{"openid"}
	for _, p := range access.AllPermissions() {
		if string(p) != left {
			words = append(words, string(p))
		}
	}
	return words
}

var (
	inBraces = regexp.MustCompile(`\{(\w+)\}`)
	idName   = regexp.MustCompile(`^(?:id|connection|\w+Ids?)$`)
	// nobodys are names of that form of things that are nobody's.
	nobodys = []string{"providerId", "externalId"}
)

// namesSomething tells whether a field holds the id of something that is
// somebody's.
func namesSomething(field string) bool {
	return idName.MatchString(field) && !slices.Contains(nobodys, field)
}

// checkRecipe fails where the asks leave out a way in which the operation can be
// given an id.
func (w *walk) checkRecipe() {
	w.Helper()
	asks := recipes[w.op.OperationID]
	for _, p := range w.pathParameters() {
		somebodys := false
		for _, a := range asks {
			value, given := a.params[p.Name]
			require.True(w, given, "the recipe of %v has no value for {%s}", w.route, p.Name)
			somebodys = somebodys || w.has.namedIn(value)
		}
		if p.Schema.Value.Format == "uuid" {
			require.True(w, somebodys, "give {%s} of %v an id of the owner's; a new kind of thing goes into belongings_test.go", p.Name, w.route)
		}
	}
	for _, p := range w.op.Parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			require.False(w, namesSomething(p.Value.Name), "%v takes the id %s in the query: teach the walk to send one", w.route, p.Value.Name)
		}
	}
	if w.op.RequestBody == nil {
		return
	}
	for name := range w.op.RequestBody.Value.Content["application/json"].Schema.Value.Properties {
		if !namesSomething(name) {
			continue
		}
		given := slices.ContainsFunc(asks, func(a ask) bool {
			return regexp.MustCompile(`"`+name+`":\s*"\{\w+\}"`).MatchString(a.body) && w.has.namedIn(a.body)
		})
		require.True(w, given, "the recipe of %v needs a body whose %q is an id of the owner's", w.route, name)
	}
}

func (w *walk) pathParameters() []*openapi3.Parameter {
	var found []*openapi3.Parameter
	item := w.spec.Paths.Value(w.route.path)
	for _, p := range slices.Concat(item.Parameters, w.op.Parameters) {
		if p.Value.In == openapi3.ParameterInPath {
			found = append(found, p.Value)
		}
	}
	require.Len(w, found, len(inBraces.FindAllString(w.route.path, -1)), "%v", w.route)
	return found
}

// send calls the operation.
func (w *walk) send(a ask, token string, change ...func(*request)) reply {
	w.Helper()
	path := inBraces.ReplaceAllStringFunc(w.route.path, func(name string) string {
		return url.PathEscape(w.has.fill(a.params[strings.Trim(name, "{}")]))
	})
	r := request{method: w.route.method, path: path, token: token, body: w.has.fill(a.body)}
	for _, f := range change {
		f(&r)
	}
	return w.testBundle.send(r)
}

func (w *walk) walk(a ask) {
	if w.op.RequestBody != nil {
		require.NotEmpty(w, a.body, "the recipe of %v needs a body", w.route)
	}
	w.withoutCredentials(a)
	w.withTooFewPermissions(a)
	w.withGarbage(a)
	if w.permission == string(access.QueuesAdmin) {
		w.asAdmin(a)
		return
	}
	w.asStranger(a)
	got := w.send(a, w.owner)
	require.Equal(w, a.owner, got.status, "%v by the owner: %s", w.route, got.body)
	require.Subset(w, w.has.shownIn(got.body), a.shows, "%v by the owner: %s", w.route, got.body)
}

func (w *walk) withoutCredentials(a ask) {
	for _, bad := range []string{"", access.NewAPIKeySecret(), "x.y.z"} {
		got := w.send(a, bad)
		assert.Equal(w, http.StatusUnauthorized, got.status, "%v without credentials", w.route)
		assert.Equal(w, "unauthenticated", got.doc["code"])
		assert.Contains(w, got.header.Get("WWW-Authenticate"), "Bearer")
	}
	w.alsoHead(a, "", http.StatusUnauthorized)
}

// alsoHead: HEAD tells a stranger no more than GET.
func (w *walk) alsoHead(a ask, token string, want int) {
	if w.route.method == http.MethodGet {
		got := w.send(a, token, func(r *request) { r.method = http.MethodHead })
		assert.Equal(w, want, got.status, "HEAD of %v", w.route)
	}
}

// withTooFewPermissions: the owner too is refused, with every permission but the one.
func (w *walk) withTooFewPermissions(a ask) {
	if w.permission == "none" {
		return
	}
	for _, scope := range [][]string{{}, allBut(w.permission)} {
		got := w.send(a, token(w, "owner", scope))
		assert.Equal(w, http.StatusForbidden, got.status, "%v without %s", w.route, w.permission)
		assert.Contains(w, got.doc["detail"], w.permission)
	}
}

// asStranger calls with every permission, and sees nothing of what the owner has.
func (w *walk) asStranger(a ask) {
	stranger := token(w, "stranger", allBut(""))
	got := w.send(a, stranger)
	if w.has.namedIn(a.body) || slices.ContainsFunc(slices.Collect(maps.Values(a.params)), w.has.namedIn) {
		assert.Equal(w, http.StatusNotFound, got.status, "%v with somebody else's id: %s", w.route, got.body)
		assert.Equal(w, "not_found", got.doc["code"])
		w.alsoHead(a, stranger, http.StatusNotFound)
	} else {
		assert.Less(w, got.status, 300, "%v by a stranger: %s", w.route, got.body)
	}
	assert.Empty(w, w.has.shownIn(got.body), "%v shows a stranger what is the owner's: %s", w.route, got.body)
}

// asAdmin: whoever has queues:admin works on everybody's jobs, and sees their
// ids, types and states, never an address or a text (contract §1).
func (w *walk) asAdmin(a ask) {
	got := w.send(a, token(w, "stranger", []string{w.permission}))
	require.Equal(w, a.owner, got.status, "%v by an admin: %s", w.route, got.body)
	shown := w.has.shownIn(got.body)
	require.Subset(w, shown, a.shows, "%v by an admin: %s", w.route, got.body)
	for _, content := range []string{"{text}", "{name}", "{account}"} {
		assert.NotContains(w, shown, content, "%v by an admin: %s", w.route, got.body)
	}
	assert.NotContains(w, string(got.body), "dQw4w9WgXcQ", "%v by an admin", w.route)
}

// withGarbage: no id can be malformed, and nothing that is not described is taken.
func (w *walk) withGarbage(a ask) {
	for _, p := range w.pathParameters() {
		for _, garbage := range []string{"1", "\x00", "\xff", "../..", "null", newID(), strings.Repeat("9", 3000)} {
			odd := a
			odd.params = maps.Clone(a.params)
			odd.params[p.Name] = garbage
			assert.Equal(w, http.StatusNotFound, w.send(odd, w.owner).status, "%v with %s=%q", w.route, p.Name, garbage)
		}
	}
	for _, unknown := range []string{"?surprise=1", "?limit=1&limit=2&surprise=", "?a=%00"} {
		got := w.send(a, w.owner, func(r *request) { r.path += unknown })
		assert.Equal(w, http.StatusBadRequest, got.status, "%v with %s", w.route, unknown)
	}
}
