package rest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/application"
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
		of, err := b.store.Task(b.Context(), lease.Task.User, written.TaskID)
		require.NoError(b, err)
		manifest, err := rest.EncodeManifest(application.Manifest{Spec: written, Of: of, CreatedAt: time.Now()})
		require.NoError(b, err)
		b.writeFile(id+".manifest.json", string(manifest))
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
		`{"taskId":"ID","format":"csv","filter":{"kind":"post"}}`:                "filter.kind",
		`{"taskId":"ID","format":"csv","filter":{"kind":""}}`:                    "filter.kind",
		`{"taskId":"ID","format":"csv","filter":{"kind":7}}`:                     "filter.kind",
		`{"taskId":"ID","format":"csv","filter":{"spam":["maybe"]}}`:             "filter.spam",
		`{"taskId":"ID","format":"csv","filter":{"sentiment":["sad"]}}`:          "filter.sentiment",
		`{"taskId":"ID","format":"csv","filter":{"q":"a\u0000b"}}`:               "filter",
		`{"taskId":"ID","format":"csv","filter":{"limit":1}}`:                    "filter.limit",
		`{"taskId":"ID","format":"csv","filter":{"until":"soon"}}`:               "filter.until",
		`{"taskId":"ID","format":"csv","options":{"threaded":"yes"}}`:            "options.threaded",
		`{"taskId":"ID","format":"csv","options":{"formulaGuard":"yes"}}`:        "options.formulaGuard",
		`{"taskId":"ID","format":"csv","options":{"columns":[]}}`:                "options.columns",
		`{"taskId":"ID","format":"csv","options":{"columns":["id","password"]}}`: "options.columns",
		`{"taskId":"ID","format":"xlsx","options":{"columns":[""]}}`:             "options.columns",
		`{"taskId":"ID","format":"ndjson","options":{"columns":["id"]}}`:         "options.columns",
		`{"taskId":"ID","format":"csv","options":{"columns":"id"}}`:              "options.columns",
		`{"taskId":"ID","format":"csv","options":{"separator":";"}}`:             "options.separator",
	} {
		got := b.post("/tasks/export", owner, replaceID(body, id))
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", body, got.body)
		require.Equal(t, field, got.doc["errors"].([]any)[0].(map[string]any)["field"], body)
	}
	export := b.createExport(owner, id)
	require.Equal(t, http.StatusBadRequest, b.post("/tasks/export", owner, replaceID(`{"taskId":"ID","format":"csv"}`, export)).status)
	require.Equal(t, http.StatusNotFound, b.post("/tasks/export", owner, `{"taskId":"x","format":"csv"}`).status)
}

