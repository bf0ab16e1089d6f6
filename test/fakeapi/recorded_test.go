package fakeapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// TestEveryFieldWasSeenInTheWild compares the fake's answers with recorded
// ones, field by field.
func TestEveryFieldWasSeenInTheWild(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(fixtures(t), "youtube")
	d, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	s := fakeapi.Run(t, d)
	// Documented, and absent from the recordings only because those are old or
	// did not ask for the part.
	unrecorded := regexp.MustCompile(`^(nextPageToken` +
		`|items\.snippet\.(channelId|localized.*|videoOwnerChannel.*)` +
		`|items\.(snippet\.topLevelComment|replies\.comments)\.snippet\.channelId` +
		`|items\.status\..*|items\.status` +
		`|items\.contentDetails.*)$`)
	for method, queries := range everyAnswer(d) {
		recorded := map[string]bool{}
		files, err := filepath.Glob(filepath.Join(folder, method, "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files, method)
		for _, file := range files {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			var v any
			require.NoError(t, json.Unmarshal(body, &v))
			fields(v, "", recorded)
		}
		for _, query := range queries {
			served := map[string]bool{}
			for _, p := range rawPages(t, s, method, query) {
				fields(p, "", served)
			}
			for field := range served {
				require.True(t, recorded[field] || unrecorded.MatchString(field), "%s: %s was never seen", method, field)
			}
		}
	}
}

// fields collects the paths of all fields, arrays left out.
func fields(v any, path string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			next := strings.TrimPrefix(path+"."+name, ".")
			into[next] = true
			fields(value, next, into)
		}
	case []any:
		for _, item := range v {
			fields(item, path, into)
		}
	}
}

func TestTheCorpusIsServedWhole(t *testing.T) {
	t.Parallel()
	d := corpus(t)
	s := fakeapi.Run(t, d)
	items := walk(t, s, "playlistItems", "part=contentDetails&maxResults=50&playlistId="+fakeapi.CorpusPlaylistID)
	require.Len(t, items, 2)
	seen := map[string]bool{}
	calls := 0
	for _, p := range items {
		for _, item := range p.Items {
			id := at(item, "contentDetails.videoId").(string)
			pages := walk(t, s, "commentThreads", "part=snippet&textFormat=plainText&maxResults=100&videoId="+id)
			calls += len(pages)
			comments := d.Comments(id)
			for i, thread := range ids(pages...) {
				require.Equal(t, comments[i].ID, thread)
				seen[thread] = true
			}
			last := pages[len(pages)-1].Items
			require.Equal(t, comments[len(comments)-1].Text, at(last[len(last)-1], "snippet.topLevelComment.snippet.textDisplay"), "texts are exact")
		}
	}
	require.Len(t, seen, 51_756)
	require.Less(t, calls, 51_756/100+63)
}

func TestRepeatedDataIsLargerAndDistinct(t *testing.T) {
	t.Parallel()
	d, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	all := func() (n int, distinct map[string]bool) {
		distinct = map[string]bool{}
		for _, id := range d.VideoIDs() {
			require.Regexp(t, `^[\w-]{11}$`, id)
			for _, c := range d.Comments(id) {
				n++
				distinct[c.ID] = true
			}
		}
		return n, distinct
	}
	before, _ := all()
	videos := len(d.VideoIDs())
	d.Repeat(3)
	after, distinct := all()
	require.Equal(t, 3*before, after)
	require.Len(t, distinct, after)
	require.Len(t, d.VideoIDs(), 3*videos)
	s := fakeapi.Run(t, d)
	pages := walk(t, s, "playlistItems", "part=contentDetails&playlistId="+d.PlaylistIDs()[0])
	require.Len(t, ids(pages...), 3*videos)
}

func TestBrandsAnnounceMoreThanTheyShow(t *testing.T) {
	t.Parallel()
	d, err := fakeapi.LoadBrands2025(fixtures(t))
	require.NoError(t, err)
	n := 0
	for _, id := range d.VideoIDs() {
		n += len(d.Comments(id))
	}
	require.Len(t, d.VideoIDs(), 43)
	require.Equal(t, 9_997, n)
	s := fakeapi.Run(t, d)
	video := call(t, s, "videos", "part=statistics,snippet&id=bN2rUoX7540").page(t).Items[0]
	require.Equal(t, "18657", at(video, "statistics.commentCount"))
	require.Equal(t, "Duolingo", at(video, "snippet.channelTitle"))
}
