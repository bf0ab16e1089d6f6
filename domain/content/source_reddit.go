package content

import (
	"regexp"
	"strings"
)

const redditHome = "https://www.reddit.com"

// The shapes of Reddit's ids and names, from its published source and the wild.
var (
	// base36ID is a post's or comment's id; 13 digits fill an int64.
	base36ID = regexp.MustCompile(`^[0-9a-z]{1,13}$`)
	// subredditName: the first subreddit of all is called reddit.com, and u_NAME
	// is the one that every user has as a profile.
	subredditName = regexp.MustCompile(`(?i)^(?:[a-z0-9][a-z0-9_]{1,20}|u_[a-z0-9_-]{1,20}|reddit\.com)$`)
	redditorName  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,20}$`)
	shareCode     = regexp.MustCompile(`^[A-Za-z0-9]{5,32}$`)
)

// redditRoutes tells by the path's first segment who reads an address.
var redditRoutes = map[string]func(address) (Source, error){
	"":         refuseAs("This is Reddit's front page. " + pasteReddit),
	"r":        redditSubredditPage,
	"u":        redditUserPage,
	"user":     redditUserPage,
	"comments": func(a address) (Source, error) { return redditPost(a, 1) },
	"gallery":  func(a address) (Source, error) { return redditPost(a, 1) },
	"tb":       func(a address) (Source, error) { return redditPost(a, 1) },
	"info":     redditInfoPage,
	"search":   refuseAs("This is a search on Reddit. Open a result and paste its address."),
	"live":     refuseAs("Reddit does not hand out live threads as comments. " + pasteReddit),
	"message":  refuseAs("Private messages are not collected. " + pasteReddit),
}

// redditForwards are the pages that only lead to another one, with the query
// parameter that names it.
var redditForwards = map[string]string{"login": "dest", "over18": "dest", "oembed": "url"}

// redditFormats are the endings that ask Reddit for a page in another format.
var redditFormats = []string{".json", ".rss", ".xml", ".compact", ".embed"}

func unwrapReddit(a address) (string, bool) {
	parameter, forwards := redditForwards[a.word(0)]
	return a.query.Get(parameter), forwards
}

func parseReddit(a address) (Source, error) {
	a.path = withoutFormat(a.path)
	if route, found := redditRoutes[a.word(0)]; found {
		return route(a)
	}
	return Source{}, refuseKind("This page of Reddit has no comments to collect. " + pasteReddit)
}

// parseRedditShortLink reads redd.it/ID. Every other host below redd.it serves media.
func parseRedditShortLink(a address) (Source, error) {
	if a.host != "redd.it" && a.host != "www.redd.it" {
		return redditMedia(a)
	}
	if len(a.path) == 1 {
		return redditPost(a, 0)
	}
	return parseReddit(a)
}

// parseRedditEmbed reads www.redditmedia.com, where embedded posts were shown.
func parseRedditEmbed(a address) (Source, error) {
	if a.host != "redditmedia.com" && a.host != "www.redditmedia.com" {
		return redditMedia(a)
	}
	return parseReddit(a)
}

var redditMedia = refuseAs("This is a picture or video file of Reddit. Paste the address of the post that shows it.")

// withoutFormat cuts the last segment's format: /r/golang.json, /r/golang/.rss.
func withoutFormat(path []string) []string {
	if len(path) == 0 {
		return path
	}
	last := len(path) - 1
	for _, format := range redditFormats {
		name, found := strings.CutSuffix(path[last], format)
		if found && name == "" {
			return path[:last]
		}
		if found {
			return append(path[:last:last], name)
		}
	}
	return path
}

// redditPost reads ID[/title[/COMMENT]] from the path's i-th segment on.
func redditPost(a address, i int) (Source, error) {
	post, comment := a.word(i), a.word(i+2)
	if !base36ID.MatchString(post) {
		return Source{}, refuseURL("This address names no Reddit post. Paste one like https://www.reddit.com/r/NAME/comments/ID.")
	}
	path := "/comments/" + post
	if comment == "" {
		return redditSource(Submission, post, path), nil
	}
	if !base36ID.MatchString(comment) {
		return Source{}, refuseURL("What follows the post's title in this address is no Reddit comment. Paste the post's address or copy the comment's again.")
	}
	s := redditSource(Comment, comment, path+"/_/"+comment)
	s.ParentID = post
	return s, nil
}

// redditInfoPage reads /info/ID/comments, the form of a post's address until 2008.
func redditInfoPage(a address) (Source, error) {
	if len(a.path) > 2 && a.word(2) != "comments" {
		return Source{}, refuseURL("This address names no Reddit post. Paste one like https://www.reddit.com/r/NAME/comments/ID.")
	}
	a.path = a.path[:min(len(a.path), 2)]
	return redditPost(a, 1)
}

// redditShare reads /r/NAME/s/CODE and /u/NAME/s/CODE. Only Reddit knows what
// the code stands for, and it wants to be asked with the name.
func redditShare(a address) (Source, error) {
	code := a.segment(3)
	if !shareCode.MatchString(code) {
		return Source{}, refuseURL("This Reddit share link is not complete. Copy it again, or open it and paste the address you arrive at.")
	}
	return redditSource(Share, code, "/"+a.word(0)+"/"+a.segment(1)+"/s/"+code), nil
}

func redditSource(kind SourceKind, id, path string) Source {
	return Source{Provider: Reddit, Kind: kind, ExternalID: id, URL: redditHome + path}
}
