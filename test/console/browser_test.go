package console_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var screenshots = flag.Bool("screenshots", false, "write the README's pictures into the folder screenshots")

// patience bounds one wait for the browser, on a busy machine.
const patience = time.Minute

// person is somebody in front of a browser.
type person struct {
	*testing.T
	ctx       context.Context
	downloads string
	base      string
	axe       string
}

// newPerson opens a fresh browser. Without one the test is skipped, and fails
// where CI is set.
func newPerson(t *testing.T, base string) *person {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing(t, "chromium is not installed: make test-deps")
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars", "disable-dev-shm-usage"} {
		opts = append(opts, chromedp.Flag(name, true))
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	p := &person{T: t, ctx: ctx, downloads: t.TempDir(), base: base, axe: axeCore(t)}
	_, err = chromedp.Run(ctx, chromedp.Evaluate[int]("0")) // starts the browser, which ends with ctx
	require.NoError(t, err)
	command(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: p.downloads,
	})
	return p
}

func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// installed fetches what package-lock.json names, once.
var installed = sync.OnceValues(func() ([]byte, error) { return exec.Command("npm", "ci").CombinedOutput() })

func axeCore(t *testing.T) string {
	t.Helper()
	path := filepath.Join("node_modules", "axe-core", "axe.min.js")
	if script, err := os.ReadFile(path); err == nil {
		return string(script)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		missing(t, "npm is not installed: make test-deps")
	}
	said, err := installed()
	require.NoError(t, err, "npm ci: %s", said)
	script, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(script)
}

// do lets the browser act, within the patience.
func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.Fatalf("%v\nthe page: %s", err, p.text())
	}
}

// command sends a command of the browser's protocol.
func command[P, R any](p *person, c cdp.Command[P, R], params P) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, c, params)
	require.NoError(p, err)
}

// asks returns what a script says of the page; a page on its way to another is
// asked again.
func asks[T any](p *person, script string) T {
	p.Helper()
	var said T
	require.Eventually(p, func() bool {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		var err error
		said, err = chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
		return err == nil
	}, patience, 100*time.Millisecond, "no answer to %.80s", script)
	return said
}

func (p *person) open(path string) {
	p.Helper()
	p.do(chromedp.Navigate(p.base + path))
}

// text returns what the page says.
func (p *person) text() string {
	p.Helper()
	return asks[string](p, `document.querySelector("main") ? document.querySelector("main").innerText : ""`)
}

func (p *person) sees(words string) {
	p.Helper()
	require.Eventually(p, func() bool { return strings.Contains(p.text(), words) }, patience, 100*time.Millisecond, "%q is not to be seen", words)
}

// path returns the page's path.
func (p *person) path() string {
	p.Helper()
	return asks[string](p, `location.pathname`)
}

// press clicks the first button or link with the words.
func (p *person) press(words string) {
	p.Helper()
	p.do(chromedp.Click(`//main//*[self::button or self::a][contains(normalize-space(.), "` + words + `")]`))
}

func (p *person) types(selector chromedp.CSS, text string) {
	p.Helper()
	p.do(chromedp.SendKeys(selector, text))
}

func (p *person) chooses(selector chromedp.CSS, value string) {
	p.Helper()
	p.do(chromedp.SetValue(selector, value))
}

// looks are how a page is looked at.
var looks = []struct {
	name, scheme string
	width        int64
}{{"light phone", "light", 390}, {"dark phone", "dark", 390}, {"light desktop", "light", 1280}}

func (p *person) look(scheme string, width, height int64) {
	p.Helper()
	command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	p.do(chromedp.EmulateViewport(width, height))
}

// violation is what axe-core tells.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// judgePage asks axe-core of the open page in every look, and whether a phone
// shows it without scrolling sideways.
func (p *person) judgePage(name string) {
	p.Helper()
	for _, l := range looks {
		p.look(l.scheme, l.width, 844)
		found := asks[string](p, p.axe+`;axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations))`)
		var violations []violation
		require.NoError(p, json.Unmarshal([]byte(found), &violations))
		require.Empty(p, violations, "%s, %s", name, l.name)
		require.LessOrEqual(p, asks[int](p, `document.documentElement.scrollWidth - innerWidth`), 0, "%s, %s scrolls sideways", name, l.name)
	}
	p.look("light", 1280, 844)
}

// picture writes a screenshot for the README, where that is asked for.
func (p *person) picture(name, scheme string, width, height int64) {
	p.Helper()
	if !*screenshots {
		return
	}
	p.look(scheme, width, height)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(p, err)
	require.NoError(p, os.MkdirAll("screenshots", 0o755))
	require.NoError(p, os.WriteFile(filepath.Join("screenshots", name+".png"), png, 0o644))
	p.look("light", 1280, 844)
}
