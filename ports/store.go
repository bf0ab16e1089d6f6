package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// Store keeps the truth. Each method is one transaction. Leases, due times
// and parks are compared with the database's clock; all other times come from
// the caller. Locks are taken in the order task, subtask, posts.
//
// Texts given to it are valid UTF-8 without NUL (content.CleanText). Ids that
// are no UUIDs, and things of another user, are NotFound. Other error kinds:
// Unavailable when the database cannot be reached or the transaction would not
// serialise; whoever gets it may call again.
type Store interface {
	TaskStore
	WorkStore
	PostWriter
	PostReader
	ExportStore
	AccessStore
	IntegrationStore
	ConnectionStore
	BudgetStore
	IdempotencyStore
	HealthChecker
}

// Paging asks for one page of a list by key set. After is the cursor that the
// page before returned, empty for the first page.
type Paging struct {
	Limit int
	After string
	// Within bounds how many items a filtered list of posts looks at for the page;
	// 0 is all. A page may then be short, or empty, and have a Next: it goes on
	// behind what was looked at. Other lists take no notice of it.
	Within int
}

// Listed is one page of a list. Next is empty on the last page. A cursor that
// this list did not give out is Invalid with CodeBadCursor.
type Listed[T any] struct {
	Items []T
	Next  string
}

// TaskFilter chooses tasks of one user; empty fields choose all.
type TaskFilter struct {
	Statuses  []task.Status
	Providers []content.ProviderID
	// Kinds are source kinds, or "export" for export tasks.
	Kinds []string
}

// TaskStore keeps tasks for the people who asked for them.
type TaskStore interface {
	// CreateTask stores a new task with its first subtasks.
	CreateTask(ctx context.Context, t *task.Task, first []*task.Subtask) error
	// Task returns a task with the counters of its open subtasks added.
	Task(ctx context.Context, user access.UserID, id task.ID) (task.State, error)
	// Tasks lists a user's tasks, newest first, counters as in Task.
	Tasks(ctx context.Context, user access.UserID, f TaskFilter, p Paging) (Listed[task.State], error)
	// UpdateTask calls fn with the task, its row locked, and stores what fn made
	// of it and of its subtasks (OpenSubtasksBecome, Reopened), all or nothing.
	// fn may run more than once; its error ends the transaction and is returned
	// as it is. The result is as from Task.
	UpdateTask(ctx context.Context, user access.UserID, id task.ID, fn func(*task.Task) error) (task.State, error)
	// DeleteTask removes a task that is Deletable, with its subtasks, and the
	// export tasks made of it. It returns all removed tasks. Nobody finds the posts
	// any more; DeletePosts removes them.
	DeleteTask(ctx context.Context, user access.UserID, id task.ID) ([]task.State, error)
	// DeletePosts removes up to limit posts of a deleted task behind a cursor, empty
	// for the first, and returns the next cursor; empty when none are left.
	DeletePosts(ctx context.Context, id task.ID, after string, limit int) (next string, err error)
	// Subtasks lists a task's subtasks, oldest first.
	Subtasks(ctx context.Context, user access.UserID, id task.ID, p Paging) (Listed[task.SubtaskState], error)
}

// Lease is the right to work on a subtask. Every write of a handler names it;
// when the lease was taken back, cancelled or paused, the write does nothing
// and returns ErrLeaseLost.
type Lease struct {
	// Subtask is the state at the claim, with its generation.
	Subtask task.SubtaskState
	// Task is the task at the claim, without the counters of open subtasks.
	Task task.State
}

// SweepLimits say when the sweep steps in.
type SweepLimits struct {
	// Unclaimed is how long a delivery may stand on the queue before the row is
	// enqueued again.
	Unclaimed time.Duration
	// Rows bounds what one sweep touches.
	Rows int
	// Only restricts the sweep to one task, if it is not empty.
	Only task.ID
}

// Swept tells what a sweep mended.
type Swept struct {
	// Again are deliveries to enqueue once more.
	Again []Delivery
	// Lost counts leases taken back, Unparked the parks that were over, Settled
	// the tasks whose subtasks were all done.
	Lost, Unparked, Settled int
}

