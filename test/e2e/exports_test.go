package e2e_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// csvHeader is contract §3, to the letter.
const csvHeader = "id,kind,externalId,parentExternalId,rootExternalId,authorName,authorExternalId,text,likes,publishedAt,editedAt,deleted,url," +
	"spamVerdict,spamScore,spamReasons,spamModel,sentimentLabel,sentimentScore,sentimentModel\r\n"

// awkward are texts that spreadsheets and parsers trip over.
var awkward = []string{
	"=1+1", "+49 30 1234", "-5 degrees", "@somebody look", "\tindented", "plain, with a comma", `she said "no"`,
	"two\nlines", "old\rmac", "dos\r\nlines", " leading space", "'quoted already", "naïve 🎣 日本", "x=1", `","`,
}

func TestExports(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s)
		c := w.somebody
		for i, text := range awkward {
			require.NoError(t, w.data.AddComment(fakeapi.Comment{
				ID: "-awkward" + strconv.Itoa(i), VideoID: "WakeIn60sec", Author: "=Author", Text: text,
				PublishedAt: time.Date(2026, 4, 1, 0, 0, i/2, 0, time.UTC), // pairs at the same time
			}))
		}
		of := c.collect(watch+"WakeIn60sec", "")
		require.Equal(t, "completed", of.Status, of.Problems)
		posts := inFileOrder(c.posts(of.ID, nil))

		csv := c.export(of.ID, `"format":"csv"`)
		assert.Equal(t, csvOf(posts, true), csv)
		assert.Equal(t, csvOf(posts, false), c.export(of.ID, `"format":"csv","options":{"formulaGuard":false}`), "exact texts")
		some := inFileOrder(c.posts(of.ID, url.Values{"kind": {"reply"}, "spam": {"false"}}))
		require.NotEmpty(t, some)
		assert.Equal(t, csvOf(some, true), c.export(of.ID, `"format":"csv","filter":{"kind":["reply"],"spam":false}`))
		assert.Equal(t, csvHeader, c.export(of.ID, `"format":"csv","filter":{"q":"no such words anywhere"}`), "the header, always")
		requireLines(t, c, of.ID, c.export(of.ID, `"format":"ndjson"`))
		for format, magic := range map[string]string{"xlsx": "PK\x03\x04", "parquet": "PAR1"} {
			require.True(t, strings.HasPrefix(c.export(of.ID, `"format":"`+format+`"`), magic), format)
			require.True(t, strings.HasPrefix(c.export(of.ID, `"format":"`+format+`","filter":{"author":"nobody"}`), magic), "nothing, in "+format)
		}
		assert.Equal(t, "\ufeffid,text\r\n", c.export(of.ID, `"format":"csv","options":{"bom":true,"columns":["text","id"]},"filter":{"author":"nobody"}`))
		requireThreads(t, posts, c.export(of.ID, `"format":"ndjson","options":{"threaded":true}`))
		requirePseudonyms(t, posts, c.export(of.ID, `"format":"ndjson","options":{"pseudonymise":true}`), c.export(of.ID, `"format":"ndjson","options":{"pseudonymise":true,"threaded":true}`))
	})
}

// postsOf returns the posts of an NDJSON file.
func postsOf(t *testing.T, file string) []post {
	t.Helper()
	var posts []post
	for line := range strings.Lines(file) {
		var p post
		require.NoError(t, json.Unmarshal([]byte(line), &p))
		posts = append(posts, p)
	}
	return posts
}

// requireThreads compares with posts in order of time, of which the replies are
// put behind their comments.
func requireThreads(t *testing.T, posts []post, file string) {
	t.Helper()
	var want, got []string
	var add func(p post)
	add = func(p post) {
		want = append(want, p.ExternalID)
		for _, reply := range posts {
			if reply.Kind == "reply" && *reply.ParentExternalID == p.ExternalID {
				add(reply)
			}
		}
	}
	for _, kind := range []string{"video", "comment"} {
		for _, p := range posts {
			if p.Kind == kind {
				add(p)
			}
		}
	}
	for _, p := range postsOf(t, file) {
		got = append(got, p.ExternalID)
	}
	require.Equal(t, want, got)
}

// requirePseudonyms: the same author has the same pseudonym in each file, and no
// author's name or id is left but in texts.
func requirePseudonyms(t *testing.T, posts []post, files ...string) {
	t.Helper()
	pseudonyms := map[string]string{}
	for _, file := range files {
		hidden := map[string]post{}
		for _, p := range postsOf(t, file) {
			hidden[p.ExternalID] = p
		}
		require.Len(t, hidden, len(posts))
		for _, p := range posts {
			h := hidden[p.ExternalID]
			author := valueOf(p.Author.ExternalID) + " " + valueOf(p.Author.Name)
			pseudonym := valueOf(h.Author.ExternalID) + " " + valueOf(h.Author.Name)
			require.NotEqual(t, author, pseudonym)
			require.Regexp(t, `^([0-9a-f]{64})? author-[0-9a-f]{12}$`, pseudonym)
			if before, seen := pseudonyms[author]; seen {
				require.Equal(t, before, pseudonym)
			}
			pseudonyms[author] = pseudonym
			p.Author, h.Author = h.Author, p.Author
			require.Equal(t, p.Text, h.Text)
			require.Equal(t, p.URL, h.URL)
		}
	}
}

