package sqlstore

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// TestPlansOnPostgres looks at the plans of the statements that run for every
// page and every batch, on a table that nobody has analysed yet and on one that
// was analysed before the task at hand began. Both have led planners astray:
// they take a new task for one row, and read all of it for each batch.
func TestPlansOnPostgres(t *testing.T) {
	t.Parallel()
	for name, analysed := range map[string]bool{"never analysed": false, "analysed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPostgres(t)
			fillPosts(t, s, 100, 400)
			if analysed {
				_, err := s.db.ExecContext(t.Context(), "ANALYZE")
				require.NoError(t, err)
			}
			_, l := leased(t, s, task.Options{})
			fillPostsOf(t, s, string(l.Subtask.TaskID), 20_000)
			err := s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
				checkPlans(ctx, t, tx, l.Subtask.TaskID)
				return nil
			})
			require.NoError(t, err)
		})
	}
}

func checkPlans(ctx context.Context, t *testing.T, tx bun.Tx, id task.ID) {
	t.Helper()
	var rows []postRow
	require.NoError(t, tx.NewSelect().Model(&rows).Where("p.task_id = ?", id).Order("p.id").Limit(500).Scan(ctx))
	at := span{table: "posts_first", batch: task.BatchID(rows[0].BatchID), first: rows[0].ID, last: rows[len(rows)-1].ID}
	ids := column(rows, func(r *postRow) string { return r.ID })
	words, scores := make([]string, len(ids)), make([]float64, len(ids))

	requirePlan(ctx, t, tx, "posts_first_batch", at.update(pgSetSpam), string(at.batch), at.first, at.last, ids, words, scores, make([]*string, len(ids)), words, make([]int, len(ids)))
	requirePlan(ctx, t, tx, "posts_first_batch", at.update(pgSetSentiments), string(at.batch), at.first, at.last, ids, words, scores, words)
	requirePlan(ctx, t, tx, "posts_pkey", pgInsertPosts+updateKnown, pgPostArgs(rows)...)
}

// TestStalePostsAreReadByBatch is about a task that the planner takes for one
// post.
func TestStalePostsAreReadByBatch(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	fillPosts(t, s, 1, 20_000)
	_, err := s.db.ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)
	_, l := leased(t, s, task.Options{})
	fillPostsOf(t, s, string(l.Subtask.TaskID), 100)
	err = s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		var batch string
		require.NoError(t, tx.NewSelect().Table("posts").Column("batch_id").Where("task_id = ?", l.Subtask.TaskID).Limit(1).Scan(ctx, &batch))
		requirePlan(ctx, t, tx, "posts_first_batch", batchQuery(s.dialect, "posts_first"), batch, uuid.Nil.String(), false, 500)
		return nil
	})
	require.NoError(t, err)
}

// TestAPostIsFoundByItsID is about a verdict, which names nothing but the task
// and the post.
func TestAPostIsFoundByItsID(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		created, l := leased(t, s, task.Options{})
		l = save(t, s, l, madeUp(0, 600)...)
		save(t, s, l, madeUp(600, 700)...)
		all, err := s.Posts(t.Context(), created.User, created.ID, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 700})
		require.NoError(t, err)
		for _, p := range all.Items {
			key, err := s.postKey(t.Context(), created.ID, p.ID)
			require.NoError(t, err, "in a closed batch, or in one that is still being filled")
			require.Equal(t, p.ExternalID, key)
		}
		_, err = s.postKey(t.Context(), created.ID, newID())
		require.True(t, fault.Is(err, fault.NotFound))
		other, _ := leased(t, s, task.Options{})
		_, err = s.postKey(t.Context(), other.ID, all.Items[0].ID)
		require.True(t, fault.Is(err, fault.NotFound), "it is of another task")
	})
}

