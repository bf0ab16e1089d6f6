package fakeapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// redditBase is where the API is mounted; redirects stay below it.
	redditBase = "/reddit/"
	// maxExpanded is how many comments morechildren gives back, as recorded.
	maxExpanded = 100
)

// ScopeRead lets a token read Reddit, ScopeIdentity tells whose it is.
const (
	ScopeRead     = "read"
	ScopeIdentity = "identity"
)

// reddit is the API at oauth.reddit.com.
type reddit struct {
	data        *Data
	credentials *credentials
	limit       callLimit
	// maxTree and maxLevels clamp `limit` and `depth` of a thread.
	maxTree, maxLevels int
	// overlap allows calls to morechildren at the same time.
	overlap bool

	mu sync.Mutex
	// expanding counts the open calls to morechildren of each token.
	expanding map[string]int
}

func newReddit(d *Data, c *credentials) *reddit {
	return &reddit{
		data: d, credentials: c, maxTree: 500, maxLevels: 10,
		limit: callLimit{calls: 1000}, expanding: map[string]int{},
	}
}

func (t *reddit) fault(r Rule) answer {
	a := redditFault(r)
	t.limit.headers(a.header, t.credentials.now())
	return a
}

// redditCall is a call that was let in.
type redditCall struct {
	*http.Request
	query url.Values
	token AccessToken
	now   time.Time
}

func (c redditCall) format() thingFormat { return thingFormat{raw: c.query.Get("raw_json") == "1"} }

// number reads a parameter and draws it into a range.
func (c redditCall) number(name string, standard, least, most int) int {
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil {
		n = standard
	}
	return min(max(n, least), most)
}

// answer answers one call: who calls comes before how often, and that before
// what is asked for.
func (t *reddit) answer(r *http.Request, path string, _ Effect) answer {
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/"), ".json")
	_, secret := identify(r)
	token, accepted := t.credentials.bearer(secret, Reddit)
	now := t.credentials.now()
	var a answer
	switch {
	case isLibrary(r.UserAgent()):
		return redditReason("tooManyRequests").answer()
	case !accepted:
		return redditReason("unauthorized").answer()
	case !t.limit.take(now), r.Context().Value(overlapKey{}) != nil:
		a = redditReason("tooManyRequests").answer()
	default:
		_ = r.ParseForm() // a form that is none is empty
		a = t.route(redditCall{Request: r, query: r.Form, token: token, now: now}, path)
	}
	t.limit.headers(a.header, now)
	return a
}

// route finds what a path asks for.
func (t *reddit) route(c redditCall, path string) answer {
	parts := strings.Split(path, "/")
	scope, serve := ScopeRead, (func() answer)(nil)
	switch {
	case path == "api/v1/me":
		scope, serve = ScopeIdentity, func() answer { return me(c.token) }
	case path == "api/morechildren":
		serve = func() answer { return t.moreChildren(c) }
	case path == "api/info":
		serve = func() answer { return t.info(c) }
	case path == "subreddits/search":
		serve = func() answer { return jsonAnswer(http.StatusOK, listing(nil, "")) }
	case parts[0] == "comments" && len(parts) > 1:
		serve = func() answer { return t.thread(c, parts[1:]) }
	case parts[0] == "r" && len(parts) > 3 && parts[2] == "comments":
		serve = func() answer { return t.thread(c, parts[3:]) }
	case parts[0] == "r" && (len(parts) == 2 || len(parts) == 3):
		serve = func() answer { return t.subreddit(c, parts[1], strings.Join(parts[2:], "")) }
	case parts[0] == "user" && (len(parts) == 2 || len(parts) == 3):
		serve = func() answer { return t.user(c, parts[1], strings.Join(parts[2:], "")) }
	default:
		return redditReason("notFound").answer()
	}
	if !c.token.mayUse([]string{scope, "*"}) {
		return redditReason("insufficientScope").answer()
	}
	return serve()
}

// me tells whose token it is. An app-only token is nobody's.
func me(token AccessToken) answer {
	if token.Account == "" {
		return redditReason("forbidden").answer()
	}
	return jsonAnswer(http.StatusOK, map[string]any{
		"name": token.Account, "id": accountID(token.Account), "created_utc": seconds(accountsBegan),
	})
}

// thread answers comments/ID, comments/ID/SLUG and comments/ID/SLUG/COMMENT.
func (t *reddit) thread(c redditCall, path []string) answer {
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	s, ok := t.data.reddit.submissions[path[0]]
	if !ok {
		return redditReason("notFound").answer()
	}
	if refusal := t.data.closed(s.Subreddit); refusal != nil {
		return *refusal
	}
	f := c.format()
	f.of = s
	limits := cut{
		order:    commentOrder(c.query.Get("sort")),
		comments: c.number("limit", 200, 1, t.maxTree),
		levels:   c.number("depth", t.maxLevels, 1, t.maxLevels),
	}
	focus := c.query.Get("comment")
	if len(path) > 2 {
		focus = path[2]
	}
	post := listing([]thing{f.submission(s)}, "")
	if focus == "" {
		return jsonAnswer(http.StatusOK, []thing{post, listing(limits.nested(s.top, limits.pick(s.top), f), "")})
	}
	n, ok := t.data.reddit.comments[focus]
	if !ok || n.Hidden || n.SubmissionID != s.ID {
		return redditReason("notFound").answer()
	}
	return jsonAnswer(http.StatusOK, []thing{post, listing(limits.focused(n, c.number("context", 0, 0, 8), f), "")})
}

// focused shows a comment with all below it, inside up to so many of its
// ancestors; of these nothing else is shown.
func (c cut) focused(n *redditNode, ancestors int, f thingFormat) []thing {
	// The levels of the ancestors count.
	above := min(ancestors, n.depth)
	c.levels = max(c.levels-above, 1)
	one := []*redditNode{n}
	things := c.nested(one, c.pick(one), f)
	for up := n.parent; up != nil && above > 0; up, above = up.parent, above-1 {
		things = []thing{f.comment(up, things)}
	}
	return things
}

// moreChildren answers POST api/morechildren.
func (t *reddit) moreChildren(c redditCall) answer {
	if c.query.Get("api_type") != "json" {
		return redditReason("serverError").answer() // the jQuery form is not played
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	s, ok := t.data.reddit.submissions[strings.TrimPrefix(c.query.Get("link_id"), "t3_")]
	if !ok {
		return inJSON("NO_THING_ID", "fullname of a thing is required", "link_id").answer()
	}
	if refusal := t.data.closed(s.Subreddit); refusal != nil {
		return *refusal
	}
	var wanted []*redditNode
	for _, id := range split(c.query["children"]) {
		if n, ok := t.data.reddit.comments[id]; ok && !n.Hidden && n.SubmissionID == s.ID && !slices.Contains(wanted, n) {
			wanted = append(wanted, n)
		}
	}
	f := c.format()
	f.of = s
	limits := cut{order: commentOrder(c.query.Get("sort")), comments: maxExpanded, levels: c.number("depth", t.maxLevels, 1, t.maxLevels)}
	if c.query.Get("limit_children") == "true" {
		limits.levels = 1
	}
	things := limits.expand(wanted, f)
	return jsonAnswer(http.StatusOK, map[string]any{"json": map[string]any{"errors": []string{}, "data": map[string]any{"things": things}}})
}
