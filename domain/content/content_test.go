package content_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
)

func TestCleanedTakesOutWhatDatabasesRefuse(t *testing.T) {
	t.Parallel()
	p := content.Post{
		ExternalID: "a\x00b", Text: "nul\x00 and \xff\xfe broken", URL: "https://x/\x00",
		Author: content.Author{Name: "\x00\x00", ExternalID: "ok"},
	}.Cleaned()
	require.Equal(t, "ab", p.ExternalID)
	require.Equal(t, "nul and \ufffd broken", p.Text)
	require.Equal(t, "https://x/", p.URL)
	require.Equal(t, content.Author{ExternalID: "ok"}, p.Author)
	const fine = "emoji 👩‍👩‍👧 עברית \u202e and \ufeff"
	require.Equal(t, fine, content.CleanText(fine))
}

func TestScorable(t *testing.T) {
	t.Parallel()
	require.True(t, content.Post{Kind: content.CommentPost, Text: "fine"}.Scorable())
	require.True(t, content.Post{Kind: content.SubmissionPost, Text: "fine"}.Scorable())
	require.False(t, content.Post{Kind: content.VideoPost, Text: "fine"}.Scorable())
	require.False(t, content.Post{Kind: content.ReplyPost, Text: " \n\t"}.Scorable())
	require.False(t, content.Post{Kind: content.ReplyPost, Text: "[deleted]", Deleted: true}.Scorable())
}
