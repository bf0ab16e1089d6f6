package sqlstore

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTheLookForExpiredFilesIsIndexed: every worker looks, and most of what is
// listed is not due.
func TestTheLookForExpiredFilesIsIndexed(t *testing.T) {
	t.Parallel()
	const insert = `INSERT INTO export_files SELECT `
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s := newPostgres(t)
		_, err := s.db.ExecContext(t.Context(), insert+`gen_random_uuid(), 'csv', now() + n * interval '1 second' FROM generate_series(1, 20000) AS n`)
		require.NoError(t, err)
		_, err = s.db.ExecContext(t.Context(), "ANALYZE export_files")
		require.NoError(t, err)
		var plan []string
		require.NoError(t, s.db.NewRaw("EXPLAIN ?", s.expired(new([]exportFileRow), time.Now(), 100)).Scan(t.Context(), &plan))
		require.Contains(t, strings.Join(plan, "\n"), "export_files_expiry")
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := newSQLite(t)
		steps := sqlitePlan(t, s, s.expired(new([]exportFileRow), time.Now(), 100).String())
		require.Len(t, steps, 1, "one search, nothing sorted")
		require.Contains(t, steps[0], "export_files_expiry (expires_at<?)")
	})
}

// TestFilesOfOlderVersionsExpire: those that were published before files were
// listed are listed by the migration.
func TestFilesOfOlderVersionsExpire(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		provider, err := s.migrator()
		require.NoError(t, err)
		_, err = provider.DownTo(t.Context(), 5)
		require.NoError(t, err)
		export := newID()
		_, err = s.db.NewRaw(`INSERT INTO tasks (id, user_id, kind, status, run, provider, kinds, sources, integration_id, token_source, options,
			export, subtasks, succeeded, failed, cancelled, fetched, spam, scored, expected, opened, discussion, final_pass, created_at)
			VALUES (?, ?, 'export', 'completed', 1, 'youtube', ',export,', '[]', '', '', '{}', ?, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, false, ?)`,
			export, newID(), `{"taskId":"x","format":"ndjson","formulaGuard":true,"fileName":"f","rows":1,"bytes":2,"sha256":"s","expiresAt":"2026-03-01T12:00:00.25Z","partial":false}`,
			"2026-03-01 12:00:00+00:00").Exec(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Migrate(t.Context()))
		at := time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC)
		files, err := s.ExpiredExports(t.Context(), at.Add(-time.Microsecond), 10)
		require.NoError(t, err)
		require.Empty(t, files)
		files, err = s.ExpiredExports(t.Context(), at, 10)
		require.NoError(t, err)
		require.Len(t, files, 1)
		require.EqualValues(t, export, files[0].Task)
		require.Equal(t, "ndjson", files[0].Format)
	})
}
