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
	})
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
	require.Regexp(t, `^attachment; filename="soundings-video-WakeIn60sec-\d{8}\.(csv|ndjson)"$`, whole.Header.Get("Content-Disposition"))

	part := c.do(http.MethodGet, path, "", "Range", "bytes=3-9")
	require.Equal(t, http.StatusPartialContent, part.Status)
	require.Equal(t, whole.Body[3:10], part.Body)
	tag := whole.Header.Get("ETag")
	require.NotEmpty(t, tag)
	require.Equal(t, http.StatusNotModified, c.do(http.MethodGet, path, "", "If-None-Match", tag).Status)
	require.Equal(t, http.StatusOK, c.do(http.MethodGet, path, "", "Range", "bytes=3-9", "If-Range", `"another"`).Status)
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, c.do(http.MethodGet, path, "", "Range", "bytes=99999999-").Status)
	c.w.stranger.in(t).refused(http.StatusNotFound, "not_found", http.MethodGet, path, "")
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
