package main

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/soundings-io/soundings/adapters/sqlstore"
)

// newDatabase makes an empty database that the store has migrated and returns
// its address; drop removes it.
func (b *bench) newDatabase(ctx context.Context) (address string, drop func(), err error) {
	b.databases++
	name := fmt.Sprintf("soundings_bench_%d_%d", time.Now().Unix(), b.databases)
	if err := b.execute(ctx, b.servers.Postgres.URL, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	drop = func() {
		if err := b.execute(ctx, b.servers.Postgres.URL, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil && ctx.Err() == nil {
			b.say("dropping %s: %v", name, err)
		}
	}
	u, err := url.Parse(b.servers.Postgres.URL)
	if err != nil {
		return "", drop, err
	}
	u.Path = "/" + name
	store, err := b.openStore(ctx, u.String())
	if err != nil {
		return "", drop, err
	}
	return u.String(), drop, store.Close()
}

// openStore opens and migrates a database.
func (b *bench) openStore(ctx context.Context, address string) (*sqlstore.Store, error) {
	store, err := sqlstore.Open(ctx, address, sqlstore.Options{})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		_ = store.Close()
		return nil, err
	}
	return store, nil
}

// execute runs statements on a connection of its own, each by itself.
func (b *bench) execute(ctx context.Context, address string, statements ...string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return nil
}

// psql runs one command of psql, which sets the limits: nothing that speaks to
// Postgres is simpler. It returns how long that took, psql's own start included.
func psql(ctx context.Context, address, command string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, "psql", address, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("psql: %w: %s", err, out)
	}
	return time.Since(began), nil
}
