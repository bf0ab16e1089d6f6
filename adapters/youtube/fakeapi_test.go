package youtube_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/youtube"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
	"github.com/soundings-io/soundings/test/fakeapi"
)

func fakeContext() access.ExecutionContext {
	return access.NewMasterContext("user", content.YouTube, access.NewToken(fakeapi.DemoKey))
}

// walkAll opens an address and follows every listing to its end.
func walkAll(ctx context.Context, t *testing.T, s *youtube.Source, src content.Source) map[string]content.Post {
	t.Helper()
	posts := map[string]content.Post{}
	take := func(page content.Page) {
		for _, p := range page.Posts {
			posts[p.ExternalID] = p
		}
	}
	opened, err := s.Open(ctx, fakeContext(), src)
	require.NoError(t, err)
	take(opened)
	for open := opened.Follow; len(open) > 0; open = open[1:] {
		for token, more := "", true; more; more = token != "" {
			page, err := s.Fetch(ctx, fakeContext(), open[0], token)
			require.NoError(t, err)
			take(page)
			open = append(open, page.Follow...)
			token = page.Next
		}
	}
	return posts
}

// visible returns the ids of everything that the fake shows of a video.
func visible(data *fakeapi.Data, video string) []string {
	ids := []string{video}
	for _, c := range data.Comments(video) {
		ids = append(ids, c.ID)
	}
	return ids
}

// The big fake checks parameters as the API does, and knows replies in plenty.
func TestWholeVideoOfTheFakePlatform(t *testing.T) {
	t.Parallel()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	server := fakeapi.Run(t, data)
	portstest.TestContentSource(t, portstest.ContentSourceHarness{
		New: func(baseURL string, timeout time.Duration) ports.ContentSource {
			return youtube.New(youtube.Options{BaseURL: baseURL + "/youtube/v3", Timeout: timeout})
		},
		Provider: server,
		Source:   source(content.Video, fakeapi.DemoVideoID),
		Context:  fakeContext(),
		Secret:   fakeapi.DemoKey,
		Posts:    visible(data, fakeapi.DemoVideoID),
	})
}

func TestWholeRecordedPlaylist(t *testing.T) {
	t.Parallel()
	root := cmp.Or(os.Getenv("FIXTURES_DIR"), filepath.Join("..", "..", "..", "shared", "fixtures"))
	if _, err := os.Stat(root); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no recorded comments in FIXTURES_DIR")
		}
		t.Skip("no recorded comments: set FIXTURES_DIR")
	}
	data, err := fakeapi.LoadBrands2025(root)
	require.NoError(t, err)
	s := youtube.New(youtube.Options{BaseURL: fakeapi.Run(t, data).YouTubeURL()})
	posts := walkAll(t.Context(), t, s, source(content.Playlist, fakeapi.BrandsPlaylistID))
	want := 0
	for _, video := range data.VideoIDs() {
		for _, c := range data.Comments(video) {
			p := posts[c.ID]
			if p.Text != c.Text || p.Author.Name != c.Author || !p.PublishedAt.Equal(c.PublishedAt) {
				t.Errorf("%s: %q by %q became %q by %q", c.ID, c.Text, c.Author, p.Text, p.Author.Name)
			}
			want++
		}
	}
	assert.Equal(t, 9_997, want)
	assert.Len(t, posts, want+len(data.VideoIDs()))
}
