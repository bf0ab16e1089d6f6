package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// died makes a task of the caller with one dead job, and returns the job's id.
func (b *testBundle) died(owner string) (taskID, jobID string) {
	b.Helper()
	taskID = b.createTask(owner)
	lease := b.claim()
	require.NoError(b, b.store.Finish(b.Context(), lease, task.Fail(task.Problem{Code: fault.CodeSourceForbidden, Message: "a secret of " + someVideo})))
	return taskID, string(lease.Subtask.ID)
}

// TestQueueDocuments holds the documents against contract §2.
func TestQueueDocuments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, admin := token(t, "owner", nil), token(t, "admin", "queues:admin")
	died, job := b.died(owner)
	waits := b.createTask(owner)
	all := b.get("/queues", admin)
	require.Equal(t, http.StatusOK, all.status)
	var names []string
	for _, item := range all.doc["items"].([]any) {
		queue := item.(map[string]any)
		require.Equal(t, []string{"depth", "name", "oldestSeconds", "paused", "perMinute"}, keysOf(queue))
		names = append(names, queue["name"].(string))
	}
	require.Equal(t, []string{"fetch_content", "detect_spam", "analyze_sentiment", "export_posts"}, names)
	queue := b.get("/queues/fetch_content", admin).doc
	require.Equal(t, map[string]any{"waiting": 1.0, "queued": 0.0, "running": 0.0, "dead": 1.0}, queue["depth"])
	require.EqualValues(t, 1, queue["perMinute"])
	require.Equal(t, false, queue["paused"])

	jobs := b.get("/queues/fetch_content/jobs?state=dead", admin)
	require.Equal(t, []string{job}, idsOf(jobs))
	dead := jobs.doc["items"].([]any)[0].(map[string]any)
	require.Equal(t, []string{"attempt", "createdAt", "id", "lastError", "runAt", "startedAt", "state", "taskId", "type"}, keysOf(dead))
	require.Equal(t, died, dead["taskId"])
	require.Equal(t, "FETCH_CONTENT", dead["type"])
	require.Equal(t, "dead", dead["state"])
	require.Equal(t, "source_forbidden", dead["lastError"])
	require.NotContains(t, string(jobs.body), "secret")
	require.NotContains(t, string(jobs.body), "youtube")
	require.Len(t, idsOf(b.get("/queues/fetch_content/jobs", admin)), 2)
	require.Len(t, idsOf(b.get("/queues/fetch_content/jobs?state=waiting,dead", admin)), 2)
	first := b.get("/queues/fetch_content/jobs?state=dead,waiting&limit=1", admin)
	second := b.get("/queues/fetch_content/jobs?state=waiting,dead&limit=1&cursor="+first.doc["nextCursor"].(string), admin)
	require.Nil(t, second.doc["nextCursor"])
	require.NotEqual(t, idsOf(first), idsOf(second))
	require.Equal(t, waits, b.get("/queues/fetch_content/jobs?state=waiting", admin).doc["items"].([]any)[0].(map[string]any)["taskId"])
}

func TestQueueRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, admin := token(t, "owner", nil), token(t, "admin", "queues:admin")
	_, dead := b.died(owner)
	b.createTask(owner)
	running := string(b.claim().Subtask.ID)
	const fetch = "/queues/fetch_content"
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/queues/default", 404}, {"GET", "/queues/FETCH_CONTENT", 404}, {"POST", "/queues/default/pause", 404},
		{"POST", "/queues/default/resume", 404}, {"GET", "/queues/default/jobs", 404}, {"POST", "/queues/default/retry-dead", 404},
		{"POST", "/queues/default/jobs/" + dead + "/retry", 404}, {"DELETE", "/queues/default/jobs/" + dead, 404},
		{"GET", fetch + "/jobs?state=done", 400}, {"GET", fetch + "/jobs?limit=0", 400}, {"GET", fetch + "/jobs?cursor=x", 400},
		{"POST", fetch + "/jobs/" + newID() + "/retry", 404}, {"DELETE", fetch + "/jobs/" + newID(), 404},
		{"POST", "/queues/detect_spam/jobs/" + dead + "/retry", 404}, {"DELETE", "/queues/detect_spam/jobs/" + dead, 404},
		{"POST", fetch + "/jobs/" + running + "/retry", 409}, {"DELETE", fetch + "/jobs/" + running, 409},
	} {
		got := b.send(request{method: c.method, path: c.path, token: admin})
		require.Equal(t, c.status, got.status, "%s %s: %s", c.method, c.path, got.body)
		if c.status == http.StatusConflict {
			require.Equal(t, "wrong_state", got.doc["code"])
		}
	}
}

func TestQueueRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, admin := token(t, "owner", nil), token(t, "admin", "queues:admin")
	id, job := b.died(owner)
	for _, paused := range []bool{true, true, false, false} {
		got := b.post("/queues/fetch_content/"+map[bool]string{true: "pause", false: "resume"}[paused], admin, "")
		require.Equal(t, http.StatusAccepted, got.status)
		require.Equal(t, paused, got.doc["paused"])
		require.Equal(t, paused, b.get("/queues/fetch_content", admin).doc["paused"])
		require.Equal(t, false, b.get("/queues/detect_spam", admin).doc["paused"])
	}
	retried := b.post("/queues/fetch_content/jobs/"+job+"/retry", admin, "")
	require.Equal(t, http.StatusAccepted, retried.status)
	require.Equal(t, map[string]any{"retried": 1.0}, retried.doc)
	require.Equal(t, "pending", b.get("/tasks/"+id, owner).doc["status"])

	gone := b.send(request{method: http.MethodDelete, path: "/queues/fetch_content/jobs/" + job, token: admin})
	require.Equal(t, http.StatusAccepted, gone.status)
	ended := b.get("/tasks/"+id, owner).doc
	require.Equal(t, "completed_partial", ended["status"])
	require.Len(t, ended["problems"], 1)

	for range 3 {
		b.died(owner)
	}
	require.Equal(t, map[string]any{"retried": 3.0}, b.post("/queues/fetch_content/retry-dead", admin, "").doc)
	require.Equal(t, map[string]any{"retried": 0.0}, b.post("/queues/fetch_content/retry-dead", admin, "").doc)
}