// WorkStore is the protocol between workers and the rows (design §3).
type WorkStore interface {
	// Dispatch marks due subtasks of live tasks (of l.Only, if that is set) as
	// queued, as many of each as task.Share grants, and returns their deliveries.
	// Those that judge go before those that fetch, and older ones first. It returns
	// none where another process has done it since the call.
	Dispatch(ctx context.Context, l task.Limits) ([]Delivery, error)
	// Claim makes the subtask running for owner until the lease ends, if its
	// generation is d's, it is claimable, and its task is live; the task is
	// started with it. Otherwise it returns ErrLeaseLost, and the delivery is void.
	Claim(ctx context.Context, d Delivery, owner string, lease time.Duration) (Lease, error)
	// Renew prolongs the owner's leases of those subtasks and returns the ones
	// that it still holds. Leases that are not named run out: what a worker does
	// not run, it must not keep.
	Renew(ctx context.Context, owner string, ids []task.SubtaskID, lease time.Duration) ([]task.SubtaskID, error)
	// Finish applies how a run ended (Subtask.End), stores the subtasks that End
	// returns, and settles the task.
	Finish(ctx context.Context, l Lease, o task.Outcome) error
	// Release takes back all leases of an owner that is known to be gone,
	// without counting them as lost. An empty owner means everybody's.
	Release(ctx context.Context, owner string) (int, error)
	// Sweep mends what fell through: leases that ran out, parks that are over,
	// deliveries that nobody claimed, tasks with nothing open.
	Sweep(ctx context.Context, l SweepLimits) (Swept, error)
}

// PageWrite is one fetched page, to be stored whole.
type PageWrite struct {
	// Posts are distinct by ExternalID, cleaned, and wanted by the task's options.
	Posts []content.Post
	// Cursor is where the listing goes on; the Store calls its Stored.
	Cursor content.Cursor
	// Fruitful tells that the page held posts that the options left out: see
	// Cursor.Stored.
	Fruitful bool
	// FreshBatch is where new and changed posts go if the subtask has no batch
	// open (Subtask.OpenBatch).
	FreshBatch task.BatchID
	// Spawn are follow-on subtasks. More come from Subtask.PageStored and End.
	Spawn    []*task.Subtask
	Title    string
	Expected int64
	// Opened is 1 for the page that opened a source.
	Opened  int64
	Missing map[content.Cause]int64
	// EC tells whose token fetched the page.
	EC access.ExecutionContext
	// Gone is what a walk that saw all of it did not meet, nil for nothing.
	Gone *Gone
	// End ends the subtask with this outcome in the same transaction.
	End *task.Outcome
}

// Gone is a stretch of comments that was read to its end in this run. What lies
// in it and was not seen in this run is gone at the provider, with its replies:
// the posts stay as deleted, without text, author and verdicts.
type Gone struct {
	// Below is the external id of what the comments answer.
	Below string
	// Since is when the oldest comment of the stretch was published; zero for all.
	Since time.Time
}

// PageStored tells what became of a page.
type PageStored struct {
	Inserted int64
	// Subtask is the state after the page.
	Subtask task.SubtaskState
	// Capped tells that the task holds as many posts as it may; what was over
	// it is not stored, nor are the page's Spawn, nor is its End applied.
	Capped bool
}

// SpamResult is a verdict for one stored post. Occurrences are those that it was
// judged with.
type SpamResult struct {
	PostID      string
	Occurrences int
	Verdict     analysis.SpamVerdict
}

// SentimentResult is a sentiment for one stored post.
type SentimentResult struct {
	PostID    string
	Sentiment analysis.Sentiment
}

