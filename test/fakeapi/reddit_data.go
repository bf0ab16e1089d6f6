package fakeapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What stands for a text that is gone, and for its author.
const (
	// DeletedText was deleted by its author, RemovedText by a moderator.
	DeletedText = "[deleted]"
	RemovedText = "[removed]"
	// DeletedAuthor is the author of a deleted text.
	DeletedAuthor = "[deleted]"
)

// Subreddit is a subreddit.
type Subreddit struct {
	Name        string    `json:"name"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Subscribers int64     `json:"subscribers,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	// Refusal is why nobody gets in: private, quarantined, gated or banned;
	// mostly empty.
	Refusal string `json:"refusal,omitempty"`
}

// Submission is a post of Reddit.
type Submission struct {
	// ID is the base-36 id without t3_.
	ID        string `json:"id"`
	Subreddit string `json:"subreddit"`
	Author    string `json:"author"`
	Title     string `json:"title"`
	// Text is empty for a post that is a link.
	Text      string    `json:"text,omitempty"`
	URL       string    `json:"url,omitempty"`
	Score     int64     `json:"score,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	EditedAt  time.Time `json:"editedAt,omitzero"`
	// RemovedBy is removed_by_category: moderator, deleted, reddit and others.
	RemovedBy string `json:"removedBy,omitempty"`
	// Announced replaces the counted num_comments where it is not 0.
	Announced int64 `json:"announced,omitempty"`
	// raw is the recorded thing, served as it is.
	raw map[string]json.RawMessage
}

// permalink is the path of the submission's page.
func (s *Submission) permalink() string {
	slug := strings.Join(strings.FieldsFunc(strings.ToLower(s.Title), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "_")
	return "/r/" + s.Subreddit + "/comments/" + s.ID + "/" + slug + "/"
}

// RedditComment is a comment under a submission or under another comment.
type RedditComment struct {
	// ID is the base-36 id without t1_.
	ID           string `json:"id"`
	SubmissionID string `json:"submissionId"`
	// ParentID is the comment that it answers; empty at the top.
	ParentID  string    `json:"parentId,omitempty"`
	Author    string    `json:"author"`
	Text      string    `json:"text"`
	Score     int64     `json:"score,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	EditedAt  time.Time `json:"editedAt,omitzero"`
	// Hidden comments are named by `more` nodes but never handed out, as
	// recorded threads do with comments that are gone.
	Hidden bool `json:"hidden,omitempty"`
	raw    map[string]json.RawMessage
}

// redditData is what the fake Reddit knows; Data's lock guards it.
type redditData struct {
	subreddits  map[string]*Subreddit
	submissions map[string]*submissionNode
	comments    map[string]*redditNode
	shares      map[string]ShareLink
}

func newRedditData() redditData {
	return redditData{
		subreddits: map[string]*Subreddit{}, submissions: map[string]*submissionNode{},
		comments: map[string]*redditNode{}, shares: map[string]ShareLink{},
	}
}

// submissionNode is a submission with its tree.
type submissionNode struct {
	Submission
	top   []*redditNode
	count int64
}

// redditNode is a comment in its tree.
type redditNode struct {
	RedditComment
	parent   *redditNode
	children []*redditNode
	depth    int
	// size counts the comment and all below it.
	size int
}

// AddSubreddit adds or replaces a subreddit.
func (d *Data) AddSubreddit(s Subreddit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reddit.subreddits[strings.ToLower(s.Name)] = &s
}

// AddSubmission adds a submission, or replaces what is known of it and keeps
// its comments. The subreddit must be there.
func (d *Data) AddSubmission(s Submission) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reddit.subreddits[strings.ToLower(s.Subreddit)] == nil {
		return fmt.Errorf("submission %s: no subreddit %s", s.ID, s.Subreddit)
	}
	if old, ok := d.reddit.submissions[s.ID]; ok {
		old.Submission = s
		return nil
	}
	d.reddit.submissions[s.ID] = &submissionNode{Submission: s}
	return nil
}

// AddRedditComment adds a comment, or replaces the one with its id where it
// stands in the tree. The submission and the parent must be there.
func (d *Data) AddRedditComment(c RedditComment) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.reddit.submissions[c.SubmissionID]
	if !ok {
		return fmt.Errorf("comment %s: no submission %s", c.ID, c.SubmissionID)
	}
	if old, ok := d.reddit.comments[c.ID]; ok {
		c.SubmissionID, c.ParentID = old.SubmissionID, old.ParentID
		old.RedditComment = c
		return nil
	}
	n := &redditNode{RedditComment: c, size: 1}
	if c.ParentID == "" {
		s.top = append(s.top, n)
	} else {
		parent, ok := d.reddit.comments[c.ParentID]
		if !ok {
			return fmt.Errorf("comment %s: no parent %s", c.ID, c.ParentID)
		}
		n.parent, n.depth = parent, parent.depth+1
		parent.children = append(parent.children, n)
		for up := parent; up != nil; up = up.parent {
			up.size++
		}
	}
	s.count++
	d.reddit.comments[c.ID] = n
	return nil
}

// RedditComments returns every comment of a submission that can be had, parents
// before their children: what a complete fetch must find.
func (d *Data) RedditComments(submissionID string) []RedditComment {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.reddit.submissions[submissionID]
	if !ok {
		return nil
	}
	var all []RedditComment
	var walk func([]*redditNode)
	walk = func(nodes []*redditNode) {
		for _, n := range nodes {
			if !n.Hidden {
				all = append(all, n.RedditComment)
				walk(n.children)
			}
		}
	}
	walk(s.top)
	return slices.Clip(all)
}
