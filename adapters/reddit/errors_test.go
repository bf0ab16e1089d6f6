package reddit_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/reddit"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// answer is what a provider says to every call.
type answer struct {
	status int
	header map[string]string
	body   string
}

func (a answer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
}

const html = "<!doctype html><html><title>Too Many Requests</title><body>whoa there, pardner!"

func TestRefusals(t *testing.T) {
	t.Parallel()
	redirect := func(to string) answer { return answer{302, map[string]string{"Location": to}, ""} }
	for name, c := range map[string]struct {
		answer
		kind  fault.Kind
		code  fault.Code
		words string
	}{
		"private":            {answer{403, nil, `{"reason":"private","message":"Forbidden","error":403}`}, fault.Forbidden, fault.CodeSourceForbidden, "private"},
		"quarantined":        {answer{403, nil, `{"reason":"quarantined","quarantine_message":"x","message":"Forbidden","error":403}`}, fault.Forbidden, fault.CodeSourceForbidden, "quarantined"},
		"gated":              {answer{403, nil, `{"reason":"gated","message":"Forbidden","error":403}`}, fault.Forbidden, fault.CodeSourceForbidden, "warning"},
		"premium":            {answer{403, nil, `{"reason":"gold_only","message":"Forbidden","error":403}`}, fault.Forbidden, fault.CodeSourceForbidden, "Premium"},
		"banned":             {answer{404, nil, `{"reason":"banned","message":"Not Found","error":404}`}, fault.NotFound, fault.CodeSourceNotFound, "banned"},
		"not found":          {answer{404, nil, `{"message":"Not Found","error":404}`}, fault.NotFound, fault.CodeSourceNotFound, "deleted"},
		"no such user":       {answer{400, nil, `{"fields":["id"],"explanation":"that user doesn't exist","message":"Bad Request","reason":"USER_DOESNT_EXIST"}`}, fault.NotFound, fault.CodeSourceNotFound, ""},
		"404 for people":     {answer{404, nil, html}, fault.NotFound, fault.CodeSourceNotFound, ""},
		"no such subreddit":  {redirect("https://oauth.reddit.com/subreddits/search?q=nosuch"), fault.NotFound, fault.CodeSourceNotFound, "no such subreddit"},
		"relative redirect":  {redirect("/subreddits/search?q=nosuch"), fault.NotFound, fault.CodeSourceNotFound, "no such subreddit"},
		"behind a warning":   {redirect("/quarantine?dest=x"), fault.Forbidden, fault.CodeSourceForbidden, "quarantined"},
		"behind a login":     {redirect("https://www.reddit.com/login?dest=x"), fault.Forbidden, fault.CodeSourceForbidden, "signed in"},
		"elsewhere":          {redirect("https://example.org/"), fault.Unavailable, fault.CodeProviderAnswerInvalid, ""},
		"nowhere":            {answer{302, nil, ""}, fault.Unavailable, fault.CodeProviderAnswerInvalid, ""},
		"token":              {answer{401, map[string]string{"WWW-Authenticate": `Bearer realm="reddit", error="invalid_token"`}, `{"message":"Unauthorized","error":401}`}, fault.Unauthenticated, fault.CodeCredentialsRejected, "connect the Reddit account again"},
		"scope":              {answer{403, map[string]string{"WWW-Authenticate": `Bearer realm="reddit", error="insufficient_scope"`}, ""}, fault.Forbidden, fault.CodeNeedsReconnect, "scope read"},
		"403 without reason": {answer{403, nil, `{"error":403}`}, fault.Forbidden, fault.CodeSourceForbidden, "private or quarantined"},
		"403 for people":     {answer{403, nil, html}, fault.Unavailable, fault.CodeProviderAnswerInvalid, ""},
		"legal reasons":      {answer{451, nil, ""}, fault.Forbidden, fault.CodeSourceForbidden, "legal"},
		"bad request":        {answer{400, nil, `{"message":"Bad Request","error":400}`}, fault.Rejected, fault.CodeProviderAnswerInvalid, ""},
		"429 for people":     {answer{429, nil, html}, fault.RateLimited, fault.CodeRateLimited, ""},
		"429 with a reason":  {answer{429, nil, `{"reason":"private","error":429}`}, fault.RateLimited, fault.CodeRateLimited, ""},
		"520":                {answer{520, nil, html}, fault.Unavailable, fault.CodeProviderUnavailable, ""},
		"522":                {answer{522, nil, ""}, fault.Unavailable, fault.CodeProviderUnavailable, ""},
		"408":                {answer{408, nil, ""}, fault.Unavailable, fault.CodeProviderUnavailable, ""},
		"200 with an error":  {answer{200, nil, `{"message":"Forbidden","error":403}`}, fault.Forbidden, fault.CodeSourceForbidden, ""},
		"200 for people":     {answer{200, nil, html}, fault.Unavailable, fault.CodeProviderAnswerInvalid, ""},
		"200 of its own":     {answer{200, nil, `{"error":200}`}, fault.Unavailable, fault.CodeProviderAnswerInvalid, ""},
		"odd types":          {answer{403, nil, `{"reason":{"x":[]},"message":[],"error":"no"}`}, fault.Forbidden, fault.CodeSourceForbidden, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.answer)
			for _, address := range []string{"https://redd.it/post1", "https://www.reddit.com/r/golang/new", "https://www.reddit.com/u/gopher"} {
				_, err := s.Open(t.Context(), withToken(), parsed(t, address))
				f := requireFault(t, err, c.kind, c.code)
				assert.Contains(t, f.Message, c.words, address)
			}
			_, err := s.Fetch(t.Context(), withToken(), content.Listing{Kind: "more", IDs: []string{"0:a"}, RootID: "t3_post1"}, "")
			requireFault(t, err, c.kind, c.code)
		})
	}
}

