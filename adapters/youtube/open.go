package youtube

import (
	"context"
	"net/url"
	"strings"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func (s *Source) openVideo(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	videos, err := s.videos(ctx, ec, []string{src.ExternalID})
	if err != nil {
		return content.Page{}, err
	}
	video, found := videos[src.ExternalID]
	if !found {
		listing := content.Listing{Kind: listingThreads, IDs: []string{src.ExternalID}, RootID: src.ExternalID}
		first, err := s.fetchThreads(ctx, ec, listing, "")
		return openHidden(listing, first, err)
	}
	page := content.Page{Title: video.Snippet.Title}
	addVideo(&page, video)
	return page, nil
}

// addVideo adds a video's post, what it announces, and its threads to follow.
func addVideo(page *content.Page, v videoItem) {
	page.Posts = append(page.Posts, v.post())
	page.Expected += int64(v.Statistics.CommentCount) + 1
	page.Follow = append(page.Follow, content.Listing{
		Kind: listingThreads, IDs: []string{v.ID}, RootID: v.ID, OwnerID: v.Snippet.ChannelID, Below: []string{v.ID},
	})
}

func (s *Source) openPlaylist(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	listing := content.Listing{Kind: listingPlaylist, IDs: []string{src.ExternalID}}
	answer, err := get[playlistResource](ctx, s, ec, request{
		method: "playlists", params: url.Values{"part": {"snippet"}, "id": {src.ExternalID}},
	})
	if err != nil {
		return content.Page{}, err
	}
	for _, p := range answer.Items {
		if p.ID == src.ExternalID {
			return content.Page{Title: p.Snippet.Title, Follow: []content.Listing{listing}}, nil
		}
	}
	first, err := s.fetchVideos(ctx, ec, listing, "")
	return openHidden(listing, first, err)
}

// openHidden opens what videos.list or playlists.list does not show, judging
// by the first page of the listing behind it. Those two leave out what is
// private and what is gone alike; the listing tells which, for one unit. Some
// lists that YouTube makes by itself can be walked although they are not shown.
func openHidden(l content.Listing, first content.Page, err error) (content.Page, error) {
	empty := len(first.Posts) == 0 && len(first.Missing) == 0 && first.Next == ""
	switch {
	case fault.Is(err, fault.Gone), err == nil && empty:
		return content.Page{}, fault.New(gone.kind, gone.code, "%s", gone.words)
	case err != nil:
		return content.Page{}, err
	}
	return content.Page{Follow: []content.Listing{l}}, nil
}

func (s *Source) openChannel(ctx context.Context, ec access.ExecutionContext, src content.Source) (content.Page, error) {
	filter, value := channelFilter(src)
	answer, err := get[channelItem](ctx, s, ec, request{
		method: "channels", params: url.Values{"part": {"snippet,contentDetails"}, filter: {value}},
	})
	if err != nil {
		return content.Page{}, err
	}
	for _, c := range answer.Items {
		if uploads := c.uploads(); uploads != "" {
			return content.Page{
				Title:  c.Snippet.Title,
				Follow: []content.Listing{{Kind: listingUploads, IDs: []string{uploads}, OwnerID: c.ID}},
			}, nil
		}
	}
	return content.Page{}, unknownChannel(src)
}

// channelFilter returns the filter of channels.list for a source. There is no
// look-up for /c/NAME, but most owners took the same name as their handle.
func channelFilter(src content.Source) (filter, value string) {
	custom, isCustom := strings.CutPrefix(src.ExternalID, "c/")
	switch {
	case isCustom:
		return "forHandle", "@" + custom
	case src.Kind == content.Handle:
		return "forHandle", src.ExternalID
	case src.Kind == content.UserName:
		return "forUsername", src.ExternalID
	}
	return "id", src.ExternalID
}

func unknownChannel(src content.Source) error {
	if strings.HasPrefix(src.ExternalID, "c/") {
		return fault.New(fault.NotFound, fault.CodeSourceNotFound,
			"YouTube cannot look up /%s addresses, and no channel has that name as its handle; open the channel and paste its @handle or /channel/ address", src.ExternalID)
	}
	return fault.New(fault.NotFound, fault.CodeSourceNotFound,
		"YouTube knows no channel %s; it was closed, or the address has a mistake in it", src.ExternalID)
}

// uploads returns the playlist of a channel's videos; its id follows from the
// channel's where the answer has none.
func (c channelItem) uploads() string {
	if id := c.ContentDetails.RelatedPlaylists.Uploads; usableID(id) {
		return id
	}
	if rest, ok := strings.CutPrefix(c.ID, "UC"); ok && usableID(rest) {
		return "UU" + rest
	}
	return ""
}
