package bootstrap

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/test/env"
	"github.com/soundings-io/soundings/test/fakeapi"
)

func sprint(format string, v any) string { return fmt.Sprintf(format, v) }

// shell runs commands with an environment of their own.
type shell struct {
	t       *testing.T
	dir     string
	environ []string
}

func newShell(t *testing.T, environ ...string) *shell {
	dir := filepath.Join(t.TempDir(), "data")
	return &shell{t, dir, append([]string{"SOUNDINGS_DATA_DIR=" + dir, "HTTP_ADDR=127.0.0.1:0"}, environ...)}
}

// run returns the exit code and what was printed to stdout and stderr.
func (s *shell) run(args ...string) (code int, out, errs string) {
	return s.runUntil(s.t.Context(), args...)
}

func (s *shell) runUntil(ctx context.Context, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Main(ctx, args, "1.2.3", Streams{Out: &o, Err: &e, Environ: s.environ})
	return code, o.String(), e.String()
}

func TestVersion(t *testing.T) {
	t.Parallel()
	code, out, errs := newShell(t, "LOG_LEVEL=is not even looked at").run("version")
	assert.Equal(t, ExitOK, code)
	assert.Equal(t, "soundings 1.2.3\n", out)
	assert.Empty(t, errs)
}

func TestWrongUsageIs64(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"frobnicate"}, {"serve", "--port", "80"}, {"analyze"}, {"apikey"}, {"apikey", "create"}, {"tokens"},
		{"analyze", "https://example.com/"}, {"analyze", "nonsense"},
		{"analyze", fakeapi.DemoVideoURL, "--max-posts", "many"}, {"analyze", fakeapi.DemoVideoURL, "--max-posts=-1"},
		{"analyze", fakeapi.DemoVideoURL, "--export", "out.docx"},
		{"analyze", fakeapi.DemoVideoURL, "--report", "report.pdf"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			code, out, errs := newShell(t).run(args...)
			assert.Equal(t, ExitUsage, code, errs)
			assert.Empty(t, out)
			assert.NotEmpty(t, errs)
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	t.Parallel()
	code, out, _ := newShell(t).run("--help")
	assert.Equal(t, ExitOK, code)
	for _, command := range []string{"serve", "api", "worker", "migrate", "analyze", "apikey create", "tokens rotate", "version"} {
		assert.Contains(t, out, command)
	}
}

func TestABadSettingStopsEveryCommandInOneLine(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{{}, {"serve"}, {"api"}, {"worker"}, {"migrate"}, {"analyze", fakeapi.DemoVideoURL}, {"apikey", "create", "--user", "x"}} {
		code, out, errs := newShell(t, "QUEUE=kafka").run(command...)
		assert.Equal(t, ExitFailed, code)
		assert.Empty(t, out)
		assert.Equal(t, "soundings: QUEUE: expected asynq, river or memory\n", errs)
	}
}

func TestAPIKeyCreatePrintsTheKeyAlone(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	code, first, errs := s.run("apikey", "create", "--user", "ada", "--permission", "tasks:read", "--permission", "queues:admin")
	require.Equal(t, ExitOK, code, errs)
	assert.Regexp(t, `^snd_[A-Za-z0-9_-]{43}\n$`, first)
	_, second, _ := s.run("apikey", "create", "--user", "ada")
	assert.NotEqual(t, first, second)
	code, out, errs := s.run("apikey", "create", "--user", "ada", "--permission", "everything")
	assert.NotEqual(t, ExitOK, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, "everything")
}

// serveUntilReady runs a serving command until the test ends, and returns what
// it prints to stdout by then.
func (s *shell) serveUntilReady(args ...string) (out func() string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan string, 1)
	go func() { _, out, _ := s.runUntil(ctx, args...); ended <- out }()
	s.t.Cleanup(cancel)
	require.Eventually(s.t, func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "api-key"))
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	return func() string { cancel(); return <-ended }
}

func TestTheFirstStartKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	stop := s.serveUntilReady()
	code, _, errs := s.run("worker")
	assert.Equal(t, ExitFailed, code)
	assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
	assert.Contains(t, errs, "another soundings process uses")
	assert.Contains(t, errs, "SOUNDINGS_DATA_DIR")

	out := stop()
	for _, name := range []string{"api-key", "token-key", "soundings.db"} {
		info, err := os.Stat(filepath.Join(s.dir, name))
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), name)
	}
	key, err := os.ReadFile(filepath.Join(s.dir, "api-key"))
	require.NoError(t, err)
	assert.Contains(t, out, strings.TrimSpace(string(key)))

	again := s.serveUntilReady()()
	assert.Empty(t, again, "a key is printed once")
	kept, err := os.ReadFile(filepath.Join(s.dir, "api-key"))
	require.NoError(t, err)
	assert.Equal(t, key, kept)
}

func TestADatabaseThatIsNotMigratedIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"sqlite", "postgres"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			url := "sqlite:" + filepath.Join(t.TempDir(), "empty.db")
			if scheme == "postgres" {
				url = env.Postgres(t)
			}
			s := newShell(t, "DATABASE_URL="+url)
			for _, command := range []string{"serve", "api", "worker"} {
				code, out, errs := s.run(command)
				assert.Equal(t, ExitFailed, code)
				assert.Empty(t, out)
				assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
				assert.Contains(t, errs, "soundings migrate")
			}
			code, _, errs := s.run("migrate")
			require.Equal(t, ExitOK, code, errs)
			code, _, errs = s.run("migrate")
			require.Equal(t, ExitOK, code, "a second time is no failure: "+errs)
			store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
			require.NoError(t, err)
			defer func() { _ = store.Close() }()
			assert.NoError(t, store.CheckMigrated(t.Context()))
		})
	}
}

func TestAnAddressThatIsTakenIsToldInOneLine(t *testing.T) {
	t.Parallel()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	taken := strings.TrimPrefix(fakeapi.Run(t, data).URL(), "http://")
	code, _, errs := newShell(t, "HTTP_ADDR="+taken, "LOG_LEVEL=error").run("serve")
	assert.Equal(t, ExitFailed, code)
	last := errs[strings.LastIndex(strings.TrimSpace(errs), "\n")+1:]
	assert.Contains(t, last, "cannot listen on "+taken)
	assert.Contains(t, last, "HTTP_ADDR")
}

// analyzing returns a shell whose YouTube is the fake one.
func analyzing(t *testing.T) (*shell, *fakeapi.Server) {
	t.Helper()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	fake := fakeapi.Run(t, data)
	return newShell(t, "YOUTUBE_API_URL="+fake.YouTubeURL(), "YOUTUBE_MASTER_ACCESS_TOKEN="+fakeapi.DemoKey), fake
}

const shortVideo = "https://youtu.be/WakeIn60sec"

func TestAnalyzePrintsASummaryToStdoutAndProgressToStderr(t *testing.T) {
	t.Parallel()
	s, _ := analyzing(t)
	path := filepath.Join(t.TempDir(), "out.csv")
	code, out, errs := s.run("analyze", shortVideo, "--export", path)
	assert.Equal(t, ExitOK, code, errs)
	for _, words := range []string{"60 seconds of wake #shorts", "44: 35 comments, 8 replies", "positive", "out.csv", "completed"} {
		assert.Contains(t, out, words)
	}
	assert.NotContains(t, out+errs, "\x1b[", "no terminal, no colours")
	assert.Contains(t, errs, "fetched")
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(file, []byte("id,kind,externalId,")))
	leftovers, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, leftovers, 2, "nothing but the finished file and its manifest")
	requireManifest(t, path, file, "csv")
}

func TestAnalyzeWritesAReport(t *testing.T) {
	t.Parallel()
	s, _ := analyzing(t)
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(path, []byte("an older one"), 0o600))
	code, out, errs := s.run("analyze", shortVideo, "--report", path)
	require.Equal(t, ExitOK, code, errs)
	assert.Regexp(t, `Report +\S+report\.html`, out)
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, words := range []string{"60 seconds of wake #shorts", "44 posts: 35 comments, 8 replies", "completed", "Most liked"} {
		assert.Contains(t, string(page), words)
	}
	assert.Equal(t, 3, strings.Count(string(page), "<svg "))
	leftovers, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, leftovers, 1, "nothing but the finished file")

	code, _, errs = s.run("analyze", shortVideo, "--report", filepath.Join(path, "below-a-file.html"))
	assert.Equal(t, ExitFailed, code)
	assert.Contains(t, errs, "--report: ")
}

