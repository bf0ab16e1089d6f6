package reddit_test

import (
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// things counts the recorded comments and submissions by their full names,
// without any of the adapter's code.
func things(t testing.TB, body []byte) (comments, submissions map[string]map[string]any) {
	t.Helper()
	comments, submissions = map[string]map[string]any{}, map[string]map[string]any{}
	var value any
	require.NoError(t, json.Unmarshal(body, &value))
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			data, _ := v["data"].(map[string]any)
			if id, _ := data["id"].(string); v["kind"] == "t1" {
				comments["t1_"+id] = data
			} else if v["kind"] == "t3" {
				submissions["t3_"+id] = data
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(value)
	return comments, submissions
}

// comparePosts compares what was collected with what was recorded.
func comparePosts(t *testing.T, posts map[string]content.Post, recorded map[string]map[string]any, text string) {
	t.Helper()
	for name, data := range recorded {
		p, found := posts[name]
		require.True(t, found, name)
		body, _ := data[text].(string)
		assert.True(t, strings.HasSuffix(p.Text, body), name)
		score, _ := data["score"].(float64)
		assert.InDelta(t, score, p.Likes, 0, name)
		assert.Equal(t, data["author"], p.Author.Name, name)
		created, _ := data["created_utc"].(float64)
		assert.Equal(t, int64(created), p.PublishedAt.Unix(), name)
		if category, _ := data["removed_by_category"].(string); category != "" {
			assert.True(t, p.Deleted, name)
		} else {
			assert.Equal(t, body == "[deleted]" || body == "[removed]", p.Deleted, name)
		}
		edited, _ := data["edited"].(float64)
		assert.Equal(t, edited > 0, !p.EditedAt.IsZero(), name)
	}
}

// Every recorded tree gives all of its comments at once.
func TestRecordedTrees(t *testing.T) {
	t.Parallel()
	for group, lost := range map[string]map[content.Cause]int64{
		"thread_gx8r8z_deleted_removed": {content.DeletedByAuthor: 1, content.Removed: 2}, // the submission, too
		"thread_fjn0j9_sticky_redirect": {content.DeletedByAuthor: 1},
		"thread_2gmzqe_small":           nil,
		"thread_fo7p5b_poll_many_more":  {content.DeletedByAuthor: 10},
		"thread_6otocc_chain":           nil,
	} {
		for _, e := range recorded(t, group) {
			link, isTree := strings.CutPrefix(strings.Trim(e.Path, "/"), "comments/")
			if !isTree || strings.Contains(link, "/") || e.Status != http.StatusOK {
				continue
			}
			comments, submissions := things(t, e.body)
			page, err := serve(t, replay(e)).Open(t.Context(), withToken(), parsed(t, "https://redd.it/"+link))
			require.NoError(t, err, e.File)
			assert.Len(t, page.Posts, len(comments)+len(submissions), e.File)
			assert.Empty(t, page.Missing, "what stands without its text is there")
			assert.Equal(t, lost, lostOf(page.Posts), e.File)
			posts := byName(page.Posts)
			comparePosts(t, posts, comments, "body")
			comparePosts(t, posts, submissions, "selftext")
		}
	}
}

func byName(posts []content.Post) map[string]content.Post {
	found := map[string]content.Post{}
	for _, p := range posts {
		found[p.ExternalID] = p
	}
	return found
}

// Comment links give the comment and what is below it, not what is above.
func TestRecordedCommentLinks(t *testing.T) {
	t.Parallel()
	for group, posts := range map[string]int{
		"thread_98vj9e_limit4": 5, "thread_98vj9e_limit4_async": 4, "comment_removed_fx1hmwb": 0, "comment_deleted_d7ltvl0": 0,
	} {
		for _, e := range recorded(t, group) {
			if !strings.Contains(e.Path, "/_/") {
				continue
			}
			page, err := serve(t, replay(e)).Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com"+e.Path))
			if posts == 0 { // Reddit shows an empty tree, or the comments above
				requireFault(t, err, fault.NotFound, fault.CodeSourceNotFound)
				continue
			}
			require.NoError(t, err, e.File)
			assert.Len(t, page.Posts, posts, e.File)
			assert.Len(t, page.Follow, 1, e.File)
			assert.Equal(t, "t1_"+path.Base(e.Path), page.Posts[1].ExternalID)
		}
	}
}

// chain answers a recorded listing page by page, by the after of the request.
type chain map[string][]byte

func (c chain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write(c[r.URL.Query().Get("after")])
}

func TestRecordedUserPageGoesToItsEnd(t *testing.T) {
	t.Parallel()
	pages := chain{}
	want := map[string]map[string]any{}
	for _, e := range recorded(t, "pagination_user_spez_top") {
		after := ""
		for parameter := range strings.SplitSeq(e.Query, "&") {
			if value, found := strings.CutPrefix(parameter, "after="); found {
				after = value
			}
		}
		pages[after] = e.body
		comments, submissions := things(t, e.body)
		for name, data := range comments {
			want[name] = data
		}
		for name := range submissions {
			want[name] = nil
		}
	}
	require.Len(t, pages, 11)
	src := parsed(t, "https://www.reddit.com/user/spez?sort=top&t=all")
	got, err := collect(t.Context(), src, func(l content.Listing) bool { return l.Kind != "tree" }, serve(t, pages))
	require.NoError(t, err)
	assert.Len(t, got.posts, len(want))
	assert.Equal(t, content.UnknownCount, got.missing[content.ListingLimit])
	for name, data := range want {
		if p := got.posts[name]; data != nil {
			assert.Equal(t, data["link_id"], p.RootExternalID, name)
			assert.Equal(t, data["parent_id"], p.ParentExternalID, name)
		}
	}
}

func TestRecordedListings(t *testing.T) {
	t.Parallel()
	for group, kind := range map[string]string{
		"listing_askreddit_2016": "subreddit", "listing_domain_youtube_2016": "subreddit", "listing_empty": "user",
		"stream_kakapo_comments": "user", "stream_continue_after_id_2023": "user", "search_all": "subreddit",
		"info_by_url_youtube": "subreddit", "info_mixed_things": "user",
	} {
		for _, e := range recorded(t, group) {
			comments, submissions := things(t, e.body)
			l := content.Listing{Kind: content.ListingKind(kind), IDs: []string{"x", "new", ""}}
			if strings.Contains(e.Path, "/comments/") && kind == "subreddit" {
				continue // a tree that was recorded along
			}
			page, err := serve(t, replay(e)).Fetch(t.Context(), withToken(), l, "")
			require.NoError(t, err, e.File)
			posts := byName(page.Posts)
			comparePosts(t, posts, comments, "body")
			comparePosts(t, posts, submissions, "selftext")
			assert.Len(t, page.Follow, len(submissions), e.File)
		}
	}
}

func TestRecordedQuarantine(t *testing.T) {
	t.Parallel()
	exchanges := recorded(t, "quarantine_ferguson")
	src := parsed(t, "https://www.reddit.com/r/ferguson/hot")
	_, err := serve(t, replay(exchanges[0])).Open(t.Context(), withToken(), src)
	f := requireFault(t, err, fault.Forbidden, fault.CodeSourceForbidden)
	assert.Contains(t, f.Message, "quarantined")
	_, err = serve(t, replay(exchanges[1])).Open(t.Context(), withToken(), src)
	requireFault(t, err, fault.Unavailable, fault.CodeProviderAnswerInvalid)
	page, err := serve(t, replay(exchanges[2])).Open(t.Context(), withToken(), src)
	require.NoError(t, err)
	assert.Equal(t, "r/ferguson", page.Title)
}

func TestRecordedRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	e := recorded(t, "thread_fjn0j9_sticky_redirect")[0]
	require.Equal(t, http.StatusFound, e.Status)
	_, err := serve(t, replay(e)).Open(t.Context(), withToken(), parsed(t, "https://redd.it/fjn0j9"))
	requireFault(t, err, fault.Unavailable, fault.CodeProviderAnswerInvalid)
}

func TestRecordedShareLink(t *testing.T) {
	t.Parallel()
	share, tree := recorded(t, "share_url")[0], recorded(t, "thread_2gmzqe_small")[0]
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/s/") {
			replay(share).ServeHTTP(w, r)
			return
		}
		replay(tree).ServeHTTP(w, r)
	}))
	page, err := s.Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com"+share.Path))
	require.NoError(t, err)
	assert.Equal(t, "t3_2gmzqe", page.Posts[0].ExternalID)
	assert.Len(t, page.Posts, 3)
}

