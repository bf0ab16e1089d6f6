package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVerdictByHand: what a person says of a post holds, and all figures follow.
func TestVerdictByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	b.fetched(somePosts(), judge)
	spam := b.get("/tasks/"+id+"/posts?spam=true", owner).doc["items"].([]any)[0].(map[string]any)
	path := "/tasks/" + id + "/posts/" + spam["id"].(string) + "/spam"
	judged := func(body string) map[string]any {
		got := b.send(request{method: http.MethodPut, path: path, token: owner, body: body})
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		require.Contains(t, b.get("/tasks/"+id+"/posts", owner).doc["items"], got.doc, "the list shows the same")
		return got.doc
	}
	figures := func() (spam, positive float64) {
		posts := b.get("/tasks/"+id+"/summary", owner).doc["posts"].(map[string]any)
		progress := b.get("/tasks/"+id, owner).doc["progress"].(map[string]any)["posts"].(map[string]any)
		by := posts["bySpam"].(map[string]any)
		require.Equal(t, by["spam"], progress["spam"])
		sides := posts["bySentiment"].(map[string]any)
		scored := sides["positive"].(float64) + sides["neutral"].(float64) + sides["negative"].(float64)
		require.Equal(t, scored, progress["scored"])
		return by["spam"].(float64), scored
	}
	flagged, scored := figures()

	cleared := judged(`{"verdict":"ok"}`)
	require.Equal(t, map[string]any{"verdict": "ok", "score": 0.0, "reasons": []any{}, "model": "human"}, cleared["spam"])
	require.NotNil(t, cleared["sentiment"], "it is scored at once")
	nowFlagged, nowScored := figures()
	require.Equal(t, flagged-1, nowFlagged)
	require.Equal(t, scored+1, nowScored)

	require.Nil(t, judged(`{"verdict":"spam"}`)["sentiment"])
	require.Equal(t, spam, judged(`{"verdict":null}`), "the classifier's verdict holds again")
	nowFlagged, nowScored = figures()
	require.Equal(t, flagged, nowFlagged)
	require.Equal(t, scored, nowScored)
}

func TestVerdictsThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	b.fetched(somePosts(), judge)
	path := "/tasks/" + id + "/posts/" + idsOf(b.get("/tasks/"+id+"/posts", owner))[0] + "/spam"
	for body, code := range map[string]string{
		`{}`: "invalid_value", `{"verdict":"ham"}`: "invalid_value", `{"verdict":""}`: "invalid_value", `{"verdict":1}`: "invalid_value",
		`{"verdict":"spam","why":"x"}`: "unknown_field", `null`: "invalid_value", ``: "bad_json", `{"verdict":`: "bad_json",
	} {
		got := b.send(request{method: http.MethodPut, path: path, token: owner, body: body})
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", body, got.body)
		require.Equal(t, code, got.doc["code"], body)
	}
}