// requireManifest: the manifest tells of the file that was downloaded.
func (c *client) requireManifest(made, of task, file string) {
	t := c.w.t
	t.Helper()
	var m struct {
		File, Format, SHA256 string
		Rows, Bytes          int64
		Partial              bool
		Task                 struct{ ID, Status string }
		Completeness         struct{ Fetched int64 }
		Models               struct{ Spam, Sentiment *string }
	}
	path := "/tasks/" + made.ID + "/manifest"
	c.read(c.do(http.MethodGet, path, ""), http.StatusOK, &m)
	sum := sha256.Sum256([]byte(file))
	require.Equal(t, hex.EncodeToString(sum[:]), m.SHA256)
	require.EqualValues(t, len(file), m.Bytes)
	require.Equal(t, made.Export.Rows, m.Rows)
	require.Equal(t, made.Export.Format, m.Format)
	require.Equal(t, of.ID, m.Task.ID)
	require.Equal(t, of.Status, m.Task.Status)
	require.False(t, m.Partial)
	require.Equal(t, of.Progress.Posts.Fetched, m.Completeness.Fetched)
	require.NotNil(t, m.Models.Spam)
	require.NotNil(t, m.Models.Sentiment)
	if m.Format == "ndjson" {
		require.EqualValues(t, m.Rows, strings.Count(file, "\n"))
	}
	c.w.stranger.in(t).refused(http.StatusNotFound, "not_found", http.MethodGet, path, "")
}

// export makes an export, waits for it, and downloads it in several ways.
func (c *client) export(of, spec string) string {
	t := c.w.t
	t.Helper()
	var made task
	c.read(c.do(http.MethodPost, "/tasks/export", `{"taskId":"`+of+`",`+spec+`}`), http.StatusAccepted, &made)
	require.Equal(t, "export", made.Kind)
	ended := c.ended(made.ID)
	require.Equal(t, "completed", ended.Status, ended.Problems)
	require.False(t, ended.Export.Partial)
	path := "/tasks/" + made.ID + "/download"
	whole := c.do(http.MethodGet, path, "")
	require.Equal(t, http.StatusOK, whole.Status)
	require.EqualValues(t, ended.Export.Bytes, len(whole.Body))
	sum := sha256.Sum256([]byte(whole.Body))
	require.Equal(t, *ended.Export.SHA256, hex.EncodeToString(sum[:]))
	require.Regexp(t, `^attachment; filename="soundings-video-WakeIn60sec-\d{8}\.(csv|ndjson|xlsx|parquet)"$`, whole.Header.Get("Content-Disposition"))

	tag := whole.Header.Get("ETag")
	require.NotEmpty(t, tag)
	if len(whole.Body) > 0 { // a download that broke off half way goes on
		half := len(whole.Body) / 2
		part := c.do(http.MethodGet, path, "", "Range", "bytes="+strconv.Itoa(half)+"-", "If-Range", tag)
		require.Equal(t, http.StatusPartialContent, part.Status)
		require.Equal(t, whole.Body[half:], part.Body)
	}
	require.Equal(t, http.StatusNotModified, c.do(http.MethodGet, path, "", "If-None-Match", tag).Status)
	require.Equal(t, http.StatusOK, c.do(http.MethodGet, path, "", "Range", "bytes=3-9", "If-Range", `"another"`).Status)
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, c.do(http.MethodGet, path, "", "Range", "bytes=99999999-").Status)
	c.w.stranger.in(t).refused(http.StatusNotFound, "not_found", http.MethodGet, path, "")
	c.requireManifest(ended, c.ended(of), whole.Body)
	return whole.Body
}

// inFileOrder sorts posts as files have them.
func inFileOrder(posts []post) []post {
	slices.SortFunc(posts, func(a, b post) int {
		return cmp.Or(a.PublishedAt.Compare(*b.PublishedAt), strings.Compare(a.ExternalID, b.ExternalID))
	})
	return posts
}

// csvOf writes posts as contract §3 says, by nothing but its words.
func csvOf(posts []post, guard bool) string {
	var b strings.Builder
	b.WriteString(csvHeader)
	for _, p := range posts {
		row := []string{
			p.ID, p.Kind, p.ExternalID, valueOf(p.ParentExternalID), valueOf(p.RootExternalID), valueOf(p.Author.Name),
			valueOf(p.Author.ExternalID), p.Text, strconv.FormatInt(p.Likes, 10), stamp(p.PublishedAt), stamp(p.EditedAt),
			strconv.FormatBool(p.Deleted), p.URL, "", "", "", "", "", "", "",
		}
		if v := p.Spam; v != nil {
			row[13], row[14], row[15], row[16] = v.Verdict, number(v.Score), strings.Join(v.Reasons, ";"), v.Model
		}
		if v := p.Sentiment; v != nil {
			row[17], row[18], row[19] = v.Label, number(v.Score), v.Model
		}
		for i, cell := range row {
			row[i] = cellOf(cell, guard && i != 18) // a negative score is a number, not a text
		}
		b.WriteString(strings.Join(row, ",") + "\r\n")
	}
	return b.String()
}

func cellOf(text string, guard bool) string {
	if guard && text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		text = "'" + text
	}
	if strings.ContainsAny(text, ",\"\r\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

func stamp(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// requireLines compares an NDJSON file with the documents of /posts.
func requireLines(t *testing.T, c *client, of, file string) {
	t.Helper()
	want := map[any]map[string]any{}
	for _, p := range all[map[string]any](c, "/tasks/"+of+"/posts", nil) {
		want[p["id"]] = p
	}
	lines := strings.SplitAfter(file, "\n")
	require.Empty(t, lines[len(lines)-1], "every line ends")
	require.Len(t, lines, len(want)+1)
	for _, line := range lines[:len(lines)-1] {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &got))
		require.Equal(t, want[got["id"]], got)
	}
}
