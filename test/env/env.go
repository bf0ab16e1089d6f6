// Package env gives a test a Postgres database or a Redis database of its own, and takes it back afterwards.
//
// `make test` starts the servers once for all packages, through the command testenv beside this package. A test binary
// that runs alone starts servers of its own through the same command. Where there are none the test is skipped, and
// with CI=true it fails.
package env

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// The environment variables that tell where the servers are, and where to look for them.
const (
	// PostgresURL names a Postgres (15 or newer) whose user may create databases.
	PostgresURL = "TEST_DATABASE_URL"
	// RedisURL names a Redis; a test takes a database of it that is empty, and empties that one afterwards.
	RedisURL = "TEST_REDIS_URL"
	// Search is "containers" where anything but containers is a failure, and "none" where the search was made
	// already and what it found is in the two addresses. Empty means: search.
	Search = "TEST_ENV"
	// SkippedFile names the file to which skipped tests are added, so that testenv can say in one place what was
	// left out.
	SkippedFile = "TEST_ENV_SKIPPED"
)

// Server is a server that tests may use.
type Server struct {
	// URL is empty when there is no such server.
	URL string `json:"url"`
	// Origin says in a few words where it is from, or why there is none.
	Origin string `json:"origin"`
}

// Servers is what a test run has.
type Servers struct {
	Postgres Server `json:"postgres"`
	Redis    Server `json:"redis"`
}

const command = "github.com/soundings-io/soundings/test/env/cmd/testenv"

// running is the servers of this process.
type running struct {
	Servers
	// lifeline is the standard input of the testenv that this process started. It is never closed by us: the end of
	// this process, however it comes, closes it, and that is how testenv learns of it.
	lifeline io.Closer
}

// find knows the servers of this test binary. Addresses in the environment are taken as they are, because testenv has
// tried them; otherwise a testenv is started that ends when this process does, however it does.
var find = sync.OnceValues(func() (*running, error) {
	set := &running{Servers: Servers{
		Postgres: Server{URL: os.Getenv(PostgresURL), Origin: "none was found"},
		Redis:    Server{URL: os.Getenv(RedisURL), Origin: "none was found"},
	}}
	if os.Getenv(Search) == "none" || set.Postgres.URL != "" && set.Redis.URL != "" {
		return set, nil
	}
	serve := exec.Command("go", "run", command, "-serve")
	serve.Stderr = os.Stderr
	in, err := serve.StdinPipe()
	if err != nil {
		return nil, err
	}
	set.lifeline = in
	out, err := serve.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := serve.Start(); err != nil {
		return nil, fmt.Errorf("start testenv: %w", err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil && err != io.EOF {
		return nil, err
	}
	if err := json.Unmarshal(line, &set.Servers); err != nil {
		return nil, fmt.Errorf("testenv says %q: %w", line, err)
	}
	return set, nil
})

// found returns the servers of this test binary, or ends the test.
func found(t testing.TB) *running {
	t.Helper()
	set, err := find()
	if err != nil {
		t.Fatalf("test servers: %v", err)
	}
	return set
}

// leaveOut skips the test, in a way that is seen; with CI=true it fails it.
func leaveOut(t testing.TB, name string, server Server) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("no %s: %s", name, server.Origin)
	}
	if path := os.Getenv(SkippedFile); path != "" {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatalf("note the skipped test: %v", err)
		}
		defer func() { _ = file.Close() }()
		if _, err := fmt.Fprintf(file, "%s\t%s\n", name, t.Name()); err != nil {
			t.Fatalf("note the skipped test: %v", err)
		}
	}
	t.Skipf("no %s: %s; `make test-deps` installs one", name, server.Origin)
}
