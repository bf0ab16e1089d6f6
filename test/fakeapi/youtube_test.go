package fakeapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestThreadsAreWalkedToTheEndInEitherOrder(t *testing.T) {
	t.Parallel()
	d := small(t, 47)
	s := fakeapi.Run(t, d)
	newest := ids(walk(t, s, "commentThreads", "part=snippet&maxResults=10&videoId="+videoID)...)
	require.Len(t, newest, 47)
	require.Equal(t, "c46", newest[0])
	require.True(t, slices.IsSortedFunc(newest, func(a, b string) int { return strings.Compare(b, a) }))

	liked := walk(t, s, "commentThreads", "part=snippet&maxResults=10&order=relevance&videoId="+videoID)
	require.Len(t, liked, 5)
	require.ElementsMatch(t, newest, ids(liked...))
	require.Equal(t, 6.0, at(liked[0].Items[0], "snippet.topLevelComment.snippet.likeCount"))
	related := walk(t, s, "commentThreads", "part=snippet&maxResults=100&allThreadsRelatedToChannelId="+channelID)
	require.Equal(t, newest, ids(related...))
}

func TestAPageHasTheSizeAndInfoThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 47))
	byDefault := call(t, s, "commentThreads", "part=snippet&videoId="+videoID).page(t)
	require.Len(t, byDefault.Items, 20)
	require.Equal(t, 20, byDefault.PageInfo.ResultsPerPage)
	require.Equal(t, 20, *byDefault.PageInfo.TotalResults)
	all := call(t, s, "commentThreads", "part=snippet&maxResults=100&videoId="+videoID).page(t)
	require.Len(t, all.Items, 47)
	require.Empty(t, all.NextPageToken)
	require.NotContains(t, all.Items[0], "replies")
	bare := call(t, s, "commentThreads", "part=id&videoId="+videoID).page(t)
	require.NotContains(t, bare.Items[0], "snippet")
}

func TestFiveRepliesAreInlinedAndAllCanBeListed(t *testing.T) {
	t.Parallel()
	d := small(t, 2)
	for i := range 8 {
		require.NoError(t, d.AddComment(answerTo("c01", i)))
	}
	hidden := answerTo("c01", 9)
	hidden.Hidden = true
	require.NoError(t, d.AddComment(hidden))
	s := fakeapi.Run(t, d)

	threads := call(t, s, "commentThreads", "part=snippet,replies&videoId="+videoID).page(t)
	require.Equal(t, 9.0, at(threads.Items[0], "snippet.totalReplyCount"), "the hidden one counts")
	inlined := at(threads.Items[0], "replies.comments").([]any)
	require.Len(t, inlined, 5)
	require.Equal(t, "c01.c07", at(inlined[0], "id"), "newest first")
	require.Equal(t, videoID, at(inlined[0], "snippet.videoId"))
	require.NotContains(t, threads.Items[1], "replies")

	replies := walk(t, s, "comments", "part=snippet&maxResults=3&parentId=c01")
	require.Equal(t, []string{"c01.c07", "c01.c06", "c01.c05", "c01.c04", "c01.c03", "c01.c02", "c01.c01", "c01.c00"}, ids(replies...))
	require.Nil(t, replies[0].PageInfo.TotalResults, "as recorded")
	require.Equal(t, "c01", at(replies[0].Items[0], "snippet.parentId"))
	require.Nil(t, at(replies[0].Items[0], "snippet.videoId"), "comments.list does not tell the video")
	byID := call(t, s, "comments", "part=snippet&id=c01.c03,c00,gone").page(t)
	require.Equal(t, []string{"c01.c03", "c00"}, ids(byID))
	require.Nil(t, byID.PageInfo)
}

func TestTextsAreHTMLUnlessPlainTextIsAskedFor(t *testing.T) {
	t.Parallel()
	d := small(t, 0)
	c := comment(1)
	c.Text = "a < b & \"c\"\nd\u2028\x00\xff \u202e😍"
	require.NoError(t, d.AddComment(c))
	s := fakeapi.Run(t, d)
	const display = "snippet.topLevelComment.snippet.textDisplay"
	plain := call(t, s, "commentThreads", "part=snippet&textFormat=plainText&videoId="+videoID).page(t)
	require.Equal(t, "a < b & \"c\"\nd\u2028\x00\ufffd \u202e😍", at(plain.Items[0], display))
	html := call(t, s, "commentThreads", "part=snippet&videoId="+videoID).page(t)
	require.Contains(t, at(html.Items[0], display), "a &lt; b &amp; &#34;c&#34;<br>d")
}