func TestAnalyzeTakesTheFormatFromTheEnding(t *testing.T) {
	t.Parallel()
	for ending, magic := range map[string]string{"xlsx": "PK\x03\x04", "parquet": "PAR1"} {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			s, _ := analyzing(t)
			path := filepath.Join(t.TempDir(), "out."+ending)
			code, _, errs := s.run("analyze", shortVideo, "--export", path)
			assert.Equal(t, ExitOK, code, errs)
			file, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.True(t, bytes.HasPrefix(file, []byte(magic)))
			requireManifest(t, path, file, ending)
		})
	}
}

// requireManifest: the manifest beside the file tells of it.
func requireManifest(t *testing.T, path string, file []byte, format string) {
	t.Helper()
	document, err := os.ReadFile(path + ".manifest.json")
	require.NoError(t, err)
	var m struct{ File, Format, SHA256 string }
	require.NoError(t, json.Unmarshal(document, &m))
	sum := sha256.Sum256(file)
	require.Equal(t, hex.EncodeToString(sum[:]), m.SHA256)
	require.Equal(t, filepath.Base(path), m.File)
	require.Equal(t, format, m.Format)
}

func TestAnalyzeAsJSON(t *testing.T) {
	t.Parallel()
	s, fake := analyzing(t)
	path := filepath.Join(t.TempDir(), "out.ndjson")
	code, out, errs := s.run("analyze", fakeapi.DemoVideoURL, "--json", "--max-posts", "20", "--export", path)
	require.Equal(t, ExitOK, code, errs)
	var printed struct {
		Task    struct{ Status string }
		Summary struct {
			Posts struct{ ByKind map[string]int }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &printed), "stdout is JSON and nothing else: %s", out)
	assert.Equal(t, "completed", printed.Task.Status)
	assert.Equal(t, 20, printed.Summary.Posts.ByKind["comment"]+printed.Summary.Posts.ByKind["reply"])
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 21, bytes.Count(file, []byte("\n")), "and the video itself")
	assert.LessOrEqual(t, len(fake.CallsTo(fakeapi.YouTube, "commentThreads")), 2)
}

func TestAnalyzeTellsHowItEnded(t *testing.T) {
	t.Parallel()
	quota := fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Effect: fakeapi.Error, Reason: "quotaExceeded"}
	for name, tc := range map[string]struct {
		address string
		rule    *fakeapi.Rule
		code    int
		words   string
	}{
		"partial": {"https://youtu.be/NoComments0", nil, ExitPartial, "comments_disabled"},
		"failed":  {"https://youtu.be/RemovedCut0", nil, ExitFailed, "source_not_found"},
		"parked":  {shortVideo, &quota, ExitPartial, "Come back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, fake := analyzing(t)
			if tc.rule != nil {
				fake.Inject(*tc.rule)
			}
			path, report := filepath.Join(t.TempDir(), "out.csv"), filepath.Join(t.TempDir(), "report.html")
			code, out, errs := s.run("analyze", tc.address, "--export", path, "--report", report)
			assert.Equal(t, tc.code, code, errs)
			assert.Contains(t, out, tc.words)
			assert.FileExists(t, path, "what is there is written")
			assert.FileExists(t, report)
			assert.NotContains(t, out+errs, fakeapi.DemoKey)
		})
	}
}

func TestAnalyzeStopsOnCtrlC(t *testing.T) {
	t.Parallel()
	s, fake := analyzing(t)
	fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Query: "pageToken=", Effect: fakeapi.Hang, Times: 1})
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		defer interrupt()
		for len(fake.CallsTo(fakeapi.YouTube, "commentThreads")) < 2 && t.Context().Err() == nil {
			select {
			case <-t.Context().Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	code, out, errs := s.runUntil(ctx, "analyze", "https://youtu.be/BatteryFire")
	assert.Equal(t, ExitInterrupted, code)
	assert.Empty(t, out)
	assert.Regexp(t, `task [0-9a-f-]{36}`, errs)
}
