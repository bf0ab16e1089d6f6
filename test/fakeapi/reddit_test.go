package fakeapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestAThreadIsWholeOnlyWithItsMoreNodes(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]fakeapi.Option{
		"default": nil, "narrow": {fakeapi.WithTreeLimit(40, 3), fakeapi.WithRedditLimit(0)},
	} {
		d := demo(t)
		s := allowReader(fakeapi.Run(t, d, options...))
		want := d.RedditComments(fakeapi.DemoSubmissionID)
		tree := collector{TB: t, server: s, post: fakeapi.DemoSubmissionID, bodies: map[string]string{}, parents: map[string]string{}}
		tree.tree("comments/" + fakeapi.DemoSubmissionID + "?raw_json=1&limit=2048")
		require.Less(t, len(tree.bodies), len(want), name)
		require.NotEmpty(t, tree.pending, name)
		got := collect(t, s, fakeapi.DemoSubmissionID, 100)
		require.Len(t, got.bodies, len(want), name)
		require.True(t, got.continued, "%s: the deep quarrel is continued elsewhere", name)
		require.True(t, got.residual, "%s: more than 100 stood behind 100 ids", name)
		for _, c := range want {
			require.Equal(t, c.Text, got.bodies[c.ID])
		}
	}
}

func TestAnswersOfACommentLink(t *testing.T) {
	t.Parallel()
	d := demo(t)
	s := allowReader(fakeapi.Run(t, d))
	var deep fakeapi.RedditComment
	for _, c := range d.RedditComments("tide02") {
		if c.ParentID != "" {
			deep = c
		}
	}
	alone := redditGet(t, s, "r/"+fakeapi.DemoSubreddit+"/comments/tide02/a_slug/"+deep.ID+"/").things(t)
	require.Contains(t, string(alone[1].Data.Children), `"id":"`+deep.ID+`"`)
	require.NotContains(t, string(alone[1].Data.Children), `"id":"`+deep.ParentID+`"`)
	above := redditGet(t, s, "comments/tide02/_/"+deep.ID+"?context=1").things(t)
	require.Contains(t, string(above[1].Data.Children), `"id":"`+deep.ParentID+`"`)
	require.Equal(t, http.StatusNotFound, redditGet(t, s, "comments/tide02/_/none").status)
	require.Equal(t, http.StatusNotFound, redditGet(t, s, "comments/none").status)
}

func TestMoreChildrenOfOneTokenMustNotOverlap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []fakeapi.Option
		second  int
	}{
		"by default": {nil, http.StatusTooManyRequests},
		"allowed":    {[]fakeapi.Option{fakeapi.WithOverlap()}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := allowReader(fakeapi.Run(t, demo(t), c.options...))
			s.AllowToken(fakeapi.AccessToken{Secret: "another", Service: fakeapi.Reddit, Scopes: []string{"read"}})
			s.Inject(fakeapi.Rule{Service: fakeapi.Reddit, Path: "api/*", Effect: fakeapi.Hang, Times: 1})
			more := func(ctx context.Context, token string) int {
				r, err := reddit(ctx, s, token, "api/morechildren", url.Values{"api_type": {"json"}, "link_id": {"t3_tide01"}, "children": {"c100"}})
				if err != nil {
					return 0
				}
				return r.status
			}
			ctx, cancel := context.WithCancel(t.Context())
			first := make(chan int, 1)
			go func() { first <- more(ctx, readToken) }()
			require.Eventually(t, func() bool { return s.MaxInFlight(fakeapi.Reddit) == 1 }, 5*time.Second, time.Millisecond)
			require.Equal(t, c.second, more(t.Context(), readToken))
			require.Equal(t, http.StatusOK, more(t.Context(), "another"))
			cancel()
			require.Zero(t, <-first)
			require.Eventually(t, func() bool { return more(t.Context(), readToken) == http.StatusOK }, 5*time.Second, time.Millisecond)
		})
	}
}

