package sqlstore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestWatchOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestWatchStore(t, func(t *testing.T) portstest.StoreWithWatch { return newSQLite(t) })
}

func TestWatchOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestWatchStore(t, func(t *testing.T) portstest.StoreWithWatch { return newPostgres(t) })
}

// TestTheWatchKitFailsOnBrokenStores proves the kit as
// TestTheKitFailsOnBrokenStores does.
func TestTheWatchKitFailsOnBrokenStores(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		notices string
		broken  func([]task.State) []task.State
	}{
		"leaves out what open subtasks brought": {
			"tasks are as Task has them, at every step",
			func(s []task.State) []task.State { s[0].Counters.Fetched = 0; return s },
		},
		"tells of nobody's tasks": {
			"tasks come once, whoever's they are, and what is none is left out",
			func(s []task.State) []task.State { return append(s, task.State{}) },
		},
		"stops at a thousand": {
			"any number of tasks is read",
			func(s []task.State) []task.State { return s[:min(len(s), 1000)] },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, check := range portstest.WatchChecks() {
				if check.Name != c.notices {
					continue
				}
				run := func(s portstest.StoreWithWatch) portstest.StoreCheck {
					return portstest.StoreCheck{Run: func(r portstest.StoreT, _ ports.Store) { check.Run(r, s) }}
				}
				require.False(t, fails(t, run(newSQLite(t)), nil), "the check fails on a good store")
				require.True(t, fails(t, run(changesWatched{newSQLite(t), c.broken}), nil), "nothing was noticed")
				return
			}
			t.Fatalf("there is no check %q", c.notices)
		})
	}
}

// changesWatched changes what is read.
type changesWatched struct {
	*Store
	change func([]task.State) []task.State
}

func (s changesWatched) TasksNow(ctx context.Context, ids []task.ID) ([]task.State, error) {
	states, err := s.Store.TasksNow(ctx, ids)
	if err != nil || len(states) == 0 {
		return states, err
	}
	return s.change(states), nil
}

// TestWatchedTasksAreReadByTheirIndexes: what is asked every second must not
// grow with what others have.
func TestWatchedTasksAreReadByTheirIndexes(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	fillTasks(t, s, 1000)
	var ids []task.ID
	require.NoError(t, s.db.NewSelect().Table("tasks").Column("id").Order("id").Limit(20).Scan(t.Context(), &ids))
	query := selectWatched(s.read, new([]taskView), ids).String()
	require.NoError(t, s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		plan := planOf(ctx, t, tx, query)
		require.Contains(t, plan, "tasks_pkey", plan)
		require.Contains(t, plan, "subtasks_open", plan)
		require.NotContains(t, plan, "Seq Scan", plan)
		return nil
	}))
}

// fillTasks makes tasks with ten subtasks each, of which one is open.
func fillTasks(t *testing.T, s *Store, tasks int) {
	t.Helper()
	_, l := leased(t, s, task.Options{})
	of := l.Subtask.TaskID
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO tasks SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).*
			FROM tasks AS t, generate_series(1, ?)`, []any{tasks}},
		{`INSERT INTO subtasks SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'task_id', t.id,
			'status', CASE n WHEN 1 THEN 'running' ELSE 'succeeded' END))).*
			FROM tasks AS t, subtasks AS s, generate_series(1, 10) AS n WHERE t.id <> ?`, []any{of}},
		{`ANALYZE tasks, subtasks`, nil},
	} {
		_, err := s.db.ExecContext(t.Context(), step.query, step.args...)
		require.NoError(t, err)
	}
}
