package sqlstore

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
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

			_, err := s.db.NewRaw("UPDATE goose_db_version SET version_id = 99 WHERE version_id = 1").Exec(t.Context())
			require.NoError(t, err)
			require.ErrorContains(t, s.CheckMigrated(t.Context()), "newer")
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
