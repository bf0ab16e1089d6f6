package youtube_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/youtube"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func withKey() access.ExecutionContext {
	return access.NewMasterContext("user", content.YouTube, access.NewToken(testKey))
}

func source(kind content.SourceKind, id string) content.Source {
	return content.Source{Provider: content.YouTube, Kind: kind, ExternalID: id}
}

// serve starts the platform and returns a source over it.
func serve(t *testing.T, handler http.Handler) *youtube.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return youtube.New(youtube.Options{BaseURL: server.URL + "/", HTTPClient: server.Client()})
}

func TestSourceIsAContentSource(t *testing.T) {
	t.Parallel()
	portstest.TestContentSource(t, portstest.ContentSourceHarness{
		New: func(baseURL string, timeout time.Duration) ports.ContentSource {
			return youtube.New(youtube.Options{BaseURL: baseURL, Timeout: timeout})
		},
		Provider: &platform{},
		Source:   source(content.Video, videoA),
		Context:  withKey(),
		Secret:   testKey,
		Posts:    allOfVideoA(),
	})
}

func TestOpenVideo(t *testing.T) {
	t.Parallel()
	for _, kind := range []content.SourceKind{content.Video, content.Short} {
		page, err := serve(t, &platform{}).Open(t.Context(), withKey(), source(kind, videoA))
		require.NoError(t, err)
		published := time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)
		assert.Equal(t, content.Page{
			Title: "A", Expected: 23,
			Posts: []content.Post{{
				ExternalID: videoA, RootExternalID: videoA, Kind: content.VideoPost, ByOwner: true,
				Author: content.Author{Name: "Owner", ExternalID: ownerID}, Text: "A\n\nAbout it", Likes: 9, Replies: 22,
				PublishedAt: published, URL: "https://www.youtube.com/watch?v=" + videoA,
			}},
			Follow: []content.Listing{{Kind: "threads", IDs: []string{videoA}, RootID: videoA, OwnerID: ownerID, Below: []string{videoA}}},
		}, page)
	}
}

func TestOpenWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source content.Source
		kind   fault.Kind
		code   fault.Code
	}{
		"video gone":       {source(content.Video, "nosuchvideo"), fault.NotFound, fault.CodeSourceNotFound},
		"video private":    {source(content.Video, "privatevide"), fault.Forbidden, fault.CodeSourceForbidden},
		"playlist gone":    {source(content.Playlist, "PLgone"), fault.NotFound, fault.CodeSourceNotFound},
		"playlist private": {source(content.Playlist, "PLprivate"), fault.Forbidden, fault.CodeSourceForbidden},
		"channel gone":     {source(content.Channel, "UCnobody"), fault.NotFound, fault.CodeSourceNotFound},
		"handle gone":      {source(content.Handle, "@nobody"), fault.NotFound, fault.CodeSourceNotFound},
		"unknown kind":     {source(content.Subreddit, "golang"), fault.Invalid, fault.CodeUnsupportedKind},
		"other provider":   {content.Source{Provider: content.Reddit, Kind: content.Video}, fault.Invalid, fault.CodeUnsupportedKind},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := serve(t, &platform{}).Open(t.Context(), withKey(), c.source)
			requireFault(t, err, c.kind, c.code)
		})
	}
}

func requireFault(t *testing.T, err error, kind fault.Kind, code fault.Code) *fault.Error {
	t.Helper()
	require.Error(t, err)
	f := fault.As(err)
	require.Equal(t, kind, f.Kind, "%v", err)
	require.Equal(t, code, f.Code, "%v", err)
	require.NotEmpty(t, f.Message)
	require.NotContains(t, f.Error(), testKey)
	return f
}

func TestOpenChannelByEveryName(t *testing.T) {
	t.Parallel()
	for _, src := range []content.Source{
		source(content.Channel, ownerID), source(content.Handle, "@owner"),
		source(content.UserName, "owner"), source(content.Channel, "c/owner"),
	} {
		page, err := serve(t, &platform{}).Open(t.Context(), withKey(), src)
		require.NoError(t, err, src.ExternalID)
		assert.Equal(t, "Owner", page.Title)
		assert.Equal(t, []content.Listing{{Kind: "uploads", IDs: []string{uploadsID}, OwnerID: ownerID}}, page.Follow)
	}
	_, err := serve(t, &platform{}).Open(t.Context(), withKey(), source(content.Channel, "c/nobody"))
	f := requireFault(t, err, fault.NotFound, fault.CodeSourceNotFound)
	assert.Contains(t, f.Message, "@handle")
}

func TestChannelWithoutUploads(t *testing.T) {
	t.Parallel()
	s := serve(t, &platform{})
	page, err := s.Fetch(t.Context(), withKey(), content.Listing{Kind: "uploads", IDs: []string{"UUnone"}}, "")
	require.NoError(t, err)
	assert.Empty(t, page)
	_, err = s.Fetch(t.Context(), withKey(), content.Listing{Kind: "playlist", IDs: []string{"UUnone"}}, "")
	requireFault(t, err, fault.NotFound, fault.CodeSourceNotFound)
}

