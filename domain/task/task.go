package task

import (
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// ID identifies a task, a UUID v7.
type ID string

// Kind tells an analysis from an export.
type Kind string

// The kinds of task, spelt as the HTTP contract has them.
const (
	Analysis Kind = "analysis"
	Export   Kind = "export"
)

// AuthChoice restricts whose token may fetch.
type AuthChoice string

// The choices. The zero value takes the user's token and falls back to the
// deployment's.
const (
	AuthAny    AuthChoice = ""
	AuthUser   AuthChoice = "user"
	AuthMaster AuthChoice = "master"
)

// Options say how much of a source is wanted.
type Options struct {
	// MaxPosts caps the stored comments and replies of the task; 0 is all.
	MaxPosts       int64
	IncludeReplies bool
	// Since drops comments and replies published before it; zero keeps all.
	Since time.Time
	Auth  AuthChoice
}

// Wanted tells whether the options keep the post. Cause says why not.
func (o Options) Wanted(p content.Post) (ok bool, cause content.Cause) {
	switch {
	case !p.Discussion():
		return true, ""
	case p.Kind == content.ReplyPost && !o.IncludeReplies:
		return false, ""
	case !o.Since.IsZero() && p.PublishedAt.Before(o.Since):
		return false, content.BeforeSince
	}
	return true, ""
}

// Problem tells a person what is missing and why.
type Problem struct {
	Code      fault.Code `json:"code"`
	Message   string     `json:"message"`
	SubtaskID SubtaskID  `json:"subtaskId,omitempty"`
	Retryable bool       `json:"retryable"`
	RetryAt   time.Time  `json:"retryAt,omitzero"`
}

// MaxProblems bounds the problems kept on a task. Each subtask keeps its own
// beside, so none is lost.
const MaxProblems = 100

// Counters count what a subtask, or a whole task, brought. Those of a task are
// the sums of its ended subtasks, plus, when read, of its open ones.
type Counters struct {
	Subtasks  int64 // created
	Succeeded int64 // subtasks that ended well
	Failed    int64 // subtasks that are dead
	Cancelled int64 // subtasks that a person ended
	Fetched   int64 // posts stored
	Spam      int64 // posts judged spam
	Scored    int64 // posts with a sentiment
	Expected  int64 // posts that the provider announced
	Opened    int64 // sources that could be opened
}

// Add returns the sums.
func (c Counters) Add(d Counters) Counters {
	return Counters{
		Subtasks: c.Subtasks + d.Subtasks, Succeeded: c.Succeeded + d.Succeeded,
		Failed: c.Failed + d.Failed, Cancelled: c.Cancelled + d.Cancelled,
		Fetched: c.Fetched + d.Fetched, Spam: c.Spam + d.Spam, Scored: c.Scored + d.Scored,
		Expected: c.Expected + d.Expected, Opened: c.Opened + d.Opened,
	}
}

// ExportSpec says what an export task writes, and, once written, what it wrote.
type ExportSpec struct {
	// TaskID is the analysis task whose posts are exported.
	TaskID       ID                  `json:"taskId"`
	Format       string              `json:"format"` // csv, ndjson, xlsx or parquet
	Filter       analysis.PostFilter `json:"filter,omitzero"`
	FormulaGuard bool                `json:"formulaGuard"`
	// BOM begins a csv file with a byte order mark.
	BOM bool `json:"bom,omitzero"`
	// Pseudonymise replaces authors by a keyed hash.
	Pseudonymise bool `json:"pseudonymise,omitzero"`
	// Threaded puts each comment's replies behind it, instead of all in order of
	// time.
	Threaded bool `json:"threaded,omitzero"`
	// Columns are those wanted, in the order of the full list; empty for all.
	Columns []string `json:"columns,omitempty"`
	// FileName is what a download is called, without the extension.
	FileName string `json:"fileName"`
	// The rest is set when the file is published.
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
	// Generation is that of the run which published: it is part of the file's name.
	// Files of earlier versions of Soundings have none.
	Generation int64     `json:"generation,omitempty"`
	ExpiresAt  time.Time `json:"expiresAt,omitzero"`
	// Partial tells that the analysis was still running when it was read.
	Partial bool `json:"partial"`
}

// State is everything about a task as it stands, for stores and readers.
// Changing a State changes no task.
type State struct {
	ID            ID
	User          access.UserID
	Kind          Kind
	Status        Status
	Run           int // 1 for the first
	Provider      content.ProviderID
	Sources       []content.Source
	IntegrationID string
	TokenSource   access.TokenSource // of the latest page, empty before the first
	Fallback      *access.Fallback   // why that was not the user's own token, nil if it was
	Options       Options
	Export        *ExportSpec
	Counters      Counters
	// Missing counts posts that were not stored, by cause; content.UnknownCount
	// where nobody knows how many.
	Missing    map[content.Cause]int64
	Problems   []Problem
	FinalPass  bool     // the last spam pass was created
	Trace      string   // the trace that the work belongs to: see Task.BelongTo
	Webhook    *Webhook // nil where nobody is told of the task's end
	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	RetryAt    time.Time
}

// Task is what a user asked for. Only its methods change its state.
type Task struct {
	state State
	// openBecome is what a person's request makes of the open subtasks.
	openBecome SubtaskStatus
	// reopen tells that failed and cancelled subtasks run again, and refresh that
	// the sources are opened once more.
	reopen  bool
	refresh Refresh
}

// NewAnalysis returns a pending task that collects the sources, and the
// subtasks that open each of them. All sources belong to one provider. newID
// gives a fresh UUID v7 at each call.
func NewAnalysis(user access.UserID, sources []content.Source, integrationID string, opts Options, newID func() string, now time.Time) (*Task, []*Subtask) {
	t := &Task{state: State{
		ID: ID(newID()), User: user, Kind: Analysis, Status: Pending, Run: 1,
		Provider: sources[0].Provider, Sources: sources, IntegrationID: integrationID,
		Options: opts, CreatedAt: now,
	}}
	subtasks := make([]*Subtask, len(sources))
	for i := range sources {
		subtasks[i] = t.newSubtask(SubtaskID(newID()), FetchContent, Payload{
			Source: i, Listing: content.Listing{Kind: content.ListingSource},
		}, now)
	}
	t.state.Counters.Subtasks = int64(len(subtasks))
	return t, subtasks
}

// NewExport returns a pending task that writes the spec's file, and its subtask.
func NewExport(user access.UserID, of State, spec ExportSpec, newID func() string, now time.Time) (*Task, []*Subtask) {
	t := &Task{state: State{
		ID: ID(newID()), User: user, Kind: Export, Status: Pending, Run: 1,
		Provider: of.Provider, Sources: of.Sources, Export: &spec, CreatedAt: now,
	}}
	t.state.Counters.Subtasks = 1
	return t, []*Subtask{t.newSubtask(SubtaskID(newID()), ExportPosts, Payload{}, now)}
}

// Restore returns the task of a state that a store has kept.
func Restore(s State) *Task { return &Task{state: s} }

// State returns the task as it stands.
func (t *Task) State() State { return t.state }

// Deletable returns nil, or Conflict while the task may still run.
func (t *Task) Deletable() error {
	_, err := t.state.Status.Next(EventDelete)
	return err
}

// Start notes that a subtask was claimed.
func (t *Task) Start(now time.Time) error {
	if err := t.on(EventStart); err != nil {
		return err
	}
	if t.state.StartedAt.IsZero() {
		t.state.StartedAt = now
	}
	t.state.RetryAt = time.Time{}
	return nil
}

// SetTitle keeps a source's title, once it is learnt.
func (t *Task) SetTitle(source int, title string) {
	if source >= 0 && source < len(t.state.Sources) && title != "" {
		t.state.Sources = slices.Clone(t.state.Sources)
		t.state.Sources[source].Title = title
	}
}

// BelongTo notes the distributed trace of the request that asked for the work,
// as a traceparent (W3C Trace Context §3.2): the workers go on with it.
func (t *Task) BelongTo(trace string) { t.state.Trace = trace }

// Exported keeps what an export wrote.
func (t *Task) Exported(spec ExportSpec) { t.state.Export = &spec }

func (t *Task) on(e Event) error {
	to, err := t.state.Status.Next(e)
	if err != nil {
		return err
	}
	t.state.Status = to
	return nil
}
