package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.QueueStore = (*Store)(nil)

// Queues reads everything in one snapshot.
func (s *Store) Queues(ctx context.Context) ([]ports.QueueState, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var queues []ports.QueueState
	err := s.runInTx(ctx, s.read, s.dialect.snapshot(), func(ctx context.Context, tx bun.Tx) error {
		paused, err := pausedTypes(ctx, tx)
		if err != nil {
			return err
		}
		queues = make([]ports.QueueState, 0, len(task.SubtaskTypes()))
		for _, t := range task.SubtaskTypes() {
			q := ports.QueueState{Type: t, Paused: slices.Contains(paused, t), Depth: map[task.JobState]int64{}}
			if q.Oldest, err = s.oldestDue(ctx, tx, t); err != nil {
				return err
			}
			queues = append(queues, q)
		}
		return s.countJobs(ctx, tx, queues)
	})
	return queues, s.fault(err)
}

func pausedTypes(ctx context.Context, db bun.IDB) ([]task.SubtaskType, error) {
	var paused []task.SubtaskType
	err := db.NewSelect().Table("paused_queues").Column("type").Scan(ctx, &paused)
	return paused, err
}

// counted is a number of subtasks of a type.
type counted struct {
	Type  task.SubtaskType `bun:"type"`
	State task.JobState    `bun:"state"`
	Jobs  int64            `bun:"jobs"`
}

func (s *Store) countJobs(ctx context.Context, tx bun.Tx, queues []ports.QueueState) error {
	for _, state := range task.JobStates() {
		found, err := scanCounts(ctx, countIn(tx, state.Statuses()))
		if err != nil {
			return err
		}
		for i := range queues {
			queues[i].Depth[state] = found[queues[i].Type]
		}
	}
	ended, err := scanCounts(ctx, s.endedLately(tx))
	for i := range queues {
		queues[i].PerMinute = ended[queues[i].Type]
	}
	return err
}

// countIn counts the subtasks of each type that are in one of the states. Each
// set of states has an index of its own; one statement for all would use none.
func countIn(tx bun.Tx, statuses []task.SubtaskStatus) *bun.SelectQuery {
	return tx.NewSelect().TableExpr("subtasks AS s").Column("s.type").ColumnExpr("count(*) AS jobs").
		Where("?", inStatus(statuses)).GroupExpr("s.type")
}

func (s *Store) endedLately(tx bun.Tx) *bun.SelectQuery {
	return countIn(tx, []task.SubtaskStatus{task.SubtaskSucceeded, task.SubtaskFailed}).
		Where("s.finished_at > ?", s.dialect.after(-time.Minute))
}

func scanCounts(ctx context.Context, q *bun.SelectQuery) (map[task.SubtaskType]int64, error) {
	var rows []counted
	err := q.Scan(ctx, &rows)
	found := make(map[task.SubtaskType]int64, len(rows))
	for _, r := range rows {
		found[r.Type] = r.Jobs
	}
	return found, err
}

// inStatus spells the condition as the partial indexes do: SQLite takes no
// other one for theirs.
func inStatus(statuses []task.SubtaskStatus) schema.QueryAppender {
	if len(statuses) == 1 {
		return bun.SafeQuery("s.status = ?", statuses[0])
	}
	return bun.SafeQuery("s.status IN (?)", bun.List(statuses))
}

// oldestDue returns how long the due job of the type that nobody runs has
// waited, zero where there is none.
func (s *Store) oldestDue(ctx context.Context, tx bun.Tx, t task.SubtaskType) (time.Duration, error) {
	var oldest time.Duration
	for _, state := range []task.JobState{task.JobWaiting, task.JobQueued} {
		var row struct {
			RunAt time.Time `bun:"run_at"`
			Now   time.Time `bun:"now"`
		}
		err := s.firstDue(tx, t, state).ColumnExpr("? AS now", s.dialect.after(0)).Scan(ctx, &row)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return 0, err
		}
		oldest = max(oldest, row.Now.Sub(row.RunAt))
	}
	return oldest, nil
}

