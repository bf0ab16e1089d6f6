package sqlstore

import (
	"context"
	"fmt"
	"slices"
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

// TestTheKitFailsOnBrokenQueues proves the kit as TestTheKitFailsOnBrokenStores
// does.
func TestTheKitFailsOnBrokenQueues(t *testing.T) {
	t.Parallel()
	for notices, broken := range map[string]portstest.QueueShowingStore{
		"queues/are counted by state, for all users":                             countsNothing{newSQLite(t)},
		"queues/tasks are counted by status, for all users":                      countsNoTasks{newSQLite(t)},
		"queues/jobs are listed once each, a page at a time":                     listsFirstPages{newSQLite(t)},
		"queues/a paused queue delivers nothing, and what was delivered is void": pausesNothing{newSQLite(t)},
		"queues/a paused queue holds up no other":                                pausesAll{newSQLite(t)},
		"queues/a dead job runs again":                                           retriesNothing{newSQLite(t)},
		"queues/all dead jobs run again, but for those of cancelled tasks":       retriesNothing{newSQLite(t)},
		"queues/a deleted job ends its task partial":                             dropsNothing{newSQLite(t)},
		"queues/unknown jobs are not found, and others refused":                  dropsNothing{newSQLite(t)},
	} {
		checks := portstest.QueueStoreChecks()
		i := slices.IndexFunc(checks, func(c portstest.QueueStoreCheck) bool { return c.Name == notices })
		require.GreaterOrEqual(t, i, 0, notices)
		check := portstest.StoreCheck{Name: notices, Run: func(t portstest.StoreT, s ports.Store) {
			checks[i].Run(t, s.(portstest.QueueShowingStore))
		}}
		require.False(t, fails(t, check, newSQLite(t)), "%s: fails on a good store", notices)
		require.True(t, fails(t, check, broken), "%s: nothing was noticed", notices)
	}
}

type countsNothing struct{ portstest.QueueShowingStore }

func (s countsNothing) Queues(ctx context.Context) ([]ports.QueueState, error) {
	all, err := s.QueueShowingStore.Queues(ctx)
	for i := range all {
		all[i].Depth[task.JobDead] = 0
	}
	return all, err
}

type countsNoTasks struct{ portstest.QueueShowingStore }

func (s countsNoTasks) TaskCounts(ctx context.Context) (ports.TaskCounts, error) {
	counts, err := s.QueueShowingStore.TaskCounts(ctx)
	counts.EndedLately[task.Failed] = 0
	return counts, err
}

type listsFirstPages struct{ portstest.QueueShowingStore }

func (s listsFirstPages) Jobs(ctx context.Context, t task.SubtaskType, states []task.JobState, p ports.Paging) (ports.Listed[ports.Job], error) {
	listed, err := s.QueueShowingStore.Jobs(ctx, t, states, p)
	listed.Next = ""
	return listed, err
}

type pausesNothing struct{ portstest.QueueShowingStore }

func (pausesNothing) SetQueuePaused(context.Context, task.SubtaskType, bool) error { return nil }

type pausesAll struct{ portstest.QueueShowingStore }

func (s pausesAll) SetQueuePaused(ctx context.Context, _ task.SubtaskType, paused bool) error {
	for _, t := range task.SubtaskTypes() {
		if err := s.QueueShowingStore.SetQueuePaused(ctx, t, paused); err != nil {
			return err
		}
	}
	return nil
}

type retriesNothing struct{ portstest.QueueShowingStore }

func (retriesNothing) RetryJob(context.Context, task.SubtaskType, task.SubtaskID) error { return nil }

func (retriesNothing) RetryDead(context.Context, task.SubtaskType, int) (int, error) { return 0, nil }

type dropsNothing struct{ portstest.QueueShowingStore }

func (dropsNothing) DeleteJob(context.Context, task.SubtaskType, task.SubtaskID) error { return nil }

// TestPlansOfTheQueues: operators look at the queues of a database with 20,000
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

// fillSubtasks makes 20,000 subtasks: most are done, a tenth waits, some are dead.
func fillSubtasks(t *testing.T, s *Store, of task.ID) {
	t.Helper()
	ctx := t.Context()
	sub := newSubtaskRow(task.NewSubtask("", of, task.FetchContent, task.Payload{}, time.Now().Add(-time.Hour)).State())
	for chunk := range 20 {
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
				rows[i].Status, rows[i].FinishedAt = string(task.SubtaskSucceeded), time.Now().Add(-time.Duration(5*n)*time.Second)
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
