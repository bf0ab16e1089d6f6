package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/env"
)

func TestIDsBeginWithTheTime(t *testing.T) {
	t.Parallel()
	require.Equal(t, "00000000-0001-0000-0000-000000000000", firstID(time.UnixMilli(1)))
	before, id, after := firstID(time.Now().Add(-time.Second)), newID(), firstID(time.Now().Add(time.Second))
	require.Less(t, before, id)
	require.Less(t, id, after)
}

func monthTables(t *testing.T, s *Store) (tables []monthTable, now time.Time) {
	t.Helper()
	require.NoError(t, s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) (err error) {
		now, tables, err = readMonths(ctx, tx)
		return err
	}))
	return tables, now
}

func dropMonthsAt(t *testing.T, s *Store, now time.Time) error {
	t.Helper()
	tables, _ := monthTables(t, s)
	return s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error { return dropMonths(ctx, tx, tables, now) })
}

// TestThereIsATableForEachMonthToCome, and each has the indexes of the first.
func TestThereIsATableForEachMonthToCome(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	tables, now := monthTables(t, s)
	for ahead := range monthsAhead + 1 {
		id, in := firstID(startOfMonth(now).AddDate(0, ahead, 0).Add(time.Hour)), ""
		for _, table := range tables {
			if table.has(id) {
				require.Empty(t, in, "one table alone")
				in = table.Name
			}
		}
		require.NotEmpty(t, in, "%d months from now", ahead)
		of, err := s.dialect.tableOf(t.Context(), s, task.ID(id))
		require.NoError(t, err)
		require.Equal(t, `"`+in+`"`, string(of))
		fillPostsOf(t, s, id, 10)
		var posts, indexes int
		require.NoError(t, s.db.NewSelect().Table(in).ColumnExpr("count(*)").Where("task_id = ?", id).Scan(t.Context(), &posts))
		require.Equal(t, 10, posts)
		require.NoError(t, s.db.NewSelect().Table("pg_indexes").ColumnExpr("count(*)").Where("tablename = ?", in).Scan(t.Context(), &indexes))
		require.Equal(t, 5, indexes)
	}
	require.NoError(t, s.KeepMonths(t.Context()))
	again, _ := monthTables(t, s)
	require.Equal(t, tables, again)
}

// TestAMonthGoesWhole: when its last task is gone, and nobody reads it.
func TestAMonthGoesWhole(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	of, l := leased(t, s, task.Options{})
	l = save(t, s, l, madeUp(0, 30)...)
	tables, now := monthTables(t, s)
	later := now.AddDate(0, monthsAhead+2, 0)
	require.NoError(t, dropMonthsAt(t, s, later))
	left, _ := monthTables(t, s)
	require.Equal(t, []string{"posts_other", "posts_first"}, names(left), "of all %d those without tasks are gone", len(tables))

	require.NoError(t, s.Finish(t.Context(), l, task.Succeed()))
	_, err := s.UpdateTask(t.Context(), of.User, of.ID, func(of *task.Task) error { return of.Cancel(time.Now()) })
	require.NoError(t, err)
	_, err = s.DeleteTask(t.Context(), of.User, of.ID)
	require.NoError(t, err)
	reader, err := s.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = reader.NewRaw("SELECT count(*) FROM posts").Exec(t.Context())
	require.NoError(t, err)
	require.Error(t, dropMonthsAt(t, s, later), "somebody reads it")
	require.NoError(t, reader.Rollback())

	require.NoError(t, dropMonthsAt(t, s, now), "this month is not over")
	deleted, err := s.TasksDeleted(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, deleted, 1)
	require.NoError(t, dropMonthsAt(t, s, later))
	left, _ = monthTables(t, s)
	require.Equal(t, []string{"posts_other"}, names(left))
	deleted, err = s.TasksDeleted(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, deleted, "nothing is left to be deleted")

	_, l = leased(t, s, task.Options{})
	save(t, s, l, madeUp(0, 30)...) // nothing is lost where no month's table is there
	s.dialect.(postgres).months.set(nil)
	in, err := s.dialect.tableOf(t.Context(), s, l.Subtask.TaskID)
	require.NoError(t, err)
	require.Equal(t, `"posts_other"`, string(in))
}

func names(tables []monthTable) []string {
	all := make([]string, len(tables))
	for i, m := range tables {
		all[i] = m.Name
	}
	return all
}

// TestPostsAreSplitByMonthUnderLoad: a table with posts becomes the first of
// many, also when that was interrupted, while pages go on being stored; and back.
func TestPostsAreSplitByMonthUnderLoad(t *testing.T) {
	t.Parallel()
	const pages, whole = 40, 14
	s := opened(t, env.Postgres(t))
	provider, err := s.migrator()
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), whole)
	require.NoError(t, err)
	fillPosts(t, s, 5, 2000)
	of, l := leased(t, s, task.Options{})
	halfway, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for page := range pages {
			if page == pages/4 {
				close(halfway)
			}
			stored, err := s.SavePage(t.Context(), l, ports.PageWrite{
				Posts: madeUp(page*10, page*10+10), Cursor: content.Cursor{Token: "t", Page: page + 1},
				FreshBatch: task.BatchID(newID()), Opened: 1,
			})
			assert.NoError(t, err)
			l.Subtask = stored.Subtask
		}
	}()
	<-halfway
	for range 2 {
		_, err = provider.UpTo(t.Context(), whole+1)
		require.NoError(t, err)
		_, err = s.db.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id > 14") // as if it had been stopped before it was noted
		require.NoError(t, err)
	}
	require.NoError(t, s.Migrate(t.Context()))
	<-ended
	requirePosts := func() {
		t.Helper()
		var all int
		require.NoError(t, s.db.NewSelect().Table("posts").ColumnExpr("count(*)").Scan(t.Context(), &all))
		require.Equal(t, 5*2000+pages*10, all)
		listed, err := s.Posts(t.Context(), of.User, of.ID, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 500})
		require.NoError(t, err)
		require.Len(t, listed.Items, pages*10)
	}
	requirePosts()
	var limit string
	require.NoError(t, s.db.NewRaw("SHOW statement_timeout").Scan(t.Context(), &limit))
	require.Equal(t, "30s", limit, "what the migration lifted is back")
	_, err = provider.DownTo(t.Context(), whole)
	require.NoError(t, err)
	requirePosts()
	require.NoError(t, s.Migrate(t.Context()))
	requirePosts()
}