func TestRedditRefusesInItsFourShapes(t *testing.T) {
	t.Parallel()
	s := allowReader(fakeapi.Run(t, demo(t)))
	for path, c := range map[string]struct {
		status int
		body   string
	}{
		"r/" + fakeapi.DemoPrivateSubreddit + "/new":       {403, `{"reason":"private","message":"Forbidden","error":403}`},
		"r/" + fakeapi.DemoQuarantinedSubreddit + "/about": {403, `{"reason":"quarantined","message":"Forbidden","error":403}`},
		"r/" + fakeapi.DemoGatedSubreddit + "/hot":         {403, `{"reason":"gated","message":"Forbidden","error":403}`},
		"r/" + fakeapi.DemoBannedSubreddit + "/top":        {404, `{"reason":"banned","message":"Not Found","error":404}`},
		"comments/tide90":                      {403, `{"reason":"private","message":"Forbidden","error":403}`},
		"user/nobody_here":                     {404, `{"message":"Not Found","error":404}`},
		"r/" + fakeapi.DemoSubreddit + "/wiki": {404, `{"message":"Not Found","error":404}`},
		"nothing":                              {404, `{"message":"Not Found","error":404}`},
	} {
		r := redditGet(t, s, path)
		require.Equal(t, c.status, r.status, path)
		require.JSONEq(t, c.body, string(r.body), path)
	}
	gone := redditGet(t, s, "r/no_such_one/new")
	require.Equal(t, http.StatusFound, gone.status)
	require.Equal(t, "/reddit/subreddits/search?q=no_such_one", gone.header.Get("Location"))
	require.Equal(t, http.StatusOK, redditGet(t, s, "subreddits/search?q=no_such_one").status)
	link, err := reddit(t.Context(), s, readToken, "api/morechildren", url.Values{"api_type": {"json"}, "link_id": {"t3_none"}})
	require.NoError(t, err)
	require.Contains(t, string(link.body), `{"json":{"errors":[["NO_THING_ID"`)
}

func TestEveryRefusalComesByRule(t *testing.T) {
	t.Parallel()
	s := allowReader(fakeapi.Run(t, demo(t)))
	said := func(r fakeapi.Rule) reply {
		s.ClearRules()
		r.Service, r.Effect = fakeapi.Reddit, fakeapi.Error
		s.Inject(r)
		return redditGet(t, s, "comments/tide01")
	}
	for _, reason := range fakeapi.RedditReasons() {
		r := said(fakeapi.Rule{Reason: reason})
		require.NotZero(t, r.status, reason)
		require.NotContains(t, string(r.body), `"kind"`, reason)
	}
	html := said(fakeapi.Rule{Status: 429, RetryAfter: "4"})
	require.Equal(t, "text/html; charset=UTF-8", html.header.Get("Content-Type"))
	require.Equal(t, "4", html.header.Get("Retry-After"))
	require.NotEmpty(t, html.header.Get("X-Ratelimit-Reset"))
	require.JSONEq(t, `{"message":"Too Many Requests","error":429}`, string(said(fakeapi.Rule{Reason: "tooManyRequestsJSON"}).body))
	require.Empty(t, said(fakeapi.Rule{Status: 503}).body)
	require.Equal(t, 451, said(fakeapi.Rule{Reason: "legal"}).status)
	require.JSONEq(t, `{"reason":"new_reason","message":"Forbidden","error":403}`, string(said(fakeapi.Rule{Reason: "new_reason"}).body))
	require.JSONEq(t, `{"message":"Conflict","error":409}`, string(said(fakeapi.Rule{Status: 409}).body))
	limited := said(fakeapi.Rule{Reason: "RATELIMIT"})
	require.Equal(t, http.StatusOK, limited.status)
	require.Contains(t, string(limited.body), `"errors":[["RATELIMIT"`)
	require.Contains(t, said(fakeapi.Rule{Reason: "insufficientScope"}).header.Get("WWW-Authenticate"), "insufficient_scope")
}

