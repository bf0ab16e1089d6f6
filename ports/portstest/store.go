package portstest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// StoreT is what a check needs of a test, so that the kit can be run against
// broken stores and be seen to fail.
type StoreT interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// StoreCheck is one guarantee of ports.Store. It gets a store of its own, empty.
type StoreCheck struct {
	Name string
	Run  func(t StoreT, s ports.Store)
}

// StoreChecks returns the whole kit, split by guarantee.
func StoreChecks() []StoreCheck {
	var all []StoreCheck
	for _, part := range [][]StoreCheck{
		taskChecks, workChecks, pageChecks, judgeChecks, refreshChecks, readChecks, threadChecks, exportChecks, concurrencyChecks,
		accessChecks, integrationChecks, connectionChecks, budgetChecks,
	} {
		all = append(all, part...)
	}
	return all
}

// TestStore runs the kit. newStore returns an empty, migrated store that has a
// key for secrets and is closed with the test; it is called once for each check.
func TestStore(t *testing.T, newStore func(t *testing.T) ports.Store) {
	for _, c := range StoreChecks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, newStore(t))
		})
	}
}

const leaseLength = 15 * time.Second

// world is a store with a user, and the short names that the checks use.
type world struct {
	StoreT
	ports.Store
	user access.UserID
	ctx  context.Context
}

func newWorld(t StoreT, s ports.Store) *world {
	w := &world{StoreT: t, Store: s, ctx: t.Context()}
	w.user = w.newUser("ada")
	return w
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func (w *world) newUser(name string) access.UserID {
	w.Helper()
	u, err := w.EnsureUser(w.ctx, access.User{ID: access.UserID(newID()), Name: name, CreatedAt: now()})
	require.NoError(w, err)
	return u.ID
}

func source(id string) content.Source {
	return content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: id, URL: "https://www.youtube.com/watch?v=" + id}
}

// create stores a task of the sources and returns it.
func (w *world) create(user access.UserID, o task.Options, sources ...content.Source) task.State {
	w.Helper()
	if len(sources) == 0 {
		sources = []content.Source{source("dQw4w9WgXcQ")}
	}
	t, first := task.NewAnalysis(user, sources, "", o, newID, now())
	require.NoError(w, w.CreateTask(w.ctx, t, first))
	return t.State()
}

// dispatch returns what is due, under limits that do not bind.
func (w *world) dispatch() []ports.Delivery {
	w.Helper()
	d, err := w.Dispatch(w.ctx, task.Limits{PerTask: 100, PerUser: 1000, Running: 1000, Total: 10_000})
	require.NoError(w, err)
	return d
}

func (w *world) claim(d ports.Delivery) ports.Lease {
	w.Helper()
	l, err := w.Claim(w.ctx, d, "worker-1", leaseLength)
	require.NoError(w, err)
	return l
}

// begin creates a task and claims its first subtask.
func (w *world) begin(o task.Options) (task.State, ports.Lease) {
	w.Helper()
	t := w.create(w.user, o)
	deliveries := w.dispatch()
	require.Len(w, deliveries, 1)
	return t, w.claim(deliveries[0])
}

func (w *world) task(id task.ID) task.State {
	w.Helper()
	t, err := w.Task(w.ctx, w.user, id)
	require.NoError(w, err)
	return t
}

func (w *world) finish(l ports.Lease, o task.Outcome) {
	w.Helper()
	require.NoError(w, w.Finish(w.ctx, l, o))
}

func (w *world) save(l ports.Lease, p ports.PageWrite) ports.PageStored {
	w.Helper()
	if p.FreshBatch == "" {
		p.FreshBatch = task.BatchID(newID())
	}
	stored, err := w.SavePage(w.ctx, l, p)
	require.NoError(w, err)
	return stored
}

func (w *world) subtasks(id task.ID) []task.SubtaskState {
	w.Helper()
	listed, err := w.Subtasks(w.ctx, w.user, id, ports.Paging{Limit: 100})
	require.NoError(w, err)
	return listed.Items
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// comment returns the n-th comment of a made-up video, a minute after the one
// before.
func comment(n int) content.Post {
	return content.Post{
		ExternalID: fmt.Sprintf("Ug%06d", n), ParentExternalID: "dQw4w9WgXcQ", RootExternalID: "dQw4w9WgXcQ",
		Kind: content.CommentPost, Author: content.Author{Name: fmt.Sprintf("@author%d", n%7), ExternalID: fmt.Sprintf("UC%d", n%7)},
		Text: fmt.Sprintf("comment number %d, quite unlike the others: %s", n, spelt(n)), Likes: int64(n % 11),
		PublishedAt: epoch.Add(time.Duration(n) * time.Minute), URL: fmt.Sprintf("https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ug%06d", n),
	}
}

// spelt returns a number in words, since fingerprints pass over digits.
func spelt(n int) string {
	words := strings.NewReplacer("0", " zero", "1", " one", "2", " two", "3", " three", "4", " four",
		"5", " five", "6", " six", "7", " seven", "8", " eight", "9", " nine")
	return words.Replace(strconv.Itoa(n))
}

func comments(from, to int) []content.Post {
	var posts []content.Post
	for n := from; n < to; n++ {
		posts = append(posts, comment(n))
	}
	return posts
}

// at returns a cursor that is to be continued with the token.
func at(token string, page int) content.Cursor { return content.Cursor{Token: token, Page: page} }

func requireKind(t StoreT, kind fault.Kind, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, kind.String(), fault.KindOf(err).String(), "the error was: %v", err)
}

func succeeded() *task.Outcome {
	o := task.Succeed()
	return &o
}
