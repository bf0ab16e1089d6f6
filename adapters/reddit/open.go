package reddit

import (
	"context"
	"net/url"
	"strings"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func (s *Source) openSubmission(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	submission, tree, err := s.comments(ctx, ec, src.ExternalID, "")
	if err != nil {
		return content.Page{}, err
	}
	page := content.Page{Title: submission.Title, Expected: expected(submission)}
	h := openTree(&page, submission)
	h.take(tree, 0)
	h.follow()
	return page, nil
}

// expected is what a submission announces: itself and its comments.
func expected(submission item) int64 { return max(0, int64(submission.NumComments)) + 1 }

// openTree adds the submission's post and returns the harvest of its comments.
func openTree(page *content.Page, submission item) *harvest {
	post := submission.submissionPost()
	page.Posts = append(page.Posts, post)
	return newHarvest(page, post.ExternalID, submission.owner())
}

// openComment reads a comment, everything below it, and the submission that it
// hangs from. How much that is, Reddit does not announce.
func (s *Source) openComment(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	submission, tree, err := s.comments(ctx, ec, src.ParentID, src.ExternalID)
	if err != nil {
		return content.Page{}, err
	}
	focus := find(tree, src.ExternalID)
	if focus == nil {
		return content.Page{}, fault.New(fault.NotFound, fault.CodeSourceNotFound,
			"Reddit does not show this comment; it was deleted or removed, or the address has a mistake in it")
	}
	page := content.Page{Title: submission.Title}
	h := openTree(&page, submission)
	h.take([]thing{*focus}, 1) // its own depth is not told; below it there are replies alone
	h.follow()
	return page, nil
}

// openPosts resolves a subreddit or a user page by asking for one of its posts.
func (s *Source) openPosts(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	l := content.Listing{Kind: listingSubreddit, IDs: []string{src.ExternalID, src.Order, timeSpan(src.URL)}}
	title := "r/" + src.ExternalID
	if src.Kind == content.UserName {
		l.Kind, title = listingUser, "u/"+src.ExternalID
	}
	if _, err := s.posts(ctx, ec, l, url.Values{"limit": {"1"}}); err != nil {
		return content.Page{}, err
	}
	return content.Page{Title: title, Follow: []content.Listing{l}}, nil
}

// timeSpan returns the t of an address: the top of a day is not that of a year.
func timeSpan(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("t")
}

// openShare asks Reddit's site what a share link stands for, and opens that.
func (s *Source) openShare(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	shared, err := s.resolveShare(ctx, ec, src.URL)
	if err != nil {
		return content.Page{}, err
	}
	open := s.openerOf(shared.Kind)
	if open == nil {
		return content.Page{}, noShare()
	}
	return open(ctx, ec, shared)
}

func noShare() error {
	return fault.New(fault.Rejected, fault.CodeProviderAnswerInvalid,
		"Reddit did not say what this share link stands for; open it in a browser and paste the address you arrive at")
}

// maxHops bounds the redirects of a share link; real ones take one or two.
const maxHops = 5

// resolveShare follows a share link's redirects until one names something else.
// Only ever the site itself is asked: an address that is not Reddit's ends the
// walk, and one of another host of Reddit's is asked for there as well. The
// calls carry no credentials.
func (s *Source) resolveShare(ctx context.Context, ec access.ExecutionContext, address string) (content.Source, error) {
	current, err := url.Parse(address)
	if err != nil {
		return content.Source{}, noShare()
	}
	for range maxHops {
		location, err := s.hop(ctx, ec, current)
		if err != nil {
			return content.Source{}, err
		}
		next, err := current.Parse(location)
		if err != nil || location == "" {
			return content.Source{}, noShare()
		}
		if next.Host == s.web.Host && next.Host != siteAddress.Host { // a simulator or proxy, which stands for the site
			next = siteAddress.JoinPath(strings.TrimPrefix(next.EscapedPath(), s.web.EscapedPath()))
		}
		src, err := content.ParseSource(next.String())
		switch {
		case err == nil && src.Provider == content.Reddit && src.Kind != content.Share:
			return src, nil
		case err != nil && !redditHost(next.Host), err == nil && src.Provider != content.Reddit:
			return content.Source{}, noShare()
		}
		current = next
	}
	return content.Source{}, noShare()
}

var siteAddress = &url.URL{Scheme: "https", Host: "www.reddit.com"}

func redditHost(host string) bool {
	return host == "reddit.com" || strings.HasSuffix(host, ".reddit.com")
}
