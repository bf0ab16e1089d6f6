package rest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// failingStore fails reads of tasks with whatever it was told last.
type failingStore struct {
	allRows
	err *atomic.Pointer[error]
}

func (s failingStore) Task(ctx context.Context, user access.UserID, id task.ID) (task.State, error) {
	if err := s.err.Load(); err != nil {
		if errors.Is(*err, errPanic) {
			panic("a handler's mistake")
		}
		return task.State{}, *err
	}
	return s.allRows.Task(ctx, user, id)
}

var errPanic = errors.New("panic")

// someTask asks for a task.
const someTask = `{"url":"` + someVideo + `"}`

// problemCase is a request that is refused. Words in braces stand for what the
// test makes first.
type problemCase struct {
	name   string
	send   request
	status int
	code   string
	field  string
}

func post(body string, header ...string) request {
	r := request{method: "POST", path: "/tasks", token: "{owner}", body: body, header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.header[header[i]] = header[i+1]
	}
	return r
}

func read(path string) request { return request{method: "GET", path: path, token: "{owner}"} }

var refusals = []problemCase{
	{"empty body", request{method: "POST", path: "/tasks", token: "{owner}", header: map[string]string{"Content-Type": "application/json"}}, 400, "bad_json", ""},
	{"half a document", post(`{"url":`), 400, "bad_json", ""},
	{"text behind the document", post(someTask + ` {}`), 400, "bad_json", ""},
	{"a name twice", post(`{"url":"a","url":"b"}`), 400, "bad_json", ""},
	{"broken UTF-8", post("{\"url\":\"\xff\"}"), 400, "bad_json", ""},
	{"unknown field", post(`{"url":"a","surprise":1}`), 400, "unknown_field", "surprise"},
	{"unknown field within", post(`{"url":"a","options":{"maxposts":1}}`), 400, "unknown_field", "options.maxposts"},
	{"other case", post(`{"URL":"a"}`), 400, "unknown_field", "URL"},
	{"unknown query parameter", read("/tasks?colour=red"), 400, "unknown_field", "colour"},
	{"no object", post(`[]`), 400, "invalid_value", ""},
	{"null", post(`null`), 400, "invalid_value", "url"},
	{"nothing", post(`{}`), 400, "invalid_value", "url"},
	{"both", post(`{"url":"a","urls":["b"]}`), 400, "invalid_value", "url"},
	{"no urls", post(`{"urls":[]}`), 400, "invalid_value", "urls"},
	{"51 urls", post(`{"urls":["` + strings.Repeat(someVideo+`","`, 50) + someVideo + `"]}`), 400, "invalid_value", "urls"},
	{"two providers", post(`{"urls":["` + someVideo + `","https://www.reddit.com/r/golang"]}`), 400, "invalid_value", "urls[1]"},
	{"url is a number", post(`{"url":1}`), 400, "invalid_value", "url"},
	{"an url is a number", post(`{"urls":["a",2]}`), 400, "invalid_value", "urls[1]"},
	{"maxPosts is a text", post(`{"url":"a","options":{"maxPosts":"1"}}`), 400, "invalid_value", "options.maxPosts"},
	{"maxPosts is a fraction", post(`{"url":"a","options":{"maxPosts":1.5}}`), 400, "invalid_value", "options.maxPosts"},
	{"maxPosts is negative", post(`{"url":"` + someVideo + `","options":{"maxPosts":-1}}`), 400, "invalid_value", "options.maxPosts"},
	{"maxPosts is too much", post(`{"url":"` + someVideo + `","options":{"maxPosts":1000001}}`), 400, "invalid_value", "options.maxPosts"},
	{"maxPosts overflows", post(`{"url":"a","options":{"maxPosts":9223372036854775808}}`), 400, "invalid_value", "options.maxPosts"},
	{"includeReplies is a text", post(`{"url":"a","options":{"includeReplies":"no"}}`), 400, "invalid_value", "options.includeReplies"},
	{"since is no time", post(`{"url":"a","options":{"since":"yesterday"}}`), 400, "invalid_value", "options.since"},
	{"since is year 0", post(`{"url":"a","options":{"since":"0000-01-01T00:00:00Z"}}`), 400, "invalid_value", "options.since"},
	{"auth is odd", post(`{"url":"` + someVideo + `","options":{"auth":"root"}}`), 400, "invalid_value", "options.auth"},
	{"auth is empty", post(`{"url":"` + someVideo + `","options":{"auth":""}}`), 400, "invalid_value", "options.auth"},
	{"options is a list", post(`{"url":"a","options":[]}`), 400, "invalid_value", "options"},
	{"key of spaces", post(someTask, "Idempotency-Key", "a b"), 400, "invalid_value", "Idempotency-Key"},
	{"key too long", post(someTask, "Idempotency-Key", strings.Repeat("k", 256)), 400, "invalid_value", "Idempotency-Key"},
	{"unknown status", read("/tasks?status=running,done"), 400, "invalid_value", "status"},
	{"unknown sort", read("/tasks/{task}/posts?sort=likes"), 400, "invalid_value", "sort"},
	{"since in a query is no time", read("/tasks/{task}/posts?since=now"), 400, "invalid_value", "since"},
	{"bad query string", read("/tasks?limit=%zz"), 400, "invalid_value", ""},
	{"cursor of nobody", read("/tasks?cursor=abc"), 400, "bad_cursor", ""},
	{"no credentials", request{method: "GET", path: "/me"}, 401, "unauthenticated", ""},
	{"no permission", request{method: "GET", path: "/tasks", token: "{exporter}"}, 403, "forbidden", ""},
	{"a key that may more than its maker", request{method: "POST", path: "/apikeys", token: "{reader}", body: `{"name":"k","permissions":["tasks:write"]}`}, 403, "forbidden", ""},
	{"unknown id", read("/tasks/0197a6e0-6f3c-7c51-9d0e-4f3a2b1c0d9e"), 404, "not_found", ""},
	{"unknown path", read("/nothing/here"), 404, "not_found", ""},
	{"unknown path without credentials", request{method: "GET", path: "/nothing"}, 404, "not_found", ""},
	{"unknown integration", post(`{"url":"` + someVideo + `","integrationId":"x"}`), 404, "not_found", "integrationId"},
	{"download of an analysis", read("/tasks/{task}/download"), 404, "not_found", ""},
	{"wrong method", request{method: "PATCH", path: "/tasks/{task}", token: "{owner}"}, 405, "method_not_allowed", ""},
	{"delete while pending", request{method: "DELETE", path: "/tasks/{task}", token: "{owner}"}, 409, "wrong_state", ""},
	{"export not ready", read("/tasks/{waiting}/download"), 409, "not_ready", ""},
	{"key in work", post(someTask, "Idempotency-Key", "k2"), 409, "idempotency_in_flight", ""},
	{"export expired", read("/tasks/{expired}/download"), 410, "expired", ""},
	{"too large", post(`{"url":"` + strings.Repeat("a", 64<<10) + `"}`), 413, "too_large", ""},
	{"a form", post("url=a", "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type", ""},
	{"compressed", post("x", "Content-Encoding", "gzip"), 415, "unsupported_media_type", ""},
	{"other site", post(`{"url":"https://example.com/"}`), 422, "unsupported_url", "url"},
	{"one of urls is of another site", post(`{"urls":["` + someVideo + `","https://example.com/"]}`), 422, "unsupported_url", "urls[1]"},
	{"callback", post(`{"url":"` + someVideo + `","callbackUrl":"https://example.com/hook"}`), 422, "unsupported_url", "callbackUrl"},
	{"other kind", post(`{"url":"https://www.youtube.com/playlist?list=WL"}`), 422, "unsupported_kind", "url"},
	{"key used for another body", post(someTask+" ", "Idempotency-Key", "k1"), 422, "idempotency_mismatch", ""},
}

// TestEveryRefusal shows each code of contract §1 that a client can bring about.
func TestEveryRefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	expired, waiting := b.createExport(owner, id), b.createExport(owner, id)
	b.finishExport(expired, task.ExportSpec{Format: "csv", ExpiresAt: time.Now().Add(-time.Hour)}, "")
	require.Equal(t, http.StatusAccepted, b.send(keyed("/tasks", owner, "k1", someTask)).status)
	b.holdKey(owner, "k2", someTask)
	made := strings.NewReplacer("{owner}", owner, "{task}", id, "{expired}", expired, "{waiting}", waiting,
		"{exporter}", token(t, "owner", "exports:write"), "{reader}", token(t, "owner", "tasks:read"))
	for _, c := range refusals {
		c.send.path, c.send.token = made.Replace(c.send.path), made.Replace(c.send.token)
		got := b.send(c.send)
		assert.Equal(t, c.status, got.status, "%s: %s", c.name, got.body)
		assert.Equal(t, c.code, got.doc["code"], "%s: %s", c.name, got.body)
		if c.field != "" && assert.NotNil(t, got.doc["errors"], "%s: %s", c.name, got.body) {
			first := got.doc["errors"].([]any)[0].(map[string]any)
			assert.Equal(t, c.field, first["field"], c.name)
			assert.NotEmpty(t, first["message"], c.name)
		}
	}
}

