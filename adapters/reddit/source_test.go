package reddit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/reddit"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func harness(t *testing.T, p *platform, address string, posts []string) portstest.ContentSourceHarness {
	return portstest.ContentSourceHarness{
		New: func(baseURL string, timeout time.Duration) ports.ContentSource {
			return reddit.New(reddit.Options{BaseURL: baseURL, WebURL: baseURL, Timeout: timeout})
		},
		Provider: p, Source: parsed(t, address), Context: withToken(), Secret: testToken, Posts: posts,
	}
}

func TestSubmissionIsAContentSource(t *testing.T) {
	t.Parallel()
	portstest.TestContentSource(t, harness(t, &platform{}, "https://www.reddit.com/comments/post1", allOfPost1()))
}

func TestUserPageIsAContentSource(t *testing.T) {
	t.Parallel()
	var posts []string
	for i := range 250 {
		posts = append(posts, fmt.Sprintf("t1_n%d", i))
	}
	portstest.TestContentSource(t, harness(t, &platform{}, "https://www.reddit.com/user/gopher", posts))
}

func TestOpenSubmission(t *testing.T) {
	t.Parallel()
	page, err := serve(t, &platform{}).Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/comments/post1"))
	require.NoError(t, err)
	assert.Equal(t, "Title post1", page.Title)
	assert.EqualValues(t, 13, page.Expected)
	assert.Empty(t, page.Next)
	assert.Equal(t, content.Post{
		ExternalID: "t3_post1", RootExternalID: "t3_post1", Kind: content.SubmissionPost, ByOwner: true,
		Author: content.Author{Name: "poster", ExternalID: "t2_poster"}, Text: "Title post1\n\nText post1", Likes: 7, Replies: 12,
		PublishedAt: time.Unix(1700000000, 0).UTC(), URL: "https://www.reddit.com/r/golang/comments/post1/title/",
	}, page.Posts[0])
	assert.Equal(t, content.Post{
		ExternalID: "t1_b", ParentExternalID: "t1_a", RootExternalID: "t3_post1", Kind: content.ReplyPost,
		Author: content.Author{Name: "somebody", ExternalID: "t2_some"}, Text: "Body b", Likes: -3,
		PublishedAt: time.Unix(1700000100, 0).UTC(), EditedAt: time.Unix(1700000200, 0).UTC(),
		URL: "https://www.reddit.com/r/golang/comments/post1/title/b/",
	}, page.Posts[2])
	assert.Equal(t, []content.Listing{
		{Kind: "more", IDs: []string{"0:d,e,f"}, RootID: "t3_post1", OwnerID: "poster"},
		{Kind: content.ListingReplies, IDs: []string{"_2:c", "1:a1,a2"}, RootID: "t3_post1", OwnerID: "poster"},
	}, page.Follow)
}

func TestWholeSubmissionByFewCalls(t *testing.T) {
	t.Parallel()
	p := &platform{}
	got, err := collect(t.Context(), parsed(t, "https://redd.it/post1"), nil, serve(t, p))
	require.NoError(t, err)
	for _, id := range allOfPost1() {
		assert.Contains(t, got.posts, id)
	}
	assert.Len(t, got.posts, len(allOfPost1()))
	assert.Equal(t, map[content.Cause]int64{content.HiddenByPlatform: 1, content.Removed: content.UnknownCount}, got.missing)
	assert.Equal(t, got.pages, len(p.made()), "one call a page")
}

func TestCommentLinkIsItsSubtree(t *testing.T) {
	t.Parallel()
	src := parsed(t, "https://www.reddit.com/r/golang/comments/post1/title/b/?context=3")
	got, err := collect(t.Context(), src, nil, serve(t, &platform{}))
	require.NoError(t, err)
	assert.Equal(t, "Title post1", got.opened.Title)
	assert.Len(t, got.posts, 5)
	for _, id := range []string{"t3_post1", "t1_b", "t1_c", "t1_c1", "t1_c2"} {
		assert.Contains(t, got.posts, id)
	}
	for _, l := range got.opened.Follow {
		assert.Equal(t, content.ListingReplies, l.Kind)
	}
	_, err = serve(t, &platform{}).Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/comments/post1/_/gone"))
	requireFault(t, err, fault.NotFound, fault.CodeSourceNotFound)
}

