package reddit_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/reddit"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

const testToken = "reddit-test-token-4711"

func withToken() access.ExecutionContext { return userWith(testToken) }

func userWith(token string) access.ExecutionContext {
	return access.NewUserContext(access.Integration{ID: "i", UserID: "u", Provider: content.Reddit}, access.NewToken(token))
}

func withMaster() access.ExecutionContext {
	return access.NewMasterContext("u", content.Reddit, access.NewToken(testToken))
}

// parsed returns an address as the application reads it.
func parsed(t testing.TB, address string) content.Source {
	t.Helper()
	src, err := content.ParseSource(address)
	require.NoError(t, err)
	return src
}

func requireFault(t testing.TB, err error, kind fault.Kind, code fault.Code) *fault.Error {
	t.Helper()
	require.Error(t, err)
	f := fault.As(err)
	require.Equal(t, kind, f.Kind, "%v", err)
	require.Equal(t, code, f.Code, "%v", err)
	require.NotEmpty(t, f.Message)
	require.NotContains(t, f.Error(), testToken)
	return f
}

// collection is what a collector ends with.
type collection struct {
	opened  content.Page
	posts   map[string]content.Post
	missing map[content.Cause]int64
	pages   int
	longest int
}

func (c *collection) take(page content.Page) {
	c.pages++
	c.longest = max(c.longest, len(page.Next))
	for _, p := range page.Posts {
		c.posts[p.ExternalID] = p
	}
	for cause, n := range page.Missing {
		if n == content.UnknownCount || c.missing[cause] == content.UnknownCount {
			c.missing[cause] = content.UnknownCount
			continue
		}
		c.missing[cause] += n
	}
}

func (c *collection) ofKind(kinds ...content.PostKind) (n int) {
	for _, p := range c.posts {
		for _, kind := range kinds {
			if p.Kind == kind {
				n++
			}
		}
	}
	return n
}

// collect does what the application does: it opens the source and walks every
// listing to its end. Each page comes from the next of the sources, as from
// another process.
func collect(ctx context.Context, src content.Source, wanted func(content.Listing) bool, sources ...*reddit.Source) (*collection, error) {
	opened, err := sources[0].Open(ctx, withToken(), src)
	if err != nil {
		return nil, err
	}
	c := &collection{opened: opened, posts: map[string]content.Post{}, missing: map[content.Cause]int64{}}
	c.take(opened)
	for open := opened.Follow; len(open) > 0; open = open[1:] {
		if wanted != nil && !wanted(open[0]) {
			continue
		}
		for cursor := (content.Cursor{}); ; {
			before := len(c.posts)
			page, err := sources[c.pages%len(sources)].Fetch(ctx, withToken(), open[0], cursor.Token)
			if err != nil {
				return c, err
			}
			c.take(page)
			open = append(open, page.Follow...)
			cursor = cursor.Stored(int64(len(c.posts)-before), false)
			if cursor, err = cursor.Advance(page.Next); err != nil {
				return c, err
			}
			if cursor.Token == "" {
				break
			}
		}
	}
	return c, nil
}

func TestRecordedThreadsAreCollectedWhole(t *testing.T) {
	t.Parallel()
	for group, c := range map[string]struct{ perCall, comments, submissionComments int }{
		"thread_n49rw_full":             {20, 1428, 1412},
		"thread_n49rw_recollected_2020": {100, 1419, 1394},
	} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			th := newThread(t, group, c.perCall)
			src := parsed(t, "https://www.reddit.com/r/announcements/comments/n49rw/were_back/")
			got, err := collect(t.Context(), src, nil, serve(t, th), serve(t, th))
			require.NoError(t, err)
			assert.Equal(t, c.comments, got.ofKind(content.CommentPost, content.ReplyPost))
			assert.Equal(t, 1, got.ofKind(content.SubmissionPost))
			assert.Equal(t, "We're back", got.opened.Title)
			assert.EqualValues(t, c.submissionComments+1, got.opened.Expected)
			t.Logf("%d calls, longest token %d bytes, missing %v", th.calls.Load(), got.longest, got.missing)
			assert.Less(t, th.calls.Load(), int32(120), "batches are packed")
			checkThread(t, got)
		})
	}
}

// checkThread: every post hangs from one that was collected.
func checkThread(t *testing.T, got *collection) {
	t.Helper()
	for id, p := range got.posts {
		if p.Kind == content.SubmissionPost {
			continue
		}
		parent, known := got.posts[p.ParentExternalID]
		require.True(t, known, id)
		assert.Equal(t, parent.Kind == content.SubmissionPost, p.Kind == content.CommentPost, id)
		assert.Equal(t, "t3_n49rw", p.RootExternalID)
		assert.False(t, p.PublishedAt.IsZero(), id)
		assert.Equal(t, p.Author.Name == "alienth", p.ByOwner, id)
		assert.Equal(t, p.Text == "[deleted]" || p.Text == "[removed]", p.Deleted, id)
	}
}

func TestRepliesAreListingsOfTheirOwn(t *testing.T) {
	t.Parallel()
	th := newThread(t, "thread_n49rw_full", 20)
	src := parsed(t, "https://redd.it/n49rw")
	all, err := collect(t.Context(), src, nil, serve(t, th))
	require.NoError(t, err)
	withAll := th.calls.Swap(0)
	got, err := collect(t.Context(), src, func(l content.Listing) bool { return l.Kind != content.ListingReplies }, serve(t, th))
	require.NoError(t, err)
	assert.Equal(t, all.ofKind(content.CommentPost), got.ofKind(content.CommentPost), "no top-level comment is lost without replies")
	assert.Less(t, th.calls.Load(), withAll)
}

func TestSourceThatIsNotReddits(t *testing.T) {
	t.Parallel()
	s := serve(t, http.NotFoundHandler())
	for _, src := range []content.Source{
		{Provider: content.Reddit, Kind: content.Video, ExternalID: "x"},
		{Provider: content.YouTube, Kind: content.UserName, ExternalID: "x"},
	} {
		_, err := s.Open(t.Context(), withToken(), src)
		requireFault(t, err, fault.Invalid, fault.CodeUnsupportedKind)
	}
	for _, l := range []content.Listing{
		{}, {Kind: "tree"}, {Kind: "user", IDs: []string{"x"}}, {Kind: "more", IDs: []string{"not a batch"}},
		{Kind: content.ListingReplies, IDs: []string{"_1:abc"}}, {Kind: "videos", IDs: []string{"x"}},
	} {
		_, err := s.Fetch(t.Context(), withToken(), l, "")
		requireFault(t, err, fault.Invalid, fault.CodeUnsupportedKind)
	}
}
