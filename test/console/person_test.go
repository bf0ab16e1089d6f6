package console_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/bootstrap"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// deployment is a whole embedded Soundings over the fake platforms.
type deployment struct {
	fake      *fakeapi.Server
	base, key string
}

// deploy runs it with these variables besides.
func deploy(t *testing.T, more ...func(*fakeapi.Server) []string) deployment {
	t.Helper()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	d := deployment{fake: fakeapi.Run(t, data)}
	environ := []string{
		"HTTP_ADDR=127.0.0.1:0", "SOUNDINGS_DATA_DIR=" + t.TempDir(), "YOUTUBE_API_URL=" + d.fake.YouTubeURL(), "YOUTUBE_MASTER_ACCESS_TOKEN=" + fakeapi.DemoKey,
	}
	for _, of := range more {
		environ = append(environ, of(d.fake)...)
	}
	config, err := bootstrap.LoadConfig(environ)
	require.NoError(t, err)
	app, closeApp, err := bootstrap.Open(t.Context(), config, "console", slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- app.Run(ctx, bootstrap.Roles{API: true, Worker: true}, func(addr string) { ready <- addr })
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
		closeApp()
	})
	select {
	case addr := <-ready:
		d.base = "http://" + addr
	case err := <-done:
		t.Fatal(err)
	}
	local, err := app.Accounts.Local(t.Context(), "local")
	require.NoError(t, err)
	_, d.key, err = app.Accounts.CreateKey(t.Context(), local, application.NewAPIKey{Name: "the browser's", Permissions: local.Permissions})
	require.NoError(t, err)
	return d
}

// TestAPersonsPath goes from the sign-in to a downloaded file, as somebody does
// who has never read a manual, and lets axe-core judge every page on the way.
func TestAPersonsPath(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	p := newPerson(t, d.base)
	p.noteComplaints()

	p.open("/console")
	p.sees("api-key")
	p.judgePage("sign-in")
	p.types("#key", "snd_wrong")
	p.press("Sign in")
	p.sees("This API key is not known here.")
	p.types("#key", d.key)
	p.press("Sign in")
	p.sees("There is nothing here yet")
	p.judgePage("no tasks")

	p.press("New task")
	p.types("#urls", fakeapi.DemoVideoURL)
	p.press("See the estimate")
	p.sees("The estimate")
	p.sees("about")
	p.judgePage("estimate")
	p.picture("estimate", "light", 1000, 640)

	slow := fakeapi.Rule{Path: "commentThreads", Effect: fakeapi.Delayed, DelayMillis: 700}
	d.fake.Inject(slow)
	p.press("Start")
	p.sees("The task is on its way.")
	task := p.path()
	seen := map[string]bool{}
	require.Eventually(t, func() bool {
		seen[asks[string](p, `document.querySelector('[data-live] [data-field="fetched"]')?.textContent ?? "ended"`)] = true
		return len(seen) > 2
	}, patience, 100*time.Millisecond, "the numbers do not move")
	require.NotContains(t, seen, "ended", "the numbers moved on the same page")
	p.sees("made of the") // figures came in by themselves, long before the end
	require.True(t, asks[bool](p, `[...document.querySelectorAll(".plots img")].every((i) => i.complete && i.naturalWidth > 0)`))
	p.judgePage("running task")
	p.sees("Fetch what is new") // the page has loaded itself anew
	require.NotContains(t, p.text(), "so far")
	require.Equal(t, task, p.path())
	p.judgePage("ended task")
	p.picture("task", "light", 1000, 900)
	p.open("/console/tasks")
	p.judgePage("tasks")

	p.open(task)
	p.press("Read the posts")
	p.sees("newest first")
	p.chooses("select[name=spam]", "ok")
	p.press("Show")
	p.sees("This is spam")
	p.judgePage("posts")
	p.picture("posts", "dark", 420, 860)
	judged := asks[string](p, `document.querySelector("article").id`)
	p.press("This is spam")
	p.sees("Your verdict is kept.")
	p.chooses("select[name=spam]", "spam")
	p.press("Show")
	p.sees("spam, said by you")
	require.True(t, asks[bool](p, `document.getElementById("`+judged+`") !== null`), "the post is among the spam now")
	p.press("Thread")
	p.sees("Thread")
	p.judgePage("thread")

	p.open(task)
	p.press("Export")
	p.judgePage("export")
	p.do(chromedp.Click(chromedp.CSS(`input[value=csv]`)))
	p.press("Export")
	p.sees("Download the file")
	p.judgePage("ended export")
	p.press("Download the file")
	require.Contains(t, p.downloaded("*.csv"), "id,kind,externalId")

	for _, path := range []string{"/console/integrations", "/console/queues", "/console/queues/fetch_content", task + "/confirm/delete", "/console/nothing"} {
		p.open(path)
		p.judgePage(path)
	}
	p.do(chromedp.Click(chromedp.CSS(".signout button")))
	p.sees("API key")
	require.Empty(t, asks[string](p, `sessionStorage.getItem("refused") ?? ""`), "what the browser refused")
}

// TestWithoutJavaScript does the same without the script but for the progress,
// which is there after a reload.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	p := newPerson(t, d.base)
	p.open("/console/login")
	p.types("#key", d.key)
	p.press("Sign in")
	p.press("New task")
	command(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.types("#urls", fakeapi.DemoVideoURL)
	p.press("Start")
	// A page that is reloaded on its way to another stays where it was.
	require.Eventually(t, func() bool { return strings.HasPrefix(p.path(), "/console/tasks/") }, patience, 100*time.Millisecond)
	require.Eventually(t, func() bool {
		p.do(chromedp.Reload())
		return strings.Contains(p.text(), "Is that everything?") && !strings.Contains(p.text(), "so far")
	}, patience, 500*time.Millisecond)
}

// noteComplaints lets a page note what the browser refuses it: the policy of
// these pages is broken by whatever does.
const noteComplaints = `addEventListener("securitypolicyviolation", (e) => sessionStorage.setItem("refused", e.violatedDirective + " " + e.blockedURI));
	addEventListener("error", (e) => sessionStorage.setItem("refused", String(e.message)))`

func (p *person) noteComplaints() {
	p.Helper()
	command(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteComplaints})
}

// downloaded waits for a file and returns what is in it.
func (p *person) downloaded(pattern string) string {
	p.Helper()
	var found []string
	require.Eventually(p, func() bool {
		found, _ = filepath.Glob(filepath.Join(p.downloads, pattern))
		return len(found) == 1
	}, patience, 100*time.Millisecond)
	raw, err := os.ReadFile(found[0])
	require.NoError(p, err)
	return string(raw)
}
