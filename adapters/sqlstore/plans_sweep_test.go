package sqlstore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// TestPlansOfDispatchAndSweep looks at every statement that a dispatch and a
// sweep run where nearly all tasks and subtasks have ended: none may read those.
func TestPlansOfDispatchAndSweep(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	fillEnded(t, s)
	for _, mishap := range []string{
		"status = 'running', lease_until = now() - interval '1 hour'",
		"status = 'waiting', run_at = now() - interval '1 hour'",
		"status = 'queued', queued_at = now() - interval '1 hour'",
		"status = 'pending', run_at = now() - interval '1 hour'",
		"status = 'succeeded'",
	} {
		_, l := leased(t, s, task.Options{})
		_, err := s.db.ExecContext(t.Context(), "UPDATE subtasks SET "+mishap+" WHERE id = ?", l.Subtask.ID)
		require.NoError(t, err)
	}
	_, err := s.db.ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)

	heard := &queryRecorder{}
	s.db = s.db.WithQueryHook(heard)
	deliveries, err := s.Dispatch(t.Context(), task.DefaultLimits())
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	swept, err := s.Sweep(t.Context(), ports.SweepLimits{Unclaimed: time.Minute, Rows: 500})
	require.NoError(t, err)
	require.Equal(t, [4]int{1, 1, 1, 1}, [4]int{swept.Lost, swept.Unparked, swept.Settled, len(swept.Again)})
	said := heard.queries
	require.Greater(t, len(said), 10)
	for _, query := range said {
		plan := planUndone(t, s, query)
		for _, table := range []string{"subtasks", "tasks", "posts"} {
			require.NotContains(t, plan, "Seq Scan on "+table, "%s\n%s", query, plan)
		}
	}
}

// queryRecorder keeps the statements that can be explained.
type queryRecorder struct{ queries []string }

// BeforeQuery does nothing.
func (*queryRecorder) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

// AfterQuery keeps the statement with its arguments in it.
func (r *queryRecorder) AfterQuery(_ context.Context, event *bun.QueryEvent) {
	switch verb, _, _ := strings.Cut(event.Query, " "); verb {
	case "SELECT", "WITH", "INSERT", "UPDATE", "DELETE":
		r.queries = append(r.queries, event.Query)
	}
}

// planUndone runs statements, takes back what they did, and returns the plan of
// the last.
func planUndone(t *testing.T, s *Store, queries ...string) string {
	t.Helper()
	tx, err := s.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	last := len(queries) - 1
	for _, query := range queries[:last] {
		_, err := tx.NewRaw(query).Exec(t.Context())
		require.NoError(t, err)
	}
	return planOf(t.Context(), t, tx, queries[last])
}

// fillEnded makes 5,000 tasks that have ended, and gives 200 of them 500
// subtasks each that have ended too. A task that the store has made is the
// pattern.
func fillEnded(t *testing.T, s *Store) {
	t.Helper()
	leased(t, s, task.Options{})
	for _, statement := range []string{
		`INSERT INTO tasks SELECT made.* FROM tasks AS t, generate_series(1, 5000) AS n,
			jsonb_populate_record(t, jsonb_build_object('id', lpad(to_hex(n), 32, '0'), 'user_id', lpad(to_hex(n), 32, '0'),
				'status', 'completed', 'finished_at', now())) AS made
			WHERE t.id = (SELECT id FROM tasks LIMIT 1)`,
		`INSERT INTO subtasks SELECT made.* FROM subtasks AS s, generate_series(1, 100000) AS n,
			jsonb_populate_record(s, jsonb_build_object('id', lpad(to_hex(n), 32, '0'), 'task_id', lpad(to_hex(n % 200 + 1), 32, '0'),
				'status', 'succeeded', 'owner', '', 'finished_at', now())) AS made
			WHERE s.id = (SELECT id FROM subtasks LIMIT 1)`,
	} {
		_, err := s.db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
}