func TestPlaylistCountsWhatItCannotShow(t *testing.T) {
	t.Parallel()
	p := &platform{}
	s := serve(t, p)
	opened, err := s.Open(t.Context(), withKey(), source(content.Playlist, playlist))
	require.NoError(t, err)
	require.Equal(t, "A list", opened.Title)

	var pages []content.Page
	for token, more := "", true; more; more = token != "" {
		page, err := s.Fetch(t.Context(), withKey(), opened.Follow[0], token)
		require.NoError(t, err)
		pages = append(pages, page)
		token = page.Next
	}
	require.Len(t, pages, 3)
	assert.Equal(t, map[content.Cause]int64{content.HiddenByPlatform: 1}, pages[0].Missing)
	assert.Equal(t, map[content.Cause]int64{content.Removed: 1}, pages[1].Missing)
	assert.Empty(t, pages[1].Posts, "a page without a video does not end the list")
	assert.Len(t, pages[2].Posts, 1, "a video that stands twice on a page is taken once")
	assert.Len(t, pages[2].Follow, 1)
	assert.Equal(t, int64(1), pages[2].Expected, "no commentCount: the video alone is announced")
}

func TestThreadsFollowOnlyWhatDidNotComeAlong(t *testing.T) {
	t.Parallel()
	s := serve(t, &platform{})
	l := content.Listing{Kind: "threads", IDs: []string{videoA}, RootID: videoA, OwnerID: ownerID}
	page, err := s.Fetch(t.Context(), withKey(), l, "offset.2")
	require.NoError(t, err)
	assert.Equal(t, "offset.4", page.Next)
	assert.True(t, page.NewestFirst)
	assert.Equal(t, []content.Listing{{Kind: content.ListingReplies, IDs: []string{"thread2"}, RootID: videoA, OwnerID: ownerID, Below: []string{"thread2"}}}, page.Follow)
	require.Len(t, page.Posts, 2+5+3)
	published := time.Date(2024, 3, 2, 10, 0, 0, 0, time.UTC)
	assert.Equal(t, content.Post{
		ExternalID: "thread2", ParentExternalID: videoA, RootExternalID: videoA, Kind: content.CommentPost,
		Author: content.Author{Name: "@name", ExternalID: "UCsomebody"}, Text: "typed thread2", Likes: 3, Replies: 7,
		PublishedAt: published, URL: "https://www.youtube.com/watch?v=" + videoA + "&lc=thread2",
	}, page.Posts[0])
	assert.Equal(t, content.Post{
		ExternalID: "thread2.reply0", ParentExternalID: "thread2", RootExternalID: videoA, Kind: content.ReplyPost,
		Author: content.Author{Name: "@name", ExternalID: ownerID}, ByOwner: true, Text: "typed thread2.reply0", Likes: 3,
		PublishedAt: published, URL: "https://www.youtube.com/watch?v=" + videoA + "&lc=thread2.reply0",
	}, page.Posts[1])
}

func TestRequestsAreWhatTheAPIAsksFor(t *testing.T) {
	t.Parallel()
	seen := map[string]http.Header{}
	queries := map[string]string{}
	p := &platform{}
	p.override = func(_ http.ResponseWriter, r *http.Request, method string) bool {
		seen[method], queries[method] = r.Header.Clone(), r.URL.RawQuery
		return false
	}
	s := serve(t, p)
	for _, l := range []content.Listing{
		{Kind: "playlist", IDs: []string{playlist}},
		{Kind: "threads", IDs: []string{videoA}, RootID: videoA},
		{Kind: content.ListingReplies, IDs: []string{"thread0"}, RootID: videoA},
	} {
		_, err := s.Fetch(t.Context(), withKey(), l, "")
		require.NoError(t, err)
	}
	assert.Equal(t, "maxResults=100&order=time&part=snippet%2Creplies&textFormat=plainText&videoId="+videoA, queries["commentThreads"])
	assert.Equal(t, "maxResults=100&parentId=thread0&part=snippet&textFormat=plainText", queries["comments"])
	assert.Equal(t, "maxResults=50&part=contentDetails%2Cstatus&playlistId="+playlist, queries["playlistItems"])
	assert.Equal(t, "id="+videoA+"%2Cprivatevide&maxResults=50&part=snippet%2Cstatistics", queries["videos"])
	for method, header := range seen {
		assert.Equal(t, testKey, header.Get("X-Goog-Api-Key"), method)
		assert.NotContains(t, queries[method], testKey)
		assert.Contains(t, header.Get("User-Agent"), "gzip")
		assert.Equal(t, "gzip", header.Get("Accept-Encoding"))
	}
}
