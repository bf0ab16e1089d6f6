package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	postsAPage = 25
	// searchAPage is how many posts are looked through for a page, so that a word
	// that nobody used costs no more than a page may take.
	searchAPage = 10_000
	// longestText is how much of a text a list shows, in characters: some are
	// 10,000 long. Its thread has it whole.
	longestText = 600
)

// postsPage is a task's posts, as they were asked for.
type postsPage struct {
	Task   taskLine
	Posts  []postLine
	Filter postsFilter
	Next   string
	Older  bool
	// Searched tells how far a search has come that is not at its end, empty for
	// others.
	Searched string
	Here     string // the address to come back to
}

// postsFilter is the form above the posts.
type postsFilter struct {
	Query, Author                  string
	Sentiments, Spam, Kinds, Order []choice
}

// postLine is a post as lists show it.
type postLine struct {
	analysis.JudgedPost
	Text string
	// Cut tells that the text goes on.
	Cut bool
	// Thread is the address of its thread.
	Thread string
	Depth  int
	// Verdict is spam, ok or empty; ByHand that a person said so.
	Verdict string
	ByHand  bool
	// Label is the word for the sentiment, empty for a post that is not scored.
	Label string
	Kind  string
	Link  string
}

func (s *Server) listPosts(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	filter, order, form := askedPosts(v.QueryParams())
	page := postsPage{Task: lineOf(t), Filter: form, Older: v.QueryParam("after") != "", Here: here(v)}
	listed, err := s.Tasks.Posts(v.Request().Context(), v.by, t.ID, filter, order, ports.Paging{Limit: postsAPage, After: v.QueryParam("after"), Within: searchAPage})
	if err != nil {
		return err
	}
	for _, p := range listed.Items {
		page.Posts = append(page.Posts, postLineOf(t.ID, p, longestText))
	}
	page.Next = nextPage(v, listed.Next)
	if page.Next != "" && len(listed.Items) < postsAPage {
		page.Next, page.Searched = searchedOn(v, page.Next, t.Counters.Fetched)
	}
	return s.render(v, v, http.StatusOK, "posts", "Posts of "+page.Task.Title, page)
}

// searchedOn tells how far a search has come that found less than a page within
// what it looks through at a time, and returns its next page. Pages before that
// were full did not count: then only this page's part is known.
func searchedOn(v *visit, next string, of int64) (further, told string) {
	before, whole := int64(atoi(v.QueryParam("searched"))), v.QueryParam("after") == "" || v.QueryParam("searched") != ""
	if !whole {
		return next, "Searched " + plain.Number(searchAPage) + " posts more."
	}
	searched := max(before, 0) + searchAPage
	return next + "&searched=" + strconv.FormatInt(searched, 10),
		"Searched " + plain.Number(min(searched, of)) + " of " + plain.Number(of) + " posts so far."
}

