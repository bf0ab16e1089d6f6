package faults_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/env"
)

// server is a Postgres or a Redis as a program of this machine, on an address that it keeps when it is restarted.
type server struct {
	t       *testing.T
	name    string
	address string
	program string
	args    []string
	log     *os.File
	cmd     *exec.Cmd
	exited  chan struct{}
	answers func(context.Context) error
}

// serverStart bounds how long a server may take to answer, the recovery of Postgres included.
const serverStart = 30 * time.Second

// startPostgres makes a cluster and serves it. The disk is not waited for, which makes no difference to a server that
// is killed, but commits are written when they say so (synchronous_commit is on): that is what an immediate shutdown
// is to try.
func startPostgres(t *testing.T) *server {
	t.Helper()
	s := newServer(t, "postgres", env.PostgresProgram)
	folder, err := env.ServerFolder("soundings-faults-postgres-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	initdb := exec.Command(filepath.Join(filepath.Dir(s.program), "initdb"), "--pgdata", folder, "--username", "test",
		"--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = folder, env.ServerAttributes()
	out, err := initdb.CombinedOutput()
	require.NoError(t, err, string(out))
	_, port, err := net.SplitHostPort(s.address)
	require.NoError(t, err)
	s.args = []string{"-D", folder, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "max_connections=300", "-c", "shared_buffers=128MB"}
	s.answers = func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, s.database("postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
	s.start()
	return s
}

// startRedis serves a Redis that keeps nothing: a restart empties it.
func startRedis(t *testing.T) *server {
	t.Helper()
	s := newServer(t, "redis", env.RedisProgram)
	_, port, err := net.SplitHostPort(s.address)
	require.NoError(t, err)
	s.args = []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}
	client := redis.NewClient(&redis.Options{Addr: s.address})
	t.Cleanup(func() { _ = client.Close() })
	s.answers = func(ctx context.Context) error { return client.Ping(ctx).Err() }
	s.start()
	return s
}

// newServer prepares a program of this machine. Containers will not do: the suite kills servers.
func newServer(t *testing.T, name string, find func() (string, error)) *server {
	t.Helper()
	path, err := find()
	if err != nil && os.Getenv("CI") == "true" {
		require.Fail(t, "the fault suite restarts servers: `make test-deps` installs them", err)
	}
	if err != nil {
		t.Skipf("%v, and the suite restarts servers: `make test-deps` installs them", err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	require.NoError(t, err)
	return &server{t: t, name: name, program: path, address: address, log: log}
}

// database is the address of one of a Postgres's databases, past the proxy.
func (s *server) database(name string) string { return databaseAt(s.address, name) }

func databaseAt(address, name string) string {
	return fmt.Sprintf("postgres://test@%s/%s?sslmode=disable", address, name)
}

// start begins to serve and returns when the server answers.
func (s *server) start() {
	s.t.Helper()
	cmd := exec.Command(s.program, s.args...)
	cmd.Dir, cmd.SysProcAttr = os.TempDir(), env.ServerAttributes()
	cmd.Stdout, cmd.Stderr = s.log, s.log
	require.NoError(s.t, cmd.Start())
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	started.Store(cmd, nil)
	go func() {
		_ = cmd.Wait()
		started.Delete(cmd)
		close(exited)
	}()
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		<-exited
	})
	until(s.t, serverStart, s.name+" answers", func() bool {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		return s.answers(ctx) == nil
	})
}

// end stops the server with a signal: to Postgres SIGINT is a fast shutdown and SIGQUIT an immediate one, after which
// it recovers; SIGKILL would leave its other processes behind.
func (s *server) end(signal syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(signal))
	select {
	case <-s.exited:
	case <-time.After(serverStart):
		require.Fail(s.t, s.name+" does not stop")
	}
}

func (s *server) restart(signal syscall.Signal) {
	s.t.Helper()
	s.end(signal)
	s.start()
}

// until polls a condition and ends the test where it does not come.
func until(t *testing.T, within time.Duration, what string, is func() bool) {
	t.Helper()
	if !comes(t, within, is) {
		require.Fail(t, "waited in vain until "+what)
	}
}

// comes polls a condition and tells whether it came.
func comes(t *testing.T, within time.Duration, is func() bool) bool {
	t.Helper()
	deadline, tick := time.After(within), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			return false
		case <-t.Context().Done():
			return false
		}
	}
	return true
}

// pause lets a fault last.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
