package youtube

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// The largest pages that the methods give.
const (
	videosPerPage   = 50
	commentsPerPage = 100
)

// fetchVideos reads a page of a playlist and describes its videos: two calls.
func (s *Source) fetchVideos(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	answer, err := get[playlistItem](ctx, s, ec, request{
		method: "playlistItems", perPage: videosPerPage, pageToken: token,
		params: url.Values{"part": {"contentDetails,status"}, "playlistId": {l.IDs[0]}},
	})
	if err != nil && l.Kind == listingUploads && token == "" && fault.Is(err, fault.NotFound) {
		return content.Page{}, nil // a channel that never uploaded anything
	}
	if err != nil {
		return content.Page{}, err
	}
	ids, privacy := videoIDs(answer.Items)
	videos, err := s.videos(ctx, ec, ids)
	if err != nil {
		return content.Page{}, err
	}
	page := content.Page{Next: answer.NextPageToken, Missing: map[content.Cause]int64{}}
	for _, id := range ids {
		switch video, shown := videos[id]; {
		case shown:
			addVideo(&page, video)
		case privacy[id] == "private":
			page.Missing[content.HiddenByPlatform]++
		default:
			page.Missing[content.Removed]++
		}
	}
	return page, nil
}

// videoIDs returns the videos of a playlist's page in their order, each once,
// and who may see them.
func videoIDs(items []playlistItem) (ids []string, privacy map[string]string) {
	privacy = make(map[string]string, len(items))
	for _, item := range items {
		id := item.videoID()
		if _, seen := privacy[id]; seen || !usableID(id) {
			continue
		}
		privacy[id] = item.Status.PrivacyStatus
		ids = append(ids, id)
	}
	return ids, privacy
}

// videos describes videos by id. Private and deleted ones are not in the
// answer. A page of a playlist never has more than videos.list takes; from a
// server that does not keep to that, the rest is asked for in further calls.
func (s *Source) videos(ctx context.Context, ec access.ExecutionContext, ids []string) (map[string]videoItem, error) {
	videos := make(map[string]videoItem, len(ids))
	for batch := range slices.Chunk(ids, videosPerPage) {
		answer, err := get[videoItem](ctx, s, ec, request{
			method: "videos", params: url.Values{"part": {"snippet,statistics"}, "id": {strings.Join(batch, ",")}},
			perPage: videosPerPage,
		})
		if err != nil {
			return nil, err
		}
		for _, v := range answer.Items {
			videos[v.ID] = v
		}
	}
	return videos, nil
}

// fetchThreads reads a page of a video's comments, newest first, with the
// replies that come along: up to five of each thread. Threads with more of
// them are one listing to follow.
func (s *Source) fetchThreads(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	answer, err := get[threadItem](ctx, s, ec, request{
		method: "commentThreads", perPage: commentsPerPage, pageToken: token,
		params: url.Values{
			"part": {"snippet,replies"}, "videoId": {l.IDs[0]}, "order": {"time"}, "textFormat": {"plainText"},
		},
	})
	if err != nil {
		return content.Page{}, err
	}
	return threadsPage(l, answer), nil
}

func threadsPage(l content.Listing, answer list[threadItem]) content.Page {
	page := content.Page{Next: answer.NextPageToken, Posts: make([]content.Post, 0, 2*len(answer.Items)), NewestFirst: true}
	var unfinished []string
	for _, t := range answer.Items {
		if addThread(&page, l, t) {
			unfinished = append(unfinished, t.id())
		}
	}
	if len(unfinished) > 0 {
		page.Follow = []content.Listing{{
			Kind: content.ListingReplies, IDs: unfinished, RootID: l.RootID, OwnerID: l.OwnerID, Below: unfinished,
		}}
	}
	return page
}

// addThread adds a thread's posts and tells whether it has more replies than
// came along.
func addThread(page *content.Page, l content.Listing, t threadItem) (unfinished bool) {
	id := t.id()
	if !usableID(id) {
		return false
	}
	if top := t.Snippet.TopLevelComment; top.ID != "" || top.text() != "" {
		top.ID = id
		post := top.post(l, "")
		post.Replies = int64(t.Snippet.TotalReplyCount)
		page.Posts = append(page.Posts, post)
	}
	inlined := addReplies(page, l, id, t.Replies.Comments)
	return inlined < int(t.Snippet.TotalReplyCount)
}

func addReplies(page *content.Page, l content.Listing, thread string, replies []commentItem) (added int) {
	for _, r := range replies {
		if usableID(r.ID) {
			page.Posts = append(page.Posts, r.post(l, thread))
			added++
		}
	}
	return added
}

// fetchReplies reads a page of one thread's replies and walks thread after
// thread. A thread that was removed meanwhile does not end the walk.
func (s *Source) fetchReplies(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	at, err := parseReplyToken(token, len(l.IDs))
	if err != nil {
		return content.Page{}, err
	}
	if at.ended(len(l.IDs)) {
		return content.Page{}, fault.New(fault.Rejected, fault.CodePagingBroken,
			"YouTube's list of replies leads in a circle in at least one thread; what was found until then is kept")
	}
	thread := l.IDs[at.thread]
	answer, err := get[commentItem](ctx, s, ec, request{
		method: "comments", perPage: commentsPerPage, pageToken: at.page,
		params: url.Values{"part": {"snippet"}, "parentId": {thread}, "textFormat": {"plainText"}},
	})
	page := content.Page{}
	if fault.Is(err, fault.NotFound) {
		page.Missing = map[content.Cause]int64{content.Removed: content.UnknownCount}
	} else if err != nil {
		return content.Page{}, err
	}
	page.Next = at.after(answer.NextPageToken, len(l.IDs))
	page.Posts = make([]content.Post, 0, len(answer.Items))
	addReplies(&page, l, thread, answer.Items)
	return page, nil
}