// here returns the address of a page without its notice.
func here(v *visit) string {
	u := *v.Request().URL
	q := u.Query()
	q.Del("done")
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// The words of the form, where they are not the domain's own.
const none = "none"

// askedPosts reads the form. A word that is none of its own chooses everything.
func askedPosts(q url.Values) (analysis.PostFilter, analysis.Order, postsFilter) {
	form := postsFilter{
		Query: content.CleanText(q.Get("q")), Author: content.CleanText(q.Get("author")),
		Sentiments: choices(q.Get("sentiment"), choice{Word: "any"}, choice{Value: string(analysis.Positive), Word: "positive"},
			choice{Value: string(analysis.Neutral), Word: "neutral"}, choice{Value: string(analysis.Negative), Word: "negative"}, choice{Value: none, Word: "not scored"}),
		Spam: choices(q.Get("spam"), choice{Word: "any"}, choice{Value: string(analysis.OK), Word: "no spam"},
			choice{Value: string(analysis.Spam), Word: "spam"}, choice{Value: none, Word: "not judged"}),
		Kinds: choices(q.Get("kind"), choice{Word: "any"}, choice{Value: string(content.CommentPost), Word: "comments"},
			choice{Value: string(content.ReplyPost), Word: "replies"}, choice{Value: string(content.VideoPost), Word: "videos"},
			choice{Value: string(content.SubmissionPost), Word: "submissions"}),
		Order: choices(q.Get("sort"), choice{Word: "newest first"}, choice{Value: string(analysis.OldestFirst), Word: "oldest first"},
			choice{Value: string(analysis.MostLiked), Word: "most liked first"}),
	}
	f := analysis.PostFilter{
		Query: form.Query, Author: form.Author, Sentiments: chosen[analysis.Label](form.Sentiments),
		Spam: chosen[analysis.Verdict](form.Spam), Kinds: chosen[content.PostKind](form.Kinds),
	}
	order := analysis.NewestFirst
	if o := chosen[analysis.Order](form.Order); len(o) > 0 {
		order = o[0]
	}
	return f, order, form
}

// chosen returns the value that was chosen as the domain has it, nothing for any.
func chosen[T ~string](all []choice) []T {
	for _, c := range all {
		switch {
		case c.Chosen && c.Value == none:
			return []T{""}
		case c.Chosen && c.Value != "":
			return []T{T(c.Value)}
		}
	}
	return nil
}

func postLineOf(id task.ID, p analysis.JudgedPost, most int) postLine {
	line := postLine{
		JudgedPost: p, Kind: kindWords[p.Kind], Link: plain.Link(p.URL),
		Thread: taskPath(id) + "/thread?" + url.Values{"post": {p.ExternalID}}.Encode(),
	}
	line.Text, line.Cut = cut(cleared(p.Text), most)
	if p.Spam != nil {
		line.Verdict, line.ByHand = string(p.Spam.Verdict), p.Spam.Model == analysis.HumanModel
	}
	if p.Sentiment != nil {
		line.Label = labelWords[p.Sentiment.Label]
	}
	return line
}

// cut returns the beginning of a text, and whether it goes on; 0 is all of it.
func cut(text string, most int) (string, bool) {
	if most == 0 {
		return text, false
	}
	n := 0
	for i := range text {
		if n == most {
			return text[:i] + "…", true
		}
		n++
	}
	return text, false
}

// threadPage is a thread, a part of it at a time.
type threadPage struct {
	Task  taskLine
	Posts []postLine
	// Post is the one that was asked for.
	Post       string
	Total      int64
	Prev, Next string
	Here       string
}

func (s *Server) showThread(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	posts, err := s.Threads.Thread(v.Request().Context(), v.by, t.ID, v.QueryParam("post"))
	if err != nil {
		return err
	}
	page := threadPage{Task: lineOf(t), Post: v.QueryParam("post"), Total: int64(len(posts)), Here: here(v)}
	first := min(max(0, atoi(v.QueryParam("from"))), max(0, len(posts)-1))
	last := min(len(posts), first+postsAPage)
	for i, p := range posts[first:last] {
		most := longestText
		if p.ExternalID == page.Post || first+i == 0 {
			most = 0
		}
		line := postLineOf(t.ID, p.JudgedPost, most)
		line.Depth = min(p.Depth, deepest)
		page.Posts = append(page.Posts, line)
	}
	if first > 0 {
		page.Prev = fromPost(v, max(0, first-postsAPage))
	}
	if last < len(posts) {
		page.Next = fromPost(v, last)
	}
	return s.render(v, v, http.StatusOK, "thread", "Thread in "+page.Task.Title, page)
}

// deepest is how far replies are set in.
const deepest = 6

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // what is no number is the beginning
	return n
}

func fromPost(v *visit, n int) string {
	u := *v.Request().URL
	q := u.Query()
	q.Set("from", strconv.Itoa(n))
	q.Del("done")
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// judge keeps a person's verdict on a post, or takes it back.
func (s *Server) judge(v *visit) error {
	id, err := uuidOf(v, "id")
	if err != nil {
		return err
	}
	post, err := uuidOf(v, "post")
	if err != nil {
		return err
	}
	var verdict *analysis.Verdict
	switch given := analysis.Verdict(v.FormValue("verdict")); given {
	case analysis.Spam, analysis.OK:
		verdict = &given
	case "":
	default:
		return fault.New(fault.Invalid, fault.CodeInvalidValue, "a verdict is spam or ok")
	}
	if _, err := s.Verdicts.Judge(v.Request().Context(), v.by, task.ID(id), post, verdict); err != nil {
		return err
	}
	s.summaries.forget(task.ID(id))
	return back(v, v.FormValue("back")+"#p-"+post, "judged")
}