func TestRecordedErrors(t *testing.T) {
	t.Parallel()
	type outcome struct {
		kind fault.Kind
		code fault.Code
	}
	byStatus := map[int][]outcome{
		400: {{fault.Rejected, fault.CodeProviderAnswerInvalid}, {fault.Unavailable, fault.CodeProviderAnswerInvalid}, {fault.NotFound, fault.CodeSourceNotFound}, {fault.Forbidden, fault.CodeSourceForbidden}},
		401: {{fault.Unauthenticated, fault.CodeCredentialsRejected}},
		403: {{fault.Forbidden, fault.CodeSourceForbidden}},
		404: {{fault.NotFound, fault.CodeSourceNotFound}},
		409: {{fault.Rejected, fault.CodeProviderAnswerInvalid}},
		413: {{fault.Unavailable, fault.CodeProviderAnswerInvalid}},
		414: {{fault.Unavailable, fault.CodeProviderAnswerInvalid}},
		415: {{fault.Rejected, fault.CodeProviderAnswerInvalid}},
		429: {{fault.RateLimited, fault.CodeRateLimited}},
		451: {{fault.Forbidden, fault.CodeSourceForbidden}},
	}
	for _, e := range recorded(t, "errors") {
		_, err := serve(t, replay(e)).Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/r/golang"))
		require.Error(t, err, e.File)
		f := fault.As(err)
		want := byStatus[e.Status]
		if e.Status >= 500 {
			want = []outcome{{fault.Unavailable, fault.CodeProviderUnavailable}}
		}
		assert.Contains(t, want, outcome{f.Kind, f.Code}, "%d %s: %v", e.Status, e.File, err)
		if e.Status == http.StatusTooManyRequests && e.Headers["retry-after"] != "" {
			assert.False(t, f.RetryAt.IsZero(), e.File)
		}
	}
}

