package reddit

import (
	"strings"
	"time"
	"unicode"

	"github.com/soundings-io/soundings/domain/content"
)

const siteURL = "https://www.reddit.com"

// nobody is the author of what was deleted, and of what accounts wrote that
// were deleted.
const nobody = "[deleted]"

// submissionPost returns a submission as a post: its title and, below a blank
// line, its text. One that was taken away has Reddit's words for that as its text:
// what is shown of a removed link has none.
func (i item) submissionPost() content.Post {
	_, lost := content.Losses[i.Selftext]
	if category := i.RemovedByCategory; category != "" && !lost {
		lost, i.Selftext = true, "[removed]"
		if category == "deleted" || category == "author" {
			i.Selftext = "[deleted]"
		}
	}
	p := i.post(kindSubmission)
	p.Kind, p.RootExternalID, p.ByOwner = content.SubmissionPost, p.ExternalID, true
	p.Text, p.Deleted, p.Replies = i.Title, lost, max(0, int64(i.NumComments))
	if i.Selftext != "" {
		p.Text = strings.TrimPrefix(i.Title+"\n\n"+i.Selftext, "\n\n")
	}
	p.URL = i.url("/comments/" + i.ID)
	return p
}

// commentPost returns a comment as a post below root, which may be empty where
// the comment itself names it. owner is the submission's author.
func (i item) commentPost(root, owner string) content.Post {
	if root == "" && usableName(i.LinkID) {
		root = i.LinkID
	}
	_, lost := content.Losses[i.Body]
	p := i.post(kindComment)
	p.Kind, p.ParentExternalID, p.RootExternalID = content.ReplyPost, i.ParentID, root
	if !usableName(i.ParentID) {
		p.ParentExternalID = root
	}
	if strings.HasPrefix(p.ParentExternalID, kindSubmission) {
		p.Kind = content.CommentPost
	}
	p.ByOwner = i.IsSubmitter || owner != "" && i.Author == owner
	p.Text, p.Deleted = i.Body, lost
	p.URL = i.url("/comments/" + strings.TrimPrefix(root, kindSubmission+"_") + "/_/" + i.ID)
	return p
}

// post has what submissions and comments share.
func (i item) post(kind string) content.Post {
	return content.Post{
		ExternalID: fullname(kind, i.ID),
		Author:     content.Author{Name: i.Author, ExternalID: i.AuthorFullname},
		Likes:      int64(i.Score), PublishedAt: time.Time(i.CreatedUTC), EditedAt: time.Time(i.Edited),
	}
}

// url returns the post's address: Reddit's own where it gives one. Comments
// got theirs only in 2017.
func (i item) url(otherwise string) string {
	path := i.Permalink
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, unicode.IsSpace) || strings.ContainsFunc(path, unicode.IsControl) {
		path = otherwise
	}
	return siteURL + path
}

// owner returns the submission's author as listings carry it: by name, because
// old things have no other id.
func (i item) owner() string {
	if i.Author == nobody {
		return ""
	}
	return i.Author
}

// addMissing counts what Reddit would not show; content.UnknownCount stays.
func addMissing(page *content.Page, cause content.Cause, n int64) {
	if page.Missing == nil {
		page.Missing = map[content.Cause]int64{}
	}
	if n == content.UnknownCount || page.Missing[cause] == content.UnknownCount {
		page.Missing[cause] = content.UnknownCount
		return
	}
	page.Missing[cause] += n
}
