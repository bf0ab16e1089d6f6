package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// in makes a task of the caller that is in the state.
func (b *testBundle) in(owner string, state task.Status) string {
	b.Helper()
	id := b.createTask(owner)
	failed := task.Fail(task.Problem{Code: fault.CodeSourceForbidden, Message: "private", Retryable: true})
	parked := task.Outcome{Kind: task.ParkedUntil, At: newYear.AddDate(100, 0, 0), Problem: failed.Problem}
	switch state {
	case task.Running:
		b.claim()
	case task.Waiting:
		require.NoError(b, b.store.Finish(b.Context(), b.claim(), parked))
	case task.Paused:
		require.Equal(b, http.StatusAccepted, b.post("/tasks/"+id+"/pause", owner, "").status)
	case task.Completed:
		b.fetched(somePosts(), judge)
		require.NoError(b, b.store.Finish(b.Context(), b.claim(), task.Succeed()))
	case task.CompletedPartial:
		b.fetched(somePosts(), judge)
		require.NoError(b, b.store.Finish(b.Context(), b.claim(), failed))
	case task.Failed:
		require.NoError(b, b.store.Finish(b.Context(), b.claim(), failed))
	case task.Cancelled:
		require.Equal(b, http.StatusAccepted, b.post("/tasks/"+id+"/cancel", owner, "").status)
	}
	require.EqualValues(b, state, b.get("/tasks/"+id, owner).doc["status"])
	return id
}

// TestEveryRequestOnEveryState is the table of contract §3, over HTTP.
func TestEveryRequestOnEveryState(t *testing.T) {
	t.Parallel()
	const table = `
		request pending running waiting paused completed completed_partial failed cancelled
		cancel  202     202     202     202    409       409               409    202
		pause   202     202     202     202    409       409               409    409
		resume  409     409     409     202    409       409               409    409
		retry   409     409     409     409    409       202               202    202
		delete  409     409     409     204    204       204               204    204`
	becomes := map[string]string{"cancel": "cancelled", "pause": "paused", "resume": "pending", "retry": "pending"}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for column, state := range strings.Fields(lines[0])[1:] {
		var allowed []any
		for _, line := range lines[1:] {
			if cells := strings.Fields(line); cells[column+1] != "409" {
				allowed = append(allowed, cells[0])
			}
		}
		for _, line := range lines[1:] {
			cells := strings.Fields(line)
			t.Run(cells[0]+" "+state, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				owner := token(t, "owner", nil)
				id := b.in(owner, task.Status(state))
				ask := request{method: http.MethodPost, path: "/tasks/" + id + "/" + cells[0], token: owner}
				if cells[0] == "delete" {
					ask.method, ask.path = http.MethodDelete, "/tasks/"+id
				}
				got := b.send(ask)
				switch cells[column+1] {
				case "202":
					require.Equal(t, http.StatusAccepted, got.status, "%s", got.body)
					assert.Equal(t, becomes[cells[0]], got.doc["status"])
					assert.Equal(t, "/tasks/"+id, got.header.Get("Location"))
					b.checkOpen(id, owner, becomes[cells[0]])
				case "204":
					require.Equal(t, http.StatusNoContent, got.status, "%s", got.body)
				default:
					require.Equal(t, http.StatusConflict, got.status, "%s", got.body)
					assert.Equal(t, "wrong_state", got.doc["code"])
					assert.Equal(t, allowed, got.doc["allowed"])
					assert.Equal(t, state, b.get("/tasks/"+id, owner).doc["status"])
				}
			})
		}
	}
}

// checkOpen looks at what became of the subtasks.
func (b *testBundle) checkOpen(id, owner, status string) {
	b.Helper()
	want := map[string][]string{
		"cancelled": {"cancelled", "succeeded"}, "paused": {"pending", "succeeded"}, "pending": {"pending", "succeeded"},
	}[status]
	for _, item := range b.get("/tasks/"+id+"/subtasks", owner).doc["items"].([]any) {
		sub := item.(map[string]any)
		assert.Contains(b, want, sub["status"])
		if sub["status"] == "pending" {
			assert.EqualValues(b, 0, sub["attempt"])
			assert.Nil(b, sub["finishedAt"])
		}
	}
	if status == "pending" {
		read := b.get("/tasks/"+id, owner).doc
		assert.Nil(b, read["finishedAt"])
		assert.Empty(b, read["problems"])
	}
}

func TestRetryOfATaskWithoutFailures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	o := task.Succeed()
	o.Problem = &task.Problem{Code: fault.CodeCommentsDisabled, Message: "comments are turned off"}
	require.NoError(t, b.store.Finish(t.Context(), b.claim(), o))
	// Nothing was opened: to the rows it failed, but no subtask did.
	got := b.post("/tasks/"+id+"/retry", owner, "")
	require.Equal(t, http.StatusConflict, got.status)
	require.Equal(t, "nothing_to_retry", got.doc["code"])
}
