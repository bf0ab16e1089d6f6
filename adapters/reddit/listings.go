package reddit

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

const (
	// postsPerPage is the largest page that listings give.
	postsPerPage = 100
	// listingIDs are a name, an order and a time span.
	listingIDs = 3
	// truncatedFrom is how many posts a listing has that most likely ends before
	// the subreddit or the user does: Reddit keeps about 1,000 a listing, and
	// shows a few less where some were removed since.
	truncatedFrom = 950
	// mostListed is more than any listing holds: one that goes on leads in a circle.
	mostListed = 10_000
)

// fetchPosts reads a page of a subreddit or a user. Each submission is a post
// and a tree to follow, each comment of a user a post.
func (s *Source) fetchPosts(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	at, err := parsePostsToken(token)
	if err != nil {
		return content.Page{}, err
	}
	answer, err := s.posts(ctx, ec, l, at.query())
	if err != nil {
		return content.Page{}, err
	}
	if next := answer.Data.After; next != "" && !usableName(next) {
		return content.Page{}, unreadable(nil)
	}
	page := content.Page{}
	for _, t := range answer.Data.Children {
		addListed(&page, t)
	}
	page.Next = at.after(answer.Data.After, len(answer.Data.Children))
	if page.Next == "" && at.count+len(answer.Data.Children) >= truncatedFrom {
		addMissing(&page, content.ListingLimit, content.UnknownCount)
	}
	return page, nil
}

// posts makes the call. A subreddit without an order is asked for as its page
// shows it, a user without one as well.
func (s *Source) posts(ctx context.Context, ec access.ExecutionContext, l content.Listing, query url.Values) (listing, error) {
	name, order, span := l.IDs[0], l.IDs[1], l.IDs[2]
	r := request{method: "listing", query: query, path: []string{"r", name}}
	switch {
	case l.Kind == listingUser:
		r.path = []string{"user", name, "overview"}
		if order != "" {
			query.Set("sort", order)
		}
	case order != "":
		r.path = append(r.path, order)
	default:
		r.path = append(r.path, "hot")
	}
	if span != "" {
		query.Set("t", span)
	}
	at, err := s.call(ctx, ec, r)
	if err != nil {
		return listing{}, err
	}
	answer, err := decode[listing](at.answer.Body)
	if err != nil || answer.Kind != kindListing {
		return listing{}, at.noAnswer()
	}
	return answer, nil
}

func addListed(page *content.Page, t thing) {
	if !usableID(t.Data.ID) {
		return
	}
	switch t.Kind {
	case kindSubmission:
		post := t.Data.submissionPost()
		page.Posts = append(page.Posts, post)
		page.Expected += expected(t.Data)
		page.Follow = append(page.Follow, content.Listing{
			Kind: listingTree, IDs: []string{t.Data.ID}, RootID: post.ExternalID, OwnerID: t.Data.owner(), Below: []string{post.ExternalID},
		})
	case kindComment:
		if post := t.Data.commentPost("", ""); post.RootExternalID != "" {
			page.Posts = append(page.Posts, post)
			page.Expected++
		}
	}
}

// postsToken says where a walk through a listing stands. Written down it is
// "COUNT.NAME", with the full name of the last post before the page.
type postsToken struct {
	count int
	name  string
}

func (t postsToken) String() string { return strconv.Itoa(t.count) + "." + t.name }

// parsePostsToken reads a stored token, and nothing that String did not write.
func parsePostsToken(text string) (postsToken, error) {
	if text == "" {
		return postsToken{}, nil
	}
	count, name, _ := strings.Cut(text, ".")
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || strconv.Itoa(n) != count || !usableName(name) {
		return postsToken{}, refusedToken()
	}
	return postsToken{count: n, name: name}, nil
}

func (t postsToken) query() url.Values {
	query := url.Values{"limit": {strconv.Itoa(postsPerPage)}}
	if t.name != "" {
		query.Set("after", t.name)
		query.Set("count", strconv.Itoa(t.count))
	}
	return query
}

// after returns the token of the page behind one of so many posts, whose answer
// named next; empty at the end. One that leads in a circle is t's own.
func (t postsToken) after(next string, posts int) string {
	switch {
	case next == "":
		return ""
	case next == t.name, t.count > mostListed:
		return t.String()
	}
	return postsToken{count: t.count + posts, name: next}.String()
}
