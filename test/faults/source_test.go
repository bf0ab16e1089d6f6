package faults_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// source is what a task fetches: all videos of a playlist.
type source struct {
	data     *fakeapi.Data
	playlist string
	// pageDelay keeps a run of small data from being over before a fault strikes.
	pageDelay time.Duration
}

func (s source) address() string { return "https://www.youtube.com/playlist?list=" + s.playlist }

// comment is a comment as it must be stored.
type comment struct {
	Parent, Kind, Text, Author string
	Likes                      int64
	At                         time.Time
}

// comments returns what a complete run stores, by external id.
func (s source) comments() map[string]comment {
	want := map[string]comment{}
	for _, video := range s.data.VideoIDs() {
		for _, c := range s.data.Comments(video) {
			kind, parent := string(content.ReplyPost), c.ParentID
			if parent == "" {
				kind, parent = string(content.CommentPost), video
			}
			want[c.ID] = comment{parent, kind, content.CleanText(c.Text), content.CleanText(c.Author), c.Likes, c.PublishedAt.UTC()}
		}
	}
	return want
}

const (
	smallPlaylist = "PLSoundingsFaultSuiteSmallSet8vids"
	smallVideos   = 8
)

// smallSource is made up: 8 videos of three or four pages of threads each, some with replies on the thread's page, one in each with more.
func smallSource(t testing.TB) source {
	t.Helper()
	d, began := fakeapi.NewData(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	channel := "UCSoundingsFaultSuite000"
	d.AddChannel(fakeapi.Channel{ID: channel, Title: "Faults", PublishedAt: began})
	playlist := fakeapi.Playlist{ID: smallPlaylist, ChannelID: channel, Title: "All of them", PublishedAt: began}
	for v := range smallVideos {
		video := fakeapi.Video{ID: fmt.Sprintf("FaultVideo%d", v), ChannelID: channel, Title: fmt.Sprint("Video ", v), PublishedAt: began}
		d.AddVideo(video)
		playlist.VideoIDs = append(playlist.VideoIDs, video.ID)
		for n := range pick(250, 400) {
			addThread(t, d, video.ID, n, began.Add(time.Duration(n)*time.Minute))
		}
	}
	d.AddPlaylist(playlist)
	return source{d, smallPlaylist, 300 * time.Millisecond}
}

var phrases = []string{"I love how this turned out, number %d!", "Worst ending ever, %d minutes wasted.", "Who else is here in week %d?",
	"Subscribe to my channel for free gift cards http://example.com/%d", "The part at %d:00 explains it well."}

// addThread adds a thread: every tenth has 3 replies, and the 50th has 130.
func addThread(t testing.TB, d *fakeapi.Data, video string, n int, at time.Time) {
	t.Helper()
	top := fakeapi.Comment{
		ID: fmt.Sprintf("Ugx%sThread%05d4AaABAg", video, n), VideoID: video, Author: fmt.Sprintf("@viewer%d", n%97),
		AuthorChannelID: fmt.Sprintf("UCviewer%016d", n%97), Text: fmt.Sprintf(phrases[n%len(phrases)], n), Likes: int64(n % 13), PublishedAt: at,
	}
	require.NoError(t, d.AddComment(top))
	replies := 0
	if n%10 == 0 {
		replies = 3
	}
	if n == 50 {
		replies = 130
	}
	for r := range replies {
		reply := top
		reply.ID, reply.ParentID = fmt.Sprintf("%s.reply%04d", top.ID, r), top.ID
		reply.Text, reply.PublishedAt = fmt.Sprintf("Reply %d to %d: agreed.", r, n), at.Add(time.Duration(r+1)*time.Second)
		require.NoError(t, d.AddComment(reply))
	}
}

var corpus = sync.OnceValues(func() (*fakeapi.Data, error) {
	fixtures := os.Getenv("FIXTURES_DIR")
	if fixtures == "" {
		fixtures = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	return fakeapi.LoadCorpus2013(fixtures)
})

// wholeSource is the recorded corpus in the full form of the suite, and the small set in the short one.
func wholeSource(t *testing.T) source {
	t.Helper()
	if !*full {
		return smallSource(t)
	}
	data, err := corpus()
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skip("no FIXTURES_DIR with the recorded corpus")
	}
	require.NoError(t, err)
	return source{data: data, playlist: fakeapi.CorpusPlaylistID}
}

// expectation is what a run may end with.
type expectation struct {
	// statuses are those that the task may have.
	statuses []string
	// problems are the codes that may be named; the subtasks that failed with them are no dead letters that should
	// not be there.
	problems []string
	// must are the comments to find, may those that can be there besides; nil must means that those of may are
	// allowed to be missing.
	must, may map[string]comment
	// noAttempt requires that no subtask spent one.
	noAttempt bool
}

// wholly expects everything and nothing else.
func wholly(s source) expectation {
	return expectation{statuses: []string{"completed"}, must: s.comments()}
}

// allowed returns everything that may be stored.
func (e expectation) allowed() map[string]comment {
	both := maps.Clone(e.may)
	if both == nil {
		both = map[string]comment{}
	}
	maps.Copy(both, e.must)
	return both
}
