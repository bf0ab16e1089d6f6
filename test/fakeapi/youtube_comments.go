package fakeapi

// after returns the position that the request's page token names in a listing;
// nil is the beginning.
func (q listRequest) after(listing string) (*position, *apiError) {
	token := q.query.Get("pageToken")
	if token == "" || q.effect == IgnorePageToken {
		return nil, nil
	}
	p, ok := decodeToken(listing, token)
	if !ok {
		return nil, refuse("invalidPageToken", "", "")
	}
	return &p, nil
}

// next returns the token of the page behind last, or what a fault makes of it.
func (q listRequest) next(listing string, last *position) string {
	if token := q.query.Get("pageToken"); q.effect == LoopPageToken && token != "" {
		return token
	}
	if last == nil {
		return ""
	}
	return encodeToken(listing, *last)
}

// htmlFormat tells whether texts are wanted as HTML, the API's default.
func (q listRequest) htmlFormat() (bool, *apiError) {
	switch q.query.Get("textFormat") {
	case "", "html", "textFormatUnspecified":
		return true, nil
	case "plainText":
		return false, nil
	}
	return false, refuse("invalidParameter", "textFormat", "Invalid value for textFormat.")
}

func (q listRequest) order() (order, *apiError) {
	switch o := order(q.query.Get("order")); o {
	case "", "orderUnspecified", byTime:
		return byTime, nil
	case byRelevance:
		return o, nil
	}
	return "", refuse("invalidParameter", "order", "Invalid value for order.")
}

// listThreads is commentThreads.list.
func (y *youtube) listThreads(q listRequest) (list, *apiError) {
	filter, e := q.oneFilter("videoId", "id", "allThreadsRelatedToChannelId")
	if e != nil {
		return list{}, e
	}
	asHTML, e := q.htmlFormat()
	if e != nil {
		return list{}, e
	}
	o, e := q.order()
	if e != nil {
		return list{}, e
	}
	listing := "commentThreads?" + filter + "=" + q.query.Get(filter) + "&order=" + string(o)
	after, e := q.after(listing)
	if e != nil {
		return list{}, e
	}
	views, last, e := y.data.threadPage(filter, q, o, after)
	if e != nil {
		return list{}, e
	}
	f := threadFormat{commentFormat: commentFormat{html: asHTML, snippet: q.wants("snippet")}, replies: q.wants("replies")}
	page := list{items: borrow(), count: len(views), total: len(views), perPage: q.max}
	for i, v := range views {
		if i > 0 {
			page.items = append(page.items, ',')
		}
		page.items = f.appendThread(page.items, v)
	}
	page.next = q.next(listing, last)
	return page, nil
}

// threadPage returns a page of the listing that a filter names.
func (d *Data) threadPage(filter string, q listRequest, o order, after *position) ([]threadView, *position, *apiError) {
	d.mu.Lock()
	defer d.mu.Unlock()
	value := q.query.Get(filter)
	switch filter {
	case "id":
		views := d.threadsByID(q.ids)
		if len(views) == 0 {
			return nil, nil, refuse("commentThreadNotFound", "", "")
		}
		return views, nil, nil
	case "videoId":
		video, e := d.commentedVideo(value)
		if e != nil {
			return nil, nil, e
		}
		views, last := video.threads.page(o, after, q.max)
		return d.owned(views), last, nil
	}
	if _, ok := d.channels[value]; !ok {
		return nil, nil, refuse("channelNotFound", "", "")
	}
	views, last := d.relatedThreads(value).page(o, after, q.max)
	return d.owned(views), last, nil
}

// commentedVideo returns a video whose comments may be read.
func (d *Data) commentedVideo(id string) (*videoNode, *apiError) {
	switch video, ok := d.videos[id]; {
	case !ok, video.Visibility == Removed:
		return nil, refuse("videoNotFound", "", "")
	case video.Visibility == Private:
		return nil, refuse("forbidden", "", "")
	case video.CommentsDisabled:
		return nil, refuse("commentsDisabled", "", "")
	default:
		return video, nil
	}
}

func (d *Data) threadsByID(ids []string) []threadView {
	var views []threadView
	for _, id := range ids {
		if t, ok := d.threads[id]; ok && !t.top.Hidden {
			views = append(views, t.view())
		}
	}
	return d.owned(views)
}

// relatedThreads merges the threads of all videos of a channel.
func (d *Data) relatedThreads(channelID string) *threadList {
	if l, ok := d.related[channelID]; ok {
		return l
	}
	merged := &threadList{}
	for _, v := range d.videos {
		if v.ChannelID == channelID && v.Visibility == Public && !v.CommentsDisabled {
			merged.all = append(merged.all, v.threads.all...)
		}
	}
	d.related[channelID] = merged
	return merged
}

// owned fills in which channel owns the video of each thread.
func (d *Data) owned(views []threadView) []threadView {
	for i := range views {
		views[i].owner = d.videos[views[i].top.VideoID].ChannelID
	}
	return views
}

// listComments is comments.list.
func (y *youtube) listComments(q listRequest) (list, *apiError) {
	filter, e := q.oneFilter("parentId", "id")
	if e != nil {
		return list{}, e
	}
	asHTML, e := q.htmlFormat()
	if e != nil {
		return list{}, e
	}
	f := commentFormat{html: asHTML, snippet: q.wants("snippet"), bare: true}
	if filter == "id" {
		// Recorded answers to id carry no pageInfo.
		return y.data.appendByID(f, q.ids), nil
	}
	listing := "comments?parentId=" + q.query.Get("parentId")
	after, e := q.after(listing)
	if e != nil {
		return list{}, e
	}
	replies, owner, ok := y.data.repliesOf(q.query.Get("parentId"))
	if !ok {
		return list{}, refuse("commentNotFound", "", "")
	}
	f.owner = owner
	page := list{total: -1, perPage: q.max}
	replies, last := replyPage(replies, after, q.max)
	for _, r := range replies {
		page.add(func(b []byte) []byte { return f.appendComment(b, r) })
	}
	page.next = q.next(listing, last)
	return page, nil
}

// add appends one rendered item.
func (l *list) add(item func([]byte) []byte) {
	if l.count > 0 {
		l.items = append(l.items, ',')
	}
	l.items = item(l.items)
	l.count++
}

// repliesOf returns the replies of a thread, newest first, and the owner of its video.
func (d *Data) repliesOf(threadID string) (replies []*Comment, owner string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, ok := d.threads[threadID]
	if !ok {
		return nil, "", false
	}
	return t.replies, d.videos[t.top.VideoID].ChannelID, true
}

// appendByID renders the comments and replies of these ids; others are left out.
func (d *Data) appendByID(f commentFormat, ids []string) list {
	d.mu.Lock()
	defer d.mu.Unlock()
	var page list
	for _, id := range ids {
		if c := d.find(id); c != nil {
			f.owner = d.videos[c.VideoID].ChannelID
			page.add(func(b []byte) []byte { return f.appendComment(b, c) })
		}
	}
	return page
}