func TestRecordedAnswersOfAnotherProjectsTests(t *testing.T) {
	t.Parallel()
	for _, e := range recorded(t, "go_reddit_testdata") {
		s := serve(t, replay(e))
		switch path.Base(e.File) {
		case "post_post.json":
			page, err := s.Open(t.Context(), withToken(), parsed(t, "https://redd.it/testpost"))
			require.NoError(t, err)
			assert.NotEmpty(t, page.Posts)
		case "post_more.json":
			page, err := s.Fetch(t.Context(), withToken(), content.Listing{Kind: "more", IDs: []string{"0:a"}, RootID: "t3_123"}, "")
			require.NoError(t, err)
			comments, _ := things(t, e.body)
			comparePosts(t, byName(page.Posts), comments, "body")
		case "subreddit_posts.json", "subreddit_search-posts.json", "user_comments.json":
			page, err := s.Fetch(t.Context(), withToken(), content.Listing{Kind: "user", IDs: []string{"x", "", ""}}, "")
			require.NoError(t, err)
			assert.NotEmpty(t, page.Posts, e.File)
		default: // no listing: a subreddit, a user, rules
			_, err := s.Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/r/golang"))
			requireFault(t, err, fault.Unavailable, fault.CodeProviderAnswerInvalid)
		}
	}
}

// BenchmarkTree reads and maps the largest recorded tree, 2.6 MB.
func BenchmarkTree(b *testing.B) {
	e := recorded(b, "thread_n49rw_recollected_2020")[0]
	s, src := serve(b, replay(e)), parsed(b, "https://redd.it/n49rw")
	b.SetBytes(int64(len(e.body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(b.Context(), withToken(), src); err != nil {
			b.Fatal(err)
		}
	}
}

// lostOf counts the texts that are lost, nil for none.
func lostOf(posts []content.Post) map[content.Cause]int64 {
	var lost map[content.Cause]int64
	for _, p := range posts {
		if cause := p.Lost(); cause != "" {
			if lost == nil {
				lost = map[content.Cause]int64{}
			}
			lost[cause]++
		}
	}
	return lost
}