func TestExportOptions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	for options, want := range map[string]task.ExportSpec{
		`null`:                         {Format: "csv", FormulaGuard: true},
		`{}`:                           {Format: "csv", FormulaGuard: true},
		`{"formulaGuard":false}`:       {Format: "csv"},
		`{"bom":true,"threaded":true}`: {Format: "csv", FormulaGuard: true, BOM: true, Threaded: true},
		`{"pseudonymise":true,"threaded":null,"bom":null,"columns":null}`: {Format: "csv", FormulaGuard: true, Pseudonymise: true},
		`{"columns":["text","id","text"]}`:                                {Format: "csv", FormulaGuard: true, Columns: []string{"id", "text"}},
		`{"columns":["sentimentModel"],"threaded":true}`:                  {Format: "xlsx", Threaded: true, Columns: []string{"sentimentModel"}},
		`{"bom":true,"pseudonymise":true}`:                                {Format: "parquet", Pseudonymise: true},
		`{"bom":true,"threaded":true,"formulaGuard":true}`:                {Format: "ndjson", Threaded: true},
	} {
		got := b.post("/tasks/export", owner, `{"taskId":"`+id+`","format":"`+want.Format+`","options":`+options+`}`)
		require.Equal(t, http.StatusAccepted, got.status, "%s: %s", options, got.body)
		stored, err := b.store.Task(t.Context(), b.userOf(owner), task.ID(got.doc["id"].(string)))
		require.NoError(t, err)
		want.TaskID, want.FileName = task.ID(id), stored.Export.FileName
		require.Equal(t, &want, stored.Export, options)
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	of := b.createTask(owner)
	id := b.createExport(owner, of)
	path := "/tasks/" + id + "/manifest"
	require.Equal(t, http.StatusConflict, b.get(path, owner).status)
	b.finishExport(id, task.ExportSpec{Format: "csv", ExpiresAt: time.Now().Add(time.Hour)}, "id\r\n")
	got := b.get(path, owner)
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
	require.Equal(t, []string{
		"bytes", "columns", "completeness", "createdAt", "file", "filter", "format", "models", "options", "partial", "rows", "sha256", "task",
	}, keysOf(got.doc))
	require.Equal(t, of, got.doc["task"].(map[string]any)["id"])
	require.Equal(t, b.get("/tasks/"+id, owner).doc["export"].(map[string]any)["sha256"], got.doc["sha256"])
	require.Equal(t, http.StatusNotFound, b.get(path, token(t, "stranger", nil)).status)
	require.Equal(t, http.StatusNotFound, b.get("/tasks/"+of+"/manifest", owner).status, "an analysis has none")
	require.Equal(t, http.StatusNotFound, b.get("/tasks/x/manifest", owner).status)
	require.NoError(t, b.files.Delete(t.Context(), id+".manifest.json"))
	require.Equal(t, http.StatusGone, b.get(path, owner).status)

	expired := b.createExport(owner, of)
	b.finishExport(expired, task.ExportSpec{Format: "csv", ExpiresAt: time.Now().Add(-time.Second)}, "id\r\n")
	for _, part := range []string{"/manifest", "/download"} {
		gone := b.get("/tasks/"+expired+part, owner)
		require.Equal(t, http.StatusGone, gone.status)
		require.Equal(t, "expired", gone.doc["code"])
	}
}

// TestManifestDocument: what was asked for can be asked for again by the words
// of the manifest.
func TestManifestDocument(t *testing.T) {
	t.Parallel()
	at, two := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), int64(2)
	raw, err := rest.EncodeManifest(application.Manifest{
		Spec: task.ExportSpec{
			TaskID: "t", Format: "csv", FileName: "soundings-video-x", Rows: 3, Bytes: 99, SHA256: "abc", Partial: true,
			FormulaGuard: true, Pseudonymise: true, Columns: []string{"id", "text"},
			Filter: analysis.PostFilter{
				Kinds: []content.PostKind{content.ReplyPost}, Sentiments: []analysis.Label{"", analysis.Negative},
				Spam: []analysis.Verdict{analysis.OK, analysis.Spam, ""}, Author: "ada", Query: "<b>", Since: at, Until: at.Add(time.Hour),
			},
		},
		Columns: []string{"id", "text"}, CreatedAt: at,
		Of: task.State{ID: "t", Run: 2, Status: task.Running, Sources: []content.Source{{URL: "u", Provider: "youtube", Kind: "video", ExternalID: "x"}}},
		Totals: analysis.Summary{
			Total: 7, Expected: &two, SpamModel: "s@1",
			Missing: []analysis.Missing{{Cause: content.Capped}, {Cause: content.FetchFailed, Count: &two}},
		},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"file":"soundings-video-x.csv","format":"csv","rows":3,"bytes":99,"sha256":"abc","createdAt":"2026-03-01T12:00:00Z","partial":true,
		"columns":["id","text"],
		"filter":{"kind":["reply"],"sentiment":["none","negative"],"spam":["false","true","none"],"author":"ada","q":"<b>","since":"2026-03-01T12:00:00Z","until":"2026-03-01T13:00:00Z"},
		"options":{"formulaGuard":true,"pseudonymise":true,"threaded":false,"bom":false},
		"task":{"id":"t","run":2,"status":"running","sources":[{"url":"u","providerId":"youtube","kind":"video","externalId":"x","title":null}]},
		"completeness":{"expected":2,"fetched":7,"missing":[{"cause":"capped","count":null},{"cause":"failed","count":2}]},
		"models":{"spam":"s@1","sentiment":null}}`, string(raw))
	empty, err := rest.EncodeManifest(application.Manifest{})
	require.NoError(t, err)
	require.Contains(t, string(empty), `"filter":{}`)
	require.Contains(t, string(empty), `"columns":[]`)
}
