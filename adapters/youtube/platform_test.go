package youtube_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	testKey   = "AIzaTestTestTestTestTestTestTestTest123"
	ownerID   = "UCownerownerownerowner00"
	uploadsID = "UUownerownerownerowner00"
	videoA    = "videoAAAAAA"
	videoB    = "videoBBBBBB"
	playlist  = "PLtesttesttest"
)

type object = map[string]any

// platform is a very small YouTube: one channel, two videos and a playlist
// with gaps, in pages of two. fakeapi is the big one; this one can be bent.
type platform struct {
	mu    sync.Mutex
	calls []string
	// override answers a call in the platform's stead, if it wants to.
	override func(w http.ResponseWriter, r *http.Request, method string) bool
}

const perPage = 2

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/")
	p.mu.Lock()
	p.calls = append(p.calls, method)
	p.mu.Unlock()
	if r.Header.Get("X-Goog-Api-Key") != testKey {
		refuse(w, 403, "forbidden", "Method doesn't allow unregistered callers.")
		return
	}
	if p.override != nil && p.override(w, r, method) {
		return
	}
	q := r.URL.Query()
	switch method {
	case "videos":
		give(w, r, pick(videos(), strings.Split(q.Get("id"), ",")), 50)
	case "channels":
		give(w, r, channels(q.Get("id"), q.Get("forHandle"), q.Get("forUsername")), 50)
	case "playlists":
		give(w, r, pick([]object{{"id": playlist, "snippet": object{"title": "A list"}}}, []string{q.Get("id")}), 50)
	case "playlistItems":
		givePlaylist(w, r, q.Get("playlistId"))
	case "commentThreads":
		giveThreads(w, r, q.Get("videoId"))
	case "comments":
		give(w, r, replies(q.Get("parentId")), perPage)
	default:
		http.NotFound(w, r)
	}
}

func (p *platform) count(method string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, call := range p.calls {
		if call == method {
			n++
		}
	}
	return n
}

func refuse(w http.ResponseWriter, status int, reason, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"error": object{
		"code": status, "message": message, "errors": []object{{"reason": reason, "message": message}},
	}})
}

// give answers with the page that the token names; its tokens are offsets.
func give(w http.ResponseWriter, r *http.Request, items []object, size int) {
	start := 0
	if token := r.URL.Query().Get("pageToken"); token != "" {
		offset, found := strings.CutPrefix(token, "offset.")
		n, err := strconv.Atoi(offset)
		if err != nil || !found || n > len(items) {
			refuse(w, 400, "invalidPageToken", "The request specifies an invalid page token.")
			return
		}
		start = n
	}
	end := min(start+size, len(items))
	answer := object{"kind": "youtube#listResponse"}
	if end > start {
		answer["items"] = items[start:end]
	}
	if end < len(items) {
		answer["nextPageToken"] = fmt.Sprintf("offset.%d", end)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func pick(items []object, ids []string) (picked []object) {
	for _, item := range items {
		for _, id := range ids {
			if item["id"] == id {
				picked = append(picked, item)
			}
		}
	}
	return picked
}

func videos() []object {
	snippet := func(title string) object {
		return object{
			"title": title, "description": "About it", "channelId": ownerID, "channelTitle": "Owner",
			"publishedAt": "2024-03-01T10:00:00Z",
		}
	}
	return []object{
		{"id": videoA, "snippet": snippet("A"), "statistics": object{"commentCount": "22", "likeCount": "9"}},
		{"id": videoB, "snippet": snippet("B"), "statistics": object{"likeCount": "1"}},
	}
}

func channels(id, handle, user string) []object {
	if id != ownerID && handle != "@owner" && user != "owner" {
		return nil
	}
	return []object{{
		"id": ownerID, "snippet": object{"title": "Owner"},
		"contentDetails": object{"relatedPlaylists": object{"likes": "", "uploads": uploadsID}},
	}}
}

func givePlaylist(w http.ResponseWriter, r *http.Request, id string) {
	item := func(video, privacy string) object {
		return object{"id": "x" + video, "contentDetails": object{"videoId": video}, "status": object{"privacyStatus": privacy}}
	}
	switch id {
	case uploadsID:
		give(w, r, []object{item(videoA, "public"), item(videoB, "public")}, perPage)
	case playlist:
		give(w, r, []object{
			item(videoA, "public"), item("privatevide", "private"),
			item("deletedvide", "privacyStatusUnspecified"), {"id": "broken", "contentDetails": nil},
			item(videoB, "public"), item(videoB, "public"),
		}, perPage)
	case "PLprivate":
		refuse(w, 403, "playlistItemsNotAccessible", "no")
	default:
		refuse(w, 404, "playlistNotFound", "no")
	}
}

// replyCounts are the replies of video A's threads; the third counts two that
// nobody is shown.
var replyCounts = []int{0, 5, 7, 3, 6}

func giveThreads(w http.ResponseWriter, r *http.Request, video string) {
	switch video {
	case videoA:
		threads := make([]object, 0, len(replyCounts))
		for i, n := range replyCounts {
			id := fmt.Sprintf("thread%d", i)
			thread := object{"id": id, "snippet": object{"topLevelComment": comment(id, "UCsomebody"), "totalReplyCount": n}}
			if n > 0 {
				thread["replies"] = object{"comments": replies(id)[:min(n, 5)]}
			}
			threads = append(threads, thread)
		}
		give(w, r, threads, perPage)
	case videoB:
		refuse(w, 403, "commentsDisabled", "The video has disabled comments.")
	case "privatevide":
		refuse(w, 403, "forbidden", "insufficient permissions")
	default:
		refuse(w, 404, "videoNotFound", "no")
	}
}

func replies(thread string) (all []object) {
	i, err := strconv.Atoi(strings.TrimPrefix(thread, "thread"))
	if err != nil || i >= len(replyCounts) {
		return nil
	}
	for n := range replyCounts[i] {
		all = append(all, comment(fmt.Sprintf("%s.reply%d", thread, n), ownerID))
	}
	return all
}

func comment(id, author string) object {
	return object{"id": id, "snippet": object{
		"authorDisplayName": "@name", "authorChannelId": object{"value": author},
		"textDisplay": "shown " + id, "textOriginal": "typed " + id, "likeCount": 3,
		"publishedAt": "2024-03-02T10:00:00.000Z", "updatedAt": "2024-03-02T10:00:00Z",
	}}
}

// allOfVideoA are the external ids of everything below video A.
func allOfVideoA() []string {
	ids := []string{videoA}
	for i, n := range replyCounts {
		ids = append(ids, fmt.Sprintf("thread%d", i))
		for r := range n {
			ids = append(ids, fmt.Sprintf("thread%d.reply%d", i, r))
		}
	}
	return ids
}
