package rest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

func (b *testBundle) createExport(token, of string) string {
	b.Helper()
	got := b.post("/tasks/export", token, `{"taskId":"`+of+`","format":"csv"}`)
	require.Equal(b, http.StatusAccepted, got.status, "%s", got.body)
	return got.doc["id"].(string)
}

// finishExport publishes the file of an export task as a worker does.
func (b *testBundle) finishExport(id string, spec task.ExportSpec, file string) {
	b.Helper()
	due, err := b.store.Dispatch(b.Context(), task.Limits{PerTask: 9, PerUser: 99, Running: 99, Total: 99})
	require.NoError(b, err)
	for _, d := range due {
		lease, err := b.store.Claim(b.Context(), d, "a worker", time.Minute)
		require.NoError(b, err)
		if string(lease.Task.ID) != id {
			require.NoError(b, b.store.Finish(b.Context(), lease, task.HandBack()))
			continue
		}
		done := task.Succeed()
		written := *lease.Task.Export
		sum := sha256.Sum256([]byte(file))
		written.Format, written.Bytes, written.SHA256 = spec.Format, int64(len(file)), hex.EncodeToString(sum[:])
		written.ExpiresAt = spec.ExpiresAt.UTC().Truncate(time.Microsecond)
		done.Export = &written
		b.writeFile(id+"."+spec.Format, file)
		require.NoError(b, b.store.Finish(b.Context(), lease, done))
	}
}

func (b *testBundle) writeFile(name, text string) {
	b.Helper()
	w, err := b.files.Create(b.Context(), name)
	require.NoError(b, err)
	_, err = w.Write([]byte(text))
	require.NoError(b, err)
	require.NoError(b, w.Commit())
}

// holdKey claims an Idempotency-Key as a request in work does.
func (b *testBundle) holdKey(token, key, body string) {
	b.Helper()
	user := b.get("/me", token).doc["id"].(string)
	sum := sha256.Sum256([]byte(body))
	_, err := b.store.BeginRequest(b.Context(), ports.IdempotentRequest{
		User: access.UserID(user), Path: "/tasks", Key: key, BodyHash: sum[:],
	}, time.Now().UTC())
	require.NoError(b, err)
}

func TestDownload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createExport(owner, b.createTask(owner))
	const file = "id,kind\r\n1,comment\r\n"
	b.finishExport(id, task.ExportSpec{Format: "csv", ExpiresAt: time.Now().Add(time.Hour)}, file)
	path := "/tasks/" + id + "/download"

	whole := b.get(path, owner)
	require.Equal(t, http.StatusOK, whole.status)
	require.Equal(t, file, string(whole.body))
	require.Equal(t, "text/csv; charset=utf-8", whole.header.Get("Content-Type"))
	day := time.Now().UTC().Format("20060102")
	require.Equal(t, `attachment; filename="soundings-video-dQw4w9WgXcQ-`+day+`.csv"`, whole.header.Get("Content-Disposition"))
	require.Equal(t, "bytes", whole.header.Get("Accept-Ranges"))
	etag := whole.header.Get("ETag")
	require.Len(t, etag, 66)

	with := func(name, value string) reply {
		return b.send(request{method: "GET", path: path, token: owner, header: map[string]string{name: value}})
	}
	part := with("Range", "bytes=3-6")
	require.Equal(t, http.StatusPartialContent, part.status)
	require.Equal(t, file[3:7], string(part.body))
	require.Equal(t, http.StatusNotModified, with("If-None-Match", etag).status)
	require.Equal(t, http.StatusOK, with("If-None-Match", `"other"`).status)
	beyond := with("Range", "bytes=1000-")
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, beyond.status)
	require.Equal(t, "bytes */20", beyond.header.Get("Content-Range"))
	require.Empty(t, beyond.header.Get("Content-Disposition"))

	head := b.send(request{method: "HEAD", path: path, token: owner})
	require.Equal(t, http.StatusOK, head.status)
	require.Equal(t, "20", head.header.Get("Content-Length"))
	require.Empty(t, head.body)

	shown := b.get("/tasks/"+id, owner).doc
	require.Equal(t, "completed", shown["status"])
	export := shown["export"].(map[string]any)
	require.Equal(t, []string{"bytes", "expiresAt", "format", "partial", "rows", "sha256", "taskId"}, keysOf(export))
	require.Equal(t, etag, `"`+export["sha256"].(string)+`"`)

	require.NoError(t, b.files.Delete(t.Context(), id+".csv"))
	require.Equal(t, http.StatusGone, b.get(path, owner).status)
}

func TestExportBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	for body, want := range map[string]analysis.PostFilter{
		`{"taskId":"ID","format":"csv"}`:                                    {},
		`{"taskId":"ID","format":"csv","filter":null,"options":null}`:       {},
		`{"taskId":"ID","format":"csv","filter":{"kind":null,"spam":null}}`: {},
		`{"taskId":"ID","format":"ndjson","filter":{"kind":["comment","reply"],"sentiment":"none,positive","spam":false,"author":"ada","q":"go"}}`: {
			Kinds: []content.PostKind{content.CommentPost, content.ReplyPost}, Sentiments: []analysis.Label{"", analysis.Positive},
			Spam: []analysis.Verdict{analysis.OK}, Author: "ada", Query: "go",
		},
		`{"taskId":"ID","format":"csv","filter":{"spam":["true","none"],"since":"2026-01-01T01:00:00+01:00"}}`: {
			Spam: []analysis.Verdict{analysis.Spam, ""}, Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		},
		`{"taskId":"ID","format":"csv","options":{"formulaGuard":false,"pseudonymise":false,"threaded":false,"bom":false}}`: {},
	} {
		got := b.post("/tasks/export", owner, replaceID(body, id))
		require.Equal(t, http.StatusAccepted, got.status, "%s: %s", body, got.body)
		require.Equal(t, "export", got.doc["kind"])
		require.Equal(t, "/tasks/"+got.doc["id"].(string), got.header.Get("Location"))
		stored, err := b.store.Task(t.Context(), b.userOf(owner), task.ID(got.doc["id"].(string)))
		require.NoError(t, err)
		wantJSON, _ := json.Marshal(want)
		gotJSON, _ := json.Marshal(stored.Export.Filter)
		require.JSONEq(t, string(wantJSON), string(gotJSON), body)
	}
	for body, field := range map[string]string{
		`{"format":"csv"}`:               "taskId",
		`{"taskId":"ID"}`:                "format",
		`{"taskId":"ID","format":"pdf"}`: "format",
		`{"taskId":"ID","format":"csv","filter":{"kind":"post"}}`:         "filter.kind",
		`{"taskId":"ID","format":"csv","filter":{"kind":""}}`:             "filter.kind",
		`{"taskId":"ID","format":"csv","filter":{"kind":7}}`:              "filter.kind",
		`{"taskId":"ID","format":"csv","filter":{"spam":["maybe"]}}`:      "filter.spam",
		`{"taskId":"ID","format":"csv","filter":{"sentiment":["sad"]}}`:   "filter.sentiment",
		`{"taskId":"ID","format":"csv","filter":{"q":"a\u0000b"}}`:        "filter",
		`{"taskId":"ID","format":"csv","filter":{"limit":1}}`:             "filter.limit",
		`{"taskId":"ID","format":"csv","filter":{"until":"soon"}}`:        "filter.until",
		`{"taskId":"ID","format":"csv","options":{"threaded":true}}`:      "options.threaded",
		`{"taskId":"ID","format":"csv","options":{"formulaGuard":"yes"}}`: "options.formulaGuard",
	} {
		got := b.post("/tasks/export", owner, replaceID(body, id))
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", body, got.body)
		require.Equal(t, field, got.doc["errors"].([]any)[0].(map[string]any)["field"], body)
	}
	export := b.createExport(owner, id)
	require.Equal(t, http.StatusBadRequest, b.post("/tasks/export", owner, replaceID(`{"taskId":"ID","format":"csv"}`, export)).status)
	require.Equal(t, http.StatusNotFound, b.post("/tasks/export", owner, `{"taskId":"x","format":"csv"}`).status)
}
