package youtube

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// FuzzThreads decodes any answer: never a panic, never a post without an id.
func FuzzThreads(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `{"items":[null]}`, `{"error":"x"}`, `{"error":{"errors":[{"reason":"quotaExceeded"}],"details":[{}]}}`,
		`{"nextPageToken":"a","items":[{"id":"t","snippet":{"topLevelComment":{"id":"t","snippet":{"textOriginal":"\ud83d","likeCount":"1e400","publishedAt":"2024-01-01T00:00:00Z","updatedAt":null}},"totalReplyCount":2},"replies":{"comments":[{"id":"t.r"}]}}]}`,
	} {
		f.Add([]byte(seed))
	}
	l := content.Listing{Kind: listingThreads, IDs: []string{"v"}, RootID: "v"}
	f.Fuzz(func(t *testing.T, body []byte) {
		at := circumstances{now: noon, answer: outcall.Answer{Status: 403, Body: body}}
		require.Error(t, at.refused(readError(body)))
		answer, err := decode[threadItem](body)
		if err != nil {
			return
		}
		page := threadsPage(l, answer)
		for _, p := range page.Posts {
			assert.NotEmpty(t, p.ExternalID)
			assert.Equal(t, "v", p.RootExternalID)
			assert.NotEmpty(t, p.ParentExternalID)
			assert.GreaterOrEqual(t, p.Likes, int64(0))
		}
		for _, follow := range page.Follow {
			assert.NotEmpty(t, follow.IDs)
		}
	})
}

// FuzzReplyToken reads any stored token: what is taken is written as it was
// read, and stays within the listing.
func FuzzReplyToken(f *testing.F) {
	for _, seed := range []string{"", "1.0.", "1.3.CAU.x", "1b.2.", "1b.3.", "1.-1.", "1.+1.", "1.01.x", "2.0.", "1", "1.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const threads = 3
		token, err := parseReplyToken(text, threads)
		if err != nil {
			assert.True(t, fault.Is(err, fault.Conflict))
			return
		}
		assert.True(t, token.within(threads))
		if text != "" {
			assert.Equal(t, text, token.String())
		}
		for _, next := range []string{"", "next", token.page} {
			stored := token.after(next, threads)
			if stored == "" || token.ended(threads) {
				continue
			}
			again, err := parseReplyToken(stored, threads)
			require.NoError(t, err)
			assert.NotEqual(t, token, again, "the walk goes on")
		}
	})
}

func TestReplyTokenIsReadable(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "1.0.CAU.", replyToken{page: "CAU."}.String())
	assert.Equal(t, "1.1.", replyToken{}.after("", 2))
	assert.Empty(t, replyToken{thread: 1}.after("", 2))
	assert.Equal(t, "1b.2.", replyToken{thread: 1, page: "x"}.after("x", 2))
	assert.True(t, strings.HasPrefix(replyToken{broken: true}.after("y", 2), brokenToken))
}
