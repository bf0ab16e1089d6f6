package fakeapi_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestRefusalsHaveTheReasonsOfTheAPI(t *testing.T) {
	t.Parallel()
	d := small(t, 30)
	for id, v := range map[string]fakeapi.Video{
		"disabled001": {CommentsDisabled: true}, "private0001": {Visibility: fakeapi.Private}, "removed0001": {Visibility: fakeapi.Removed},
	} {
		v.ID, v.ChannelID = id, channelID
		d.AddVideo(v)
	}
	d.AddVideo(fakeapi.Video{ID: "video000002", ChannelID: channelID})
	d.AddChannel(fakeapi.Channel{ID: "UCempty", Title: "Empty", PublishedAt: noon})
	d.AddPlaylist(fakeapi.Playlist{ID: "PLprivate", ChannelID: channelID, Visibility: fakeapi.Private})
	s := fakeapi.Run(t, d)
	token := call(t, s, "commentThreads", "part=id&videoId="+videoID).page(t).NextPageToken

	for _, c := range []struct {
		method, query string
		status        int
		reason        string
	}{
		{"commentThreads", "part=id&videoId=disabled001", 403, "commentsDisabled"},
		{"commentThreads", "part=id&videoId=private0001", 403, "forbidden"},
		{"commentThreads", "part=id&videoId=removed0001", 404, "videoNotFound"},
		{"commentThreads", "part=id&videoId=unknown0001", 404, "videoNotFound"},
		{"commentThreads", "part=id&allThreadsRelatedToChannelId=UCx", 404, "channelNotFound"},
		{"commentThreads", "part=id&id=gone", 404, "commentThreadNotFound"},
		{"commentThreads", "part=id", 400, "missingRequiredParameter"},
		{"commentThreads", "part=id&channelId=UCx", 400, "badRequest"},
		{"commentThreads", "part=id&id=c01&videoId=" + videoID, 400, "incompatibleParameters"},
		{"commentThreads", "videoId=" + videoID, 400, "missingRequiredParameter"},
		{"commentThreads", "part=statistics&videoId=" + videoID, 400, "unknownPart"},
		{"commentThreads", "part=id&maxResults=101&videoId=" + videoID, 400, "invalidParameter"},
		{"commentThreads", "part=id&maxResults=0&videoId=" + videoID, 400, "invalidParameter"},
		{"commentThreads", "part=id&order=likes&videoId=" + videoID, 400, "invalidParameter"},
		{"commentThreads", "part=id&textFormat=rtf&videoId=" + videoID, 400, "invalidParameter"},
		{"commentThreads", "part=id&videoId=" + videoID + "&pageToken=abc", 400, "invalidPageToken"},
		{"commentThreads", "part=id&videoId=video000002&pageToken=" + token, 400, "invalidPageToken"},
		{"commentThreads", "part=id&order=relevance&videoId=" + videoID + "&pageToken=" + token, 400, "invalidPageToken"},
		{"comments", "part=id&parentId=c01&pageToken=" + token, 400, "invalidPageToken"},
		{"comments", "part=id&parentId=gone", 404, "commentNotFound"},
		{"comments", "part=id", 400, "missingRequiredParameter"},
		{"playlistItems", "part=id&playlistId=PLgone", 404, "playlistNotFound"},
		{"playlistItems", "part=id&playlistId=UUgone", 404, "playlistNotFound"},
		{"playlistItems", "part=id&playlistId=UUempty", 404, "playlistNotFound"},
		{"playlistItems", "part=id&playlistId=PLprivate", 403, "playlistItemsNotAccessible"},
		{"playlistItems", "part=id&maxResults=51&playlistId=PLprivate", 400, "invalidParameter"},
		{"playlists", "part=id&channelId=UCx", 404, "channelNotFound"},
		{"videos", "part=id", 400, "missingRequiredParameter"},
		{"channels", "part=id&id=a&forHandle=b", 400, "incompatibleParameters"},
	} {
		r := call(t, s, c.method, c.query)
		require.Equal(t, c.status, r.status, c.query)
		require.Equal(t, c.reason, r.reason(t), c.query)
	}
	require.Contains(t, string(call(t, s, "search", "part=id").body), "<html")
}

