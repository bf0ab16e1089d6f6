// Package content describes what people wrote and where: providers, parsed
// addresses, posts, and the pages in which a provider hands them out.
package content

import (
	"strings"
	"time"
	"unicode/utf8"
)

// ProviderID names a platform.
type ProviderID string

// The platforms whose addresses Soundings reads.
const (
	YouTube ProviderID = "youtube"
	Reddit  ProviderID = "reddit"
)

// SourceKind tells what an address names.
type SourceKind string

// The kinds of source, spelt as the HTTP contract has them.
const (
	Video      SourceKind = "video"
	Short      SourceKind = "short"
	Playlist   SourceKind = "playlist"
	Channel    SourceKind = "channel"
	Handle     SourceKind = "handle"
	UserName   SourceKind = "user"
	Submission SourceKind = "post"
	Comment    SourceKind = "comment"
	Subreddit  SourceKind = "subreddit"
	Share      SourceKind = "share"
)

// Source is a parsed address: what to collect, as the address names it.
// ParseSource makes one.
type Source struct {
	Provider ProviderID
	Kind     SourceKind
	// ExternalID is what stands in the address: a video's 11 characters, PL…,
	// UC…, @handle, c/NAME, Reddit's base-36 id without prefix, or a bare name.
	// It never changes.
	ExternalID string
	// ParentID is the submission of a Reddit comment, else empty.
	ParentID string
	// Order is the listing of a subreddit or user page that the address names
	// (new, top, hot), empty for the provider's own.
	Order string
	// URL is the canonical https address, without trackers.
	URL string
	// Title is learnt by the first subtask; empty before.
	Title string
}

// PostKind tells what a post is.
type PostKind string

// The kinds of post, spelt as the HTTP contract has them.
const (
	VideoPost      PostKind = "video"
	SubmissionPost PostKind = "submission"
	CommentPost    PostKind = "comment"
	ReplyPost      PostKind = "reply"
)

// Author is who wrote a post, as the provider shows it. Both fields may be empty.
type Author struct {
	Name       string
	ExternalID string
}

// Post is one thing that somebody wrote. Zero times mean unknown or never.
type Post struct {
	ExternalID string
	// ParentExternalID is what the post answers; empty for a video or submission.
	ParentExternalID string
	// RootExternalID is the video or submission that everything hangs from.
	RootExternalID string
	Kind           PostKind
	Author         Author
	// ByOwner tells that the author owns the content that is commented on.
	ByOwner     bool
	Text        string
	Likes       int64
	PublishedAt time.Time
	EditedAt    time.Time
	// Replies is how many posts the provider says are below this one: a hint, by
	// which a refresh sees what changed.
	Replies int64
	// Deleted posts stand without their text and are never judged.
	Deleted bool
	URL     string
}

// Discussion tells whether the post is a comment or a reply: those alone are
// capped by maxPosts and judged by since.
func (p Post) Discussion() bool { return p.Kind == CommentPost || p.Kind == ReplyPost }

// Scorable tells whether the post may carry a sentiment if it is no spam:
// videos, deleted and empty texts never do.
func (p Post) Scorable() bool {
	return p.Kind != VideoPost && !p.Deleted && strings.TrimSpace(p.Text) != ""
}

// Cleaned returns the post with texts that every database takes: NUL bytes
// removed, broken UTF-8 replaced by U+FFFD. Both come from the platforms.
func (p Post) Cleaned() Post {
	for _, s := range []*string{
		&p.ExternalID, &p.ParentExternalID, &p.RootExternalID,
		&p.Author.Name, &p.Author.ExternalID, &p.Text, &p.URL,
	} {
		*s = CleanText(*s)
	}
	return p
}

// CleanText removes NUL bytes and replaces broken UTF-8 by U+FFFD.
func CleanText(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

// ListingKind tells which listing of a provider a subtask walks. The values
// belong to the provider's adapter, but for those below.
type ListingKind string

const (
	// ListingSource is the first listing of every source: opening it resolves
	// the address and names the listings to walk.
	ListingSource ListingKind = "source"
	// ListingReplies holds nothing but replies: it is not followed when replies
	// are not wanted.
	ListingReplies ListingKind = "replies"
)

// Listing is something a provider hands out page by page: a playlist's
// videos, a video's threads, the replies of a few threads. It is stored with
// the subtask that walks it, so it holds ids and nothing secret.
type Listing struct {
	Kind ListingKind `json:"kind"`
	// IDs are the provider's ids that the listing hangs from, one or more.
	IDs []string `json:"ids,omitempty"`
	// RootID is the video or submission, where the listing lies below one.
	RootID string `json:"rootId,omitempty"`
	// OwnerID is the author that owns the content, where it is known.
	OwnerID string `json:"ownerId,omitempty"`
	// Below are the posts below which the listing reads, for each of IDs the
	// external id of one; empty where that is not known. It is not stored: a
	// refresh asks by it whether there is anything to read.
	Below []string `json:"-"`
}

// Page is one answer of a provider.
type Page struct {
	Posts []Post
	// Next is the token of the page behind this one; empty at the end.
	Next string
	// Follow are the listings found on this page.
	Follow []Listing
	// Title is the source's title, where this page told it.
	Title string
	// Expected adds to the number of posts that the provider announced: a hint.
	Expected int64
	// Missing counts what the provider would not show, by cause.
	Missing map[Cause]int64
	// NewestFirst tells that the listing is in order of time and complete as far
	// as it was read: behind a page that holds nothing unknown there is nothing
	// new, and a comment that lies within but was not handed out is gone.
	NewestFirst bool
}

// Cause tells why posts are missing from what was fetched.
type Cause string

// The causes, spelt as the HTTP contract has them.
const (
	HiddenByPlatform Cause = "hidden_by_platform"
	Removed          Cause = "removed"
	DeletedByAuthor  Cause = "deleted"
	CommentsDisabled Cause = "comments_disabled"
	Capped           Cause = "capped"
	BeforeSince      Cause = "before_since"
	ListingLimit     Cause = "listing_limit"
	FetchFailed      Cause = "failed"
)

// UnknownCount in Page.Missing and in summaries means that posts are missing
// for the cause but nobody knows how many.
const UnknownCount int64 = -1
