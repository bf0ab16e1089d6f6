package youtube_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/youtube"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func repliesOf(threads ...string) content.Listing {
	return content.Listing{Kind: content.ListingReplies, IDs: threads, RootID: videoA, OwnerID: ownerID}
}

// walkListing fetches to the end and returns the ids found and the last error.
func walkListing(ctx context.Context, s *youtube.Source, l content.Listing) (ids []string, missing map[content.Cause]int64, err error) {
	missing = map[content.Cause]int64{}
	cursor := content.Cursor{}
	for {
		page, err := s.Fetch(ctx, withKey(), l, cursor.Token)
		if err != nil {
			return ids, missing, err
		}
		for _, p := range page.Posts {
			ids = append(ids, p.ExternalID)
		}
		for cause, n := range page.Missing {
			missing[cause] = n
		}
		if cursor, err = cursor.Advance(page.Next); err != nil || cursor.Token == "" {
			return ids, missing, err
		}
	}
}

func TestRepliesWalkThreadAfterThread(t *testing.T) {
	t.Parallel()
	p := &platform{}
	ids, _, err := walkListing(t.Context(), serve(t, p), repliesOf("thread2", "thread0", "thread3"))
	require.NoError(t, err)
	assert.Len(t, ids, 7+0+3)
	assert.Equal(t, "thread2.reply0", ids[0])
	assert.Equal(t, "thread3.reply2", ids[9])
	assert.Equal(t, 4+1+2, p.count("comments"))
}

func TestRemovedThreadDoesNotEndTheReplies(t *testing.T) {
	t.Parallel()
	p := &platform{override: func(w http.ResponseWriter, r *http.Request, _ string) bool {
		gone := r.URL.Query().Get("parentId") == "thread2"
		if gone {
			refuse(w, 404, "commentNotFound", "gone")
		}
		return gone
	}}
	ids, missing, err := walkListing(t.Context(), serve(t, p), repliesOf("thread2", "thread3"))
	require.NoError(t, err)
	assert.Len(t, ids, 3)
	assert.Equal(t, content.UnknownCount, missing[content.Removed])
}

// In May 2024 comments.list gave page 1 for ever (field-notes §3.1).
func TestThreadThatLoopsDoesNotTakeTheOthersAlong(t *testing.T) {
	t.Parallel()
	p := &platform{override: func(w http.ResponseWriter, r *http.Request, _ string) bool {
		loops := r.URL.Query().Get("parentId") == "thread2"
		if loops {
			_ = json.NewEncoder(w).Encode(object{"nextPageToken": "again", "items": replies("thread2")[:2]})
		}
		return loops
	}}
	ids, _, err := walkListing(t.Context(), serve(t, p), repliesOf("thread2", "thread3"))
	requireFault(t, err, fault.Rejected, fault.CodePagingBroken)
	assert.Contains(t, ids, "thread2.reply1")
	assert.Contains(t, ids, "thread3.reply2")
	assert.Equal(t, 2+2, p.count("comments"))
}

func TestLoopingThreadsKeepTheirLastPage(t *testing.T) {
	t.Parallel()
	p := &platform{override: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		_ = json.NewEncoder(w).Encode(object{"nextPageToken": "again", "items": []object{
			{"id": "t", "snippet": object{"topLevelComment": comment("t", "UCx")}}}})
		return true
	}}
	ids, _, err := walkListing(t.Context(), serve(t, p), content.Listing{Kind: "threads", IDs: []string{videoA}, RootID: videoA})
	requireFault(t, err, fault.Rejected, fault.CodePagingBroken)
	assert.Equal(t, []string{"t", "t"}, ids, "the page that names its own token is handed out")
}

func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	s := serve(t, &platform{})
	threads := content.Listing{Kind: "threads", IDs: []string{videoA}, RootID: videoA}
	for token, l := range map[string]content.Listing{
		"stale":                   threads,
		"1.0.stale":               repliesOf("thread2"),
		"1.7.":                    repliesOf("thread2"),
		"2.0.":                    repliesOf("thread2"),
		"1.-1.":                   repliesOf("thread2"),
		"no token":                repliesOf("thread2"),
		"1.99999999999999999999.": repliesOf("thread2"),
	} {
		_, err := s.Fetch(t.Context(), withKey(), l, token)
		requireFault(t, err, fault.Conflict, fault.CodePagingBroken)
	}
	p := &platform{override: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		refuse(w, 400, "invalidPageToken", "no")
		return true
	}}
	_, err := serve(t, p).Fetch(t.Context(), withKey(), threads, "")
	requireFault(t, err, fault.Rejected, fault.CodePagingBroken)
}

func TestEmptyPageWithATokenIsNotTheEnd(t *testing.T) {
	t.Parallel()
	p := &platform{override: func(w http.ResponseWriter, r *http.Request, _ string) bool {
		empty := r.URL.Query().Get("pageToken") == ""
		if empty {
			_, _ = w.Write([]byte(`{"kind":"youtube#commentThreadListResponse","nextPageToken":"offset.0"}`))
		}
		return empty
	}}
	ids, _, err := walkListing(t.Context(), serve(t, p), content.Listing{Kind: "threads", IDs: []string{videoA}, RootID: videoA})
	require.NoError(t, err)
	assert.Contains(t, ids, "thread4")
}

