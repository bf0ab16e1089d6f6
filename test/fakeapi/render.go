package fakeapi

import (
	"html"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Comments are rendered by appending, not through encoding/json: a benchmark's
// fake must cost little beside what is measured.

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Like Google's answers it escapes
// < > & and replaces broken UTF-8.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		b = appendEscape(b, c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendETag appends an etag field that changes with the values: their FNV-1a
// hash, written out because hash/fnv copies every string.
func appendETag(b []byte, values ...string) []byte {
	const offset, prime = 14695981039346656037, 1099511628211
	sum := uint64(offset)
	for _, v := range values {
		for i := range len(v) {
			sum = (sum ^ uint64(v[i])) * prime
		}
	}
	b = append(b, `"etag":"`...)
	b = strconv.AppendUint(b, sum, 36)
	return append(b, '"')
}

// htmlText is the textDisplay of textFormat=html.
func htmlText(s string) string {
	return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>")
}

const secondsUTC = "2006-01-02T15:04:05Z"

func appendTime(b []byte, name string, t time.Time) []byte {
	b = append(append(b, `,"`...), name...)
	b = append(b, `":"`...)
	return append(t.UTC().AppendFormat(b, secondsUTC), '"')
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, `,"`...), name...)
	return appendString(append(b, `":`...), value)
}

// commentFormat is what a request wants to see of comments.
type commentFormat struct {
	html    bool
	snippet bool
	// owner is the channel of the video, which newer answers carry.
	owner string
	// bare leaves the video's id out, as comments.list does.
	bare bool
}

// appendComment appends a comment resource.
func (f commentFormat) appendComment(b []byte, c *Comment) []byte {
	b = appendETag(append(b, `{"kind":"youtube#comment",`...), c.ID, c.Text)
	b = appendField(b, "id", c.ID)
	if f.snippet {
		b = f.appendSnippet(append(b, `,"snippet":`...), c)
	}
	return append(b, '}')
}

func (f commentFormat) appendSnippet(b []byte, c *Comment) []byte {
	display := c.Text
	if f.html {
		display = htmlText(display)
	}
	b = append(b, `{"channelId":`...)
	b = appendString(b, f.owner)
	if !f.bare {
		b = appendField(b, "videoId", c.VideoID)
	}
	b = appendField(b, "textDisplay", display)
	b = appendField(b, "textOriginal", c.Text)
	if c.ParentID != "" {
		b = appendField(b, "parentId", c.ParentID)
	}
	b = appendAuthor(b, c)
	b = append(b, `,"canRate":true,"viewerRating":"none","likeCount":`...)
	b = strconv.AppendInt(b, c.Likes, 10)
	b = appendTime(b, "publishedAt", c.PublishedAt)
	updated := c.UpdatedAt
	if updated.IsZero() {
		updated = c.PublishedAt
	}
	return append(appendTime(b, "updatedAt", updated), '}')
}

func appendAuthor(b []byte, c *Comment) []byte {
	b = appendField(b, "authorDisplayName", c.Author)
	b = append(b, `,"authorProfileImageUrl":"https://yt3.ggpht.com/fake=s48-c-k-c0x00ffffff-no-rj"`...)
	b = appendField(b, "authorChannelUrl", channelURL(c.AuthorChannelID))
	if c.AuthorChannelID == "" {
		return b
	}
	b = append(b, `,"authorChannelId":{"value":`...)
	return append(appendString(b, c.AuthorChannelID), '}')
}

func channelURL(id string) string {
	if id == "" {
		return ""
	}
	return "http://www.youtube.com/channel/" + id
}

// threadFormat is what a request wants to see of threads.
type threadFormat struct {
	commentFormat
	replies bool
}

// appendThread appends a commentThread resource.
func (f threadFormat) appendThread(b []byte, t threadView) []byte {
	f.owner = t.owner
	b = appendETag(append(b, `{"kind":"youtube#commentThread",`...), t.top.ID, strconv.FormatInt(t.total, 10), t.top.Text)
	b = appendField(b, "id", t.top.ID)
	if f.snippet {
		b = append(b, `,"snippet":{"channelId":`...)
		b = appendString(b, t.owner)
		b = appendField(b, "videoId", t.top.VideoID)
		b = f.appendComment(append(b, `,"topLevelComment":`...), t.top)
		b = append(b, `,"canReply":true,"totalReplyCount":`...)
		b = strconv.AppendInt(b, t.total, 10)
		b = append(b, `,"isPublic":true}`...)
	}
	if f.replies && len(t.replies) > 0 {
		b = append(b, `,"replies":{"comments":[`...)
		whole := f.commentFormat
		whole.snippet = true
		for i, r := range t.replies[:min(maxInlined, len(t.replies))] {
			if i > 0 {
				b = append(b, ',')
			}
			b = whole.appendComment(b, r)
		}
		b = append(b, `]}`...)
	}
	return append(b, '}')
}
