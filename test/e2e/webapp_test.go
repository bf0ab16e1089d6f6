package e2e_test

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const clientFolder = "../../adapters/rest/client-ts"

// need returns where a program is. Without it the test is skipped, but in CI it fails.
func need(t *testing.T, name string) string {
	t.Helper()
	found, err := exec.LookPath(name)
	if err != nil {
		lacking(t, name+" is not on this machine")
	}
	return found
}

func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		require.Fail(t, what)
	}
	t.Skip(what)
}

// builtClient compiles the TypeScript client with its example, strictly, and
// returns the folder of the JavaScript.
func builtClient(t *testing.T, node string) string {
	t.Helper()
	client, err := filepath.Abs(clientFolder)
	require.NoError(t, err)
	compiler := filepath.Join(client, "node_modules", "typescript", "bin", "tsc")
	if _, err := os.Stat(compiler); err != nil {
		lacking(t, "the client's modules are not installed: make client")
	}
	folder := t.TempDir()
	for _, name := range []string{"node_modules", "package.json"} {
		require.NoError(t, os.Symlink(filepath.Join(client, name), filepath.Join(folder, name)))
	}
	out, err := exec.CommandContext(t.Context(), node, compiler, "--project", client, "--outDir", folder).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return folder
}

// tried is what the example's route answered.
type tried struct {
	Status   int
	Document struct {
		Code, Detail   string // of a refusal
		TaskID, Status string
		Events         int
		Posts          struct{ Total int }
		Export         struct {
			Rows   int
			Sha256 string
		}
		CSV string
	}
}

// TestWebApp runs the client's example, a route handler of Next.js, against
// Soundings: a task made, watched, summed up, exported and downloaded.
func TestWebApp(t *testing.T) {
	t.Parallel()
	node := need(t, "node")
	folder := builtClient(t, node)
	w := deploy(t, setups[0])
	try := func(key, address string) (got tried) {
		t.Helper()
		run := exec.CommandContext(t.Context(), node, filepath.Join(folder, "example", "try.js"), address)
		run.Env = append(os.Environ(), "SOUNDINGS_URL=http://"+*w.address, "SOUNDINGS_API_KEY="+key)
		var errs strings.Builder
		run.Stderr = &errs
		out, err := run.Output()
		require.NoError(t, err, "%s", &errs)
		require.NoError(t, json.Unmarshal(out, &got), "%s", out)
		return got
	}

	made := try(w.somebody.token, fakeapi.DemoVideoURL)
	require.Equal(t, 200, made.Status, "%+v", made)
	require.Equal(t, "completed", w.somebody.task(made.Document.TaskID).Status)
	require.Equal(t, "completed", made.Document.Status)
	require.Positive(t, made.Document.Events)
	posts := w.somebody.posts(made.Document.TaskID, nil)
	require.Equal(t, len(posts), made.Document.Posts.Total)
	rows, err := csv.NewReader(strings.NewReader(made.Document.CSV)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, made.Document.Export.Rows+1)
	require.Len(t, rows, len(posts), "the header in the place of the video, which was left out")
	sum := sha256.Sum256([]byte(made.Document.CSV))
	require.Equal(t, made.Document.Export.Sha256, hex.EncodeToString(sum[:]))

	refused := try(w.somebody.token, "https://example.com/nothing")
	require.Equal(t, 422, refused.Status)
	require.Equal(t, "unsupported_url", refused.Document.Code)
	require.NotEmpty(t, refused.Document.Detail)
	require.Equal(t, "unauthenticated", try("nonsense", fakeapi.DemoVideoURL).Document.Code)
}

// TestPasted runs the shell commands that /docs shows.
func TestPasted(t *testing.T) {
	t.Parallel()
	need(t, "curl")
	shell := need(t, "sh")
	w := deploy(t, setups[0])
	shown := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(w.somebody.do("GET", "/openapi.yaml", "").Body)
	require.NotNil(t, shown, "openapi.yaml shows no command")
	run := exec.CommandContext(t.Context(), shell, "-e", "-c", shown[1])
	run.Env = append(os.Environ(), "SOUNDINGS_URL=http://"+*w.address, "SOUNDINGS_API_KEY="+w.somebody.token)
	out, err := run.Output()
	require.NoError(t, err)
	var made task
	require.NoError(t, json.Unmarshal(out, &made), "%s", out)
	require.Equal(t, made.ID, w.somebody.task(made.ID).ID)
}
