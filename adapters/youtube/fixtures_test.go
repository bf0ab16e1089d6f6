package youtube

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// recorded returns the recorded answers of one kind by file name. Without the
// folder the test is skipped, but in CI it fails.
func recorded(t testing.TB, kind string) map[string][]byte {
	t.Helper()
	root := cmp.Or(os.Getenv("FIXTURES_DIR"), filepath.Join("..", "..", "..", "shared", "fixtures"))
	names, err := filepath.Glob(filepath.Join(root, "youtube", kind, "*.json"))
	require.NoError(t, err)
	if len(names) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("no recorded answers of " + kind + " in FIXTURES_DIR")
		}
		t.Skip("no recorded answers of " + kind + ": set FIXTURES_DIR")
	}
	bodies := map[string][]byte{}
	for _, name := range names {
		body, err := os.ReadFile(name)
		require.NoError(t, err)
		bodies[filepath.Base(name)] = body
	}
	return bodies
}

// replaying returns a source to which every method answers with its body.
func replaying(t testing.TB, status int, bodies map[string][]byte) *Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(bodies[strings.TrimPrefix(r.URL.Path, "/")])
	}))
	t.Cleanup(server.Close)
	return New(Options{BaseURL: server.URL})
}

// plain is an answer read without any of the adapter's code.
type plain struct {
	NextPageToken string           `json:"nextPageToken"`
	Items         []map[string]any `json:"items"`
}

func readPlain(t testing.TB, body []byte) plain {
	t.Helper()
	var p plain
	require.NoError(t, json.Unmarshal(body, &p))
	return p
}

func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func TestRecordedThreads(t *testing.T) {
	t.Parallel()
	for name, body := range recorded(t, "commentThreads") {
		want := readPlain(t, body)
		s := replaying(t, 200, map[string][]byte{"commentThreads": body})
		page, err := s.Fetch(t.Context(), masterContext(), content.Listing{Kind: listingThreads, IDs: []string{"v"}, RootID: "v"}, "")
		require.NoError(t, err, name)
		assert.Equal(t, want.NextPageToken, page.Next, name)

		var ids, unfinished []string
		for _, item := range want.Items {
			ids = append(ids, item["id"].(string))
			inlined, _ := at(item, "replies", "comments").([]any)
			for _, reply := range inlined {
				ids = append(ids, at(reply, "id").(string))
			}
			if total, _ := at(item, "snippet", "totalReplyCount").(float64); int(total) > len(inlined) {
				unfinished = append(unfinished, item["id"].(string))
			}
		}
		assert.Equal(t, ids, idsOf(page.Posts), name)
		if len(unfinished) > 0 {
			assert.Equal(t, []content.Listing{{Kind: content.ListingReplies, IDs: unfinished, RootID: "v", Below: unfinished}}, page.Follow, name)
		} else {
			assert.Empty(t, page.Follow, name)
		}
		checkComments(t, name, want.Items, page.Posts)
	}
}

func idsOf(posts []content.Post) (ids []string) {
	for _, p := range posts {
		ids = append(ids, p.ExternalID)
	}
	return ids
}

// checkComments compares the top-level comments with what was recorded.
func checkComments(t *testing.T, name string, items []map[string]any, posts []content.Post) {
	t.Helper()
	byID := map[string]content.Post{}
	for _, p := range posts {
		byID[p.ExternalID] = p
		assert.NotEmpty(t, p.Text, name)
		assert.False(t, p.PublishedAt.IsZero(), name)
	}
	for _, item := range items {
		post, snippet := byID[item["id"].(string)], at(item, "snippet", "topLevelComment", "snippet")
		assert.Equal(t, content.CommentPost, post.Kind, name)
		assert.Equal(t, at(snippet, "authorDisplayName"), post.Author.Name, name)
		assert.Equal(t, at(snippet, "likeCount"), float64(post.Likes), name)
		assert.Equal(t, at(snippet, "publishedAt") != at(snippet, "updatedAt"), !post.EditedAt.IsZero(), name)
		if id, ok := at(snippet, "authorChannelId", "value").(string); ok {
			assert.Equal(t, id, post.Author.ExternalID, name)
		}
	}
}

