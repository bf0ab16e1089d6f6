package content

import "strings"

// The orders of Reddit's listings that an address can name. The site's "best"
// is its own choice, so it is the same as none.
var (
	subredditOrders = map[string]string{
		"": "", "best": "", "hot": "hot", "new": "new", "top": "top", "rising": "rising", "controversial": "controversial",
	}
	userOrders = map[string]string{
		"": "", "best": "", "hot": "hot", "new": "new", "top": "top", "controversial": "controversial",
	}
)

// userTabs are the public tabs of a user's page; each stands for the user.
var userTabs = map[string]bool{"": true, "overview": true, "comments": true, "submitted": true, "posts": true}

// rankedOrders are the orders that take a time span, and rankingSpans the spans.
var (
	rankedOrders = map[string]bool{"top": true, "controversial": true}
	rankingSpans = map[string]bool{"hour": true, "day": true, "week": true, "month": true, "year": true, "all": true}
)

// redditSubredditPage reads /r/NAME and everything below it. A post is known
// by its id alone, so the name above it is not judged.
func redditSubredditPage(a address) (Source, error) {
	name, below := a.segment(1), a.word(2)
	if below == "comments" && len(a.path) > 3 {
		return redditPost(a, 3)
	}
	switch {
	case strings.Contains(name, "+"):
		return Source{}, refuseKind("This address names several subreddits at once. Paste one address for each.")
	case !subredditName.MatchString(name):
		return Source{}, refuseURL("This address names no subreddit. Paste one like https://www.reddit.com/r/NAME.")
	case below == "s":
		return redditShare(a)
	}
	order, known := subredditOrders[below]
	if !known {
		return Source{}, refuseKind("This page of the subreddit has no comments to collect. Paste the address of the subreddit or of a post.")
	}
	if order == "" {
		order = subredditOrders[a.query.Get("sort")]
	}
	path := "/r/" + name
	if order != "" {
		path += "/" + order
	}
	return redditListing(Subreddit, name, order, path+rankingSpan(a, order, "?")), nil
}

// redditUserPage reads /user/NAME and everything below it.
func redditUserPage(a address) (Source, error) {
	name, below := a.segment(1), a.word(2)
	if below == "comments" && len(a.path) > 3 {
		return redditPost(a, 3)
	}
	switch {
	case !redditorName.MatchString(name):
		return Source{}, refuseURL("This address names no Reddit user. Paste one like https://www.reddit.com/user/NAME.")
	case strings.EqualFold(name, "me"):
		return Source{}, refuseKind("This address means whoever is signed in. Paste one like https://www.reddit.com/user/NAME.")
	case below == "s":
		return redditShare(a)
	}
	order, ordered := userOrders[below]
	if !ordered && !userTabs[below] {
		return Source{}, refuseKind("This page of the user is private or has no comments. Paste one like https://www.reddit.com/user/NAME.")
	}
	if order == "" {
		order = userOrders[a.query.Get("sort")]
	}
	path := "/user/" + name
	if order != "" {
		path += "?sort=" + order
	}
	return redditListing(UserName, name, order, path+rankingSpan(a, order, "&")), nil
}

// rankingSpan keeps the time span of a ranked listing in the address: the top
// of the year is not the top of the day.
func rankingSpan(a address, order, separator string) string {
	span := a.query.Get("t")
	if !rankedOrders[order] || !rankingSpans[span] {
		return ""
	}
	return separator + "t=" + span
}

func redditListing(kind SourceKind, name, order, path string) Source {
	s := redditSource(kind, name, path)
	s.Order = order
	return s
}
