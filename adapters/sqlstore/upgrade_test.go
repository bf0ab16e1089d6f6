package sqlstore

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// nextVersion is that of the program after this one.
const nextVersion = 900

// newer returns the migrator of a program with one more migration.
func newer(t *testing.T, s *Store, statements string) *goose.Provider {
	t.Helper()
	dialect, files, options, err := s.dialect.migrations()
	require.NoError(t, err)
	next := fstest.MapFS{"00900_next.sql": {Data: []byte("-- +goose Up\n" + statements)}}
	names, err := fs.Glob(files, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		next[name] = &fstest.MapFile{Data: data}
	}
	provider, err := goose.NewProvider(dialect, s.db.DB, next, options...)
	require.NoError(t, err)
	return provider
}

func version(t *testing.T, s *Store) int64 {
	t.Helper()
	provider, err := s.migrator()
	require.NoError(t, err)
	at, err := provider.GetDBVersion(t.Context())
	require.NoError(t, err)
	return at
}

// TestAnUpgradeRollsUnderLoad: while the next program adds to the tables, this
// one goes on, and starts again; nothing is lost.
func TestAnUpgradeRollsUnderLoad(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		const pages = 40
		of, l := leased(t, s, task.Options{})
		halfway, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			for page := range pages {
				if page == pages/2 {
					close(halfway)
				}
				stored, err := s.SavePage(t.Context(), l, ports.PageWrite{
					Posts: madeUp(page*10, page*10+10), Cursor: content.Cursor{Token: "t", Page: page + 1},
					FreshBatch: task.BatchID(newID()), Opened: 1,
				})
				assert.NoError(t, err)
				l.Subtask = stored.Subtask
			}
			assert.NoError(t, s.Finish(t.Context(), l, task.Succeed()))
		}()
		<-halfway
		_, err := newer(t, s, `ALTER TABLE tasks ADD COLUMN later text;
			ALTER TABLE subtasks ADD COLUMN later text DEFAULT 'x';
			ALTER TABLE posts ADD COLUMN later text;
			CREATE TABLE later (id integer);`).Up(t.Context())
		require.NoError(t, err)
		<-ended
		require.EqualValues(t, nextVersion, version(t, s))
		require.NoError(t, s.CheckMigrated(t.Context()), "this program starts again")
		after, err := s.Task(t.Context(), of.User, of.ID)
		require.NoError(t, err)
		require.EqualValues(t, pages*10, after.Counters.Fetched)
		listed, err := s.Posts(t.Context(), of.User, of.ID, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 500})
		require.NoError(t, err)
		require.Len(t, listed.Items, pages*10)
	})
}

// TestAMigrationThatIsInterruptedIsBegunAgain: what it did is undone, and the
// program of before goes on meanwhile.
func TestAMigrationThatIsInterruptedIsBegunAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		before := version(t, s)
		_, err := newer(t, s, "CREATE TABLE later (id integer);\nINSERT INTO later SELECT nothing FROM nowhere;").Up(t.Context())
		require.Error(t, err)
		require.Equal(t, before, version(t, s))
		require.NoError(t, s.CheckMigrated(t.Context()))

		begun, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = newer(t, s, "CREATE TABLE later (id integer);\n"+endless(s)).Up(begun)
		require.Error(t, err, "the program is stopped in the middle")
		require.Equal(t, before, version(t, s))

		_, err = newer(t, s, "CREATE TABLE later (id integer);").Up(t.Context())
		require.NoError(t, err, "nothing was left of it")
		require.EqualValues(t, nextVersion, version(t, s))
	})
}

// endless is a statement that does not end by itself.
func endless(s *Store) string {
	if _, ok := s.dialect.(postgres); ok {
		return "SELECT pg_sleep(600);"
	}
	return "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"
}
