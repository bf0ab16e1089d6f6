package fakeapi

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// maxInlined is how many replies a thread carries along, measured on recorded
// answers: a thread with six replies shows five.
const maxInlined = 5

// order is a listing's order, spelt as the API has it.
type order string

const (
	byTime      order = "time"
	byRelevance order = "relevance"
)

// thread is a top-level comment with its replies, newest first. Replies are
// replaced, never changed in place, so that a page may be rendered unlocked.
type thread struct {
	top     *Comment
	replies []*Comment
	hidden  int64
}

func (t *thread) add(c *Comment) {
	if c.Hidden {
		t.hidden++
		return
	}
	at, _ := slices.BinarySearchFunc(t.replies, keyOf(c, byTime), func(r *Comment, k position) int {
		return keyOf(r, byTime).compare(k)
	})
	t.replies = slices.Insert(slices.Clone(t.replies), at, c)
}

func (t *thread) removeReply(id string) bool {
	at := slices.IndexFunc(t.replies, func(r *Comment) bool { return r.ID == id })
	if at < 0 {
		return false
	}
	t.replies = slices.Delete(slices.Clone(t.replies), at, at+1)
	return true
}

// view freezes the thread as a page shows it.
func (t *thread) view() threadView {
	return threadView{top: t.top, replies: t.replies, total: int64(len(t.replies)) + t.hidden}
}

// threadView is a thread at one moment.
type threadView struct {
	owner   string
	top     *Comment
	replies []*Comment
	total   int64
}

// position is where an item stands in a listing. A page token carries the
// position of the last item handed out, so that comments written meanwhile
// neither shift nor repeat what comes next.
type position struct {
	likes int64
	at    int64
	id    string
}

// keyOf returns where a comment stands in an order: highest first.
func keyOf(c *Comment, o order) position {
	p := position{at: c.PublishedAt.UnixNano(), id: c.ID}
	if o == byRelevance {
		p.likes = c.Likes
	}
	return p
}

// compare is negative where p stands before q.
func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(q.likes, p.likes), cmp.Compare(q.at, p.at), strings.Compare(q.id, p.id))
}

// threadList holds threads and keeps them sorted in each order once asked for.
type threadList struct {
	all    []*thread
	orders map[order][]*thread
}

func (l *threadList) add(t *thread) {
	l.all = append(l.all, t)
	l.orders = nil
}

func (l *threadList) remove(t *thread) {
	if at := slices.Index(l.all, t); at >= 0 {
		l.all = slices.Delete(l.all, at, at+1)
	}
	l.orders = nil
}

// sorted returns the threads in that order. The slice must not be changed.
func (l *threadList) sorted(o order) []*thread {
	if list, ok := l.orders[o]; ok {
		return list
	}
	list := slices.Clone(l.all)
	slices.SortFunc(list, func(a, b *thread) int { return keyOf(a.top, o).compare(keyOf(b.top, o)) })
	if l.orders == nil {
		l.orders = map[order][]*thread{}
	}
	l.orders[o] = list
	return list
}

// page returns up to n visible threads behind a position, and the position of
// the last one if there are more.
func (l *threadList) page(o order, after *position, n int) ([]threadView, *position) {
	list := l.sorted(o)
	if after != nil {
		list = list[sort.Search(len(list), func(i int) bool {
			return keyOf(list[i].top, o).compare(*after) > 0
		}):]
	}
	views := make([]threadView, 0, min(n, len(list)))
	for _, t := range list {
		if t.top.Hidden {
			continue
		}
		if len(views) == n {
			last := keyOf(views[n-1].top, o)
			return views, &last
		}
		views = append(views, t.view())
	}
	return views, nil
}

// replyPage returns up to n replies behind a position, newest first, and the
// position of the last one if there are more.
func replyPage(replies []*Comment, after *position, n int) ([]*Comment, *position) {
	if after != nil {
		replies = replies[sort.Search(len(replies), func(i int) bool {
			return keyOf(replies[i], byTime).compare(*after) > 0
		}):]
	}
	if len(replies) <= n {
		return replies, nil
	}
	last := keyOf(replies[n-1], byTime)
	return replies[:n], &last
}
