// Package embedded gives a test a SQLite database of its own that is migrated already.
package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/sqlstore"
)

// Database returns the path of a new database file in a folder of the test's.
func Database(t testing.TB) string {
	t.Helper()
	template, err := migrated()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "soundings.db")
	require.NoError(t, os.WriteFile(path, template, 0o600))
	return path
}

// migrated is the file that every test begins with: all migrations take longer than most tests.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "soundings")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	store, err := sqlstore.Open(context.Background(), "sqlite:"+path, sqlstore.Options{})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(store.Migrate(context.Background()), store.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
