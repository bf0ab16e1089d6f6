package fakeapi_test

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestAFolderIsLoadedInTheOrderOfItsFiles(t *testing.T) {
	t.Parallel()
	d, err := fakeapi.Load(fstest.MapFS{
		"1.ndjson":  {Data: []byte(`{"channel":{"id":"UCx","title":"X","publishedAt":"2026-01-01T00:00:00Z"}}` + "\n" + `{"video":{"id":"video000009","channelId":"UCx","publishedAt":"2026-01-01T00:00:00Z"}}`)},
		"2.ndjson":  {Data: []byte(`{"comment":{"id":"a","videoId":"video000009","text":"hi","publishedAt":"2026-01-02T00:00:00Z"}}` + "\n" + `{"comment":{"id":"a.b","parentId":"a","videoId":"video000009","text":"ho","publishedAt":"2026-01-03T00:00:00Z"}}`)},
		"notes.txt": {Data: []byte("not data")},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"video000009"}, d.VideoIDs())
	comments := d.Comments("video000009")
	require.Len(t, comments, 2)
	require.Equal(t, "ho", comments[1].Text)
	require.Nil(t, d.Comments("gone"))
}

func TestABadFolderSaysWhere(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{`:  "bad.ndjson: line 1",
		`{}`: "holds no channel",
		`{"comment":{"id":"a","videoId":"gone"}}`: "no video gone",
	} {
		_, err := fakeapi.Load(fstest.MapFS{"bad.ndjson": {Data: []byte(line)}})
		require.ErrorContains(t, err, want)
	}
	_, err := fakeapi.Load(fstest.MapFS{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	d := small(t, 1)
	require.ErrorContains(t, d.AddComment(fakeapi.Comment{ID: "x.y", ParentID: "x", VideoID: videoID}), "no thread x")
	_, err = fakeapi.LoadCorpus2013(t.TempDir())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestTheDemoTellsItsStory pins what the demo set promises.
func TestTheDemoTellsItsStory(t *testing.T) {
	t.Parallel()
	d, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	comments := d.Comments(fakeapi.DemoVideoID)
	require.InDelta(t, 1200, len(comments), 200)

	month := map[string]*struct{ sum, n float64 }{}
	replies := map[string]int{}
	owners, spam, other, bidi := 0, 0, 0, 0
	for _, c := range comments {
		m := month[c.PublishedAt.Format("01")]
		if m == nil {
			m = &struct{ sum, n float64 }{}
			month[c.PublishedAt.Format("01")] = m
		}
		_, score := fakeapi.Polarity(c.Text)
		m.sum, m.n = m.sum+score, m.n+1
		replies[c.ParentID]++
		if c.Author == "@TidelineWorkshop" {
			owners++
		}
		if len(fakeapi.SpamMarks(c.Text)) > 0 {
			spam++
		}
		if strings.ContainsAny(c.Text, "ñéüßçわобğ정ش") {
			other++
		}
		if strings.ContainsAny(c.Text, "\u202e\u2066") {
			bidi++
		}
	}
	require.Greater(t, month["01"].sum/month["01"].n, month["02"].sum/month["02"].n+0.1, "the row of February shows")
	require.Greater(t, month["05"].sum/month["05"].n, month["02"].sum/month["02"].n+0.1, "and the mood comes back")
	require.Greater(t, len(month), 5)
	require.Greater(t, owners, 30)
	require.Greater(t, spam, 50)
	require.Greater(t, other, 30)
	require.Positive(t, bidi)
	delete(replies, "")
	long := 0
	for _, n := range replies {
		if n > 100 {
			long++
		}
	}
	require.Equal(t, 1, long, "one thread is longer than a page of replies")
}

// FuzzTextsArriveAsTheyAre holds the fast encoder against encoding/json.
func FuzzTextsArriveAsTheyAre(f *testing.F) {
	for _, text := range []string{"", "plain", "\x00\x1f\"\\/<>&\n\r\t", "\xff\xfe ok", "\u2028\ufeff😍\u202e", "é\xc3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := fakeapi.NewData()
		d.AddVideo(fakeapi.Video{ID: videoID, ChannelID: "UCx"})
		require.NoError(t, d.AddComment(fakeapi.Comment{ID: "a", VideoID: videoID, Text: text, Author: text, PublishedAt: time.Unix(0, 0)}))
		s := fakeapi.New(d)
		body := serve(t, s, "/youtube/v3/commentThreads?part=snippet&textFormat=plainText&videoId="+videoID)
		var p page
		require.NoError(t, json.Unmarshal(body, &p))
		var want string
		encoded, err := json.Marshal(text)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(encoded, &want))
		require.Equal(t, want, at(p.Items[0], "snippet.topLevelComment.snippet.textDisplay"))
	})
}

// FuzzPageTokens feeds the API tokens that it never made.
func FuzzPageTokens(f *testing.F) {
	f.Add("")
	f.Add("AAAAAAAAAAA=")
	f.Add("!!")
	f.Fuzz(func(t *testing.T, token string) {
		s := fakeapi.New(small(t, 3))
		body := serve(t, s, "/youtube/v3/commentThreads?part=id&videoId="+videoID+"&pageToken="+escape(token))
		require.True(t, json.Valid(body))
		require.Equal(t, token != "", strings.Contains(string(body), "invalidPageToken"))
	})
}