func TestListingsGoToTheirEnd(t *testing.T) {
	t.Parallel()
	for address, c := range map[string]struct {
		path, title string
		kind        content.PostKind
	}{
		"https://old.reddit.com/r/golang/":             {"GET r/golang/hot?", "r/golang", content.SubmissionPost},
		"https://www.reddit.com/r/golang/new":          {"GET r/golang/new?", "r/golang", content.SubmissionPost},
		"https://www.reddit.com/r/golang/top?t=year":   {"GET r/golang/top?", "r/golang", content.SubmissionPost},
		"https://www.reddit.com/u/gopher?sort=top":     {"GET user/gopher/overview?", "u/gopher", content.CommentPost},
		"https://www.reddit.com/user/gopher/comments/": {"GET user/gopher/overview?", "u/gopher", content.CommentPost},
	} {
		p := &platform{}
		got, err := collect(t.Context(), parsed(t, address), func(l content.Listing) bool { return l.Kind != "tree" }, serve(t, p))
		require.NoError(t, err, address)
		assert.Equal(t, c.title, got.opened.Title)
		assert.Equal(t, 250, got.ofKind(c.kind), address)
		assert.Empty(t, got.missing, address)
		assert.Len(t, p.made(), 4, address)
		for _, call := range p.made() {
			assert.True(t, strings.HasPrefix(call, c.path), "%s: %s", address, call)
			assert.Equal(t, strings.Contains(address, "year"), strings.Contains(call, "t=year"), call)
			assert.Equal(t, strings.Contains(address, "sort=top"), strings.Contains(call, "sort=top"), call)
		}
	}
}

func TestEachSubmissionOfASubredditIsFollowed(t *testing.T) {
	t.Parallel()
	page, err := serve(t, &platform{listed: 2}).Fetch(t.Context(), withToken(), content.Listing{Kind: "subreddit", IDs: []string{"golang", "new", ""}}, "")
	require.NoError(t, err)
	assert.Len(t, page.Posts, 2)
	assert.EqualValues(t, 2*13, page.Expected)
	assert.Equal(t, content.Listing{Kind: "tree", IDs: []string{"n1"}, RootID: "t3_n1", OwnerID: "poster", Below: []string{"t3_n1"}}, page.Follow[1])
	tree := content.Listing{Kind: "tree", IDs: []string{"post1"}, RootID: "t3_post1", OwnerID: "poster"}
	page, err = serve(t, &platform{}).Fetch(t.Context(), withToken(), tree, "")
	require.NoError(t, err)
	assert.Len(t, page.Posts, 3, "the submission itself was on the listing's page")
	assert.Len(t, page.Follow, 2)
}

func TestLongListingsAreSaidToBeTruncated(t *testing.T) {
	t.Parallel()
	for listed, cut := range map[int]bool{940: false, 990: true, 1000: true} {
		got, err := collect(t.Context(), parsed(t, "https://www.reddit.com/u/gopher"), nil, serve(t, &platform{listed: listed}))
		require.NoError(t, err)
		assert.Len(t, got.posts, listed)
		assert.Equal(t, cut, got.missing[content.ListingLimit] == content.UnknownCount, listed)
	}
}

func TestListingsThatLeadInACircleEnd(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(string) string{
		"the same page": func(string) string { return "t3_n9" },
		"two pages": func(after string) string {
			if after == "t3_n9" {
				return "t3_n8"
			}
			return "t3_n9"
		},
	} {
		p := &platform{override: func(w http.ResponseWriter, r *http.Request, _ string) bool {
			refuse(w, http.StatusOK, listingOf(next(r.URL.Query().Get("after")), submission("n1")))
			return true
		}}
		got, err := collect(t.Context(), parsed(t, "https://www.reddit.com/r/golang/new"), func(l content.Listing) bool { return l.Kind != "tree" }, serve(t, p))
		requireFault(t, err, fault.Rejected, fault.CodePagingBroken)
		assert.Contains(t, got.posts, "t3_n1", name)
	}
}

