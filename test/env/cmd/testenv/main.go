// Command testenv runs a command with a Postgres and a Redis in its environment, and stops what it started:
//
//	go run ./test/env/cmd/testenv -- go test ./...
//
// With -serve it prints the addresses as one line of JSON and keeps the servers until its standard input ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/soundings-io/soundings/test/env"
	"github.com/soundings-io/soundings/test/env/servers"
)

func main() {
	serving := flag.Bool("serve", false, "keep the servers until standard input ends")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, *serving, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
	}
	os.Exit(code)
}

// run returns the exit code of the command, or 1 with an error of its own.
func run(ctx context.Context, serving bool, command []string) (code int, err error) {
	set, err := servers.Find(ctx)
	defer func() {
		if stopErr := set.Stop(ctx); stopErr != nil {
			code, err = 1, errors.Join(err, stopErr)
		}
	}()
	if err != nil {
		return 1, err
	}
	if serving {
		return 0, serve(set)
	}
	if len(command) == 0 {
		return 2, errors.New("no command after the flags")
	}
	fmt.Printf("test servers: %s; %s\n", found("Postgres", set.Postgres), found("Redis", set.Redis))
	return runWith(ctx, set, command)
}

func found(name string, server env.Server) string {
	if server.URL == "" {
		return "no " + name
	}
	return name + " from " + server.Origin
}

// serve ends with standard input, which is a pipe that the test binary holds: it closes however that process ends.
func serve(set *servers.Set) error {
	if err := json.NewEncoder(os.Stdout).Encode(set.Servers); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// runWith runs the command with the servers in its environment, then says what was left out. On the first signal the
// command gets its own time to end (a terminal's Ctrl-C reaches it directly), so that servers outlive tests.
func runWith(ctx context.Context, set *servers.Set, command []string) (int, error) {
	skipped, err := os.CreateTemp("", "soundings-skipped-")
	if err != nil {
		return 1, err
	}
	_ = skipped.Close()
	defer func() { _ = os.Remove(skipped.Name()) }()

	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env.Search+"=none", env.PostgresURL+"="+set.Postgres.URL,
		env.RedisURL+"="+set.Redis.URL, env.SkippedFile+"="+skipped.Name())
	err = cmd.Run()
	if reportErr := leftOut(os.Stdout, set.Servers, skipped.Name()); reportErr != nil {
		return 1, reportErr
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
