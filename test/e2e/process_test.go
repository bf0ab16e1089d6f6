package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/bootstrap"
)

const (
	startWithin = 2 * time.Minute // on a busy machine and with -race
	stopWithin  = time.Minute
)

// process is a running command, in this process or in one of its own.
type process struct {
	name string
	// ask asks it to stop, kill ends it at once.
	ask, kill func()
	ready     chan string
	ended     chan error
}

func (p *process) waitUntilReady(t *testing.T) string {
	t.Helper()
	select {
	case addr := <-p.ready:
		return addr
	case err := <-p.ended:
		require.NoError(t, err, p.name)
		require.Fail(t, p.name+" ended before it was ready")
	case <-time.After(startWithin):
		require.Fail(t, p.name+" is not ready")
	}
	return ""
}

func (p *process) waitUntilEnded(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.ended:
		require.NoError(t, err, "%s has not ended well", p.name)
	case <-time.After(stopWithin):
		p.kill()
		require.Fail(t, p.name+" does not stop")
	}
}

// runHere runs everything in this process, where the race detector sees it.
func (w *world) runHere() *process {
	w.t.Helper()
	config, err := bootstrap.LoadConfig(list(w.environ))
	require.NoError(w.t, err)
	w.change(&config)
	log := slog.New(observe.Logs(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	app, closeApp, err := bootstrap.Open(w.t.Context(), config, version, log)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	p := &process{name: "serve", ask: cancel, kill: cancel, ready: make(chan string, 1), ended: make(chan error, 1)}
	go func() {
		err := app.Run(ctx, bootstrap.Roles{API: true, Worker: true}, func(addr string) { p.ready <- addr })
		closeApp()
		p.ended <- err
	}()
	return p
}

// spawn runs a command in a process of its own.
func (w *world) spawn(name string) *process {
	w.t.Helper()
	path, err := soundings()
	require.NoError(w.t, err)
	run := exec.Command(path, name)
	run.Env = list(w.environ)
	logs, err := run.StderrPipe()
	require.NoError(w.t, err)
	run.Stdout = w.logs
	require.NoError(w.t, run.Start())
	p := &process{
		name: name, ready: make(chan string, 1), ended: make(chan error, 1),
		ask: func() { _ = run.Process.Signal(syscall.SIGTERM) },
	}
	gone := make(chan struct{})
	p.kill = func() { _ = run.Process.Kill(); <-gone }
	go func() {
		p.follow(logs, w.logs)
		err := run.Wait()
		close(gone)
		p.ended <- err
	}()
	return p
}

// follow copies the log and sees when the process is ready.
func (p *process) follow(logs io.Reader, to io.Writer) {
	lines := bufio.NewScanner(logs)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		_, _ = to.Write(append(lines.Bytes(), '\n'))
		var entry struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "soundings is ready" {
			p.ready <- entry.Address
		}
	}
}

// logbook keeps what all processes of a world wrote.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds lines.
func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String returns everything so far.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
