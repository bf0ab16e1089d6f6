package e2e_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// fixtures returns the folder of the recorded data, or leaves the test out.
func fixtures(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("FIXTURES_DIR")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no recorded data: %v", err)
		}
		t.Skipf("no recorded data; FIXTURES_DIR names its folder")
	}
	return folder
}

// TestTheCorpusOf2013 fetches all 51,756 comments, in processes that are not
// slowed down by the race detector.
func TestTheCorpusOf2013(t *testing.T) {
	t.Parallel()
	data, err := fakeapi.LoadCorpus2013(fixtures(t))
	require.NoError(t, err)
	want := map[string]string{}
	for _, v := range data.VideoIDs() {
		for _, c := range data.Comments(v) {
			want[c.ID] = strings.ReplaceAll(c.Text, "\x00", "")
		}
	}
	require.Len(t, want, 51_756)

	w := deployOver(t, setups[2], data, with("YOUTUBE_DAILY_QUOTA", func(*world) string { return "0" }))
	c := w.somebody
	ended := c.collect("https://www.youtube.com/playlist?list="+fakeapi.CorpusPlaylistID, "")
	require.Equal(t, "completed", ended.Status, ended.Problems)
	videos := int64(len(data.VideoIDs()))
	assert.Equal(t, int64(len(want))+videos, ended.Progress.Posts.Fetched)

	var made task
	c.read(c.do(http.MethodPost, "/tasks/export", `{"taskId":"`+ended.ID+`","format":"ndjson"}`), http.StatusAccepted, &made)
	require.Equal(t, "completed", c.ended(made.ID).Status)
	file := c.do(http.MethodGet, "/tasks/"+made.ID+"/download", "").Body
	got := map[string]string{}
	var spam, scored int64
	for lines := bufio.NewScanner(strings.NewReader(file)); lines.Scan(); {
		var p post
		require.NoError(t, json.Unmarshal(lines.Bytes(), &p))
		if p.Kind == "video" {
			continue
		}
		_, twice := got[p.ExternalID]
		require.False(t, twice, "%s is stored twice", p.ExternalID)
		got[p.ExternalID] = p.Text
		if p.Spam == nil {
			require.Fail(t, p.ExternalID+" is unjudged")
		}
		if p.Spam.Verdict == "spam" {
			spam++
			require.Nil(t, p.Sentiment)
		}
		if p.Sentiment != nil {
			scored++
		}
	}
	assert.Equal(t, len(want), len(got))
	for id, text := range want {
		if got[id] != text {
			require.Equal(t, text, got[id], id)
		}
	}
	assert.Equal(t, [2]int64{spam, scored}, [2]int64{ended.Progress.Posts.Spam, ended.Progress.Posts.Scored})
}
