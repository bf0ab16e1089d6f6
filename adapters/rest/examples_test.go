package rest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// TestExamplesWork: what openapi.yaml shows works when it is pasted, with the
// ids of what one has.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	for r, op := range specRoutes(loadSpec(t)) {
		if op.RequestBody == nil {
			continue
		}
		examples := op.RequestBody.Value.Content["application/json"].Examples
		require.NotEmpty(t, examples, "%v has no example", r)
		for name, example := range examples {
			t.Run(op.OperationID+"/"+name, func(t *testing.T) {
				t.Parallel()
				body, err := json.Marshal(example.Value.Value)
				require.NoError(t, err)
				a := ask{params: recipes[op.OperationID][0].params, body: strings.NewReplacer(
					"0197a6e0-6f3c-7c51-9d0e-4f3a2b1c0d9e", "{task}",
					"3q2-7wABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijk", "{connection}",
				).Replace(string(body))}
				w := newWalk(t, r, op)
				got := w.send(a, w.owner)
				require.Less(t, got.status, 300, "%s: %s", body, got.body)
			})
		}
	}
}

// TestParameterExamplesWork: each operation can be tried out on /docs with the
// parameters that stand there already; the ids are to be one's own.
func TestParameterExamplesWork(t *testing.T) {
	t.Parallel()
	spec := loadSpec(t)
	for r, op := range specRoutes(spec) {
		query := url.Values{}
		for _, p := range slices.Concat(spec.Paths.Value(r.path).Parameters, op.Parameters) {
			require.False(t, p.Value.In == openapi3.ParameterInPath && p.Value.Example == nil, "%v has no example of {%s}", r, p.Value.Name)
			if p.Value.In == openapi3.ParameterInQuery && p.Value.Example != nil {
				query.Set(p.Value.Name, inQuery(p.Value.Example))
			}
		}
		if len(query) == 0 {
			continue
		}
		t.Run(op.OperationID, func(t *testing.T) {
			t.Parallel()
			w := newWalk(t, r, op)
			got := w.send(recipes[op.OperationID][0], w.owner, func(r *request) { r.path += "?" + query.Encode() })
			require.Less(t, got.status, 300, "%s: %s", query, got.body)
		})
	}
}

// inQuery writes an example as Swagger UI sends it: lists with commas between.
func inQuery(example any) string {
	list, ok := example.([]any)
	if !ok {
		return fmt.Sprint(example)
	}
	words := make([]string, len(list))
	for i, word := range list {
		words[i] = fmt.Sprint(word)
	}
	return strings.Join(words, ",")
}
