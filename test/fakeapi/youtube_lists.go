package fakeapi

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
)

type channelSnippet struct {
	Title       string               `json:"title"`
	Description string               `json:"description"`
	CustomURL   string               `json:"customUrl,omitempty"`
	PublishedAt string               `json:"publishedAt"`
	Thumbnails  map[string]thumbnail `json:"thumbnails"`
	Localized   localized            `json:"localized"`
}

type relatedPlaylists struct {
	Likes   string `json:"likes"`
	Uploads string `json:"uploads"`
}

type channelDetails struct {
	RelatedPlaylists relatedPlaylists `json:"relatedPlaylists"`
}

type channelStatistics struct {
	ViewCount             string `json:"viewCount"`
	SubscriberCount       string `json:"subscriberCount"`
	HiddenSubscriberCount bool   `json:"hiddenSubscriberCount"`
	VideoCount            string `json:"videoCount"`
}

type channelStatus struct {
	PrivacyStatus     string `json:"privacyStatus"`
	IsLinked          bool   `json:"isLinked"`
	LongUploadsStatus string `json:"longUploadsStatus"`
}

// listChannels is channels.list by id, handle, user name, or of the account
// whose token it is. A channel that nobody knows is an empty list, without an
// error.
func (y *youtube) listChannels(q listRequest) (list, *apiError) {
	filter, e := q.oneFilter("id", "forHandle", "forUsername", "mine")
	if e != nil {
		return list{}, e
	}
	if filter == "mine" {
		return y.ownChannel(q)
	}
	y.data.mu.Lock()
	defer y.data.mu.Unlock()
	var page list
	for _, c := range y.data.channelsBy(filter, q) {
		page.addResource(q, y.data.channelResource(c))
	}
	page.total, page.perPage = page.count, q.max
	return page, nil
}

// ownChannel is the channel of the token's account: the one of the data with
// that title, else a channel without videos.
func (y *youtube) ownChannel(q listRequest) (list, *apiError) {
	switch {
	case q.token.Secret == "" || q.query.Get("mine") != "true":
		return list{}, refuse("authorizationRequired", "", "")
	case q.token.Account == AccountWithoutChannel:
		return list{}, refuse("youtubeSignupRequired", "", "")
	}
	title := cmp.Or(q.token.Account, DemoGoogleAccount)
	y.data.mu.Lock()
	defer y.data.mu.Unlock()
	own := &Channel{ID: madeChannelID(title), Title: title, PublishedAt: accountsBegan}
	for _, c := range y.data.channels {
		if c.Title == title {
			own = c
		}
	}
	page := list{total: 1, perPage: q.max}
	page.addResource(q, y.data.channelResource(own))
	return page, nil
}

func (d *Data) channelsBy(filter string, q listRequest) []*Channel {
	value := q.query.Get(filter)
	var found []*Channel
	for _, id := range slices.Sorted(maps.Keys(d.channels)) {
		c := d.channels[id]
		switch {
		case filter == "id" && slices.Contains(q.ids, id),
			filter == "forHandle" && sameName(c.Handle, "@"+strings.TrimPrefix(value, "@")),
			filter == "forUsername" && sameName(c.UserName, value):
			found = append(found, c)
		}
	}
	return found
}

func (d *Data) channelResource(c *Channel) resource {
	var views int64
	uploads := d.uploads(c.ID)
	for _, id := range uploads {
		views += d.videos[id].Views
	}
	picture := "https://yt3.ggpht.com/fake="
	return resource{
		Kind: "youtube#channel", ETag: etag(*c, len(uploads)), ID: c.ID,
		Snippet: channelSnippet{
			Title: c.Title, Description: c.Description, CustomURL: strings.ToLower(c.Handle), PublishedAt: stamp(c.PublishedAt),
			Thumbnails: map[string]thumbnail{"default": {picture + "s88", 88, 88}, "medium": {picture + "s240", 240, 240}, "high": {picture + "s800", 800, 800}},
			Localized:  localized{c.Title, c.Description},
		},
		ContentDetails: channelDetails{relatedPlaylists{Uploads: uploadsID(c.ID)}},
		Statistics:     channelStatistics{ViewCount: count(views), SubscriberCount: count(c.Subscribers), VideoCount: count(int64(len(uploads)))},
		Status:         channelStatus{PrivacyStatus: "public", IsLinked: true, LongUploadsStatus: "longUploadsUnspecified"},
	}
}

// uploadsID is the id of a channel's uploads playlist.
func uploadsID(channelID string) string { return "UU" + strings.TrimPrefix(channelID, "UC") }

