package env

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Program is a server that one test started from a program of this machine. It ends with the test.
type Program struct {
	// Address is its host and port, on the loopback interface.
	Address string
	log     string
	cmd     *exec.Cmd
	exited  chan struct{}
}

// programStart bounds how long a program may take to answer.
const programStart = 30 * time.Second

// need finds a program, or ends the test: programs cannot be had from a container engine.
func need(t testing.TB, find func() (string, error)) string {
	t.Helper()
	path, err := find()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%v: `make test-deps` installs it", err)
	}
	if err != nil {
		t.Skipf("%v: `make test-deps` installs it", err)
	}
	return path
}

// programFolder makes a folder that belongs to the servers' user and goes with the test.
func programFolder(t testing.TB) string {
	t.Helper()
	folder, err := ServerFolder("soundings-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// launch starts a program with the arguments that args gives for a free port, and waits until it answers. Another
// process may take the port in between, so it tries three.
func launch(t testing.TB, program, folder string, args func(port string) []string, answers func(ctx context.Context, address string) error) *Program {
	t.Helper()
	var errs error
	for range 3 {
		p := &Program{Address: freeAddress(t), exited: make(chan struct{})}
		_, port, _ := net.SplitHostPort(p.Address)
		p.log = filepath.Join(folder, "log-"+port)
		err := p.start(t, program, folder, args(port), answers)
		if err == nil {
			return p
		}
		p.Kill()
		errs = errors.Join(errs, err)
	}
	t.Fatal(errs)
	return nil
}

func (p *Program) start(t testing.TB, program, folder string, args []string, answers func(ctx context.Context, address string) error) error {
	log, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir, p.cmd.SysProcAttr, p.cmd.Stdout, p.cmd.Stderr = folder, ServerAttributes(), log, log
	if err := p.cmd.Start(); err != nil {
		close(p.exited)
		return err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(p.Kill)
	return p.wait(t, answers)
}

func (p *Program) wait(t testing.TB, answers func(ctx context.Context, address string) error) error {
	ctx, cancel := context.WithTimeout(t.Context(), programStart)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := answers(ctx, p.Address)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.exited:
			said, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s ended at once: %s", p.cmd.Path, said)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", p.cmd.Path, err)
		}
	}
}

// Kill ends the program as a power cut would: nothing in it is worth an orderly end.
func (p *Program) Kill() {
	if p.cmd == nil {
		return // it was never begun
	}
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill()
	}
	<-p.exited
}

func freeAddress(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t)))
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}
