package sqlstore

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/env"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "with space?.db") },
		"postgres": func(t *testing.T) string { return env.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := opened(t, newURL(t))
			require.ErrorContains(t, s.CheckMigrated(t.Context()), "run `soundings migrate`")
			require.NoError(t, s.Migrate(t.Context()))
			require.NoError(t, s.Migrate(t.Context()), "a second time changes nothing")
			require.NoError(t, s.CheckMigrated(t.Context()))
			require.NoError(t, s.Healthy(t.Context()))

			_, err := s.db.NewRaw("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)").Exec(t.Context())
			require.NoError(t, err)
			require.NoError(t, s.CheckMigrated(t.Context()), "it may be what an older program lives with")
			require.NoError(t, s.Migrate(t.Context()))
			_, err = s.db.NewRaw("UPDATE schema_floor SET version = 99").Exec(t.Context())
			require.NoError(t, err)
			require.ErrorContains(t, s.CheckMigrated(t.Context()), "newer")
			require.ErrorContains(t, s.Migrate(t.Context()), "newer", "an older program does not take it for its own")
		})
	}
}

// TestMigrationsKeepWhatIsThere brings a database with a task of the first
// version up to date.
func TestMigrationsKeepWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") },
		"postgres": func(t *testing.T) string { return env.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := opened(t, newURL(t))
			provider, err := s.migrator()
			require.NoError(t, err)
			_, err = provider.UpTo(t.Context(), 1)
			require.NoError(t, err)
			user, taskID, subtaskID := newID(), newID(), newID()
			const at = "2026-03-01 12:00:00+00:00"
			for _, row := range [][]any{
				{`INSERT INTO users VALUES (?, 'ada', '', '', ?)`, user, at},
				{`INSERT INTO tasks (id, user_id, kind, status, run, provider, kinds, sources, integration_id, token_source, options, subtasks, succeeded, failed,
					cancelled, fetched, spam, scored, expected, opened, discussion, final_pass, created_at)
					VALUES (?, ?, 'analysis', 'running', 1, 'youtube', ',video,', '[]', '', 'MASTER_API_KEY', '{}', 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, false, ?)`, taskID, user, at},
				{`INSERT INTO subtasks (id, task_id, type, status, rank, generation, attempt, lost, payload, cursor, batch_posts, subtasks, fetched, spam,
				scored, expected, opened, token_source, auth_method, integration_id, owner, run_at, created_at)
				VALUES (?, ?, 'fetch-content', 'pending', 1, 1, 0, 0, '{}', '{}', 0, 0, 3, 0, 0, 0, 0, 'MASTER_API_KEY', 'api_key', '', '', ?, ?)`, subtaskID, taskID, at, at},
			} {
				_, err = s.db.NewRaw(row[0].(string), row[1:]...).Exec(t.Context())
				require.NoError(t, err)
			}
			require.NoError(t, s.Migrate(t.Context()))
			found, err := s.Task(t.Context(), access.UserID(user), task.ID(taskID))
			require.NoError(t, err)
			require.EqualValues(t, 10, found.Counters.Fetched)
			require.Nil(t, found.Fallback)
			subtasks, err := s.Subtasks(t.Context(), access.UserID(user), task.ID(taskID), ports.Paging{Limit: 10})
			require.NoError(t, err)
			require.Len(t, subtasks.Items, 1)
			require.Nil(t, subtasks.Items[0].Fallback)
		})
	}
}

func TestManyMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := env.Postgres(t)
	var wg sync.WaitGroup
	failures := make([]error, 4)
	for i := range failures {
		s := opened(t, url)
		wg.Go(func() { failures[i] = s.Migrate(t.Context()) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(failures...))
	require.NoError(t, opened(t, url).CheckMigrated(t.Context()))
}

func TestTheFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	s := opened(t, "sqlite:"+path)
	require.NoError(t, s.Migrate(t.Context()))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), suffix)
	}
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://x", "sqlite:", "postgres://user:hunter2@[", "sqlite:/no/such/folder/x.db"} {
		_, err := Open(t.Context(), url, Options{})
		require.True(t, fault.Is(err, fault.Invalid), "%q: %v", url, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := Open(t.Context(), "postgres://user:hunter2@127.0.0.1:1/db", Options{})
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.NotContains(t, err.Error(), "hunter2")
}
