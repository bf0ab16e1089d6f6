package analysis_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

func TestPseudonyms(t *testing.T) {
	t.Parallel()
	p := analysis.NewPseudonyms([]byte("the key of a task"))
	ada := content.Author{Name: "@ada", ExternalID: "UCada"}
	hidden := p.Author(ada)
	require.Regexp(t, `^author-[0-9a-f]{12}$`, hidden.Name)
	require.Regexp(t, `^[0-9a-f]{64}$`, hidden.ExternalID)
	require.Equal(t, hidden, p.Author(ada), "the same each time")
	require.Equal(t, hidden, analysis.NewPseudonyms([]byte("the key of a task")).Author(ada), "and in each export")
	mac := hmac.New(sha256.New, []byte("the key of a task"))
	mac.Write([]byte("id:UCada"))
	require.Equal(t, hex.EncodeToString(mac.Sum(nil)), hidden.ExternalID, "it is an HMAC-SHA-256")

	require.Equal(t, hidden, p.Author(content.Author{Name: "@ada-lovelace", ExternalID: "UCada"}), "an account that was renamed")
	require.NotEqual(t, hidden, p.Author(content.Author{Name: "@ada", ExternalID: "UCeve"}), "another account of that name")
	require.NotEqual(t, hidden, analysis.NewPseudonyms([]byte("another task's")).Author(ada))

	named := p.Author(content.Author{Name: "ada"})
	require.Regexp(t, `^author-[0-9a-f]{12}$`, named.Name)
	require.Empty(t, named.ExternalID, "what is empty stays so")
	require.NotEqual(t, named.Name, p.Author(content.Author{Name: "x", ExternalID: "ada"}).Name, "a name is not an id")
	unnamed := p.Author(content.Author{ExternalID: "UCada"})
	require.Empty(t, unnamed.Name)
	require.Equal(t, hidden.ExternalID, unnamed.ExternalID)
	for _, nobody := range []content.Author{{}, {Name: "[deleted]"}} {
		require.Equal(t, nobody, p.Author(nobody))
	}
}

func TestHiddenPosts(t *testing.T) {
	t.Parallel()
	p := analysis.NewPseudonyms([]byte("a key"))
	for address, want := range map[string]string{
		"":   "",
		"xy": "xy",
		"https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx": "https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx",
		"https://www.reddit.com/r/golang/comments/1/title/c": "https://www.reddit.com/r/golang/comments/1/title/c",
		"https://www.reddit.com/r/u/comments/1":              "https://www.reddit.com/r/u/comments/1",
		"https://www.reddit.com/user/ada/comments/1/title/c": "https://www.reddit.com/comments/1/title/c",
		"https://www.reddit.com/u/ada/comments/1/":           "https://www.reddit.com/comments/1/",
		"https://www.reddit.com/r/u_ada/comments/1/":         "https://www.reddit.com/comments/1/",
		"https://www.reddit.com/R/U_ada/comments/1/":         "https://www.reddit.com/comments/1/",
		"https://www.reddit.com/user/ada":                    "https://www.reddit.com",
	} {
		post := analysis.JudgedPost{ID: "i", Post: content.Post{
			ExternalID: "e", Author: content.Author{Name: "ada", ExternalID: "t2_ada"}, Text: "@ada says hello", URL: address,
		}}
		before := post
		p.Hide(&post)
		require.Equal(t, want, post.URL)
		require.Equal(t, p.Author(before.Author), post.Author)
		post.Author, post.URL = before.Author, before.URL
		require.Equal(t, before, post, "the rest stays")
	}
}
