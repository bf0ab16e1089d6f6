package rest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/cron"
	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/adapters/sentiment"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/env/embedded"
	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	testSecret   = "a secret of the tests, 32 bytes and more"
	testKeys     = "tests:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	testIssuer   = "https://login.example"
	testAudience = "soundings"
	webApp       = "https://app.example"
	callbackURL  = "https://soundings.example/integrations/callback"
	neededScope  = "https://www.googleapis.com/auth/youtube.force-ssl"
	someVideo    = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
)

// testBundle is a server over the real use cases and a real SQLite store.
type testBundle struct {
	*testing.T
	store  *sqlstore.Store
	files  *files.Dir
	server *rest.Server
	http   *httptest.Server
	spec   *openapi3.T
	log    *bytes.Buffer
	// provider is YouTube's OAuth server; Reddit has none here.
	provider *memory.TokenAuthority
	database string
}

// settings are what a test may want otherwise.
type settings struct {
	rest.Options
	// wrap stands between the use cases and the store.
	wrap  func(allRows) allRows
	parts []application.Part
	// youtube answers estimates; without it nobody knows what a task costs.
	youtube ports.ContentSource
}

// allRows is everything that the use cases keep in rows.
type allRows interface {
	ports.Store
	ports.QueueStore
	ports.WatchStore
	ports.VerdictStore
	ports.ScheduleStore
	ports.RetentionStore
}

func setup(t *testing.T, change ...func(*settings)) *testBundle {
	t.Helper()
	b := &testBundle{T: t, log: &bytes.Buffer{}, provider: memory.NewTokenAuthority(content.YouTube, time.Hour, neededScope)}
	s := settings{
		Options: rest.Options{
			JWTSecret: []byte(testSecret), JWTIssuer: testIssuer, JWTAudience: testAudience,
			WebAppOrigin: webApp, Version: "1.2.3",
			Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
				_, _ = io.WriteString(w, "soundings_build_info 1\n")
			}),
			Logger: slog.New(observe.Logs(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		},
		wrap: func(s allRows) allRows { return s },
	}
	for _, f := range change {
		f(&s)
	}
	b.database = embedded.Database(t)
	keys, err := access.ParseKeyring(testKeys)
	require.NoError(t, err)
	b.store, err = sqlstore.Open(t.Context(), "sqlite:"+b.database, sqlstore.Options{Keyring: keys})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.store.Close()) })
	b.files, err = files.OpenDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.files.Close()) })
	b.server = rest.New(deps(s.wrap(b.store), b.files, b.provider, s), s.Options)
	b.http = httptest.NewServer(b.server)
	t.Cleanup(b.http.Close)
	b.http.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.spec = loadSpec(t)
	return b
}

func deps(store allRows, dir ports.FileStore, provider *memory.TokenAuthority, s settings) rest.Deps {
	log := slog.New(slog.DiscardHandler)
	d := application.NewDispatcher(store, memory.NewQueue(1), task.DefaultLimits(), log)
	sources := application.ContentSources{content.YouTube: s.youtube}
	authorities := application.TokenAuthorities{content.YouTube: provider}
	contexts := application.NewContexts(application.ContextsDeps{
		Store: store, Authorities: authorities, Masters: application.MasterTokens{content.YouTube: access.NewToken(fakeapi.DemoKey)},
	}, log)
	quotas := application.NewQuotas(store, application.BudgetPlans{content.YouTube: {
		Key:  access.BudgetKey{Provider: content.YouTube, Credential: "a project"},
		Plan: access.BudgetPlan{Unit: "units", Limit: 10_000, WindowEnd: func(time.Time) time.Time { return quotaReset }},
	}}, log)
	tasks := application.NewTasks(store, dir, d, 1_000_000)
	integrations := application.NewIntegrations(
		application.IntegrationsDeps{Store: store, Connections: store, Authorities: authorities},
		application.IntegrationSettings{Origins: []string{webApp, "http://localhost:3000", "https://soundings.example"}, CallbackURL: callbackURL}, log)
	return rest.Deps{
		Tasks:        tasks,
		Watch:        application.NewWatch(tasks, store, log),
		Verdicts:     application.NewVerdicts(store, sentiment.NewBuiltin(), log),
		Exports:      application.NewExports(store, dir, files.Formats{}, d),
		Queues:       application.NewQueues(store, d),
		Schedules:    application.NewSchedules(store, cron.Next, d, log),
		Accounts:     application.NewAccounts(store),
		Integrations: integrations,
		Erasure:      application.NewErasure(tasks, integrations, store, store),
		Providers:    application.NewProviders(sources, contexts, quotas),
		Estimates:    application.NewEstimates(tasks, contexts, sources, quotas),
		Readiness:    application.NewReadiness(s.parts),
		Idempotency:  store,
	}
}

// quotaReset is when the day of the tests' quota ends.
var quotaReset = time.Date(2100, 1, 1, 8, 0, 0, 0, time.UTC)

