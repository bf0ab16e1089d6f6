package sqlstore

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestStoreOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestStore(t, func(t *testing.T) ports.Store { return newSQLite(t) })
}

func TestStoreOnPostgres(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	portstest.TestStore(t, func(t *testing.T) ports.Store { return newPostgres(t) })
}

// newSQLite returns a migrated store in a new file.
func newSQLite(t testing.TB) *Store {
	t.Helper()
	return openMigrated(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"))
}

func openMigrated(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

func needPostgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" {
		t.Skip("TEST_DATABASE_URL names no Postgres")
	}
	return server
}

var template struct {
	sync.Once
	name string
}

// newPostgres returns a store in a new database, cloned from one that was
// migrated once.
func newPostgres(t testing.TB) *Store {
	t.Helper()
	url := newDatabase(t)
	s, err := Open(t.Context(), url, Options{MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func newDatabase(t testing.TB) string {
	t.Helper()
	server := needPostgres(t)
	template.Do(func() {
		template.name = emptyDatabase(t, server, "template1")
		s, err := Open(t.Context(), inDatabase(t, server, template.name), Options{})
		require.NoError(t, err)
		require.NoError(t, s.Migrate(t.Context()))
		require.NoError(t, s.Close())
	})
	return inDatabase(t, server, emptyDatabase(t, server, template.name))
}

var cloning sync.Mutex

// emptyDatabase makes a database and returns its name. Postgres clones a
// template for one at a time.
func emptyDatabase(t testing.TB, server, from string) string {
	t.Helper()
	cloning.Lock()
	defer cloning.Unlock()
	db, err := sql.Open("pgx", server)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	name := "sqlstore_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	_, err = db.ExecContext(t.Context(), fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, from))
	require.NoError(t, err)
	if from != "template1" {
		t.Cleanup(func() { dropDatabase(t, server, name) })
	}
	return name
}

func dropDatabase(t testing.TB, server, name string) {
	db, err := sql.Open("pgx", server)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	_, err = db.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") //nolint:noctx // the test's context is over
	require.NoError(t, err)
}

func inDatabase(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}
