package rest_test

import (
	"encoding/json"
	"strings"
	"testing"

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
