package env

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Migrate brings the empty database at dsn to the schema that tests start from. It closes its connections.
type Migrate func(ctx context.Context, dsn string) error

const (
	// databasePrefix, then the second of creation: what marks a database as ours, and old.
	databasePrefix = "soundings_test_"
	// abandoned is the age at which a database was left behind by a process that was killed.
	abandoned = 6 * time.Hour
	// postgresTimeout bounds what is asked of the server for one test, a whole migration included.
	postgresTimeout = 2 * time.Minute
)

var (
	// process tells the databases of this test binary from those of others on the same server.
	process   = fmt.Sprintf("%s%d_%s", databasePrefix, time.Now().Unix(), strings.ToLower(rand.Text()[:8]))
	cloned    atomic.Int64
	templates sync.Map // name → func() error, which makes the template the first time
	sweepOnce sync.Once
)

// Postgres returns the DSN of an empty database that lives as long as the test.
func Postgres(t testing.TB) string {
	t.Helper()
	return clone(t, "template1")
}

// PostgresTemplate returns the DSN of a database that lives as long as the test and is a copy of the named template.
// The first test of the binary that asks for a name has its template made by migrate; the others get copies.
func PostgresTemplate(t testing.TB, name string, migrate Migrate) string {
	t.Helper()
	admin := postgresURL(t)
	template := process + "_template_" + name
	once, _ := templates.LoadOrStore(name, sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), postgresTimeout)
		defer cancel()
		if err := execute(ctx, admin, "CREATE DATABASE "+quote(template)); err != nil {
			return err
		}
		return migrate(ctx, withDatabase(admin, template))
	}))
	if err := once.(func() error)(); err != nil {
		t.Fatalf("template %s: %v", name, err)
	}
	return clone(t, template)
}

func postgresURL(t testing.TB) string {
	t.Helper()
	set := found(t)
	if set.Postgres.URL == "" {
		leaveOut(t, "Postgres", set.Postgres)
	}
	sweepOnce.Do(func() { sweep(t, set.Postgres.URL) })
	return set.Postgres.URL
}

func clone(t testing.TB, template string) string {
	t.Helper()
	admin := postgresURL(t)
	name := process + "_" + strconv.FormatInt(cloned.Add(1), 10)
	ctx, cancel := context.WithTimeout(t.Context(), postgresTimeout)
	defer cancel()
	if err := execute(ctx, admin, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)); err != nil {
		t.Fatalf("clone %s: %v", template, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), postgresTimeout)
		defer cancel()
		if err := execute(ctx, admin, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return withDatabase(admin, name)
}

// sweep drops the databases that killed processes left on a server which outlives them.
func sweep(t testing.TB, admin string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), postgresTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		t.Fatalf("connect to the test server: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, _ := conn.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", databasePrefix)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("list the databases: %v", err)
	}
	for _, name := range names {
		created, _, _ := strings.Cut(strings.TrimPrefix(name, databasePrefix), "_")
		seconds, err := strconv.ParseInt(created, 10, 64)
		if err == nil && time.Since(time.Unix(seconds, 0)) > abandoned {
			_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
		}
	}
}

// execute runs one statement on a connection of its own. A database that is being copied must have no connections, and
// one that was just closed may live on in the server for a moment: that is tried again, as long as ctx allows.
func execute(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err = conn.Exec(ctx, statement)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "55006" {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

func withDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return dsn + " dbname=" + name // the key=value form, where the last value counts
	}
	u.Path = "/" + name
	return u.String()
}

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