func TestOddAnswersSurvive(t *testing.T) {
	t.Parallel()
	bodies := map[string]int{
		`{}`:                            0,
		`{"items":null}`:                0,
		`{"items":[]}`:                  0,
		`{"items":[null,{},{"id":""}]}`: 0,
		`{"items":[{"id":"a b"}]}`:      0,
		`{"items":[{"id":"` + strings.Repeat("x", 300) + `"}]}`: 0,
		`{"items":[{"id":"a","snippet":null}],"new":{"x":[1]}}`: 0,
		`{"items":[{"snippet":{"topLevelComment":{"id":"a","snippet":{"likeCount":"7","publishedAt":null,"authorChannelId":null,"textOriginal":null}}}}]}`:                                 1,
		`{"items":[{"id":"a","snippet":{"totalReplyCount":"1","topLevelComment":{"id":"a","snippet":{"likeCount":-3,"publishedAt":"yesterday","textDisplay":"\ud800 ` + "\xff" + `"}}}}]}`: 1,
	}
	for body, want := range bodies {
		p := &platform{override: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			_, _ = w.Write([]byte(body))
			return true
		}}
		page, err := serve(t, p).Fetch(t.Context(), withKey(), content.Listing{Kind: "threads", IDs: []string{videoA}, RootID: videoA}, "")
		require.NoError(t, err, body)
		assert.Len(t, page.Posts, want, body)
		for _, post := range page.Posts {
			assert.Equal(t, "a", post.ExternalID)
			assert.GreaterOrEqual(t, post.Likes, int64(0))
		}
	}
}

func TestWrongTypesAreNoAnswer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`[]`, `7`, `{"items":"none"}`, `{"items":[{"id":7}]}`, `{"items":[{"id":"a","snippet":[]}]}`, `{"nextPageToken":{}}`,
		`{"items":[{"id":"a","snippet":{"totalReplyCount":{}}}]}`, `{"items":[]} and more`, `{"items":[{"id":"a"}`,
	} {
		p := &platform{override: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			_, _ = w.Write([]byte(body))
			return true
		}}
		_, err := serve(t, p).Fetch(t.Context(), withKey(), content.Listing{Kind: "threads", IDs: []string{videoA}}, "")
		requireFault(t, err, fault.Unavailable, fault.CodeProviderAnswerInvalid)
	}
}

func TestNoCredentialsMakeNoCall(t *testing.T) {
	t.Parallel()
	p := &platform{}
	s := serve(t, p)
	for token, code := range map[string]fault.Code{"": fault.CodeNoCredentials, "ya29.token\n": fault.CodeCredentialsRejected} {
		ec := access.NewMasterContext("user", content.YouTube, access.NewToken(token))
		_, err := s.Open(t.Context(), ec, source(content.Video, videoA))
		requireFault(t, err, fault.Unauthenticated, code)
	}
	assert.Empty(t, p.calls)
}

func TestAccessTokenGoesIntoAuthorization(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Clone()
		refuse(w, 401, "authError", "Invalid Credentials")
	}))
	t.Cleanup(server.Close)
	ec := access.NewUserContext(access.Integration{Provider: content.YouTube}, access.NewToken("ya29.secret"))
	_, err := youtube.New(youtube.Options{BaseURL: server.URL + "/youtube/v3"}).Open(t.Context(), ec, source(content.Video, videoA))
	f := requireFault(t, err, fault.Unauthenticated, fault.CodeCredentialsRejected)
	assert.Contains(t, f.Message, "connect the YouTube account again")
	assert.NotContains(t, f.Error(), "ya29")
	header := <-got
	assert.Equal(t, "Bearer ya29.secret", header.Get("Authorization"))
	assert.Empty(t, header.Get("X-Goog-Api-Key"))
}

func TestUnusableBaseAddress(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://[::1", "gopher://127.0.0.1", "http://user:pass\x7f@host"} {
		_, err := youtube.New(youtube.Options{BaseURL: base}).Open(t.Context(), withKey(), source(content.Video, videoA))
		f := requireFault(t, err, fault.Unavailable, fault.CodeProviderUnavailable)
		assert.NotContains(t, f.Error(), "pass")
	}
}

func TestTimeoutCoversTheWholeCall(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&platform{override: func(_ http.ResponseWriter, r *http.Request, method string) bool {
		if method == "videos" { // the second of a page's two exchanges
			<-r.Context().Done()
		}
		return method == "videos"
	}})
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	s := youtube.New(youtube.Options{BaseURL: server.URL, Timeout: 200 * time.Millisecond})
	_, err := s.Fetch(t.Context(), withKey(), content.Listing{Kind: "playlist", IDs: []string{playlist}}, "")
	requireFault(t, err, fault.Unavailable, fault.CodeProviderUnavailable)
}
