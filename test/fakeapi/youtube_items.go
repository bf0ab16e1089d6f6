package fakeapi

type resourceID struct {
	Kind    string `json:"kind"`
	VideoID string `json:"videoId"`
}

type itemSnippet struct {
	PublishedAt            string               `json:"publishedAt"`
	ChannelID              string               `json:"channelId"`
	Title                  string               `json:"title"`
	Description            string               `json:"description"`
	Thumbnails             map[string]thumbnail `json:"thumbnails"`
	ChannelTitle           string               `json:"channelTitle"`
	PlaylistID             string               `json:"playlistId"`
	Position               int                  `json:"position"`
	ResourceID             resourceID           `json:"resourceId"`
	VideoOwnerChannelTitle string               `json:"videoOwnerChannelTitle,omitempty"`
	VideoOwnerChannelID    string               `json:"videoOwnerChannelId,omitempty"`
}

type itemDetails struct {
	VideoID          string `json:"videoId"`
	VideoPublishedAt string `json:"videoPublishedAt,omitempty"`
}

// listPlaylistItems is playlistItems.list by playlist.
func (y *youtube) listPlaylistItems(q listRequest) (list, *apiError) {
	if _, e := q.oneFilter("playlistId"); e != nil {
		return list{}, e
	}
	y.data.mu.Lock()
	defer y.data.mu.Unlock()
	p, e := y.data.playlist(q.query.Get("playlistId"))
	if e != nil {
		return list{}, e
	}
	return pageOf(q, "playlistItems?playlistId="+p.ID, p.VideoIDs, func(page *list, at int, id string) {
		page.addResource(q, y.data.itemResource(p, at, id))
	})
}

// itemResource describes a playlist's entry. Entries of videos that are
// private or gone stay, without title, owner and day.
func (d *Data) itemResource(p Playlist, at int, videoID string) resource {
	snippet := itemSnippet{
		PublishedAt: stamp(p.PublishedAt), ChannelID: p.ChannelID, ChannelTitle: d.channelTitle(p.ChannelID),
		PlaylistID: p.ID, Position: at, ResourceID: resourceID{"youtube#video", videoID}, Thumbnails: map[string]thumbnail{},
	}
	details := itemDetails{VideoID: videoID}
	// The platform says privacyStatusUnspecified of a removed video, a value
	// that its discovery document does not list.
	status := privacy{}
	switch v, ok := d.videos[videoID]; {
	case !ok || v.Visibility == Removed:
		snippet.Title, snippet.Description = "Deleted video", "This video is unavailable."
	case v.Visibility == Private:
		snippet.Title, snippet.Description = "Private video", "This video is private."
		status.PrivacyStatus = "private"
	default:
		snippet.Title, snippet.Description, snippet.Thumbnails = v.Title, v.Description, videoThumbnails(videoID)
		snippet.VideoOwnerChannelID, snippet.VideoOwnerChannelTitle = v.ChannelID, d.channelTitle(v.ChannelID)
		details.VideoPublishedAt, status.PrivacyStatus = stamp(v.PublishedAt), "public"
	}
	return resource{
		Kind: "youtube#playlistItem", ETag: etag(p.ID, at, snippet.Title), ID: itemID(p.ID, at),
		Snippet: snippet, ContentDetails: details, Status: status,
	}
}