func TestDeploymentsOwnTokenIsTheOperatorsMatter(t *testing.T) {
	t.Parallel()
	scope := answer{403, map[string]string{"WWW-Authenticate": `Bearer error="insufficient_scope"`}, ""}
	_, err := serve(t, scope).Open(t.Context(), withMaster(), parsed(t, "https://redd.it/post1"))
	f := requireFault(t, err, fault.Forbidden, fault.CodeCredentialsRejected)
	assert.Contains(t, f.Message, "operator")
	_, err = serve(t, answer{401, nil, ""}).Open(t.Context(), withMaster(), parsed(t, "https://redd.it/post1"))
	f = requireFault(t, err, fault.Unauthenticated, fault.CodeCredentialsRejected)
	assert.Contains(t, f.Message, "operator")
}

func TestErrorsInsideASuccess(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for body, c := range map[string]struct {
		kind  fault.Kind
		code  fault.Code
		after time.Duration
	}{
		`{"json":{"ratelimit":541.2,"errors":[["RATELIMIT","you are doing that too much","ratelimit"]]}}`: {fault.RateLimited, fault.CodeRateLimited, 541 * time.Second},
		`{"json":{"ratelimit":1e99,"errors":[["RATELIMIT","x","y"]]}}`:                                    {fault.RateLimited, fault.CodeRateLimited, 24 * time.Hour},
		`{"json":{"errors":[["RATELIMIT","you are doing that too much",null]]}}`:                          {fault.RateLimited, fault.CodeRateLimited, 0},
		`{"json":{"errors":[["NO_THING_ID","id not specified","id"]]}}`:                                   {fault.NotFound, fault.CodeSourceNotFound, 0},
		`{"json":{"errors":[["USER_REQUIRED","Please log in to do that.",null]]}}`:                        {fault.Unauthenticated, fault.CodeCredentialsRejected, 0},
		`{"json":{"errors":[["WHATEVER",7]]}}`:                                                            {fault.Rejected, fault.CodeProviderAnswerInvalid, 0},
		`{"json":{"errors":[[]]}}`:                                                                        {fault.Rejected, fault.CodeProviderAnswerInvalid, 0},
		`{"jquery":[],"success":true}`:                                                                    {fault.Unavailable, fault.CodeProviderAnswerInvalid, 0},
	} {
		server := httptest.NewServer(answer{200, nil, body})
		t.Cleanup(server.Close)
		s := reddit.New(reddit.Options{BaseURL: server.URL, Now: func() time.Time { return now }})
		_, err := s.Fetch(t.Context(), withToken(), content.Listing{Kind: content.ListingReplies, IDs: []string{"1:a"}, RootID: "t3_post1"}, "")
		f := requireFault(t, err, c.kind, c.code)
		if c.after == 0 {
			assert.Zero(t, f.RetryAt, body)
		} else {
			assert.Equal(t, now.Add(c.after), f.RetryAt, body)
		}
	}
}