// PostWriter keeps what people wrote and what was thought of it. A post counts
// once: when its transaction inserted it.
type PostWriter interface {
	// SavePage stores a page: posts, cursor, counters, follow-on subtasks
	// (Subtask.PageStored, then End where there is one). A post that is there
	// already is updated, and goes to the batch again only if its text changed.
	SavePage(ctx context.Context, l Lease, w PageWrite) (PageStored, error)
	// KnownPosts returns, of these external ids, those that are stored, each with
	// the Replies that it was stored with.
	KnownPosts(ctx context.Context, id task.ID, externalIDs []string) (map[string]int64, error)
	// BatchPosts returns up to limit posts of the batch whose id is greater than
	// after, by id; with stale, only those whose text occurs more often than they
	// were judged with.
	BatchPosts(ctx context.Context, id task.ID, b task.BatchID, stale bool, after string, limit int) ([]BatchPost, error)
	// SaveSpam stores verdicts for posts of the batch; a post that became spam
	// loses its sentiment, and a person's verdict stays. A post that went to
	// another batch meanwhile has a new text, for which the verdict does not hold.
	SaveSpam(ctx context.Context, l Lease, b task.BatchID, results []SpamResult) error
	// SaveSentiments stores sentiments for posts of the batch that are not spam.
	SaveSentiments(ctx context.Context, l Lease, b task.BatchID, results []SentimentResult) error
	// CountRepeats counts how often each text occurs in the lease's task, and
	// returns the batches with stale posts: those whose text occurs more often than
	// they were judged with, and that no person has judged.
	CountRepeats(ctx context.Context, l Lease) ([]task.StaleBatch, error)
}

// BatchPost is a post as those that judge it need it.
type BatchPost struct {
	analysis.JudgedPost
	// Occurrences is how many posts of the task had the same fingerprint when
	// that was last counted (CountRepeats), 1 or more.
	Occurrences int
}

// PostReader reads posts for people.
type PostReader interface {
	// Posts lists a task's posts.
	Posts(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, o analysis.Order, p Paging) (Listed[analysis.JudgedPost], error)
	// EachPost calls fn with each post in one snapshot, each once, in the order
	// asked for, in bounded memory. fn must not keep the post, nor call the Store,
	// but may change it; its error ends the walk and is returned as it is.
	EachPost(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, o analysis.WalkOrder, fn func(*analysis.JudgedPost) error) error
	// Summary sums up a task's posts; Expected and Missing are the task's.
	Summary(ctx context.Context, user access.UserID, id task.ID) (analysis.Summary, error)
	// Totals is Summary without what goes by day, author, reason, post or word: it
	// takes no memory by the number of any.
	Totals(ctx context.Context, user access.UserID, id task.ID) (analysis.Summary, error)
}

// AccessStore keeps users and API keys.
type AccessStore interface {
	// EnsureUser returns the user of u's issuer and subject, or of u's name where
	// it has no issuer, and stores u first if there is none.
	EnsureUser(ctx context.Context, u access.User) (access.User, error)
	// APIKey returns the key with the hash and its user. Error kinds: NotFound.
	APIKey(ctx context.Context, hash []byte) (access.APIKey, access.User, error)
	// CreateAPIKey stores a key by its hash.
	CreateAPIKey(ctx context.Context, k access.APIKey, hash []byte) error
	// APIKeys lists a user's keys that are not revoked, newest first.
	APIKeys(ctx context.Context, user access.UserID, p Paging) (Listed[access.APIKey], error)
	// RevokeAPIKey revokes a user's key; revoking twice is NotFound.
	RevokeAPIKey(ctx context.Context, user access.UserID, id string, now time.Time) error
}

// IdempotentRequest is one use of an Idempotency-Key (contract §1).
type IdempotentRequest struct {
	User access.UserID
	Path string
	Key  string
	// BodyHash tells the same request from another one under the same key.
	BodyHash []byte
}

// StoredAnswer is the first answer to an idempotent request.
type StoredAnswer struct {
	Status   int
	Location string
	Body     []byte
}

// IdempotencyStore keeps first answers for 24 hours.
type IdempotencyStore interface {
	// BeginRequest claims the key and returns nil, or the answer kept under it.
	// Error kinds: Conflict with CodeIdempotencyInFlight while the first is in
	// work (for a minute at most), Invalid with CodeIdempotencyMismatch for
	// another body.
	BeginRequest(ctx context.Context, r IdempotentRequest, now time.Time) (*StoredAnswer, error)
	// KeepAnswer stores the answer.
	KeepAnswer(ctx context.Context, r IdempotentRequest, a StoredAnswer) error
	// ForgetRequest gives the key back: the request had no answer worth keeping.
	ForgetRequest(ctx context.Context, r IdempotentRequest) error
}

// ErrLeaseLost means that the subtask is no longer the caller's: it was taken
// back, cancelled, paused, or another delivery was first. Whoever gets it drops
// the work and forgets the delivery.
var ErrLeaseLost = fault.New(fault.Conflict, fault.CodeWrongState, "the lease of this subtask is lost")