func (s *Store) firstDue(tx bun.Tx, t task.SubtaskType, state task.JobState) *bun.SelectQuery {
	return tx.NewSelect().TableExpr("subtasks AS s").Column("s.run_at").
		Where("s.type = ?", t).Where("?", inStatus(state.Statuses())).Where("s.run_at <= ?", s.dialect.after(0)).
		Where("NOT EXISTS (SELECT 1 FROM tasks AS t WHERE t.id = s.task_id AND t.status = ?)", task.Paused).
		Order("s.run_at").Limit(1)
}

// jobRow has what operators see of a subtask, and nothing of what it is about.
type jobRow struct {
	ID        string        `bun:"id"`
	TaskID    string        `bun:"task_id"`
	Type      string        `bun:"type"`
	Attempt   int           `bun:"attempt"`
	Problem   *task.Problem `bun:"problem,type:jsonb"`
	RunAt     time.Time     `bun:"run_at"`
	CreatedAt time.Time     `bun:"created_at"`
	StartedAt time.Time     `bun:"started_at,nullzero"`
}

func (r *jobRow) job(state task.JobState) ports.Job {
	j := ports.Job{
		ID: task.SubtaskID(r.ID), TaskID: task.ID(r.TaskID), Type: task.SubtaskType(r.Type), State: state, Attempt: r.Attempt,
		RunAt: utc(r.RunAt), CreatedAt: utc(r.CreatedAt), StartedAt: utc(r.StartedAt),
	}
	if r.Problem != nil {
		j.LastError = r.Problem.Code
	}
	return j
}

// Jobs reads each state by its index, and merges.
func (s *Store) Jobs(ctx context.Context, t task.SubtaskType, states []task.JobState, p ports.Paging) (ports.Listed[ports.Job], error) {
	var none ports.Listed[ports.Job]
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	list := newList("jobs", t, states)
	behind, err := jobsBehind(list, p.After)
	if err != nil {
		return none, err
	}
	var jobs []ports.Job
	err = s.runInTx(ctx, s.read, s.dialect.snapshot(), func(ctx context.Context, tx bun.Tx) error {
		for _, state := range states {
			var rows []jobRow
			if err := behind(jobsIn(tx, t, state)).Limit(int64(p.Limit)+1).Scan(ctx, &rows); err != nil {
				return err
			}
			for i := range rows {
				jobs = append(jobs, rows[i].job(state))
			}
		}
		return nil
	})
	if err != nil {
		return none, s.fault(err)
	}
	slices.SortFunc(jobs, dueFirst)
	return paged(list, jobs, p.Limit, func(j ports.Job) []string {
		return []string{strconv.FormatInt(j.RunAt.UnixMicro(), 10), string(j.ID)}
	}), nil
}

func jobsIn(tx bun.Tx, t task.SubtaskType, state task.JobState) *bun.SelectQuery {
	return tx.NewSelect().TableExpr("subtasks AS s").
		Column("s.id", "s.task_id", "s.type", "s.attempt", "s.problem", "s.run_at", "s.created_at", "s.started_at").
		Where("s.type = ?", t).Where("?", inStatus(state.Statuses())).Order("s.run_at", "s.id")
}

// jobsBehind starts a query behind a cursor.
func jobsBehind(l list, cursor string) (func(*bun.SelectQuery) *bun.SelectQuery, error) {
	if cursor == "" {
		return func(q *bun.SelectQuery) *bun.SelectQuery { return q }, nil
	}
	keys, err := l.open(cursor, 2)
	if err != nil {
		return nil, err
	}
	micros, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil {
		return nil, badCursor()
	}
	due := time.UnixMicro(micros).UTC()
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("(s.run_at, s.id) > (?, ?)", due, keys[1])
	}, nil
}

func dueFirst(a, b ports.Job) int {
	if c := a.RunAt.Compare(b.RunAt); c != 0 {
		return c
	}
	if a.ID < b.ID {
		return -1
	}
	return 1
}

func noSuchJob() *fault.Error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "there is no job of this id in this queue")
}
