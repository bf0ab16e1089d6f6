package e2e_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/bootstrap"
	"github.com/soundings-io/soundings/test/env"
	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	version   = bootstrap.Version("e2e")
	jwtSecret = "a secret of these tests, long enough for HS256"
)

// setup is one of the ways in which Soundings is run.
type setup struct {
	name string
	// storage adds where rows and deliveries are kept, the schema made.
	storage func(t *testing.T, environ map[string]string)
	// commands are the processes, the one with the API first.
	commands []string
	// apart runs each command as a process of its own; otherwise they run here.
	apart bool
}

var setups = []setup{
	{"embedded", func(*testing.T, map[string]string) {}, []string{"serve"}, false},
	{"one process on Postgres and Redis", servers, []string{"serve"}, false},
	{"API and workers apart", servers, []string{"api", "worker", "worker"}, true},
	{"API and workers apart, River on Postgres", postgres, []string{"api", "worker", "worker"}, true},
}

func servers(t *testing.T, environ map[string]string) {
	t.Helper()
	postgres(t, environ)
	environ["QUEUE"], environ["REDIS_URL"] = bootstrap.QueueAsynq, env.Redis(t)
}

func postgres(t *testing.T, environ map[string]string) {
	t.Helper()
	environ["QUEUE"] = bootstrap.QueueRiver
	environ["DATABASE_URL"] = env.PostgresTemplate(t, "e2e", func(ctx context.Context, dsn string) error {
		_, err := command(ctx, map[string]string{"DATABASE_URL": dsn}, "migrate")
		return err
	})
}

// everywhere runs a test in each set-up.
func everywhere(t *testing.T, test func(t *testing.T, s setup)) {
	t.Helper()
	in(t, setups, test)
}

// onEachQueue runs a heavier test in the set-ups that have, between them, both
// databases, each queue, and processes of their own.
func onEachQueue(t *testing.T, test func(t *testing.T, s setup)) {
	t.Helper()
	in(t, []setup{setups[0], setups[1], setups[3]}, test)
}

func in(t *testing.T, setups []setup, test func(t *testing.T, s setup)) {
	t.Helper()
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// world is one deployment of Soundings with the platforms behind it.
type world struct {
	t       *testing.T
	setup   setup
	fake    *fakeapi.Server
	data    *fakeapi.Data
	environ map[string]string
	// change alters the configuration of processes that run here: what has no
	// name in the environment.
	change func(*bootstrap.Config)
	logs   *logbook
	// address is where the API is now.
	address *string
	// secrets are those that nobody may be told, beside the provider's key.
	secrets *secrets

	running []*process
	// begun are all processes that were ever started.
	begun []*process
	// somebody may do what users may, stranger is another one of them.
	somebody, stranger *client
}

// deploy starts a set-up over the demo's data. changes come before the start.
func deploy(t *testing.T, s setup, changes ...func(*world)) *world {
	t.Helper()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	return deployOver(t, s, data, changes...)
}

func deployOver(t *testing.T, s setup, data *fakeapi.Data, changes ...func(*world)) *world {
	t.Helper()
	w := &world{
		t: t, setup: s, data: data, fake: fakeapi.Run(t, data), logs: &logbook{}, address: new(string),
		secrets: newSecrets(),
		change:  func(*bootstrap.Config) {},
	}
	w.environ = map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "SOUNDINGS_DATA_DIR": t.TempDir(), "LOG_FORMAT": "json", "LOG_LEVEL": "debug",
		"REQUESTS_PER_SECOND": "0", "RUNNING_TASKS_PER_USER": "100", "AUTH_JWT_SECRET": jwtSecret,
		"YOUTUBE_API_URL": w.fake.YouTubeURL(), "YOUTUBE_MASTER_ACCESS_TOKEN": fakeapi.DemoKey,
		"REDDIT_API_URL": w.fake.RedditURL(), "REDDIT_AUTH_URL": w.fake.RedditAuthURL(), "REDDIT_USER_AGENT": fakeapi.DemoUserAgent,
		"REDDIT_REQUESTS_PER_MINUTE": "0", "PUBLIC_URL": publicURL,
	}
	s.storage(t, w.environ)
	for _, change := range changes {
		change(w)
	}
	// The key's own process ends before the others start: it may make the schema.
	key := w.command("apikey", "create", "--user", "somebody")
	w.secrets.keep("an API key of Soundings", strings.TrimSpace(key))
	t.Cleanup(func() { w.secrets.requireNoneIn(t, "a log", w.logs.String()) })
	t.Cleanup(func() {
		for _, p := range w.begun {
			p.kill()
		}
	})
	t.Cleanup(w.stop) // before they are killed
	w.start(s.commands...)
	w.somebody, w.stranger = newClient(w, strings.TrimSpace(key)), newClient(w, signedToken(t, "stranger"))
	return w
}

// with sets a variable of the environment.
func with(name string, value func(*world) string) func(*world) {
	return func(w *world) { w.environ[name] = value(w) }
}

// command runs a command to its end, in this process, and returns what it printed.
func (w *world) command(args ...string) string {
	w.t.Helper()
	out, err := command(w.t.Context(), w.environ, args...)
	require.NoError(w.t, err)
	return out
}

func command(ctx context.Context, environ map[string]string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	code := bootstrap.Main(ctx, args, version, bootstrap.Streams{Out: &out, Err: &errs, Environ: list(environ)})
	if code != bootstrap.ExitOK {
		return out.String(), &exec.Error{Name: strings.Join(args, " "), Err: errText(errs.String())}
	}
	return out.String(), nil
}

type errText string

func (e errText) Error() string { return string(e) }

func list(environ map[string]string) []string {
	var pairs []string
	for name, value := range environ {
		pairs = append(pairs, name+"="+value)
	}
	return pairs
}

// start starts a process for each command and waits until all are ready.
func (w *world) start(commands ...string) {
	w.t.Helper()
	begun := make([]*process, len(commands))
	for i, name := range commands {
		if w.setup.apart {
			begun[i] = w.spawn(name)
		} else {
			begun[i] = w.runHere()
		}
	}
	w.begun = append(w.begun, begun...)
	for i, p := range begun {
		addr := p.waitUntilReady(w.t)
		if commands[i] != "worker" {
			*w.address = addr
		}
	}
	w.running = append(w.running, begun...)
}

// stop asks all processes to end, and requires that they end well.
func (w *world) stop() {
	for _, p := range w.running {
		p.ask()
	}
	for _, p := range w.running {
		p.waitUntilEnded(w.t)
	}
	w.running = nil
}

// kill ends the processes of a command as a power cut would.
func (w *world) kill(name string) {
	w.t.Helper()
	var others []*process
	for _, p := range w.running {
		if p.name != name {
			others = append(others, p)
			continue
		}
		p.kill()
	}
	w.running = others
}

// soundings is the program, built once.
var soundings = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "soundings")
	out, err := exec.Command("go", "build", "-o", path, "github.com/soundings-io/soundings/bootstrap/cmd/soundings").CombinedOutput()
	if err != nil {
		return "", errText(out)
	}
	return path, nil
})

// built is the folder of the program.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "soundings-e2e"); err != nil {
		panic(err)
	}
	// Most of these tests wait for processes, leases and platforms: one more than
	// there are cores fits beside the others.
	flag.Parse()
	if err = flag.Set("test.parallel", strconv.Itoa(1+runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(built)
	os.Exit(code)
}
