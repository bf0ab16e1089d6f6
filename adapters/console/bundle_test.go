package console_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/console"
	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/sentiment"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/env/embedded"
)

const (
	testKeys    = "tests:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	neededScope = "https://www.googleapis.com/auth/youtube.force-ssl"
	someVideo   = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
	publicURL   = "https://soundings.example"
)

// testBundle is the console over the real use cases and a real SQLite store.
type testBundle struct {
	testing.TB
	store    *sqlstore.Store
	accounts *application.Accounts
	watch    *application.Watch
	http     *httptest.Server
	log      *bytes.Buffer
	provider *memory.TokenAuthority
	// ada may do everything, eve is another user who may do what users may.
	ada, eve *browser
}

func setup(t testing.TB, change ...func(*console.Options)) *testBundle {
	t.Helper()
	b := &testBundle{TB: t, log: &bytes.Buffer{}, provider: memory.NewTokenAuthority(content.YouTube, time.Hour, neededScope)}
	opts := console.Options{PublicURL: publicURL, Logger: slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range change {
		f(&opts)
	}
	keys, err := access.ParseKeyring(testKeys)
	require.NoError(t, err)
	b.store, err = sqlstore.Open(t.Context(), "sqlite:"+embedded.Database(t), sqlstore.Options{Keyring: keys})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.store.Close()) })
	dir, err := files.OpenDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Close()) })
	b.http = httptest.NewTLSServer(console.New(b.deps(dir), opts))
	t.Cleanup(b.http.Close)
	t.Cleanup(b.watch.Close)
	b.ada, b.eve = b.browser("ada", access.AllPermissions()), b.browser("eve", access.DefaultPermissions())
	return b
}

func (b *testBundle) deps(dir ports.FileStore) console.Deps {
	log := slog.New(slog.DiscardHandler)
	d := application.NewDispatcher(b.store, memory.NewQueue(1), task.DefaultLimits(), log)
	sources := application.ContentSources{content.YouTube: nil}
	authorities := application.TokenAuthorities{content.YouTube: b.provider}
	contexts := application.NewContexts(application.ContextsDeps{Store: b.store, Authorities: authorities}, log)
	quotas := application.NewQuotas(b.store, application.BudgetPlans{content.YouTube: {
		Key:  access.BudgetKey{Provider: content.YouTube, Credential: "a project"},
		Plan: access.BudgetPlan{Unit: "units", Limit: 10_000, WindowEnd: func(time.Time) time.Time { return time.Date(2100, 1, 1, 8, 0, 0, 0, time.UTC) }},
	}}, log)
	tasks := application.NewTasks(b.store, dir, d, 1_000_000)
	b.accounts, b.watch = application.NewAccounts(b.store), application.NewWatch(tasks, b.store, log)
	return console.Deps{
		Sessions: application.NewSessions(b.accounts, b.store, b.store),
		Tasks:    tasks, Watch: b.watch, Threads: application.NewThreads(b.store),
		Verdicts: application.NewVerdicts(b.store, sentiment.NewBuiltin(), log),
		Exports:  application.NewExports(b.store, dir, files.Formats{}, d), Formats: files.Formats{},
		Estimates: application.NewEstimates(tasks, contexts, sources, quotas), Providers: application.NewProviders(sources, contexts, quotas),
		Integrations: application.NewIntegrations(
			application.IntegrationsDeps{Store: b.store, Connections: b.store, Authorities: authorities},
			application.IntegrationSettings{Origins: []string{publicURL}, CallbackURL: publicURL + "/integrations/callback"}, log),
		Queues: application.NewQueues(b.store, d),
	}
}

// browser is somebody in front of the console, signed in or not.
type browser struct {
	b      *testBundle
	client *http.Client
	caller access.Caller
	keyID  string
	key    string
}

// visitor returns a browser of nobody.
func (b *testBundle) visitor() *browser {
	b.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(b, err)
	client := *b.http.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{b: b, client: &client}
}

// browser returns a user who is signed in.
func (b *testBundle) browser(name string, permissions []access.Permission) *browser {
	b.Helper()
	u := b.visitor()
	var err error
	u.caller, err = b.accounts.Local(b.Context(), name)
	require.NoError(b, err)
	u.caller.Permissions = permissions
	key, secret, err := b.accounts.CreateKey(b.Context(), u.caller, application.NewAPIKey{Name: "a key", Permissions: permissions})
	require.NoError(b, err)
	u.keyID, u.key = key.ID, secret
	got := u.signIn(secret, "")
	require.Equal(b, http.StatusSeeOther, got.status, got.body)
	return u
}

func (u *browser) signIn(key, next string) page {
	u.b.Helper()
	form := u.get("/console/login?next=" + url.QueryEscape(next))
	require.Equal(u.b, http.StatusOK, form.status)
	return u.send(http.MethodPost, "/console/login", url.Values{"token": {form.token()}, "key": {key}, "next": {form.field("next")}})
}

// page is what came back.
type page struct {
	b      *testBundle
	status int
	header http.Header
	body   string
}

func (u *browser) get(path string) page { return u.send(http.MethodGet, path, nil) }

// post sends a form with the token of a page.
func (u *browser) post(from, path string, values url.Values) page {
	u.b.Helper()
	if values == nil {
		values = url.Values{}
	}
	values.Set("token", u.get(from).token())
	return u.send(http.MethodPost, path, values)
}