var failures = []struct {
	err    error
	status int
	code   string
}{
	{fault.New(fault.Unavailable, fault.CodeUnavailable, "the database cannot be reached"), 503, "unavailable"},
	{fault.New(fault.Unavailable, fault.CodeExportFailed, "the disk is full"), 503, "unavailable"},
	{context.DeadlineExceeded, 503, "unavailable"},
	{errors.New("pq: password authentication failed for user soundings"), 500, "internal"},
	{errPanic, 500, "internal"},
	{fault.New(fault.RateLimited, fault.CodeRateLimited, "slow down").At(time.Now().Add(90 * time.Second)), 429, "too_many_requests"},
	{fault.New(fault.Conflict, fault.CodeNothingToRetry, "nothing failed"), 409, "nothing_to_retry"},
}

// TestEveryFailure shows what becomes of errors from within, and that they tell
// no driver's words.
func TestEveryFailure(t *testing.T) {
	t.Parallel()
	var failure atomic.Pointer[error]
	b := setup(t, func(s *settings) {
		s.wrap = func(store allRows) allRows { return failingStore{store, &failure} }
	})
	owner := token(t, "owner", nil)
	path := "/tasks/" + b.createTask(owner)
	for _, f := range failures {
		failure.Store(&f.err)
		got := b.get(path, owner)
		assert.Equal(t, f.status, got.status, "%s", got.body)
		assert.Equal(t, f.code, got.doc["code"])
		assert.NotContains(t, string(got.body), "password")
		assert.NotContains(t, string(got.body), "mistake")
	}
}

