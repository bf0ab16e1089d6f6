package reddit

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
)

// checkPage: whatever Reddit sends, posts have ids and roots, and listings can
// be walked.
func checkPage(t *testing.T, page content.Page) {
	t.Helper()
	for _, p := range page.Posts {
		require.True(t, usableName(p.ExternalID), p.ExternalID)
		require.True(t, usableName(p.RootExternalID), p.RootExternalID)
		require.Equal(t, !p.Discussion(), p.ParentExternalID == "")
		require.True(t, strings.HasPrefix(p.URL, siteURL+"/"), p.URL)
		require.LessOrEqual(t, p.PublishedAt.Year(), 9999)
	}
	for _, l := range page.Follow {
		require.NotEmpty(t, l.IDs)
		if l.Kind == listingTree {
			continue
		}
		for _, text := range l.IDs {
			b, ok := parseBatch(text)
			require.True(t, ok, text)
			require.Equal(t, text, b.String())
		}
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte(`[{"kind":"Listing","data":{"children":[{"kind":"t3","data":{"id":"p","author":"a"}}]}},{"kind":"Listing","data":{"children":[{"kind":"t1","data":{"id":"a","parent_id":"t3_p","replies":{"kind":"Listing","data":{"children":[{"kind":"more","data":{"id":"_","count":0,"parent_id":"t1_a","children":[]}}]}}}},{"kind":"more","data":{"parent_id":"t3_p","children":["b","c"]}}]}}]`))
	f.Add([]byte(`[null,null]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := decode[[]listing](body)
		if err != nil || len(answer) != 2 || len(answer[0].Data.Children) == 0 || !usableID(answer[0].Data.Children[0].Data.ID) {
			return
		}
		page := content.Page{}
		h := openTree(&page, answer[0].Data.Children[0].Data)
		h.take(answer[1].Data.Children, 0)
		h.follow()
		checkPage(t, page)
		find(answer[1].Data.Children, "a")
	})
}

func FuzzMoreChildren(f *testing.F) {
	f.Add([]byte(`{"json":{"errors":[],"data":{"things":[{"kind":"t1","data":{"id":"a","parent_id":"t3_p"}},{"kind":"more","data":{"parent_id":"t3_p","children":["b"]}},{"kind":"more","data":{"id":"_","parent_id":"t1_a","children":[]}}]}}}`))
	f.Add([]byte(`{"json":{"ratelimit":3.5,"errors":[["RATELIMIT","slow",null]]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := decode[moreAnswer](body)
		if err != nil || answer.JSON == nil {
			return
		}
		c := circumstances{now: time.Unix(0, 0)}
		require.Error(t, c.failed(answer.JSON.Errors, answer.JSON.RateLimit))
		page := content.Page{}
		h := newHarvest(&page, "t3_p", "")
		asked := batch{ids: []string{"a", "b", "c"}}
		h.takeFlat(answer.JSON.Data.Things, asked)
		promised, hidden := h.lacking(asked)
		require.LessOrEqual(t, len(promised)+len(hidden), len(asked.ids))
		h.follow()
		checkPage(t, page)
	})
}

func FuzzListing(f *testing.F) {
	f.Add([]byte(`{"kind":"Listing","data":{"after":"t3_b","children":[{"kind":"t3","data":{"id":"a","removed_by_category":"moderator"}},{"kind":"t1","data":{"id":"c","link_id":"t3_a","parent_id":"t1_b"}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := decode[listing](body)
		if err != nil {
			return
		}
		page := content.Page{}
		for _, one := range answer.Data.Children {
			addListed(&page, one)
		}
		checkPage(t, page)
	})
}

// FuzzTokens: what is read is written the same, and nothing else is read.
func FuzzTokens(f *testing.F) {
	for _, token := range []string{"", "1.0.", "1b.3.", "1.2.0:a,b;_3:c", "100.t3_abc", "1.0.\x00", "1.9999999999999999999."} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if read, err := parseBatchToken(token, 3); err == nil && token != "" {
			require.Equal(t, token, read.String())
			_, _, err := read.next([]string{"0:a", "1:b", "_2:c"})
			require.NoError(t, err)
		}
		if read, err := parsePostsToken(token); err == nil && token != "" {
			require.Equal(t, token, read.String())
		}
	})
}

// FuzzRefusal: every answer that is no success is a fault, whatever it says.
func FuzzRefusal(f *testing.F) {
	f.Add(403, `{"reason":"private"}`, "", "1.5")
	f.Add(302, ``, "/subreddits/search", "")
	f.Fuzz(func(t *testing.T, status int, body, location, reset string) {
		c := circumstances{now: time.Unix(0, 0)}
		c.answer.Status = status
		c.answer.Header = map[string][]string{
			"Location": {location}, "X-Ratelimit-Reset": {reset}, "X-Ratelimit-Remaining": {reset}, "Retry-After": {reset},
		}
		require.Error(t, c.refused(readRefusal([]byte(body))))
		if a, told := allowance(c.answer.Header, c.now); told {
			require.False(t, a.ResetAt.Before(c.now))
			require.GreaterOrEqual(t, a.Left, int64(0))
		}
	})
}
