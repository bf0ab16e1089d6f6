package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestQueuesOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestQueueStore(t, func(t *testing.T) portstest.QueueShowingStore { return newSQLite(t) })
}

func TestQueuesOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestQueueStore(t, func(t *testing.T) portstest.QueueShowingStore { return newPostgres(t) })
}

// TestPlansOfTheQueues: operators look at the queues of a database with 100,000
// subtasks every few seconds, and nothing of that may read them all.
func TestPlansOfTheQueues(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		of := newTask(t, s, "ada")
		fillSubtasks(t, s, of.ID)
		paused := flow{paused: []task.SubtaskType{task.FetchContent, task.DetectSpam}}
		err := s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			s.requireIndex(ctx, t, tx, "subtasks_", countIn(tx, task.JobWaiting.Statuses())) // or that of all open ones
			s.requireIndex(ctx, t, tx, "subtasks_dead", countIn(tx, task.JobDead.Statuses()))
			s.requireIndex(ctx, t, tx, "subtasks_queued", countIn(tx, task.JobQueued.Statuses()))
			s.requireIndex(ctx, t, tx, "subtasks_running", countIn(tx, task.JobRunning.Statuses()))
			s.requireIndex(ctx, t, tx, "subtasks_finished", s.endedLately(tx))
			s.requireIndex(ctx, t, tx, "subtasks_backlog", s.firstDue(tx, task.DetectSpam, task.JobWaiting))
			s.requireIndex(ctx, t, tx, "subtasks_queued", s.firstDue(tx, task.DetectSpam, task.JobQueued))
			behind, err := jobsBehind(newList(), newList().seal([]string{"1", newID()}))
			require.NoError(t, err)
			for state, index := range map[task.JobState]string{
				task.JobWaiting: "subtasks_backlog", task.JobDead: "subtasks_dead",
				task.JobQueued: "subtasks_queued", task.JobRunning: "subtasks_running",
			} {
				s.requireIndex(ctx, t, tx, index, jobsIn(tx, task.FetchContent, state).Limit(50))
				s.requireIndex(ctx, t, tx, index, behind(jobsIn(tx, task.FetchContent, state)).Limit(50))
			}
			s.requireIndex(ctx, t, tx, "subtasks_dead", s.deadOf(task.FetchContent, 100))
			s.requireIndex(ctx, t, tx, "subtasks_due", s.due(tx, paused, of.ID).Limit(16))
			return nil
		})
		require.NoError(t, err)
		began := time.Now()
		_, err = s.Queues(t.Context())
		require.NoError(t, err)
		_, err = s.Jobs(t.Context(), task.FetchContent, task.JobStates(), ports.Paging{Limit: 100})
		require.NoError(t, err)
		t.Logf("both lists took %s", time.Since(began))
	})
}

// fillSubtasks makes 100,000 subtasks: most are done, a tenth waits, some are dead.
func fillSubtasks(t *testing.T, s *Store, of task.ID) {
	t.Helper()
	ctx := t.Context()
	sub := newSubtaskRow(task.NewSubtask("", of, task.FetchContent, task.Payload{}, time.Now().Add(-time.Hour)).State())
	for chunk := range 100 {
		rows := make([]subtaskRow, 1000)
		for i := range rows {
			n := chunk*len(rows) + i
			rows[i] = sub
			rows[i].ID, rows[i].Type = newID(), string(task.SubtaskTypes()[n%3])
			rows[i].Rank = rank(task.SubtaskType(rows[i].Type))
			switch {
			case n%10 == 0:
			case n%1000 == 1:
				rows[i].Status = string(task.SubtaskFailed)
			case n%1000 == 2:
				rows[i].Status = string(task.SubtaskQueued)
			case n%1000 == 3:
				rows[i].Status = string(task.SubtaskRunning)
			default:
				rows[i].Status, rows[i].FinishedAt = string(task.SubtaskSucceeded), time.Now().Add(-time.Duration(n)*time.Second)
			}
		}
		_, err := s.db.NewInsert().Model(&rows).Exec(ctx)
		require.NoError(t, err)
	}
	tidy := "VACUUM ANALYZE subtasks" // as autovacuum does
	if _, sqlite := s.dialect.(sqliteDB); sqlite {
		tidy = "ANALYZE"
	}
	_, err := s.db.ExecContext(ctx, tidy)
	require.NoError(t, err)
}

// requireIndex fails unless the query reads subtasks by the index alone.
func (s *Store) requireIndex(ctx context.Context, t *testing.T, tx bun.Tx, index string, q *bun.SelectQuery) {
	t.Helper()
	explain := "EXPLAIN "
	if _, sqlite := s.dialect.(sqliteDB); sqlite {
		explain = "EXPLAIN QUERY PLAN "
	}
	rows, err := tx.QueryContext(ctx, explain+q.String())
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var plan strings.Builder
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(any)
		}
		require.NoError(t, rows.Scan(line...))
		fmt.Fprintln(&plan, *line[len(line)-1].(*any))
	}
	require.NoError(t, rows.Err())
	require.Contains(t, plan.String(), index, "%s\n%s", q, plan.String())
	require.NotContains(t, plan.String(), "Seq Scan on subtasks", "%s\n%s", q, plan.String())
	require.NotContains(t, plan.String(), "SCAN s\n", "%s\n%s", q, plan.String())
}