func TestEmptyListsHaveNoItems(t *testing.T) {
	t.Parallel()
	for query, method := range map[string]string{
		"part=snippet&videoId=" + videoID: "commentThreads",
		"part=snippet&forHandle=@nobody":  "channels",
		"part=snippet&id=gone0000000":     "videos",
		"part=id&id=PLgone":               "playlists",
	} {
		s := fakeapi.Run(t, small(t, 0))
		require.NotContains(t, string(call(t, s, method, query).body), `"items"`, method)
		s = fakeapi.Run(t, small(t, 0), fakeapi.WithEmptyItems())
		require.Contains(t, string(call(t, s, method, query).body), `"items":[]`, method)
	}
}

func TestChannelsAreFoundByIDHandleAndUserName(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 0))
	for _, filter := range []string{"id=" + channelID, "forHandle=@small.boat", "forHandle=Small.Boat", "forUsername=SmallBoat"} {
		p := call(t, s, "channels", "part=snippet,contentDetails&"+filter).page(t)
		require.Equal(t, []string{channelID}, ids(p), filter)
		require.Equal(t, "UUabcdefghijklmnopqrstuv", at(p.Items[0], "contentDetails.relatedPlaylists.uploads"))
	}
}

func TestPlaylistsKeepWhatCannotBeSeen(t *testing.T) {
	t.Parallel()
	d := small(t, 0)
	d.AddVideo(fakeapi.Video{ID: "private0001", ChannelID: channelID, Title: "secret", Visibility: fakeapi.Private})
	d.AddVideo(fakeapi.Video{ID: "removed0001", ChannelID: channelID, Title: "secret", Visibility: fakeapi.Removed})
	d.AddPlaylist(fakeapi.Playlist{ID: "PLmix", ChannelID: channelID, Title: "Mix", VideoIDs: []string{"private0001", videoID, "removed0001", "unknown0001"}})
	s := fakeapi.Run(t, d)

	pages := walk(t, s, "playlistItems", "part=snippet,contentDetails,status&maxResults=3&playlistId=PLmix")
	require.Len(t, pages, 2)
	require.Equal(t, 4, *pages[0].PageInfo.TotalResults)
	require.Equal(t, "Private video", at(pages[0].Items[0], "snippet.title"))
	require.Equal(t, "One", at(pages[0].Items[1], "snippet.title"))
	require.Equal(t, "Deleted video", at(pages[0].Items[2], "snippet.title"))
	require.Equal(t, "unknown0001", at(pages[1].Items[0], "contentDetails.videoId"))
	require.Equal(t, 3.0, at(pages[1].Items[0], "snippet.position"))
	require.NotContains(t, pages[0].Items[0], "secret")

	uploads := call(t, s, "playlistItems", "part=contentDetails&playlistId=UUabcdefghijklmnopqrstuv").page(t)
	require.Len(t, uploads.Items, 1, "only public videos")
	require.Equal(t, []string{videoID}, ids(call(t, s, "videos", "part=id&id=private0001,"+videoID+",removed0001").page(t)))
	require.Equal(t, []string{"PLmix"}, ids(call(t, s, "playlists", "part=id&channelId="+channelID).page(t)))
	details := call(t, s, "playlists", "part=contentDetails&id=PLmix").page(t)
	require.Equal(t, 4.0, at(details.Items[0], "contentDetails.itemCount"))
}

func TestCommentsMayChangeWhileTheyAreRead(t *testing.T) {
	t.Parallel()
	d := small(t, 30)
	s := fakeapi.Run(t, d)
	first := call(t, s, "commentThreads", "part=snippet&maxResults=10&videoId="+videoID).page(t)
	require.NoError(t, d.AddComment(comment(40)))
	require.True(t, d.RemoveComment("c20"), "the one that the token names")
	require.False(t, d.RemoveComment("c20"))
	second := call(t, s, "commentThreads", "part=snippet&maxResults=10&videoId="+videoID+"&pageToken="+first.NextPageToken).page(t)
	require.Equal(t, "c19", ids(second)[0], "neither shifted nor repeated")
	require.Equal(t, "c40", ids(call(t, s, "commentThreads", "part=id&videoId="+videoID).page(t))[0])

	edited := comment(19)
	edited.Text = "changed"
	require.NoError(t, d.AddComment(edited))
	found := call(t, s, "commentThreads", "part=snippet&id=c19").page(t)
	require.Equal(t, "changed", at(found.Items[0], "snippet.topLevelComment.snippet.textOriginal"))
	statistics := call(t, s, "videos", "part=statistics&id="+videoID).page(t)
	require.Equal(t, "30", at(statistics.Items[0], "statistics.commentCount"))
	require.Equal(t, http.StatusOK, call(t, s, "commentThreads", "part=id&allThreadsRelatedToChannelId="+channelID).status)
}