func TestRecordedReplies(t *testing.T) {
	t.Parallel()
	for name, body := range recorded(t, "comments") {
		want := readPlain(t, body)
		s := replaying(t, 200, map[string][]byte{"comments": body})
		page, err := s.Fetch(t.Context(), masterContext(), content.Listing{Kind: content.ListingReplies, IDs: []string{"t"}, RootID: "v"}, "")
		require.NoError(t, err, name)
		require.Len(t, page.Posts, len(want.Items), name)
		for i, post := range page.Posts {
			assert.Equal(t, want.Items[i]["id"], post.ExternalID, name)
			assert.Equal(t, content.ReplyPost, post.Kind, name)
			assert.Equal(t, "t", post.ParentExternalID, name)
		}
		assert.Equal(t, want.NextPageToken != "", page.Next != "", name)
	}
}

func TestRecordedVideos(t *testing.T) {
	t.Parallel()
	for name, body := range recorded(t, "videos") {
		s := replaying(t, 200, map[string][]byte{"videos": body})
		for _, item := range readPlain(t, body).Items {
			id := item["id"].(string)
			page, err := s.Open(t.Context(), masterContext(), content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: id})
			require.NoError(t, err, name)
			title, _ := at(item, "snippet", "title").(string)
			owner, _ := at(item, "snippet", "channelId").(string)
			assert.Equal(t, title, page.Title, name)
			assert.Equal(t, owner, page.Follow[0].OwnerID, name)
			assert.True(t, strings.HasPrefix(page.Posts[0].Text, title), name)
			assert.GreaterOrEqual(t, page.Expected, int64(1), name)
		}
	}
}

func TestRecordedChannels(t *testing.T) {
	t.Parallel()
	for name, body := range recorded(t, "channels") {
		want := readPlain(t, body)
		s := replaying(t, 200, map[string][]byte{"channels": body})
		page, err := s.Open(t.Context(), masterContext(), content.Source{Provider: content.YouTube, Kind: content.Handle, ExternalID: "@x"})
		if len(want.Items) == 0 {
			assert.True(t, fault.Is(err, fault.NotFound), name)
			continue
		}
		require.NoError(t, err, name)
		first := want.Items[0]
		assert.Equal(t, "UU"+strings.TrimPrefix(first["id"].(string), "UC"), page.Follow[0].IDs[0], name)
		assert.Equal(t, first["id"], page.Follow[0].OwnerID, name)
	}
}

func TestRecordedPlaylists(t *testing.T) {
	t.Parallel()
	for name, body := range recorded(t, "playlists") {
		s := replaying(t, 200, map[string][]byte{"playlists": body})
		for _, item := range readPlain(t, body).Items {
			page, err := s.Open(t.Context(), masterContext(), content.Source{Provider: content.YouTube, Kind: content.Playlist, ExternalID: item["id"].(string)})
			require.NoError(t, err, name)
			assert.Equal(t, at(item, "snippet", "title"), page.Title, name)
		}
	}
}

func TestRecordedPlaylistItems(t *testing.T) {
	t.Parallel()
	for name, body := range recorded(t, "playlistItems") {
		want := readPlain(t, body)
		videos := []map[string]any{}
		for _, item := range want.Items {
			id := cmp.Or(at(item, "contentDetails", "videoId"), at(item, "snippet", "resourceId", "videoId"))
			videos = append(videos, map[string]any{"id": id})
		}
		described, err := json.Marshal(map[string]any{"items": videos[1:]}) // the first one is gone
		require.NoError(t, err)
		s := replaying(t, 200, map[string][]byte{"playlistItems": body, "videos": described})
		page, err := s.Fetch(t.Context(), masterContext(), content.Listing{Kind: listingPlaylist, IDs: []string{"PL"}}, "")
		require.NoError(t, err, name)
		assert.Len(t, page.Posts, len(videos)-1, name)
		assert.Len(t, page.Follow, len(videos)-1, name)
		assert.Equal(t, int64(1), page.Missing[content.Removed]+page.Missing[content.HiddenByPlatform], name)
		assert.Equal(t, want.NextPageToken, page.Next, name)
	}
}

