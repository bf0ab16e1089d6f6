// Command demo shows Soundings at its main job: it builds the program, starts
// the fake YouTube and an embedded Soundings, posts an address over REST,
// watches the comments arrive, prints what people think, downloads the CSV and the
// plots, stops everything, and has the command line write a report. With YOUTUBE_MASTER_ACCESS_TOKEN set the same steps run
// against the real API; DEMO_URL names another address.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	folder = "bin/demo"
	binary = "bin/soundings"
	// realURL is what the demo asks the real YouTube for, as DEMO_URL may.
	realURL = "https://www.youtube.com/watch?v=jNQXAC9IVRw"
	// realPosts keeps the demo short and cheap there: 10 units of quota.
	realPosts = 1000
	// partial is the exit code for a run with gaps.
	partial = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	say("Building %s", binary)
	if err := command(ctx, "go", "build", "-o", binary, "./bootstrap/cmd/soundings").Run(); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	job, environ, stopFake, err := platform(ctx)
	if err != nil {
		return err
	}
	defer stopFake()
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	say("Starting an embedded Soundings at http://%s: no database, no queue, nothing to install", addr)
	server := command(ctx, binary, "serve")
	environ = append(environ, "SOUNDINGS_DATA_DIR="+filepath.Join(folder, "data"), "LOG_LEVEL=warn")
	server.Env = append(environ, "HTTP_ADDR="+addr)
	if err := server.Start(); err != nil {
		return err
	}
	shown := show(ctx, newClient("http://"+addr, filepath.Join(folder, "data", "api-key")), job)
	say("Stopping")
	_ = server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil && shown == nil {
		return fmt.Errorf("soundings did not stop cleanly: %w", err)
	}
	if shown != nil {
		return shown
	}
	if err := analyze(ctx, environ, job); err != nil {
		return err
	}
	whereToLook()
	return nil
}

// analyze does the same from the command line, for the report.
func analyze(ctx context.Context, environ []string, job map[string]any) error {
	args := []string{"analyze", fmt.Sprint(job["url"]), "--report", filepath.Join(folder, "report.html")}
	if options, capped := job["options"].(map[string]any); capped {
		args = append(args, "--max-posts", fmt.Sprint(options["maxPosts"]))
	}
	say("The same from the command line: soundings %s", strings.Join(args, " "))
	c := command(ctx, binary, args...)
	c.Env, c.Stdout = environ, io.Discard // the summary was printed above
	err := c.Run()
	if exited, ok := errors.AsType[*exec.ExitError](err); ok && exited.ExitCode() == partial {
		return nil
	}
	return err
}

// platform returns what to analyse and the environment for it: the real
// YouTube if there is a key, the fake one otherwise.
func platform(ctx context.Context) (map[string]any, []string, func(), error) {
	url := os.Getenv("DEMO_URL")
	if os.Getenv("YOUTUBE_MASTER_ACCESS_TOKEN") != "" {
		if url == "" {
			url = realURL
		}
		say("Using the real YouTube, at most %d comments", realPosts)
		return map[string]any{"url": url, "options": map[string]any{"maxPosts": realPosts}}, os.Environ(), func() {}, nil
	}
	data, err := fakeapi.LoadDemo()
	if err != nil {
		return nil, nil, nil, err
	}
	fake := fakeapi.New(data)
	if err := fake.Start(ctx); err != nil {
		return nil, nil, nil, err
	}
	// A real page takes about this long; without it there is nothing to watch.
	fake.Inject(fakeapi.Rule{Path: "commentThreads", Effect: fakeapi.Delayed, DelayMillis: 150},
		fakeapi.Rule{Path: "comments", Effect: fakeapi.Delayed, DelayMillis: 50})
	say("Starting the fake YouTube at %s: invented people, real protocol", fake.YouTubeURL())
	if url == "" {
		url = fakeapi.DemoVideoURL
	}
	environ := append(os.Environ(), "YOUTUBE_API_URL="+fake.YouTubeURL(), "YOUTUBE_MASTER_ACCESS_TOKEN="+fakeapi.DemoKey)
	return map[string]any{"url": url}, environ, fake.Close, nil
}

// command runs a program whose output is the demo's. It is interrupted, not
// killed, when ctx ends.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 20 * time.Second
	return c
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

func say(format string, args ...any) { fmt.Printf("\n» "+format+"\n", args...) }

func whereToLook() {
	say("Where to look next")
	for _, line := range [][2]string{
		{folder + "/report.html", "what people think, with plots, as one page for a browser"},
		{folder + "/comments.csv", "every comment with its verdict and score, for a spreadsheet"},
		{folder + "/*.svg", "the plots alone"},
		{binary + " serve", "the same service, documented at http://127.0.0.1:8080/docs;"},
		{"", "with SOUNDINGS_DATA_DIR=" + folder + "/data it has this run"},
		{binary + " analyze URL", "one address from the command line; see --help"},
		{"README.md", "the real YouTube, Postgres and Redis, how it works"},
	} {
		fmt.Printf("  %-28s %s\n", line[0], line[1])
	}
}