// uploads returns the public videos of a channel, newest first.
func (d *Data) uploads(channelID string) []string {
	var own []*videoNode
	for _, v := range d.videos {
		if v.ChannelID == channelID && v.Visibility == Public {
			own = append(own, v)
		}
	}
	slices.SortFunc(own, func(a, b *videoNode) int {
		return cmp.Or(b.PublishedAt.Compare(a.PublishedAt), strings.Compare(a.ID, b.ID))
	})
	ids := make([]string, len(own))
	for i, v := range own {
		ids[i] = v.ID
	}
	return ids
}

// playlist returns a playlist or a channel's uploads, or why it cannot be read.
func (d *Data) playlist(id string) (Playlist, *apiError) {
	if p, ok := d.playlists[id]; ok {
		switch p.Visibility {
		case Private:
			return Playlist{}, refuse("playlistItemsNotAccessible", "", "")
		case Removed:
			return Playlist{}, refuse("playlistNotFound", "", "")
		}
		return *p, nil
	}
	channelID := "UC" + strings.TrimPrefix(id, "UU")
	c, ok := d.channels[channelID]
	videos := d.uploads(channelID)
	// The uploads of a channel that never uploaded anything do not exist.
	if !ok || !strings.HasPrefix(id, "UU") || len(videos) == 0 {
		return Playlist{}, refuse("playlistNotFound", "", "")
	}
	return Playlist{ID: id, ChannelID: c.ID, Title: "Uploads from " + c.Title, PublishedAt: c.PublishedAt, VideoIDs: videos}, nil
}

type playlistSnippet struct {
	PublishedAt  string               `json:"publishedAt"`
	ChannelID    string               `json:"channelId"`
	Title        string               `json:"title"`
	Description  string               `json:"description"`
	Thumbnails   map[string]thumbnail `json:"thumbnails"`
	ChannelTitle string               `json:"channelTitle"`
	Localized    localized            `json:"localized"`
}

type playlistDetails struct {
	ItemCount int `json:"itemCount"`
}

type privacy struct {
	PrivacyStatus string `json:"privacyStatus,omitempty"`
}

// listPlaylists is playlists.list by id or channel. What the caller may not
// see is left out, without an error.
func (y *youtube) listPlaylists(q listRequest) (list, *apiError) {
	filter, e := q.oneFilter("id", "channelId")
	if e != nil {
		return list{}, e
	}
	y.data.mu.Lock()
	defer y.data.mu.Unlock()
	ids := q.ids
	if filter == "channelId" {
		channel := q.query.Get("channelId")
		if _, ok := y.data.channels[channel]; !ok {
			return list{}, refuse("channelNotFound", "channelId", "Channel not found.")
		}
		ids = slices.DeleteFunc(slices.Sorted(maps.Keys(y.data.playlists)), func(id string) bool {
			p := y.data.playlists[id]
			return p.ChannelID != channel || p.Visibility != Public
		})
	}
	listing := "playlists?" + filter + "=" + q.query.Get(filter)
	return pageOf(q, listing, ids, func(page *list, _ int, id string) {
		if p, e := y.data.playlist(id); e == nil {
			page.addResource(q, y.data.playlistResource(p))
		}
	})
}

// pageOf cuts a page out of a listing that is counted, not keyed: the token
// carries the number of items before it.
func pageOf(q listRequest, listing string, ids []string, add func(page *list, at int, id string)) (list, *apiError) {
	after, e := q.after(listing)
	if e != nil {
		return list{}, e
	}
	start := 0
	if after != nil {
		start = min(int(after.at), len(ids))
	}
	end := min(start+q.max, len(ids))
	page := list{total: len(ids), perPage: q.max}
	for i, id := range ids[start:end] {
		add(&page, start+i, id)
	}
	var last *position
	if end < len(ids) {
		last = &position{at: int64(end)}
	}
	page.next = q.next(listing, last)
	return page, nil
}

func (d *Data) playlistResource(p Playlist) resource {
	cover := ""
	if len(p.VideoIDs) > 0 {
		cover = p.VideoIDs[0]
	}
	return resource{
		Kind: "youtube#playlist", ETag: etag(p), ID: p.ID,
		Snippet: playlistSnippet{
			PublishedAt: stamp(p.PublishedAt), ChannelID: p.ChannelID, Title: p.Title, Thumbnails: videoThumbnails(cover),
			ChannelTitle: d.channelTitle(p.ChannelID), Localized: localized{Title: p.Title},
		},
		ContentDetails: playlistDetails{ItemCount: len(p.VideoIDs)},
		Status:         privacy{"public"},
	}
}

// itemID is the id of a playlist's entry: base64 of playlist and position.
func itemID(playlistID string, at int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(playlistID + "." + strconv.Itoa(at)))
}