func TestRecordedErrors(t *testing.T) {
	t.Parallel()
	want := map[string]struct {
		status int
		kind   fault.Kind
		code   fault.Code
	}{
		"pyyt_error_permission_resp.json":           {403, fault.Forbidden, fault.CodeSourceForbidden},
		"pyyt_error_response.json":                  {400, fault.Forbidden, fault.CodeCredentialsRejected},
		"quoted_400_API_KEY_INVALID.json":           {400, fault.Forbidden, fault.CodeCredentialsRejected},
		"quoted_400_invalidPageToken.json":          {400, fault.Conflict, fault.CodePagingBroken},
		"quoted_403_accessNotConfigured.json":       {403, fault.Forbidden, fault.CodeCredentialsRejected},
		"quoted_403_commentsDisabled_oldshape.json": {403, fault.Gone, fault.CodeCommentsDisabled},
		"quoted_403_insufficientPermissions.json":   {403, fault.Forbidden, fault.CodeNeedsReconnect},
		"quoted_403_quotaExceeded.json":             {403, fault.QuotaExhausted, fault.CodeQuotaExhausted},
		"quoted_404_channelNotFound.json":           {404, fault.NotFound, fault.CodeSourceNotFound},
		"quoted_404_playlistNotFound.json":          {404, fault.NotFound, fault.CodeSourceNotFound},
		"quoted_404_videoNotFound.json":             {404, fault.NotFound, fault.CodeSourceNotFound},
		"ytgem_400_invalid_grant_2.json":            {400, fault.Unauthenticated, fault.CodeCredentialsRejected},
		"ytgem_400_invalid_grant_3.json":            {400, fault.Unauthenticated, fault.CodeCredentialsRejected},
		"ytgem_400_missingRequiredParameter_1.json": {400, fault.Rejected, fault.CodeProviderAnswerInvalid},
		"ytgem_401_authError_4.json":                {401, fault.Unauthenticated, fault.CodeCredentialsRejected},
		"ytgem_403_subscriptionForbidden_5.json":    {403, fault.Forbidden, fault.CodeSourceForbidden},
	}
	for name, body := range recorded(t, "errors") {
		c, known := want[name]
		if !assert.True(t, known, "no expectation for %s", name) {
			continue
		}
		s := replaying(t, c.status, map[string][]byte{"commentThreads": body})
		_, err := s.Fetch(t.Context(), userContext(), content.Listing{Kind: listingThreads, IDs: []string{"v"}}, "token")
		require.Error(t, err, name)
		assert.Equal(t, c.kind, fault.As(err).Kind, name)
		assert.Equal(t, c.code, fault.As(err).Code, name)
	}
}

// BenchmarkPage decodes and maps one recorded page of 100 threads.
func BenchmarkPage(b *testing.B) {
	for _, name := range []string{"ytgem_02.json", "davidpoza_search-comments.json"} {
		body := recorded(b, "commentThreads")[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			l := content.Listing{Kind: listingThreads, IDs: []string{"v"}, RootID: "v"}
			for b.Loop() {
				answer, err := decode[threadItem](body)
				if err != nil {
					b.Fatal(err)
				}
				if page := threadsPage(l, answer); len(page.Posts) < 100 {
					b.Fatal(len(page.Posts))
				}
			}
		})
	}
}

// BenchmarkFetch is the same through HTTP on the loopback.
func BenchmarkFetch(b *testing.B) {
	body := recorded(b, "commentThreads")["ytgem_02.json"]
	s := replaying(b, 200, map[string][]byte{"commentThreads": body})
	l := content.Listing{Kind: listingThreads, IDs: []string{"v"}, RootID: "v"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Fetch(b.Context(), masterContext(), l, ""); err != nil {
			b.Fatal(err)
		}
	}
}
