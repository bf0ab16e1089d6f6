package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/soundings-io/soundings/test/env"
)

// program is a server process with a temporary folder of its own.
type program struct {
	folder string
	cmd    *exec.Cmd
	exited chan struct{}
}

func postgresProgram(ctx context.Context) (string, func(context.Context) error, error) {
	return startPostgres(ctx, postgresSettings())
}

func startPostgres(ctx context.Context, settings []string) (string, func(context.Context) error, error) {
	server, err := env.PostgresProgram()
	if err != nil {
		return "", nil, err
	}
	p, err := newProgram("postgres")
	if err != nil {
		return "", nil, err
	}
	data := filepath.Join(p.folder, "data")
	setUp := p.command(ctx, filepath.Join(filepath.Dir(server), "initdb"), "--pgdata", data, "--username", "test",
		"--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
	if out, err := setUp.CombinedOutput(); err != nil {
		return "", p.stop, fmt.Errorf("initdb: %w: %s", err, out)
	}
	url, err := p.start(ctx, "postgres://test@%s/postgres?sslmode=disable", checkPostgres, func(port string) *exec.Cmd {
		args := append([]string{"-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1",
			"-c", "unix_socket_directories="}, settings...)
		return p.command(context.WithoutCancel(ctx), server, args...)
	})
	return url, p.stop, err
}

func redisProgram(ctx context.Context) (string, func(context.Context) error, error) {
	return startRedis(ctx, redisSettings())
}

func startRedis(ctx context.Context, settings []string) (string, func(context.Context) error, error) {
	server, err := env.RedisProgram()
	if err != nil {
		return "", nil, err
	}
	p, err := newProgram("redis")
	if err != nil {
		return "", nil, err
	}
	url, err := p.start(ctx, "redis://%s/0", checkRedis, func(port string) *exec.Cmd {
		args := append([]string{"--port", port, "--bind", "127.0.0.1"}, settings...)
		return p.command(context.WithoutCancel(ctx), server, args...)
	})
	return url, p.stop, err
}

// postgresSettings trade safety, which a test's data does not need, for speed.
func postgresSettings() []string {
	return []string{"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "max_connections=400", "-c", "shared_buffers=128MB"}
}

// redisSettings keep everything in memory and give every test a database of its own.
func redisSettings() []string {
	return []string{"--databases", "256", "--save", "", "--appendonly", "no"}
}

func newProgram(name string) (*program, error) {
	folder, err := env.ServerFolder("soundings-" + name + "-")
	return &program{folder: folder}, err
}

func (p *program) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = p.folder
	cmd.SysProcAttr = env.ServerAttributes()
	return cmd
}

// start runs the command that newCmd makes for a free port and waits until check accepts its address. Another process
// may take the port in between, so it tries three.
func (p *program) start(ctx context.Context, urlFormat string, check func(context.Context, string) error,
	newCmd func(port string) *exec.Cmd,
) (string, error) {
	var errs error
	for range 3 {
		address, err := freeAddress()
		if err != nil {
			return "", err
		}
		url := fmt.Sprintf(urlFormat, address)
		if err = p.launch(newCmd(strconv.Itoa(address.Port))); err != nil {
			return "", err
		}
		if err = p.ready(ctx, url, check); err == nil {
			return url, nil
		}
		errs = errors.Join(errs, err, p.end(ctx))
	}
	return "", errs
}

func (p *program) launch(cmd *exec.Cmd) error {
	log, err := os.Create(filepath.Join(p.folder, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd, p.exited = cmd, make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	return nil
}

// ready asks ten times a second, for at most half a minute, whether the server answers.
func (p *program) ready(ctx context.Context, url string, check func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.exited:
			log, _ := os.ReadFile(filepath.Join(p.folder, "log"))
			return fmt.Errorf("%s ended at once: %s", filepath.Base(p.cmd.Path), log)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", filepath.Base(p.cmd.Path), err)
		}
	}
}

// end interrupts the server, which asks Postgres for its fast shutdown, and kills it if that takes more than 10 s.
func (p *program) end(ctx context.Context) error {
	if p.cmd == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	patience, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case <-p.exited:
		return nil
	case <-patience.Done():
		return p.cmd.Process.Kill()
	}
}

func (p *program) stop(ctx context.Context) error {
	return errors.Join(p.end(ctx), os.RemoveAll(p.folder))
}

func freeAddress() (*net.TCPAddr, error) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	return listener.Addr().(*net.TCPAddr), listener.Close()
}