func TestRedditAsksWhoCalls(t *testing.T) {
	t.Parallel()
	s := allowReader(fakeapi.Run(t, small(t, 1)))
	s.AllowToken(fakeapi.AccessToken{Secret: "identity-only", Service: fakeapi.Reddit, Scopes: []string{"identity"}})
	s.AllowToken(fakeapi.AccessToken{Secret: "youtube-token", Scopes: []string{fakeapi.ScopeForceSSL}})
	for token, status := range map[string]int{"": 401, "unknown": 401, "youtube-token": 401, "identity-only": 403, readToken: 302} {
		r, err := reddit(t.Context(), s, token, "r/none/new", nil)
		require.NoError(t, err)
		require.Equal(t, status, r.status, token)
	}
	require.Equal(t, "authError", mine(t, s, readToken).reason(t), "Reddit's token at YouTube")
	library, err := get(t.Context(), s.RedditURL()+"/api/v1/me", "Authorization: Bearer "+readToken)
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, library.status)
	s.RevokeToken(readToken)
	require.Equal(t, http.StatusUnauthorized, redditGet(t, s, "api/v1/me").status)
}

func TestTheRateLimitIsSaidInFloats(t *testing.T) {
	t.Parallel()
	now := noon
	s := fakeapi.Run(t, demo(t), fakeapi.WithRedditLimit(2), fakeapi.WithClock(func() time.Time { return now }))
	allowReader(s)
	for left := 1; left >= 0; left-- {
		r := redditGet(t, s, "api/v1/me")
		require.Equal(t, http.StatusOK, r.status)
		require.Equal(t, fmt.Sprintf("%d.0", left), r.header.Get("X-Ratelimit-Remaining"))
		require.Equal(t, fmt.Sprint(2-left), r.header.Get("X-Ratelimit-Used"))
		require.Equal(t, "600", r.header.Get("X-Ratelimit-Reset"))
	}
	now = now.Add(30 * time.Second)
	r := redditGet(t, s, "api/v1/me")
	require.Equal(t, http.StatusTooManyRequests, r.status)
	require.Equal(t, "570", r.header.Get("X-Ratelimit-Reset"))
	require.Contains(t, string(r.body), "whoa there, pardner!")
	now = now.Add(570 * time.Second)
	require.Equal(t, http.StatusOK, redditGet(t, s, "api/v1/me").status)
}

// crowded returns a subreddit with n submissions of one author, s0 the oldest.
func crowded(t testing.TB, n int) *fakeapi.Data {
	t.Helper()
	d := fakeapi.NewData()
	d.AddSubreddit(fakeapi.Subreddit{Name: "Crowd", CreatedAt: noon})
	for i := range n {
		require.NoError(t, d.AddSubmission(fakeapi.Submission{
			ID: fmt.Sprintf("s%d", i), Subreddit: "Crowd", Author: "Prolific", Title: "A & B", Score: int64(i % 10), CreatedAt: noon.Add(time.Duration(i) * time.Minute),
		}))
	}
	return d
}

func TestListingsEndAtAThousand(t *testing.T) {
	t.Parallel()
	s := allowReader(fakeapi.Run(t, crowded(t, 1100)))
	for _, path := range []string{"r/crowd/new?", "r/Crowd/top?t=all&", "r/Crowd?", "user/prolific?", "user/Prolific/submitted?"} {
		seen := map[string]bool{}
		after, pages := "", 0
		for pages == 0 || after != "" {
			require.Less(t, pages, 20, path)
			var names []string
			names, after = redditGet(t, s, path+"limit=500&after="+after).listing(t)
			for _, name := range names {
				seen[name] = true
			}
			pages++
		}
		require.Len(t, seen, 1000, path)
		require.Equal(t, 10, pages, path)
	}
	names, _ := redditGet(t, s, "r/crowd/new").listing(t)
	require.Len(t, names, 25)
	require.Equal(t, "t3_s1099", names[0])
	names, after := redditGet(t, s, "r/crowd/new?after=t3_gone").listing(t)
	require.Empty(t, names)
	require.Empty(t, after)
	names, _ = redditGet(t, s, "r/crowd/top").listing(t)
	require.Empty(t, names, "top is of the day where t is not said")
	names, _ = redditGet(t, s, "user/prolific/comments").listing(t)
	require.Empty(t, names)
	about := redditGet(t, s, "user/Prolific/about")
	require.Contains(t, string(about.body), `"name":"Prolific"`)
}