func (u *browser) send(method, path string, form url.Values, change ...func(*http.Request)) page {
	u.b.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(u.b.Context(), method, u.b.http.URL+path, body)
	require.NoError(u.b, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, f := range change {
		f(req)
	}
	resp, err := u.client.Do(req)
	require.NoError(u.b, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(u.b, err)
	got := page{u.b, resp.StatusCode, resp.Header, string(raw)}
	require.Equal(u.b, "nosniff", got.header.Get("X-Content-Type-Options"), path)
	require.Equal(u.b, "DENY", got.header.Get("X-Frame-Options"), path)
	require.Contains(u.b, got.header.Get("Content-Security-Policy"), "default-src 'none'", path)
	return got
}

var hidden = regexp.MustCompile(`name="(token|next)" value="([^"]*)"`)

func (p page) token() string { return p.field("token") }

func (p page) field(name string) string {
	p.b.Helper()
	for _, found := range hidden.FindAllStringSubmatch(p.body, -1) {
		if found[1] == name {
			return found[2]
		}
	}
	require.Failf(p.b, "there is no such field", "%s: %d %s", name, p.status, p.body)
	return ""
}

func (p page) location() string { return p.header.Get("Location") }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// created makes a task through the form and returns its id.
func (u *browser) created(address string) task.ID {
	u.b.Helper()
	got := u.post("/console/new", "/console/tasks", url.Values{"urls": {address}, "replies": {"yes"}})
	require.Equal(u.b, http.StatusSeeOther, got.status, got.body)
	id, _, _ := strings.Cut(strings.TrimPrefix(got.location(), "/console/tasks/"), "?")
	return task.ID(id)
}

func (b *testBundle) claim() ports.Lease {
	b.Helper()
	due, err := b.store.Dispatch(b.Context(), task.DefaultLimits())
	require.NoError(b, err)
	require.NotEmpty(b, due)
	lease, err := b.store.Claim(b.Context(), due[0], "a worker", time.Minute)
	require.NoError(b, err)
	return lease
}

// fetched stores the posts of what is due as workers do; all but one in spam are
// good.
func (b *testBundle) fetched(title string, posts ...content.Post) {
	b.Helper()
	end, fetching := task.Succeed(), b.claim()
	_, err := b.store.SavePage(b.Context(), fetching, ports.PageWrite{
		Posts: posts, FreshBatch: task.BatchID(newID()), Title: title, Opened: 1, Expected: int64(len(posts)) + 3,
		Cursor: content.Cursor{Page: 1}, End: &end,
	})
	require.NoError(b, err)
	lease := b.claim()
	stored, err := b.store.BatchPosts(b.Context(), lease.Task.ID, lease.Subtask.Payload.Batch, false, "", 1000)
	require.NoError(b, err)
	var spam []ports.SpamResult
	var sentiments []ports.SentimentResult
	for _, p := range stored {
		v := analysis.SpamVerdict{Verdict: analysis.OK, Score: 0.1, Model: "tests@1"}
		if strings.Contains(p.Text, "buy") {
			v = analysis.SpamVerdict{Verdict: analysis.Spam, Score: 0.9, Reasons: []string{"offer"}, Model: "tests@1"}
		} else if p.Scorable() {
			sentiments = append(sentiments, ports.SentimentResult{PostID: p.ID, Sentiment: analysis.Sentiment{Label: analysis.Positive, Score: 0.5, Model: "tests@1"}})
		}
		spam = append(spam, ports.SpamResult{PostID: p.ID, Verdict: v})
	}
	require.NoError(b, b.store.SaveSpam(b.Context(), lease, lease.Subtask.Payload.Batch, spam))
	require.NoError(b, b.store.SaveSentiments(b.Context(), lease, lease.Subtask.Payload.Batch, sentiments))
	require.NoError(b, b.store.Finish(b.Context(), lease, task.Succeed()))
	for range 3 { // the last pass, and what comes of it
		due, err := b.store.Dispatch(b.Context(), task.DefaultLimits())
		require.NoError(b, err)
		for _, d := range due {
			lease, err := b.store.Claim(b.Context(), d, "a worker", time.Minute)
			require.NoError(b, err)
			require.NoError(b, b.store.Finish(b.Context(), lease, task.Succeed()))
		}
	}
}

// failing ends what is due with a problem.
func (b *testBundle) failing(code fault.Code, message string) {
	b.Helper()
	lease := b.claim()
	require.NoError(b, b.store.Finish(b.Context(), lease, task.Fail(task.Problem{
		Code: code, Message: message, SubtaskID: lease.Subtask.ID, Retryable: true,
	})))
}

var published = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func comment(id, text string) content.Post {
	return content.Post{
		ExternalID: id, ParentExternalID: "dQw4w9WgXcQ", RootExternalID: "dQw4w9WgXcQ", Kind: content.CommentPost,
		Author: content.Author{Name: "@author-of-" + id, ExternalID: "UC" + id}, Text: text, Likes: 3, PublishedAt: published,
		URL: "https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=" + id,
	}
}

func reply(id, to, text string) content.Post {
	p := comment(id, text)
	p.Kind, p.ParentExternalID = content.ReplyPost, to
	return p
}
