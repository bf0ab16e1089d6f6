package sqlstore

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// subtaskRow is a row of subtasks.
type subtaskRow struct {
	bun.BaseModel `bun:"table:subtasks,alias:s"`

	ID            string                  `bun:",pk"`
	TaskID        string                  `bun:"task_id"`
	Type          string                  `bun:"type"`
	Status        string                  `bun:"status"`
	Rank          int16                   `bun:"rank"`
	Generation    int64                   `bun:"generation"`
	Attempt       int                     `bun:"attempt"`
	Lost          int                     `bun:"lost"`
	Payload       task.Payload            `bun:"payload,type:jsonb"`
	Cursor        content.Cursor          `bun:"cursor,type:jsonb"`
	Batch         string                  `bun:"batch,nullzero"`
	BatchPosts    int64                   `bun:"batch_posts"`
	Subtasks      int64                   `bun:"subtasks"`
	Fetched       int64                   `bun:"fetched"`
	Spam          int64                   `bun:"spam"`
	Scored        int64                   `bun:"scored"`
	Expected      int64                   `bun:"expected"`
	Opened        int64                   `bun:"opened"`
	Missing       map[content.Cause]int64 `bun:"missing,type:jsonb,nullzero"`
	Problem       *task.Problem           `bun:"problem,type:jsonb"`
	TokenSource   string                  `bun:"token_source"`
	AuthMethod    string                  `bun:"auth_method"`
	IntegrationID string                  `bun:"integration_id"`
	Fallback      *access.Fallback        `bun:"fallback,type:jsonb"`
	Owner         string                  `bun:"owner"`
	LeaseUntil    time.Time               `bun:"lease_until,nullzero"`
	QueuedAt      time.Time               `bun:"queued_at,nullzero"`
	RunAt         time.Time               `bun:"run_at"`
	ParkedSince   time.Time               `bun:"parked_since,nullzero"`
	CreatedAt     time.Time               `bun:"created_at"`
	StartedAt     time.Time               `bun:"started_at,nullzero"`
	FinishedAt    time.Time               `bun:"finished_at,nullzero"`

	Now     time.Time `bun:"now,scanonly"`     // the database's clock at the lock
	Relaxed string    `bun:"relaxed,scanonly"` // see dialect.relax
}

// subtaskColumns are the columns that a subtask's own life changes. Owner,
// lease and queue time belong to the protocol and are written by it alone.
var subtaskColumns = []string{
	"status", "generation", "attempt", "lost", "cursor", "batch", "batch_posts",
	"subtasks", "fetched", "spam", "scored", "expected", "opened", "missing", "problem",
	"token_source", "auth_method", "integration_id", "fallback", "run_at", "parked_since", "finished_at",
}

// rank makes posts be judged before more are fetched, so that little stands
// half done and what is judged is still in the caches.
func rank(t task.SubtaskType) int16 {
	if t == task.FetchContent {
		return 1
	}
	return 0
}

func newSubtaskRow(s task.SubtaskState) subtaskRow {
	return subtaskRow{
		ID: string(s.ID), TaskID: string(s.TaskID), Type: string(s.Type), Status: string(s.Status), Rank: rank(s.Type),
		Generation: s.Generation, Attempt: s.Attempt, Lost: s.Lost,
		Payload: s.Payload, Cursor: s.Cursor, Batch: string(s.Batch), BatchPosts: s.BatchPosts,
		Subtasks: s.Counters.Subtasks, Fetched: s.Counters.Fetched, Spam: s.Counters.Spam,
		Scored: s.Counters.Scored, Expected: s.Counters.Expected, Opened: s.Counters.Opened,
		Missing: s.Missing, Problem: s.Problem,
		TokenSource: string(s.TokenSource), AuthMethod: string(s.AuthMethod), IntegrationID: s.IntegrationID, Fallback: s.Fallback,
		RunAt: s.RunAt, ParkedSince: s.ParkedSince,
		CreatedAt: s.CreatedAt, StartedAt: s.StartedAt, FinishedAt: s.FinishedAt,
	}
}

// state returns the subtask's state. How it ended is counted by its status, so
// that no column has to repeat it.
func (r *subtaskRow) state() task.SubtaskState {
	s := task.SubtaskState{
		ID: task.SubtaskID(r.ID), TaskID: task.ID(r.TaskID), Type: task.SubtaskType(r.Type), Status: task.SubtaskStatus(r.Status),
		Generation: r.Generation, Attempt: r.Attempt, Lost: r.Lost,
		Payload: r.Payload, Cursor: r.Cursor, Batch: task.BatchID(r.Batch), BatchPosts: r.BatchPosts,
		Counters: task.Counters{
			Subtasks: r.Subtasks, Fetched: r.Fetched, Spam: r.Spam,
			Scored: r.Scored, Expected: r.Expected, Opened: r.Opened,
		},
		Missing: r.Missing, Problem: r.Problem,
		TokenSource: access.TokenSource(r.TokenSource), AuthMethod: access.AuthMethod(r.AuthMethod), IntegrationID: r.IntegrationID, Fallback: r.Fallback,
		RunAt: utc(r.RunAt), ParkedSince: utc(r.ParkedSince),
		CreatedAt: utc(r.CreatedAt), StartedAt: utc(r.StartedAt), FinishedAt: utc(r.FinishedAt),
	}
	switch s.Status {
	case task.SubtaskSucceeded:
		s.Counters.Succeeded = 1
	case task.SubtaskFailed:
		s.Counters.Failed = 1
	case task.SubtaskCancelled:
		s.Counters.Cancelled = 1
	}
	return s
}