func TestOddAnswersSurvive(t *testing.T) {
	t.Parallel()
	tree := func(comments string) string {
		return `[{"kind":"Listing","data":{"children":[{"kind":"t3","data":{"id":"p"}}]}},{"kind":"Listing","data":{"children":[` + comments + `]}}]`
	}
	for comments, want := range map[string]int{
		``: 0,
		`null,{},{"kind":"t5","data":{"id":"a"}},{"kind":"t1"}`:                                                   0,
		`{"kind":"t1","data":{"id":"A B"}},{"kind":"t1","data":{"id":"` + strings.Repeat("a", 99) + `"}}`:         0,
		`{"kind":"t1","data":{"id":"a","replies":null,"author":null,"body":null,"edited":true,"created_utc":{}}}`: 1,
		`{"kind":"t1","data":{"id":"a","replies":"","score":"7","edited":1e300,"body":"\ud800 ` + "\xff" + `"}}`:  1,
		`{"kind":"t1","data":{"id":"a","parent_id":"t7_x","permalink":"javascript:x","is_submitter":null}}`:       1,
		`{"kind":"more","data":{"id":"_","parent_id":"t3_p","count":0,"children":[]}}`:                            0,
		`{"kind":"more","data":{"children":["A B","","x,y"],"parent_id":"t3_p"}}`:                                 0,
		`{"data":{"id":"a","replies":{"data":{"children":[{"data":{"id":"b"},"kind":"t1"}]}}},"kind":"t1"}`:       2,
	} {
		page, err := serve(t, answer{200, nil, tree(comments)}).Open(t.Context(), withToken(), parsed(t, "https://redd.it/p"))
		require.NoError(t, err, comments)
		assert.Len(t, page.Posts, want+1, comments)
		assert.Empty(t, page.Follow, comments)
		for _, p := range page.Posts[1:] {
			assert.True(t, strings.HasPrefix(p.URL, "https://www.reddit.com/comments/p/_/"), p.URL)
			assert.Equal(t, "t3_p", p.RootExternalID)
		}
	}
}

func TestWrongTypesAreNoAnswer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`[]`, `7`, `{}`, `[{},{}]`, `[[],[]]`, `[{"kind":"Listing","data":{"children":[{"kind":"t1","data":{"id":"a"}}]}},{"kind":"Listing","data":{}}]`,
		`{"kind":"Listing","data":{"children":7}}`, `{"kind":"Listing","data":{"after":"nonsense"}}`, `{"kind":"t3","data":{}}`,
		`{"json":{"data":{"things":{}}}}`, `{"json":7}`, `{"json":{"data":{"things":[]}}} and more`, `{"kind":"Listing","data":{"after":null`,
		`{"kind":"Listing","data":{"children":[{"kind":"t3","data":{"id":7}}]}}`,
		strings.Repeat(`{"kind":"Listing","data":{"children":[{"kind":"t1","data":{"replies":`, 20_000),
	} {
		s := serve(t, answer{200, nil, body})
		for _, l := range []content.Listing{
			{Kind: "tree", IDs: []string{"p"}, RootID: "t3_p"},
			{Kind: "subreddit", IDs: []string{"golang", "new", ""}},
			{Kind: "more", IDs: []string{"0:a"}, RootID: "t3_p"},
		} {
			_, err := s.Fetch(t.Context(), withToken(), l, "")
			requireFault(t, err, fault.Unavailable, fault.CodeProviderAnswerInvalid)
		}
	}
}
