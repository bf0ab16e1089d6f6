package fakeapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// resource is a video, channel, playlist or playlist item. Parts that were not
// asked for are absent.
type resource struct {
	Kind           string `json:"kind"`
	ETag           string `json:"etag"`
	ID             string `json:"id"`
	Snippet        any    `json:"snippet,omitempty"`
	ContentDetails any    `json:"contentDetails,omitempty"`
	Statistics     any    `json:"statistics,omitempty"`
	Status         any    `json:"status,omitempty"`
}

// addResource appends a resource with the parts that the request wants.
func (l *list) addResource(q listRequest, r resource) {
	for part, field := range map[string]*any{
		"snippet": &r.Snippet, "contentDetails": &r.ContentDetails, "statistics": &r.Statistics, "status": &r.Status,
	} {
		if !q.wants(part) {
			*field = nil
		}
	}
	body, err := json.Marshal(r)
	if err != nil {
		panic("fakeapi: " + err.Error()) // only own types stand in it
	}
	l.add(func(b []byte) []byte { return append(b, body...) })
}

func etag(values ...any) string {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, values...) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

type thumbnail struct {
	URL    string `json:"url"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func videoThumbnails(id string) map[string]thumbnail {
	base := "https://i.ytimg.com/vi/" + id
	return map[string]thumbnail{
		"default": {base + "/default.jpg", 120, 90},
		"medium":  {base + "/mqdefault.jpg", 320, 180},
		"high":    {base + "/hqdefault.jpg", 480, 360},
	}
}

type localized struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// count is a number that the API writes as a string.
func count(n int64) string { return strconv.FormatInt(n, 10) }

func stamp(t time.Time) string { return t.UTC().Format(secondsUTC) }

type videoSnippet struct {
	PublishedAt          string               `json:"publishedAt"`
	ChannelID            string               `json:"channelId"`
	Title                string               `json:"title"`
	Description          string               `json:"description"`
	Thumbnails           map[string]thumbnail `json:"thumbnails"`
	ChannelTitle         string               `json:"channelTitle"`
	Tags                 []string             `json:"tags,omitempty"`
	CategoryID           string               `json:"categoryId"`
	LiveBroadcastContent string               `json:"liveBroadcastContent"`
	Localized            localized            `json:"localized"`
}

type videoStatistics struct {
	ViewCount     string `json:"viewCount"`
	LikeCount     string `json:"likeCount"`
	FavoriteCount string `json:"favoriteCount"`
	CommentCount  string `json:"commentCount,omitempty"`
}

type videoDetails struct {
	Duration        string   `json:"duration"`
	Dimension       string   `json:"dimension"`
	Definition      string   `json:"definition"`
	Caption         string   `json:"caption"`
	LicensedContent bool     `json:"licensedContent"`
	ContentRating   struct{} `json:"contentRating"`
	Projection      string   `json:"projection"`
}

type videoStatus struct {
	UploadStatus        string `json:"uploadStatus"`
	PrivacyStatus       string `json:"privacyStatus"`
	License             string `json:"license"`
	Embeddable          bool   `json:"embeddable"`
	PublicStatsViewable bool   `json:"publicStatsViewable"`
	MadeForKids         bool   `json:"madeForKids"`
}

// listVideos is videos.list by id. Private, removed and unknown videos are
// left out, without an error.
func (y *youtube) listVideos(q listRequest) (list, *apiError) {
	if _, e := q.oneFilter("id"); e != nil {
		return list{}, e
	}
	y.data.mu.Lock()
	defer y.data.mu.Unlock()
	var page list
	for _, id := range q.ids {
		if v, ok := y.data.videos[id]; ok && v.Visibility == Public {
			page.addResource(q, y.data.videoResource(v))
		}
	}
	page.total, page.perPage = page.count, max(page.count, 1)
	return page, nil
}

func (d *Data) videoResource(v *videoNode) resource {
	statistics := videoStatistics{ViewCount: count(v.Views), LikeCount: count(v.Likes), FavoriteCount: "0"}
	if !v.CommentsDisabled {
		statistics.CommentCount = count(v.announced())
	}
	duration := v.Duration
	if duration == "" {
		duration = "PT1M"
	}
	return resource{
		Kind: "youtube#video", ETag: etag(v.ID, v.Title, v.comments), ID: v.ID,
		Snippet: videoSnippet{
			PublishedAt: stamp(v.PublishedAt), ChannelID: v.ChannelID, Title: v.Title, Description: v.Description,
			Thumbnails: videoThumbnails(v.ID), ChannelTitle: d.channelTitle(v.ChannelID), Tags: v.Tags, CategoryID: "28",
			LiveBroadcastContent: "none", Localized: localized{v.Title, v.Description},
		},
		Statistics:     statistics,
		ContentDetails: videoDetails{Duration: duration, Dimension: "2d", Definition: "hd", Caption: "false", Projection: "rectangular"},
		Status:         videoStatus{UploadStatus: "processed", PrivacyStatus: "public", License: "youtube", Embeddable: true, PublicStatsViewable: true},
	}
}

func (v *videoNode) announced() int64 {
	if v.Announced != 0 {
		return v.Announced
	}
	return v.comments
}

func (d *Data) channelTitle(id string) string {
	if c, ok := d.channels[id]; ok {
		return c.Title
	}
	return ""
}

// sameName compares handles and user names: neither heeds case.
func sameName(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
