package fakeapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Channel is a YouTube channel. Its uploads playlist (UU and the rest of the
// id) exists by itself and lists its videos, newest first.
type Channel struct {
	// ID is UC and 22 characters.
	ID string `json:"id"`
	// Handle begins with @; empty for a channel without one.
	Handle string `json:"handle,omitempty"`
	// UserName is the old name of /user/NAME addresses; mostly empty.
	UserName    string    `json:"userName,omitempty"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	PublishedAt time.Time `json:"publishedAt"`
	Subscribers int64     `json:"subscribers,omitempty"`
}

// Visibility tells who may see a video or a playlist. The zero value is Public.
type Visibility string

// The visibilities. A removed video still stands in playlists, without its title.
const (
	Public  Visibility = ""
	Private Visibility = "private"
	Removed Visibility = "removed"
)

// Video is a YouTube video.
type Video struct {
	// ID is 11 characters of the base64url alphabet.
	ID          string    `json:"id"`
	ChannelID   string    `json:"channelId"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Tags        []string  `json:"tags,omitempty"`
	PublishedAt time.Time `json:"publishedAt"`
	// Duration is ISO 8601, such as PT4M13S; empty is a minute.
	Duration string `json:"duration,omitempty"`
	Views    int64  `json:"views,omitempty"`
	Likes    int64  `json:"likes,omitempty"`
	// Announced replaces the counted commentCount where it is not 0: on the
	// real platform the two often differ.
	Announced        int64      `json:"announced,omitempty"`
	CommentsDisabled bool       `json:"commentsDisabled,omitempty"`
	Visibility       Visibility `json:"visibility,omitempty"`
}

// Playlist is a list of videos in the owner's order.
type Playlist struct {
	// ID begins with PL.
	ID          string     `json:"id"`
	ChannelID   string     `json:"channelId"`
	Title       string     `json:"title"`
	PublishedAt time.Time  `json:"publishedAt"`
	VideoIDs    []string   `json:"videoIds"`
	Visibility  Visibility `json:"visibility,omitempty"`
}

// Comment is a top-level comment, or a reply where ParentID is set.
type Comment struct {
	ID      string `json:"id"`
	VideoID string `json:"videoId"`
	// ParentID is the id of the thread that a reply stands in.
	ParentID string `json:"parentId,omitempty"`
	Author   string `json:"author"`
	// AuthorChannelID is empty for an account that is gone.
	AuthorChannelID string    `json:"authorChannelId,omitempty"`
	Text            string    `json:"text"`
	Likes           int64     `json:"likes,omitempty"`
	PublishedAt     time.Time `json:"publishedAt"`
	// UpdatedAt is when the text was last changed; zero for never.
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	// Hidden comments are counted by the platform but never handed out, as
	// comments held for review are.
	Hidden bool `json:"hidden,omitempty"`
}

// Data is what the fake YouTube and the fake Reddit know. It may be changed while it is served;
// every page sees one consistent moment. Values handed in are copied.
type Data struct {
	mu        sync.Mutex
	channels  map[string]*Channel
	playlists map[string]*Playlist
	videos    map[string]*videoNode
	threads   map[string]*thread
	// related holds the merged lists of whole channels until something changes.
	related map[string]*threadList
	reddit  redditData
}

// videoNode is a video with its threads.
type videoNode struct {
	Video
	threads threadList
	// comments counts threads and replies, hidden ones included.
	comments int64
}

// NewData returns an empty platform.
func NewData() *Data {
	return &Data{
		channels:  map[string]*Channel{},
		playlists: map[string]*Playlist{},
		videos:    map[string]*videoNode{},
		threads:   map[string]*thread{},
		related:   map[string]*threadList{},
		reddit:    newRedditData(),
	}
}

// AddChannel adds or replaces a channel.
func (d *Data) AddChannel(c Channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.channels[c.ID] = &c
}

// AddPlaylist adds or replaces a playlist. It may name videos that do not exist.
func (d *Data) AddPlaylist(p Playlist) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p.VideoIDs = slices.Clone(p.VideoIDs)
	d.playlists[p.ID] = &p
}

// AddVideo adds a video, or replaces what is known of it and keeps its comments.
func (d *Data) AddVideo(v Video) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v.Tags = slices.Clone(v.Tags)
	clear(d.related)
	if old, ok := d.videos[v.ID]; ok {
		old.Video = v
		return
	}
	d.videos[v.ID] = &videoNode{Video: v}
}

// AddComment adds a comment or a reply, or replaces the one with its id and
// keeps its replies. The video, and the thread of a reply, must be there.
func (d *Data) AddComment(c Comment) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	video, ok := d.videos[c.VideoID]
	if !ok {
		return fmt.Errorf("comment %s: no video %s", c.ID, c.VideoID)
	}
	clear(d.related)
	if old, ok := d.threads[c.ID]; ok {
		old.top = &c
		video.threads.orders = nil
		return nil
	}
	d.remove(c.ID)
	if c.ParentID != "" {
		parent, ok := d.threads[c.ParentID]
		if !ok {
			return fmt.Errorf("reply %s: no thread %s", c.ID, c.ParentID)
		}
		parent.add(&c)
	} else {
		t := &thread{top: &c}
		d.threads[c.ID] = t
		video.threads.add(t)
	}
	video.comments++
	return nil
}

// RemoveComment removes a comment with its replies, or a reply. It tells
// whether there was one.
func (d *Data) RemoveComment(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remove(id)
}

func (d *Data) remove(id string) bool {
	if t, ok := d.threads[id]; ok {
		video := d.videos[t.top.VideoID]
		video.threads.remove(t)
		video.comments -= 1 + int64(len(t.replies)) + t.hidden
		delete(d.threads, id)
		clear(d.related)
		return true
	}
	parent, _, _ := strings.Cut(id, ".")
	t, ok := d.threads[parent]
	if !ok || !t.removeReply(id) {
		return false
	}
	d.videos[t.top.VideoID].comments--
	return true
}

// Comments returns every comment and reply of a video that the platform hands
// out, newest thread first, replies behind their thread: what a complete fetch
// must find.
func (d *Data) Comments(videoID string) []Comment {
	d.mu.Lock()
	defer d.mu.Unlock()
	video, ok := d.videos[videoID]
	if !ok {
		return nil
	}
	var all []Comment
	for _, t := range video.threads.sorted(byTime) {
		if t.top.Hidden {
			continue
		}
		all = append(all, *t.top)
		for _, r := range t.replies {
			all = append(all, *r)
		}
	}
	return all
}

// VideoIDs returns the ids of all videos in alphabetical order.
func (d *Data) VideoIDs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.videos))
}

// PlaylistIDs returns the ids of all playlists in alphabetical order, without
// the uploads playlists of the channels.
func (d *Data) PlaylistIDs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.playlists))
}

// find returns the visible comment or reply of that id, or nil.
func (d *Data) find(id string) *Comment {
	if t, ok := d.threads[id]; ok {
		if t.top.Hidden {
			return nil
		}
		return t.top
	}
	parent, _, _ := strings.Cut(id, ".")
	t, ok := d.threads[parent]
	if !ok {
		return nil
	}
	if at := slices.IndexFunc(t.replies, func(r *Comment) bool { return r.ID == id }); at >= 0 {
		return t.replies[at]
	}
	return nil
}