func TestTextsAreEscapedWithoutRawJSON(t *testing.T) {
	t.Parallel()
	s := allowReader(fakeapi.Run(t, demo(t)))
	text := func(query string) string {
		var one struct {
			Data struct {
				Children []struct {
					Data map[string]any `json:"data"`
				} `json:"children"`
			} `json:"data"`
		}
		require.NoError(t, json.Unmarshal(redditGet(t, s, "api/info?id=t3_tide01"+query).body, &one))
		return one.Data.Children[0].Data["selftext"].(string)
	}
	require.Contains(t, text("&raw_json=1"), "<b>anything</b> but the soup & the dog")
	require.Contains(t, text(""), "&lt;b&gt;anything&lt;/b&gt; but the soup &amp; the dog")
}

func TestInfoKnowsAllKinds(t *testing.T) {
	t.Parallel()
	d := demo(t)
	s := allowReader(fakeapi.Run(t, d))
	comment := "t1_" + d.RedditComments("tide03")[0].ID
	names, _ := redditGet(t, s, "api/info?id=t3_tide01,t3_none,t9_x,"+comment+"&sr_name="+fakeapi.DemoSubreddit).listing(t)
	require.Len(t, names, 3)
	require.Equal(t, []string{"t3_tide01", comment}, names[1:])
	again, _ := redditGet(t, s, "api/info?id="+names[0]).listing(t)
	require.Equal(t, names[:1], again)
	about := redditGet(t, s, "r/"+strings.ToLower(fakeapi.DemoSubreddit)+"/about.json")
	require.Contains(t, string(about.body), `"display_name":"`+fakeapi.DemoSubreddit+`"`)
}

// TestEveryRedditFieldWasSeenInTheWild compares the fields of rendered things
// with those of a thread recorded in 2020.
func TestEveryRedditFieldWasSeenInTheWild(t *testing.T) {
	t.Parallel()
	recorded := map[string]map[string]bool{}
	for _, file := range []string{
		"thread_n49rw_recollected_2020/001_comments_n49rw.json", "listing_askreddit_2016/001_r_askreddit_new.json",
		"thread_gx8r8z_deleted_removed/001_comments_gx8r8z.json", "user_about/001_user_PyAPITestUser3_about.json", "go_reddit_testdata/subreddit_about.json",
	} {
		body, err := os.ReadFile(filepath.Join(fixtures(t), "reddit", file))
		require.NoError(t, err)
		thingFields(t, body, recorded)
	}
	s := allowReader(fakeapi.Run(t, demo(t)))
	served := map[string]map[string]bool{}
	for _, path := range []string{"comments/tide01", "comments/tide05", "r/" + fakeapi.DemoSubreddit + "/about", "user/quiet_harbour/about", "r/" + fakeapi.DemoSubreddit + "/new"} {
		thingFields(t, redditGet(t, s, path).body, served)
	}
	for kind, names := range served {
		for name := range names {
			require.True(t, recorded[kind][name], "%s.%s was never seen", kind, name)
		}
	}
	require.Len(t, served, 5)
}

// thingFields collects the names of the fields of every thing, by kind.
func thingFields(t testing.TB, body []byte, into map[string]map[string]bool) {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(body, &v))
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			kind, isThing := v["kind"].(string)
			data, _ := v["data"].(map[string]any)
			if isThing && into[kind] == nil {
				into[kind] = map[string]bool{}
			}
			for name := range data {
				if isThing {
					into[kind][name] = true
				}
			}
			for _, inside := range v {
				walk(inside)
			}
		}
	}
	walk(v)
}
