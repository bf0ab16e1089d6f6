package sqlstore

import (
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// taskRow is a row of tasks.
type taskRow struct {
	bun.BaseModel `bun:"table:tasks,alias:t"`

	ID            string                  `bun:",pk"`
	UserID        string                  `bun:"user_id"`
	Kind          string                  `bun:"kind"`
	Status        string                  `bun:"status"`
	Run           int                     `bun:"run"`
	Provider      string                  `bun:"provider"`
	Kinds         string                  `bun:"kinds"`
	Sources       []sourceDoc             `bun:"sources,type:jsonb"`
	IntegrationID string                  `bun:"integration_id"`
	TokenSource   string                  `bun:"token_source"`
	Fallback      *access.Fallback        `bun:"fallback,type:jsonb"`
	Options       optionsDoc              `bun:"options,type:jsonb"`
	Export        *task.ExportSpec        `bun:"export,type:jsonb"`
	ExportOf      string                  `bun:"export_of,nullzero"`
	Subtasks      int64                   `bun:"subtasks"`
	Succeeded     int64                   `bun:"succeeded"`
	Failed        int64                   `bun:"failed"`
	Cancelled     int64                   `bun:"cancelled"`
	Fetched       int64                   `bun:"fetched"`
	Spam          int64                   `bun:"spam"`
	Scored        int64                   `bun:"scored"`
	Expected      int64                   `bun:"expected"`
	Opened        int64                   `bun:"opened"`
	Discussion    int64                   `bun:"discussion"`
	Missing       map[content.Cause]int64 `bun:"missing,type:jsonb,nullzero"`
	Problems      []task.Problem          `bun:"problems,type:jsonb,nullzero"`
	FinalPass     bool                    `bun:"final_pass"`
	Trace         string                  `bun:"trace,nullzero"`
	Webhook       *webhookDoc             `bun:"webhook,type:jsonb"`
	CreatedAt     time.Time               `bun:"created_at"`
	StartedAt     time.Time               `bun:"started_at,nullzero"`
	FinishedAt    time.Time               `bun:"finished_at,nullzero"`
	RetryAt       time.Time               `bun:"retry_at,nullzero"`

	Now     time.Time `bun:"now,scanonly"`     // the database's clock at the lock
	Relaxed string    `bun:"relaxed,scanonly"` // see dialect.relax
}

// taskColumns are the columns that a task's life changes. SavePage alone
// writes discussion.
var taskColumns = []string{
	"status", "run", "sources", "token_source", "fallback", "export",
	"subtasks", "succeeded", "failed", "cancelled", "fetched", "spam", "scored", "expected", "opened",
	"missing", "problems", "final_pass", "trace", "webhook", "started_at", "finished_at", "retry_at",
}

// sourceDoc and optionsDoc are the stored forms of a task's sources and
// options: the domain's fields may be renamed, what is stored may not.
type sourceDoc struct {
	Provider   content.ProviderID `json:"provider"`
	Kind       content.SourceKind `json:"kind"`
	ExternalID string             `json:"externalId"`
	ParentID   string             `json:"parentId,omitempty"`
	Order      string             `json:"order,omitempty"`
	URL        string             `json:"url"`
	Title      string             `json:"title,omitempty"`
}

type optionsDoc struct {
	MaxPosts       int64           `json:"maxPosts"`
	IncludeReplies bool            `json:"includeReplies"`
	Since          time.Time       `json:"since,omitzero"`
	Auth           task.AuthChoice `json:"auth,omitempty"`
}

const exportKind = "export"

func newTaskRow(s task.State) taskRow {
	row := taskRow{
		ID: string(s.ID), UserID: string(s.User), Kind: string(s.Kind), Status: string(s.Status), Run: s.Run,
		Provider: string(s.Provider), Kinds: taskKinds(s), Sources: make([]sourceDoc, len(s.Sources)),
		IntegrationID: s.IntegrationID, TokenSource: string(s.TokenSource), Fallback: s.Fallback,
		Options: optionsDoc(s.Options), Export: s.Export,
		Subtasks: s.Counters.Subtasks, Succeeded: s.Counters.Succeeded, Failed: s.Counters.Failed,
		Cancelled: s.Counters.Cancelled, Fetched: s.Counters.Fetched, Spam: s.Counters.Spam,
		Scored: s.Counters.Scored, Expected: s.Counters.Expected, Opened: s.Counters.Opened,
		Missing: s.Missing, Problems: s.Problems, FinalPass: s.FinalPass, Trace: s.Trace, Webhook: (*webhookDoc)(s.Webhook),
		CreatedAt: s.CreatedAt, StartedAt: s.StartedAt, FinishedAt: s.FinishedAt, RetryAt: s.RetryAt,
	}
	for i, src := range s.Sources {
		row.Sources[i] = sourceDoc(src)
	}
	if s.Export != nil {
		row.ExportOf = string(s.Export.TaskID)
	}
	return row
}

// taskKinds returns what a task is filtered by: each kind between commas.
func taskKinds(s task.State) string {
	if s.Kind == task.Export {
		return "," + exportKind + ","
	}
	kinds := make([]string, len(s.Sources))
	for i, src := range s.Sources {
		kinds[i] = string(src.Kind)
	}
	slices.Sort(kinds)
	return "," + strings.Join(slices.Compact(kinds), ",") + ","
}

func (r *taskRow) state() task.State {
	s := task.State{
		ID: task.ID(r.ID), User: access.UserID(r.UserID), Kind: task.Kind(r.Kind), Status: task.Status(r.Status), Run: r.Run,
		Provider: content.ProviderID(r.Provider), Sources: make([]content.Source, len(r.Sources)),
		IntegrationID: r.IntegrationID, TokenSource: access.TokenSource(r.TokenSource), Fallback: r.Fallback,
		Options: task.Options(r.Options), Export: r.Export,
		Counters: task.Counters{
			Subtasks: r.Subtasks, Succeeded: r.Succeeded, Failed: r.Failed, Cancelled: r.Cancelled,
			Fetched: r.Fetched, Spam: r.Spam, Scored: r.Scored, Expected: r.Expected, Opened: r.Opened,
		},
		Missing: r.Missing, Problems: r.Problems, FinalPass: r.FinalPass, Trace: r.Trace, Webhook: (*task.Webhook)(r.Webhook),
		CreatedAt: utc(r.CreatedAt), StartedAt: utc(r.StartedAt), FinishedAt: utc(r.FinishedAt), RetryAt: utc(r.RetryAt),
	}
	for i, src := range r.Sources {
		s.Sources[i] = content.Source(src)
	}
	return s
}

// utc returns the time as everybody else writes it, and the zero time for an
// unknown one.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
