package fakeapi

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// listingEnd is how far a listing reaches, whatever there is behind.
	listingEnd = 1000
	// listingPage is the default of `limit`, listingMost its end.
	listingPage = 25
	listingMost = 100
	// infoMost is how many things api/info looks up.
	infoMost = 100
)

// closed returns why nobody gets into a subreddit, or nil.
func (d *Data) closed(subreddit string) *answer {
	s := d.reddit.subreddits[strings.ToLower(subreddit)]
	if s == nil || s.Refusal == "" {
		return nil
	}
	a := redditReason(s.Refusal).answer()
	return &a
}

// entry is a submission or a comment in a listing.
type entry struct {
	name  string
	at    time.Time
	score int64
	thing func(thingFormat) thing
}

// hot is Reddit's published rank: ten times the points weigh 12.5 hours.
func (e entry) hot() float64 {
	points := math.Log10(math.Max(math.Abs(float64(e.score)), 1))
	if e.score < 0 {
		points = -points
	}
	return points + float64(e.at.Unix())/45000
}

// sortEntries puts a listing in order.
func sortEntries(entries []entry, order string) {
	slices.SortFunc(entries, func(a, b entry) int {
		first := b.at.Compare(a.at)
		switch order {
		case "top":
			first = cmp.Compare(b.score, a.score)
		case "hot":
			first = cmp.Compare(b.hot(), a.hot())
		}
		return cmp.Or(first, b.at.Compare(a.at), strings.Compare(a.name, b.name))
	})
}

// spans are the values of t; what is none is a day.
var spans = map[string]time.Duration{
	"hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 30 * 24 * time.Hour, "year": 365 * 24 * time.Hour,
}

// page answers a listing: the entries behind `after`, up to 1,000 in all. An
// anchor that is gone brings an empty page.
func (c redditCall) page(entries []entry, order string) answer {
	if order == "top" && c.query.Get("t") != "all" {
		span := cmp.Or(spans[c.query.Get("t")], spans["day"])
		entries = slices.DeleteFunc(entries, func(e entry) bool { return e.at.Before(c.now.Add(-span)) })
	}
	sortEntries(entries, order)
	entries = entries[:min(len(entries), listingEnd)]
	if after := c.query.Get("after"); after != "" {
		at := slices.IndexFunc(entries, func(e entry) bool { return e.name == after })
		if at < 0 {
			at = len(entries) - 1
		}
		entries = entries[at+1:]
	}
	next := ""
	if n := c.number("limit", listingPage, 1, listingMost); n < len(entries) {
		entries = entries[:n]
		next = entries[n-1].name
	}
	var things []thing
	for _, e := range entries {
		things = append(things, e.thing(c.format()))
	}
	return jsonAnswer(http.StatusOK, listing(things, next))
}

func submissionEntry(s *submissionNode) entry {
	return entry{"t3_" + s.ID, s.CreatedAt, s.Score, func(f thingFormat) thing { return f.submission(s) }}
}

func (d *Data) commentEntry(n *redditNode) entry {
	return entry{"t1_" + n.ID, n.CreatedAt, n.Score, func(f thingFormat) thing {
		f.of = d.reddit.submissions[n.SubmissionID]
		return f.comment(n, nil)
	}}
}

// subreddit answers r/S, r/S/new, r/S/top, r/S/hot and r/S/about.
func (t *reddit) subreddit(c redditCall, name, what string) answer {
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	s := t.data.reddit.subreddits[strings.ToLower(name)]
	if s == nil {
		e := redditReason("noSuchSubreddit")
		e.location = redditBase + "subreddits/search?q=" + url.QueryEscape(name)
		return e.answer()
	}
	if refusal := t.data.closed(name); refusal != nil {
		return *refusal
	}
	order := cmp.Or(what, "hot")
	switch order {
	case "about":
		return jsonAnswer(http.StatusOK, c.format().subreddit(s))
	case "new", "top", "hot":
	default:
		return redditReason("notFound").answer()
	}
	var entries []entry
	for _, p := range t.data.reddit.submissions {
		if strings.EqualFold(p.Subreddit, name) {
			entries = append(entries, submissionEntry(p))
		}
	}
	return c.page(entries, order)
}

// user answers user/U, its submitted and comments, and about.
func (t *reddit) user(c redditCall, name, what string) answer {
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	submitted, comments := t.data.writtenBy(name)
	if len(submitted)+len(comments) == 0 {
		return redditReason("notFound").answer()
	}
	entries := slices.Concat(submitted, comments)
	switch what {
	case "about":
		return jsonAnswer(http.StatusOK, thing{"t2", map[string]any{
			"name": name, "id": accountID(name), "created_utc": seconds(accountsBegan),
			"link_karma": len(submitted), "comment_karma": len(comments),
		}})
	case "submitted":
		entries = submitted
	case "comments":
		entries = comments
	case "", "overview":
	default:
		return redditReason("notFound").answer()
	}
	return c.page(entries, cmp.Or(c.query.Get("sort"), "new"))
}

// writtenBy returns what an account wrote in subreddits that are open.
func (d *Data) writtenBy(name string) (submitted, comments []entry) {
	for _, s := range d.reddit.submissions {
		if strings.EqualFold(s.Author, name) && d.closed(s.Subreddit) == nil {
			submitted = append(submitted, submissionEntry(s))
		}
	}
	for _, n := range d.reddit.comments {
		if strings.EqualFold(n.Author, name) && !n.Hidden && d.closed(d.reddit.submissions[n.SubmissionID].Subreddit) == nil {
			comments = append(comments, d.commentEntry(n))
		}
	}
	return submitted, comments
}

// info answers api/info for fullnames or names of subreddits; what is not
// there is left out.
func (t *reddit) info(c redditCall) answer {
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	f := c.format()
	var things []thing
	for _, name := range split(c.query["sr_name"]) {
		if s := t.data.reddit.subreddits[strings.ToLower(name)]; s != nil {
			things = append(things, f.subreddit(s))
		}
	}
	ids := split(c.query["id"])
	for _, id := range ids[:min(len(ids), infoMost)] {
		if one, ok := t.data.thingNamed(id, f); ok {
			things = append(things, one)
		}
	}
	return jsonAnswer(http.StatusOK, listing(things, ""))
}

// thingNamed returns the thing of a fullname.
func (d *Data) thingNamed(fullname string, f thingFormat) (thing, bool) {
	kind, id, _ := strings.Cut(fullname, "_")
	switch kind {
	case "t1":
		if n, ok := d.reddit.comments[id]; ok && !n.Hidden {
			return d.commentEntry(n).thing(f), true
		}
	case "t3":
		if s, ok := d.reddit.submissions[id]; ok {
			return f.submission(s), true
		}
	case "t5":
		for _, s := range d.reddit.subreddits {
			if subredditID(s.Name) == fullname {
				return f.subreddit(s), true
			}
		}
	}
	return thing{}, false
}