// TestEveryCodeIsShown: no code of the contract is without a case above.
func TestEveryCodeIsShown(t *testing.T) {
	t.Parallel()
	seen := map[any]bool{"too_many_requests": true} // TestProblemsSayWhatToDo
	for _, c := range refusals {
		seen[c.code] = true
	}
	for _, f := range failures {
		seen[f.code] = true
	}
	for _, code := range loadSpec(t).Components.Schemas["ProblemCode"].Value.Enum {
		assert.True(t, seen[code], "no case shows %s", code)
	}
}

func TestProblemsSayWhatToDo(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.RequestsPerSecond = 0.5 })
	owner := token(t, "owner", nil)
	id := b.createTask(owner)

	limited := b.get("/me", owner)
	require.Equal(t, http.StatusTooManyRequests, limited.status)
	require.Equal(t, "2", limited.header.Get("Retry-After"))
	at, err := time.Parse(time.RFC3339, limited.doc["retryAt"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(2*time.Second), at, time.Second)
	require.Equal(t, http.StatusOK, b.get("/me", token(t, "somebody else", nil)).status, "each user has a limit of their own")
	require.Equal(t, http.StatusOK, b.get("/healthz", "").status)

	wrong := b.send(request{method: http.MethodPut, path: "/tasks/" + id})
	require.Equal(t, http.StatusMethodNotAllowed, wrong.status)
	for _, method := range []string{"GET", "HEAD", "DELETE"} {
		require.Contains(t, wrong.header.Get("Allow"), method)
	}
	busy := b.send(request{method: http.MethodDelete, path: "/tasks/" + id, token: token(t, "third", nil)})
	require.Equal(t, http.StatusNotFound, busy.status)
}

func TestWrongStateSaysWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	got := b.send(request{method: http.MethodDelete, path: "/tasks/" + b.createTask(owner), token: owner})
	require.Equal(t, http.StatusConflict, got.status)
	require.Equal(t, []any{"cancel", "pause"}, got.doc["allowed"])
}

func TestRequestsAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	named := func(id string) string {
		return b.send(request{method: "GET", path: "/healthz", header: map[string]string{"X-Request-Id": id}}).header.Get("X-Request-Id")
	}
	require.Equal(t, "my-own_1.2:3", named("my-own_1.2:3"))
	for _, odd := range []string{"", "a b", `x"y`, "ä", strings.Repeat("x", 129)} {
		require.NotEqual(t, odd, named(odd))
		require.Len(t, named(odd), 36)
	}
}

func TestLogsTellNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	key := b.post("/apikeys", owner, `{"name":"k"}`).doc["key"].(string)
	b.get("/tasks?cursor=hidden-value", key)
	b.get("/tasks/"+newID(), key)
	b.http.Close() // waits for the handlers, so that the log is whole
	logged := b.log.String()
	for _, secret := range []string{owner, key, "hidden-value", testSecret} {
		require.NotContains(t, logged, secret)
	}
	for _, told := range []string{`"requestId"`, `"user"`, `"status":404`, `"code":"not_found"`, `"took"`} {
		require.Contains(t, logged, told)
	}
}

func TestUnlimitedByDefaultOfOptions(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.Options = rest.Options{JWTSecret: []byte(testSecret)} })
	owner := token(t, "owner", nil)
	for range 50 {
		require.Equal(t, http.StatusOK, b.get("/me", owner).status)
	}
}
