package fakeapi

import (
	"encoding/json"
	"html"
	"maps"
	"strconv"
	"strings"
	"time"
)

const redditSite = "https://www.reddit.com"

// thing is what Reddit's answers are made of: t1 a comment, t2 an account, t3
// a submission, t5 a subreddit, more, or Listing.
type thing struct {
	Kind string         `json:"kind"`
	Data map[string]any `json:"data"`
}

// listing holds things; after is the fullname behind which the next page
// begins, or null.
func listing(things []thing, after string) thing {
	if things == nil {
		things = []thing{}
	}
	data := map[string]any{
		"modhash": nil, "dist": len(things), "children": things, "after": nil, "before": nil,
	}
	if after != "" {
		data["after"] = after
	}
	return thing{"Listing", data}
}

// thingFormat renders things; without raw_json=1 texts have & < and > escaped.
type thingFormat struct {
	raw bool
	of  *submissionNode
}

// texts are the fields that raw_json leaves alone.
var texts = []string{"body", "body_html", "selftext", "selftext_html", "title", "description", "public_description", "url"}

var legacyEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (f thingFormat) finish(kind string, data map[string]any) thing {
	if f.raw {
		return thing{kind, data}
	}
	for _, name := range texts {
		switch text := data[name].(type) {
		case string:
			data[name] = legacyEscapes.Replace(text)
		case json.RawMessage:
			var decoded string
			if json.Unmarshal(text, &decoded) == nil {
				data[name] = legacyEscapes.Replace(decoded)
			}
		}
	}
	return thing{kind, data}
}

// recorded returns the fields of a recorded thing.
func recorded(fields map[string]json.RawMessage) map[string]any {
	data := make(map[string]any, len(fields)+1)
	for name, value := range fields {
		data[name] = value
	}
	return data
}

// seconds is a time as Reddit writes it: a float.
func seconds(t time.Time) any {
	return json.RawMessage(strconv.FormatInt(t.Unix(), 10) + ".0")
}

// edited is false, or when a text was last changed.
func edited(t time.Time) any {
	if t.IsZero() {
		return false
	}
	return seconds(t)
}

// markdown is the least of an HTML form: one paragraph.
func markdown(text string) string {
	return "<div class=\"md\"><p>" + html.EscapeString(text) + "</p>\n</div>"
}

// comment renders a comment with its replies; none are an empty string.
func (f thingFormat) comment(n *redditNode, replies []thing) thing {
	data := recorded(n.raw)
	if n.raw == nil {
		data = f.commentFields(n)
	}
	data["replies"] = ""
	if len(replies) > 0 {
		data["replies"] = listing(replies, "")
	}
	return f.finish("t1", data)
}

func (f thingFormat) commentFields(n *redditNode) map[string]any {
	data := map[string]any{
		"id": n.ID, "name": "t1_" + n.ID, "link_id": "t3_" + n.SubmissionID, "parent_id": parentName(n),
		"subreddit": f.of.Subreddit, "subreddit_name_prefixed": "r/" + f.of.Subreddit, "subreddit_id": subredditID(f.of.Subreddit),
		"body": n.Text, "body_html": markdown(n.Text),
		"score": n.Score, "ups": n.Score, "downs": 0, "score_hidden": false, "controversiality": 0, "gilded": 0, "likes": nil,
		"created_utc": seconds(n.CreatedAt), "created": seconds(n.CreatedAt), "edited": edited(n.EditedAt),
		"depth": n.depth, "permalink": f.of.permalink() + n.ID + "/", "is_submitter": n.Author == f.of.Author,
		"stickied": false, "collapsed": false, "locked": false, "archived": false, "distinguished": nil,
	}
	maps.Copy(data, authorFields(n.Author))
	return data
}

// authorFields names an author; one who is gone has no id.
func authorFields(name string) map[string]any {
	data := map[string]any{"author": name, "author_flair_text": nil}
	if name != DeletedAuthor {
		data["author_fullname"] = "t2_" + accountID(name)
	}
	return data
}

func parentName(n *redditNode) string {
	if n.parent == nil {
		return "t3_" + n.SubmissionID
	}
	return "t1_" + n.parent.ID
}

// moreNode stands for siblings that are not shown, and all below them.
func moreNode(siblings []*redditNode) thing {
	children, count := make([]string, len(siblings)), 0
	for i, n := range siblings {
		children[i] = n.ID
		count += n.size
	}
	first := siblings[0]
	return thing{"more", map[string]any{
		"count": count, "name": "t1_" + first.ID, "id": first.ID, "parent_id": parentName(first),
		"depth": first.depth, "children": children,
	}}
}

// continueNode says that a thread goes on below a comment, out of reach of
// morechildren.
func continueNode(parent *redditNode) thing {
	return thing{"more", map[string]any{
		"count": 0, "name": "t1__", "id": "_", "parent_id": "t1_" + parent.ID,
		"depth": parent.depth + 1, "children": []string{},
	}}
}

func (f thingFormat) submission(s *submissionNode) thing {
	if s.raw != nil {
		return f.finish("t3", recorded(s.raw))
	}
	comments := s.count
	if s.Announced != 0 {
		comments = s.Announced
	}
	data := map[string]any{
		"id": s.ID, "name": "t3_" + s.ID, "title": s.Title, "selftext": s.Text, "selftext_html": nil, "is_self": s.URL == "",
		"subreddit": s.Subreddit, "subreddit_name_prefixed": "r/" + s.Subreddit, "subreddit_id": subredditID(s.Subreddit),
		"url": redditSite + s.permalink(), "domain": "self." + s.Subreddit, "permalink": s.permalink(),
		"score": s.Score, "ups": s.Score, "downs": 0, "upvote_ratio": 0.93, "num_comments": comments,
		"created_utc": seconds(s.CreatedAt), "created": seconds(s.CreatedAt), "edited": edited(s.EditedAt),
		"over_18": false, "stickied": false, "locked": false, "archived": false, "distinguished": nil,
		"removed_by_category": nil, "link_flair_text": nil,
	}
	if s.Text != "" {
		data["selftext_html"] = markdown(s.Text)
	}
	if s.URL != "" {
		data["url"] = s.URL
	}
	if s.RemovedBy != "" {
		data["removed_by_category"] = s.RemovedBy
	}
	maps.Copy(data, authorFields(s.Author))
	return f.finish("t3", data)
}

func (f thingFormat) subreddit(s *Subreddit) thing {
	return f.finish("t5", map[string]any{
		"id": subredditID(s.Name)[3:], "name": subredditID(s.Name), "display_name": s.Name, "display_name_prefixed": "r/" + s.Name,
		"title": s.Title, "public_description": s.Description, "description": s.Description, "url": "/r/" + s.Name + "/",
		"subscribers": s.Subscribers, "subreddit_type": "public", "quarantine": false, "over18": false, "created_utc": seconds(s.CreatedAt),
	})
}

func subredditID(name string) string { return "t5_" + base36(strings.ToLower(name)) }

func accountID(name string) string { return base36(name) }

// base36 returns six characters as Reddit's ids have them, stable for a name.
func base36(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' {
			return 'z'
		}
		return r
	}, strings.ToLower(hashID(name, 6)))
}
