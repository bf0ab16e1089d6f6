package env

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PgBouncer starts PgBouncer in transaction mode before the server of the tests' databases. It returns what leads the
// DSN of any of them through it. Every database has that many sessions, whoever connects.
func PgBouncer(t testing.TB, sessions int) (through func(dsn string) string) {
	t.Helper()
	program := need(t, func() (string, error) { return lookUp("pgbouncer", "/usr/sbin") })
	admin, err := pgx.ParseConfig(postgresURL(t))
	if err != nil {
		t.Fatalf("the address of Postgres: %v", err)
	}
	password := "" // an empty one in quotes is a syntax error
	if admin.Password != "" {
		password = "password='" + admin.Password + "'"
	}
	folder := programFolder(t)
	settings := filepath.Join(folder, "pgbouncer.ini")
	pooler := launch(t, program, folder, func(port string) []string {
		text := fmt.Sprintf(`[databases]
* = host=%s port=%d user=%s %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 300
`, admin.Host, admin.Port, admin.User, password, port, sessions)
		if err := os.WriteFile(settings, []byte(text), 0o644); err != nil { //nolint:gosec // for the servers' user; the password is a test's
			t.Fatal(err)
		}
		return []string{settings}
	}, func(ctx context.Context, address string) error {
		conn, err := pgx.Connect(ctx, pooled(address, admin.User, "postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	return func(dsn string) string {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatalf("the address of a database: %v", err)
		}
		return pooled(pooler.Address, config.User, config.Database)
	}
}

func pooled(address, user, database string) string {
	return (&url.URL{Scheme: "postgres", User: url.User(user), Host: address, Path: "/" + database, RawQuery: "sslmode=disable"}).String()
}