func loadSpec(t testing.TB) *openapi3.T {
	t.Helper()
	raw, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	spec, err := openapi3.NewLoader().LoadFromData(raw)
	require.NoError(t, err)
	return spec
}

// token returns a JWT of the subject. A nil scope leaves the claim out.
func token(t testing.TB, subject string, scope any) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": testIssuer, "aud": testAudience, "sub": subject, "name": "Name of " + subject,
		"exp": time.Now().Add(time.Hour).Unix(),
	}
	if scope != nil {
		claims["scope"] = scope
	}
	return signed(t, jwt.SigningMethodHS256, []byte(testSecret), claims)
}

func signed(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(method, claims).SignedString(key)
	require.NoError(t, err)
	return s
}

// request is what a test sends.
type request struct {
	method, path, token, body string
	header                    map[string]string
}

// reply is what came back; doc is the JSON document, if it is one.
type reply struct {
	status int
	header http.Header
	body   []byte
	doc    map[string]any
}

// send sends the request and checks the answer against openapi.yaml.
func (b *testBundle) send(r request) reply {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), r.method, b.http.URL+r.path, strings.NewReader(r.body))
	require.NoError(b, err)
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	resp, err := b.http.Client().Do(req)
	require.NoError(b, err)
	defer func() { _ = resp.Body.Close() }()
	got := reply{status: resp.StatusCode, header: resp.Header}
	got.body, err = io.ReadAll(resp.Body)
	require.NoError(b, err)
	if strings.Contains(resp.Header.Get("Content-Type"), "json") && len(got.body) > 0 {
		_ = json.Unmarshal(got.body, &got.doc) // ndjson is no document
	}
	b.checkAnswer(r, got)
	return got
}

func (b *testBundle) get(path, token string) reply {
	b.Helper()
	return b.send(request{method: http.MethodGet, path: path, token: token})
}

func (b *testBundle) post(path, token, body string) reply {
	b.Helper()
	return b.send(request{method: http.MethodPost, path: path, token: token, body: body})
}

// checkAnswer fails the test where the answer is not what openapi.yaml says.
func (b *testBundle) checkAnswer(r request, got reply) {
	b.Helper()
	require.NotEmpty(b, got.header.Get("X-Request-Id"))
	op := b.operation(r.method, strings.Split(r.path, "?")[0])
	browser := op != nil && op.Extensions["x-browser"] == true
	if got.status >= 400 && r.method != http.MethodHead && !browser {
		b.checkProblem(got)
	}
	if op == nil || r.method == http.MethodHead {
		return
	}
	described := op.Responses.Status(got.status)
	if described == nil {
		require.GreaterOrEqual(b, got.status, 400, "%s %s: %d is not described", r.method, r.path, got.status)
		described = op.Responses.Default()
	}
	media := strings.Split(got.header.Get("Content-Type"), ";")[0]
	if len(described.Value.Content) == 0 {
		require.Empty(b, got.body)
		return
	}
	schema := described.Value.Content[media]
	require.NotNil(b, schema, "%s %s: %d with %q is not described", r.method, r.path, got.status, media)
	if strings.HasSuffix(media, "json") && media != "application/x-ndjson" {
		var value any
		require.NoError(b, json.Unmarshal(got.body, &value))
		require.NoError(b, schema.Schema.Value.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.MultiErrors()), "%s", got.body)
	}
}

func (b *testBundle) checkProblem(got reply) {
	b.Helper()
	if got.status == http.StatusServiceUnavailable && got.doc["parts"] != nil {
		return // GET /readyz
	}
	require.Equal(b, "application/problem+json", got.header.Get("Content-Type"), "%s", got.body)
	require.EqualValues(b, got.status, got.doc["status"])
	require.Equal(b, got.header.Get("X-Request-Id"), got.doc["requestId"])
	for _, field := range []string{"type", "title", "detail", "code"} {
		require.NotEmpty(b, got.doc[field], field)
	}
	known := b.spec.Components.Schemas["ProblemCode"].Value.Enum
	require.Contains(b, known, got.doc["code"])
}

// operation finds what openapi.yaml says of a request; words go before parameters.
func (b *testBundle) operation(method, path string) *openapi3.Operation {
	if item := b.spec.Paths.Value(path); item != nil && item.GetOperation(method) != nil {
		return item.GetOperation(method)
	}
	for pattern, item := range b.spec.Paths.Map() {
		if op := item.GetOperation(method); op != nil && matches(pattern, path) {
			return op
		}
	}
	return nil
}

func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || inBraces.MatchString(w) })
}

// keysOf returns the names of an object's fields in order.
func keysOf(doc any) []string { return slices.Sorted(maps.Keys(doc.(map[string]any))) }

// quoted returns a text as JSON writes it.
func quoted(t testing.TB, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	require.NoError(t, err)
	return string(b)
}
