package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = 30 * time.Second
	stopWithin  = 20 * time.Second
	// lookEvery is how exactly the moment is known at which a process is ready.
	lookEvery = 2 * time.Millisecond
)

// process is a program that the benchmark has started.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	// url is where it serves, and readyAfter how long it took to be ready.
	url        string
	readyAfter time.Duration
}

// start runs soundings with the given subcommand and waits until it is ready.
// It gets nothing of our environment but what a process needs.
func (b *bench) start(ctx context.Context, subcommand string, environ ...string) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	cmd := b.command(ctx, subcommand, environ...)
	cmd.Env = append(cmd.Env, "HTTP_ADDR="+address, "WORKER_ADDR="+address)
	p, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	p.url = "http://" + address
	began := time.Now()
	if err := p.awaitReady(ctx); err != nil {
		p.stop()
		return nil, fmt.Errorf("soundings %s: %w", subcommand, err)
	}
	p.readyAfter = time.Since(began)
	return p, nil
}

// command returns soundings, which is interrupted when ctx ends.
func (b *bench) command(ctx context.Context, subcommand string, environ ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.program("soundings"), strings.Fields(subcommand)...)
	cmd.Dir, cmd.Stderr = b.folder, os.Stderr
	cmd.Env = append([]string{"LOG_LEVEL=warn", "REQUESTS_PER_SECOND=0", "HOME=" + b.folder, "TMPDIR=" + b.folder}, environ...)
	return cmd
}

func launch(cmd *exec.Cmd) (*process, error) {
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // whoever waits for exited asks for nothing more
		close(p.exited)
	}()
	return p, nil
}

// stop asks the process to end, and kills it if it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

func (p *process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if status, err := get(ctx, p.url+"/readyz"); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.exited:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return errors.New("it was not ready in time")
		}
	}
}

func get(ctx context.Context, url string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// wait returns after d, or when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
