package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// record has the store claim and settle a subtask through a proxy that reads
// along, and returns pgbench's script of the very statements.
func (c *claims) record(ctx context.Context) (string, error) {
	deliveries, err := c.anew(ctx)
	if err != nil {
		return "", err
	}
	heard, err := listenIn(ctx, c.address)
	if err != nil {
		return "", err
	}
	defer heard.stop()
	store, err := sqlstore.Open(ctx, heard.address, sqlstore.Options{MaxConns: 1})
	if err != nil {
		return "", err
	}
	defer func() { _ = store.Close() }()
	// The first of a task starts it, which is not what most do, and the first of
	// a connection has settings before it.
	for _, d := range []ports.Delivery{deliveries[0], deliveries[claimTasks]} {
		heard.forget()
		lease, err := store.Claim(ctx, d, benchUser, time.Hour)
		if err != nil {
			return "", err
		}
		if err := store.Finish(ctx, lease, task.Succeed()); err != nil {
			return "", err
		}
	}
	statements := heard.said()
	script := strings.Join(statements, ";\n") + ";\n"
	for id, variable := range map[string]string{numbered(numberedTask, 0): ":k", numbered(numberedSubtask, claimTasks): ":n"} {
		literal := "'" + id + "'"
		if !strings.Contains(script, literal) {
			return "", fmt.Errorf("no statement names %s", literal)
		}
		script = strings.ReplaceAll(script, literal, "('"+id[:len(id)-12]+"' || "+variable+")::uuid")
	}
	c.bench.say("pgbench runs %d statements for a claim and a settlement", len(statements))
	return fmt.Sprintf("\\set i :i + 1\n\\set number :i * %d + :client_id\n\\set n %d + :number\n\\set k %d + :number %% %d\n",
		claimers, firstNumber, firstNumber, claimTasks) + script, nil
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// pgbench returns what runs the script once for each subtask, in one of
// pgbench's modes: preparing each statement once is the fastest that there is.
func (c *claims) pgbench(mode string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if _, err := c.anew(ctx); err != nil {
			return 0, err
		}
		file := filepath.Join(c.bench.folder, "claims.sql")
		if err := os.WriteFile(file, []byte(c.script), 0o600); err != nil {
			return 0, err
		}
		clients := strconv.Itoa(claimers)
		out, err := exec.CommandContext(ctx, "pgbench", "-n", "-M", mode, "-f", file, "-D", "i=-1",
			"-c", clients, "-j", clients, "-t", strconv.Itoa(claimsEach), "-d", c.address).CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("pgbench: %w: %s", err, out)
		}
		found := tps.FindSubmatch(out)
		if found == nil {
			return 0, fmt.Errorf("pgbench says no rate: %s", out)
		}
		if err := c.allDone(ctx); err != nil {
			return 0, err
		}
		return strconv.ParseFloat(string(found[1]), 64)
	}
}

// allDone sees to it that pgbench has done the work and not only run statements.
func (c *claims) allDone(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT count(*) FROM subtasks WHERE status = $1", string(task.SubtaskSucceeded))
	if err != nil {
		return err
	}
	done, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if err == nil && done != allClaims {
		err = fmt.Errorf("pgbench settled %d of %d subtasks", done, allClaims)
	}
	return err
}

// eavesdropper stands before Postgres and hears the statements.
type eavesdropper struct {
	address  string
	listener net.Listener
	mu       sync.Mutex
	heard    []string
}

// listenIn returns an eavesdropper at an address of its own. Arguments come
// written into the statements there.
func listenIn(ctx context.Context, address string) (*eavesdropper, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &eavesdropper{listener: listener}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	u.Host = listener.Addr().String()
	u.RawQuery = "sslmode=disable&default_query_exec_mode=simple_protocol"
	e.address = u.String()
	server := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	go func() { // ends with stop
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go e.relay(ctx, client, server)
		}
	}()
	return e, nil
}

func (e *eavesdropper) stop() { _ = e.listener.Close() }

// relay passes on what both say until one of them hangs up.
func (e *eavesdropper) relay(ctx context.Context, client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(client, server) // ends when either is closed
	}()
	said := pgproto3.NewBackend(io.TeeReader(client, server), nil)
	if _, err := said.ReceiveStartupMessage(); err != nil {
		return
	}
	for {
		message, err := said.Receive()
		if err != nil {
			return
		}
		switch m := message.(type) {
		case *pgproto3.Query:
			e.hear(m.String)
		case *pgproto3.Parse:
			e.hear(m.Query)
		}
	}
}

func (e *eavesdropper) hear(statement string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, statement)
}

func (e *eavesdropper) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = nil
}

func (e *eavesdropper) said() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard
}