// A provider that promises the same comments for ever (field-notes §3.4) takes
// neither the walk nor the other comments along.
func TestPromisesThatAreNeverKept(t *testing.T) {
	t.Parallel()
	p := &platform{override: func(w http.ResponseWriter, r *http.Request, path string) bool {
		ids := strings.Split(r.PostFormValue("children"), ",")
		empty := path == "api/morechildren" && slices.Contains(ids, "x")
		if empty {
			refuse(w, http.StatusOK, object{"json": object{"errors": []any{}, "data": object{"things": []object{more("t3_post1", ids...)}}}})
		}
		return empty
	}}
	s := serve(t, p)
	l := content.Listing{Kind: "more", IDs: []string{"0:x,y", "0:d,e,f"}, RootID: "t3_post1"}
	cursor, seen := content.Cursor{}, []string{}
	var err error
	for range 20 {
		var page content.Page
		if page, err = s.Fetch(t.Context(), withToken(), l, cursor.Token); err != nil {
			break
		}
		for _, post := range page.Posts {
			seen = append(seen, post.ExternalID)
		}
		cursor, err = cursor.Advance(page.Next)
		require.NoError(t, err)
	}
	requireFault(t, err, fault.Rejected, fault.CodePagingBroken)
	assert.Equal(t, []string{"t1_d", "t1_d1", "t1_e"}, seen)
}

func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	s := serve(t, &platform{})
	posts := content.Listing{Kind: "subreddit", IDs: []string{"golang", "", ""}}
	batches := content.Listing{Kind: "more", IDs: []string{"0:d,e"}, RootID: "t3_post1"}
	for token, l := range map[string]content.Listing{
		"x": posts, "0.": posts, "100.t5_abc": posts, "-1.t3_abc": posts, "01.t3_abc": posts, "1.t3_ABC": posts, "1.t3_": posts,
		"1.0.d;": batches, "1.1.": batches, "1.2.0:d": batches, "2.0.0:d": batches, "1.0.0:D": batches, "1.+0.": batches,
		"1.0.0:d,": batches, "1.0.-1:d": batches, "1.0._0:d,e": batches, "1.0.00:d": batches, "t3_x": {Kind: "tree", IDs: []string{"post1"}},
	} {
		_, err := s.Fetch(t.Context(), withToken(), l, token)
		require.Error(t, err, token)
		requireFault(t, err, fault.Conflict, fault.CodePagingBroken)
	}
}

func TestNoCredentialsMakeNoCall(t *testing.T) {
	t.Parallel()
	p := &platform{}
	s := serve(t, p)
	for token, code := range map[string]fault.Code{"": fault.CodeNoCredentials, "token\n": fault.CodeCredentialsRejected} {
		_, err := s.Open(t.Context(), userWith(token), parsed(t, "https://redd.it/post1"))
		requireFault(t, err, fault.Unauthenticated, code)
	}
	assert.Empty(t, p.made())
}

func TestCallsDeclareThemselves(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Clone() }))
	t.Cleanup(server.Close)
	s := reddit.New(reddit.Options{BaseURL: server.URL, UserAgent: "server:test:v1 (by /u/tester)"})
	_, err := s.Open(t.Context(), withToken(), parsed(t, "https://redd.it/post1"))
	requireFault(t, err, fault.Unavailable, fault.CodeProviderAnswerInvalid)
	header := <-got
	assert.Equal(t, "server:test:v1 (by /u/tester)", header.Get("User-Agent"))
	assert.Equal(t, "Bearer "+testToken, header.Get("Authorization"))
}

func TestUnusableBaseAddress(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://[::1", "gopher://127.0.0.1", "http://user:pass\x7f@host"} {
		s := reddit.New(reddit.Options{BaseURL: base, WebURL: base})
		for _, address := range []string{"https://redd.it/post1", "https://www.reddit.com/r/golang/s/AbCdEfGhIj"} {
			_, err := s.Open(t.Context(), withToken(), parsed(t, address))
			f := requireFault(t, err, fault.Unavailable, fault.CodeProviderUnavailable)
			assert.NotContains(t, f.Error(), "pass")
		}
	}
}
