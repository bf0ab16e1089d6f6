package faults_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	readyWithin = time.Minute
	// endsWithin is more than the grace that a worker gives its runs.
	endsWithin = time.Minute
)

// process is a running command of the program.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	ready  chan string
	exited chan struct{}
}

// spawn starts a command; ready comes later.
func spawn(t *testing.T, path, name string, environ []string, logs *logbook) *process {
	t.Helper()
	cmd := exec.Command(path, name)
	cmd.Env, cmd.Dir = environ, t.TempDir()
	out, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &process{t: t, name: name, cmd: cmd, ready: make(chan string, 1), exited: make(chan struct{})}
	go func() {
		p.follow(out, logs)
		_ = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(p.kill)
	return p
}

// follow keeps what deserves attention and sees when the process is ready.
func (p *process) follow(out io.Reader, logs *logbook) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry struct{ Level, Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) != nil || entry.Level != "INFO" && !strings.Contains(entry.Msg, "tried again") {
			logs.add(p.name + ": " + lines.Text())
		}
		if entry.Msg == "soundings is ready" {
			p.ready <- entry.Address
		}
	}
}

// address waits until the process is ready and returns where it serves.
func (p *process) address() string {
	p.t.Helper()
	select {
	case address := <-p.ready:
		return address
	case <-p.exited:
		require.Fail(p.t, p.name+" ended before it was ready")
	case <-time.After(readyWithin):
		require.Fail(p.t, p.name+" is not ready")
	}
	return ""
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// ask sends SIGTERM.
func (p *process) ask() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// gone waits for the end within a time, and requires it.
func (p *process) gone(within time.Duration) {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(within):
		require.Fail(p.t, p.name+" does not end")
	}
}

// logbook keeps the last warnings of all processes of a deployment.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

// keptLines is what helps after a failure.
const keptLines = 20

func (l *logbook) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == keptLines {
		l.lines = l.lines[1:]
	}
	l.lines = append(l.lines, line)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
