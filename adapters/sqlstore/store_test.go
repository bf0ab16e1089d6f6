package sqlstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
	"github.com/soundings-io/soundings/test/env"
)

func TestStoreOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestStore(t, func(t *testing.T) ports.Store { return newSQLite(t) })
}

func TestStoreOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestStore(t, func(t *testing.T) ports.Store { return newPostgres(t) })
}

// onBoth runs a test on each database.
func onBoth(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, newSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, newPostgres(t)) })
}

// newSQLite returns a migrated store in a new file.
func newSQLite(t testing.TB) *Store {
	t.Helper()
	template, err := migratedSQLite()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "store.db")
	require.NoError(t, os.WriteFile(path, template, 0o600))
	return opened(t, "sqlite:"+path)
}

// migratedSQLite is the file that newSQLite copies: all migrations take longer
// than most tests.
var migratedSQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "sqlstore")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	s, err := Open(context.Background(), "sqlite:"+path, Options{})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.Migrate(context.Background()), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// newPostgres returns a store in a new database that is a clone of a migrated
// one.
func newPostgres(t testing.TB) *Store {
	t.Helper()
	return opened(t, migratedPostgres(t))
}

func migratedPostgres(t testing.TB) string {
	t.Helper()
	return env.PostgresTemplate(t, "sqlstore", func(ctx context.Context, dsn string) error {
		s, err := Open(ctx, dsn, Options{})
		if err != nil {
			return err
		}
		defer func() { _ = s.Close() }()
		return s.Migrate(ctx)
	})
}

func opened(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{MaxConns: 8, Keyring: keyring(t, "one")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// leased returns a task and the lease of its only subtask.
func leased(t testing.TB, s *Store, o task.Options) (task.State, ports.Lease) {
	t.Helper()
	ctx := t.Context()
	user, err := s.EnsureUser(ctx, access.User{ID: access.UserID(newID()), Name: "ada", CreatedAt: time.Now()})
	require.NoError(t, err)
	src := content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: "dQw4w9WgXcQ", URL: "https://www.youtube.com/watch?v=dQw4w9WgXcQ"}
	created, first := task.NewAnalysis(user.ID, []content.Source{src}, "", o, newID, time.Now())
	require.NoError(t, s.CreateTask(ctx, created, first))
	l, err := s.Claim(ctx, ports.Delivery{SubtaskID: first[0].State().ID, Generation: 1}, "me", time.Minute)
	require.NoError(t, err)
	return created.State(), l
}

// save stores posts as one page and returns the lease after it.
func save(t testing.TB, s *Store, l ports.Lease, posts ...content.Post) ports.Lease {
	t.Helper()
	stored, err := s.SavePage(t.Context(), l, ports.PageWrite{
		Posts: posts, Cursor: content.Cursor{Token: "t", Page: l.Subtask.Cursor.Page + 1}, FreshBatch: task.BatchID(newID()),
	})
	require.NoError(t, err)
	l.Subtask = stored.Subtask
	return l
}
