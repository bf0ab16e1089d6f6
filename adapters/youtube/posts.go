package youtube

import (
	"net/url"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

const watchURL = "https://www.youtube.com/watch?v="

// post returns the video as a post: its title and, below a blank line, its
// description.
func (v videoItem) post() content.Post {
	text := v.Snippet.Title
	if v.Snippet.Description != "" {
		text = strings.TrimPrefix(text+"\n\n"+v.Snippet.Description, "\n\n")
	}
	return content.Post{
		ExternalID: v.ID, RootExternalID: v.ID, Kind: content.VideoPost,
		Author:  content.Author{Name: v.Snippet.ChannelTitle, ExternalID: v.Snippet.ChannelID},
		ByOwner: true,
		Text:    text, Likes: int64(v.Statistics.LikeCount), Replies: int64(v.Statistics.CommentCount),
		PublishedAt: time.Time(v.Snippet.PublishedAt),
		URL:         watchURL + url.QueryEscape(v.ID),
	}
}

// id is the thread's, which is that of its first comment.
func (t threadItem) id() string {
	if t.ID != "" {
		return t.ID
	}
	return t.Snippet.TopLevelComment.ID
}

// post returns the comment as a post of the listing: a reply of the thread, or
// a comment on the video where thread is empty.
func (c commentItem) post(l content.Listing, thread string) content.Post {
	p := content.Post{
		ExternalID: c.ID, ParentExternalID: thread, RootExternalID: l.RootID, Kind: content.ReplyPost,
		Author:      content.Author{Name: c.Snippet.AuthorDisplayName, ExternalID: c.Snippet.AuthorChannelID.Value},
		ByOwner:     l.OwnerID != "" && c.Snippet.AuthorChannelID.Value == l.OwnerID,
		Text:        c.text(),
		Likes:       int64(c.Snippet.LikeCount),
		PublishedAt: time.Time(c.Snippet.PublishedAt),
		URL:         watchURL + url.QueryEscape(l.RootID) + "&lc=" + url.QueryEscape(c.ID),
	}
	if thread == "" {
		p.Kind, p.ParentExternalID = content.CommentPost, l.RootID
	}
	if updated := time.Time(c.Snippet.UpdatedAt); !updated.Equal(p.PublishedAt) {
		p.EditedAt = updated
	}
	return p
}

// text prefers what the author typed; textDisplay is plain as well, because
// the calls ask for that, but may have links cut short.
func (c commentItem) text() string {
	if c.Snippet.TextOriginal != "" {
		return c.Snippet.TextOriginal
	}
	return c.Snippet.TextDisplay
}