func TestCallersMustIdentifyThemselves(t *testing.T) {
	t.Parallel()
	key := "AIza" + "00000000000000000000000000000000000"
	s := fakeapi.Run(t, small(t, 1), fakeapi.WithKey(key), fakeapi.WithClock(func() time.Time { return noon }),
		fakeapi.WithToken(fakeapi.AccessToken{Secret: "full", Scopes: []string{fakeapi.ScopeForceSSL}, ExpiresAt: noon.Add(time.Second)}),
		fakeapi.WithToken(fakeapi.AccessToken{Secret: "readonly", Scopes: []string{fakeapi.ScopeReadonly}}),
		fakeapi.WithToken(fakeapi.AccessToken{Secret: "expired", Scopes: []string{fakeapi.ScopeForceSSL}, ExpiresAt: noon}))
	threads, videos := "/commentThreads?part=id&videoId="+videoID, "/videos?part=id&id="+videoID
	for _, c := range []struct {
		path, header string
		status       int
		reason       string
	}{
		{threads, "", 403, "forbidden"},
		{threads, "X-Goog-Api-Key: " + key, 200, ""},
		{threads + "&key=" + key, "", 200, ""},
		{threads, "X-Goog-Api-Key: " + fakeapi.DemoKey, 400, "badRequest"},
		{threads, "Authorization: Bearer full", 200, ""},
		{threads, "Authorization: Bearer expired", 401, "authError"},
		{threads, "Authorization: Bearer unknown", 401, "authError"},
		{threads, "Authorization: Bearer " + key, 401, "authError"},
		{threads, "Authorization: Bearer readonly", 403, "insufficientPermissions"},
		{videos, "Authorization: Bearer readonly", 200, ""},
	} {
		r, err := get(t.Context(), s.YouTubeURL()+c.path, c.header)
		require.NoError(t, err)
		require.Equal(t, c.status, r.status, "%s %s", c.path, c.header)
		if c.reason != "" {
			require.Equal(t, c.reason, r.reason(t))
		}
	}
	s.RevokeToken("full")
	r, err := get(t.Context(), s.YouTubeURL()+threads, "Authorization: Bearer full")
	require.NoError(t, err)
	require.Equal(t, "authError", r.reason(t))
	kinds := map[fakeapi.AuthKind]int{}
	for _, c := range s.Calls() {
		kinds[c.Auth]++
		require.NotContains(t, c.Query.Encode(), key)
	}
	require.Equal(t, map[fakeapi.AuthKind]int{fakeapi.NoAuth: 1, fakeapi.KeyHeader: 2, fakeapi.KeyQuery: 1, fakeapi.BearerAuth: 7}, kinds)
}

func TestTheQuotaRunsOut(t *testing.T) {
	t.Parallel()
	s := fakeapi.Run(t, small(t, 1), fakeapi.WithQuota(2))
	for range 2 {
		require.Equal(t, http.StatusOK, call(t, s, "videos", "part=id&id="+videoID).status)
	}
	require.Equal(t, "quotaExceeded", call(t, s, "videos", "part=id&id="+videoID).reason(t))
}

// TestErrorsReadAsRecorded compares injected errors with recorded ones: code,
// and reason, domain and place of the first error.
func TestErrorsReadAsRecorded(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(fixtures(t), "youtube", "errors")
	s := fakeapi.Run(t, small(t, 1))
	for reason, file := range map[string]string{
		"API_KEY_INVALID":         "quoted_400_API_KEY_INVALID.json",
		"keyInvalid":              "pyyt_error_response.json",
		"invalidPageToken":        "quoted_400_invalidPageToken.json",
		"accessNotConfigured":     "quoted_403_accessNotConfigured.json",
		"commentsDisabled":        "quoted_403_commentsDisabled_oldshape.json",
		"insufficientPermissions": "quoted_403_insufficientPermissions.json",
		"quotaExceeded":           "quoted_403_quotaExceeded.json",
		"channelNotFound":         "quoted_404_channelNotFound.json",
		"playlistNotFound":        "quoted_404_playlistNotFound.json",
		"videoNotFound":           "quoted_404_videoNotFound.json",
		"authError":               "ytgem_401_authError_4.json",
	} {
		recorded, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		s.ClearRules()
		s.Inject(fakeapi.Rule{Effect: fakeapi.Error, Reason: reason})
		require.Equal(t, gist(t, recorded), gist(t, call(t, s, "videos", "part=id&id=x").body), reason)
	}
}

// gist is the part of an error that a client goes by. The canonical status is
// not: older recordings lack it.
func gist(t *testing.T, body []byte) []any {
	t.Helper()
	var v struct {
		Error map[string]any `json:"error"`
	}
	require.NoError(t, json.Unmarshal(body, &v))
	first := v.Error["errors"].([]any)[0]
	return []any{v.Error["code"], at(first, "reason"), at(first, "domain"), at(first, "location"), at(first, "locationType")}
}