// TestAPostIsReadByItsBatch looks at the plan of that.
func TestAPostIsReadByItsBatch(t *testing.T) {
	t.Parallel()
	id, query := newID(), strings.NewReplacer("FROM ?", "FROM posts", "(?)", "(?, ?)").Replace(postInBatches)
	lite := newSQLite(t)
	require.Equal(t, []string{"SEARCH p USING INDEX posts_batch (batch_id=? AND id=?)"}, sqlitePlan(t, lite, query, id, id, id))
	s := newPostgres(t)
	fillPosts(t, s, 20, 500)
	for range 2 {
		err := s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			plan := planOf(ctx, t, tx, strings.NewReplacer("FROM ?", "FROM posts_first", "(?) AND p.id = ?", "($1, $2) AND p.id = $3").Replace(postInBatches), id, newID(), id)
			require.Regexp(t, `posts_first_batch[^\n]*\n\s+Index Cond: .*batch_id.*id =`, plan)
			return nil
		})
		require.NoError(t, err)
		_, err = s.db.ExecContext(t.Context(), "ANALYZE posts")
		require.NoError(t, err)
	}
}

// TestListsAreWalkedByTheirIndex is about a list of a large task of which a
// search may see a part alone.
func TestListsAreWalkedByTheirIndex(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	created, _ := leased(t, s, task.Options{})
	fillPosts(t, s, 1, 3000)
	fillPostsOf(t, s, string(created.ID), 5000)
	_, err := s.db.ExecContext(t.Context(), "ANALYZE posts")
	require.NoError(t, err)
	for order, index := range map[analysis.Order]string{analysis.NewestFirst: "posts_first_published", analysis.OldestFirst: "posts_first_published", analysis.MostLiked: "posts_first_liked"} {
		for _, f := range []analysis.PostFilter{{Query: "nowhere"}, {Author: "nobody"}, {Spam: []analysis.Verdict{analysis.Spam}}} {
			heard := &queryRecorder{}
			watched := *s
			watched.read = s.read.WithQueryHook(heard)
			page, err := watched.Posts(t.Context(), created.User, created.ID, f, order, ports.Paging{Limit: 25, Within: 300})
			require.NoError(t, err)
			require.Empty(t, page.Items)
			require.NotEmpty(t, page.Next)
			for _, query := range heard.queries[1:] { // the first looks whose the task is
				plan := planUndone(t, s, query)
				require.Contains(t, plan, index, query)
				require.NotRegexp(t, `rows=[0-9]{4}`, plan, query)
			}
		}
	}
}

// TestAnIntegrationIsOneIndexedRead is about the path of a valid token: no row
// but the one that is returned is read, and nothing is sorted.
func TestAnIntegrationIsOneIndexedRead(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	_, err := s.db.ExecContext(t.Context(), `INSERT INTO users SELECT gen_random_uuid(), n::text, '', '', now() FROM generate_series(1, 500) AS n`)
	require.NoError(t, err)
	_, err = s.db.ExecContext(t.Context(), `INSERT INTO integrations (id, user_id, provider, account_id, account_name, scopes, reason, version, created_at)
		SELECT gen_random_uuid(), u.id, p, n::text, 'somebody', '[]', CASE n % 3 WHEN 0 THEN '' ELSE 'revoked' END, 1, now()
		FROM users AS u, generate_series(1, 20) AS n, unnest(ARRAY['youtube', 'reddit']) AS p`)
	require.NoError(t, err)
	_, err = s.db.ExecContext(t.Context(), "ANALYZE integrations")
	require.NoError(t, err)
	var one integrationRow
	require.NoError(t, s.db.NewSelect().Model(&one).Where("i.reason = ''").Limit(1).Scan(t.Context()))
	named, newest := newIntegrationQueries(s.dialect)
	err = s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for _, c := range []struct {
			index, query string
			args         []any
		}{
			{"integrations_pkey", named, []any{one.UserID, one.Provider, one.ID}},
			{"integrations_newest", newest, []any{one.UserID, one.Provider}},
		} {
			plan := planOf(ctx, t, tx, c.query, c.args...)
			require.Contains(t, plan, "Index Scan using "+c.index, plan)
			require.NotContains(t, plan, "Sort", plan)
			require.NotContains(t, plan, "Rows Removed by Filter", plan)
			require.Contains(t, plan, "rows=1 loops=1", plan)
		}
		return nil
	})
	require.NoError(t, err)
}

// TestAnIntegrationIsOneIndexedReadOnSQLite looks for the same.
func TestAnIntegrationIsOneIndexedReadOnSQLite(t *testing.T) {
	t.Parallel()
	s := newSQLite(t)
	in := connected(t, s)
	named, newest := newIntegrationQueries(s.dialect)
	for want, q := range map[string][]any{
		"sqlite_autoindex_integrations_1 (id=?)":         {named, string(in.UserID), "youtube", in.ID},
		"integrations_newest (user_id=? AND provider=?)": {newest, string(in.UserID), "youtube"},
	} {
		steps := sqlitePlan(t, s, q[0].(string), q[1:]...)
		require.Len(t, steps, 1, "one search, nothing sorted")
		require.Contains(t, steps[0], want)
	}
}

// sqlitePlan returns the steps that SQLite takes for a query.
func sqlitePlan(t *testing.T, s *Store, query string, args ...any) (steps []string) {
	t.Helper()
	rows, err := s.read.DB.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		steps = append(steps, detail)
	}
	require.NoError(t, rows.Err())
	return steps
}

// requirePlan runs the statement and fails if it read more rows of posts than
// it was asked for, or by another index.
func requirePlan(ctx context.Context, t *testing.T, tx bun.Tx, index, query string, args ...any) {
	t.Helper()
	plan := planOf(ctx, t, tx, query, args...)
	require.Contains(t, plan, index, plan)
	require.NotContains(t, plan, "Seq Scan on posts", plan)
	require.NotContains(t, plan, "_published", plan)
	require.NotContains(t, plan, "posts_other", "other months than the task's: "+plan)
	require.NotContains(t, plan, "Rows Removed by Filter", plan)
}

// planOf runs the statement and returns how that was done.
func planOf(ctx context.Context, t *testing.T, tx bun.Tx, query string, args ...any) string {
	t.Helper()
	lines, err := tx.Tx.QueryContext(ctx, "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "+query, args...)
	require.NoError(t, err)
	defer func() { _ = lines.Close() }()
	var plan strings.Builder
	for lines.Next() {
		var line string
		require.NoError(t, lines.Scan(&line))
		plan.WriteString(line + "\n")
	}
	require.NoError(t, lines.Err())
	return plan.String()
}

// fillPosts makes tasks with posts, in batches of 500.
func fillPosts(t *testing.T, s *Store, tasks, posts int) {
	t.Helper()
	for range tasks {
		fillPostsOf(t, s, newID(), posts)
	}
}

func fillPostsOf(t *testing.T, s *Store, id string, posts int) {
	t.Helper()
	batch := newID()
	_, err := s.db.ExecContext(t.Context(), `INSERT INTO posts (task_id, external_id, id, batch_id, published_at, likes, occurrences,
			first_run, last_seen_run, by_owner, deleted, kind, parent_external_id, root_external_id, author_name, author_external_id, body, url)
		SELECT ?, md5(n::text), lpad(to_hex(n), 32, '0')::uuid, ?, now() - n * interval '1 minute', 0, 1,
			1, 1, false, false, 'comment', '', '', 'somebody', 'UC', repeat('words ', 10), ''
		FROM generate_series(1, ?) AS n`, id, batch, posts)
	require.NoError(t, err)
}

// TestDeletedPostsGoByTheirKey is about a task that the planner takes for one
// post: by another index, each batch would read all that are left.
func TestDeletedPostsGoByTheirKey(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	fillPosts(t, s, 20, 500)
	_, err := s.db.ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)
	id := task.ID(newID())
	fillPostsOf(t, s, string(id), 5000)
	_, err = s.db.NewInsert().Model(&deletedTaskRow{TaskID: string(id)}).Exec(t.Context())
	require.NoError(t, err)
	heard := &queryRecorder{}
	watched := *s
	watched.db = s.db.WithQueryHook(heard)
	next, err := watched.DeletePosts(t.Context(), id, "", 100)
	require.NoError(t, err)
	require.NotEmpty(t, next)
	heard.queries = nil
	_, err = watched.DeletePosts(t.Context(), id, next, 100)
	require.NoError(t, err)
	looked := 0
	for _, query := range heard.queries {
		plan := planUndone(t, s, "SET LOCAL enable_sort = off", query)
		if strings.Contains(plan, "posts_first") {
			looked++
			require.Contains(t, plan, "posts_first_pkey", query)
			require.NotRegexp(t, `rows=[0-9]{4}`, plan, query)
			require.NotContains(t, plan, "Removed by Filter", plan)
		}
	}
	require.Equal(t, 1, looked)
}
