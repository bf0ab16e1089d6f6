package reddit_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

type object = map[string]any

// platform is a very small Reddit: a subreddit and a user with three pages
// each, and one submission whose tree has everything that trees leave out. It
// can be bent.
type platform struct {
	mu    sync.Mutex
	calls []string
	// override answers a call in the platform's stead, if it wants to.
	override func(w http.ResponseWriter, r *http.Request, path string) bool
	// listed is how many posts the subreddit and the user have; 0 means 250.
	listed int
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.URL.Path, "/")
	p.mu.Lock()
	p.calls = append(p.calls, r.Method+" "+path+"?"+r.URL.RawQuery)
	p.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+testToken {
		refuse(w, http.StatusUnauthorized, object{"message": "Unauthorized", "error": 401})
		return
	}
	if p.override != nil && p.override(w, r, path) {
		return
	}
	switch {
	case path == "api/morechildren":
		giveMore(w, r)
	case strings.HasPrefix(path, "comments/"):
		giveTree(w, strings.Split(path, "/")[1:])
	case strings.HasPrefix(path, "r/golang/"):
		p.givePosts(w, r, "t3")
	case path == "user/gopher/overview":
		p.givePosts(w, r, "t1")
	case strings.HasPrefix(path, "r/"):
		w.Header().Set("Location", "https://oauth.reddit.com/subreddits/search?q=nosuch")
		w.WriteHeader(http.StatusFound)
	default:
		refuse(w, http.StatusNotFound, object{"message": "Not Found", "error": 404})
	}
}

func (p *platform) made() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

func refuse(w http.ResponseWriter, status int, body object) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func listingOf(after any, children ...object) object {
	return object{"kind": "Listing", "data": object{"after": after, "children": children}}
}

func submission(id string) object {
	return object{"kind": "t3", "data": object{
		"id": id, "name": "t3_" + id, "title": "Title " + id, "selftext": "Text " + id, "author": "poster",
		"author_fullname": "t2_poster", "score": 7, "created_utc": 1700000000.0, "edited": false,
		"num_comments": 12, "permalink": "/r/golang/comments/" + id + "/title/", "is_self": true,
	}}
}

// comment returns a comment with the things below it.
func comment(id, parent string, below ...object) object {
	var replies any = ""
	if len(below) > 0 {
		replies = listingOf(nil, below...)
	}
	return object{"kind": "t1", "data": object{
		"id": id, "name": "t1_" + id, "parent_id": parent, "link_id": "t3_post1", "author": "somebody",
		"author_fullname": "t2_some", "body": "Body " + id, "score": -3, "created_utc": 1700000100.0,
		"edited": 1700000200.5, "is_submitter": false, "replies": replies,
		"permalink": "/r/golang/comments/post1/title/" + id + "/",
	}}
}

func more(parent string, ids ...string) object {
	return object{"kind": "more", "data": object{
		"id": ids[0], "parent_id": parent, "count": len(ids), "children": ids,
	}}
}

func goOn(parent string) object {
	return object{"kind": "more", "data": object{"id": "_", "name": "t1__", "count": 0, "parent_id": parent, "children": []string{}}}
}

// giveTree shows of post1: a, below it b, below that c of which the page is
// continued, more replies to a, and more top-level comments.
func giveTree(w http.ResponseWriter, path []string) {
	focus := strings.Join(path[1:], "/")
	tree := []object(nil)
	switch {
	case path[0] != "post1":
		refuse(w, http.StatusNotFound, object{"message": "Not Found", "error": 404})
		return
	case focus == "":
		tree = []object{
			comment("a", "t3_post1", comment("b", "t1_a", comment("c", "t1_b", goOn("t1_c"))), more("t1_a", "a1", "a2")),
			more("t3_post1", "d", "e", "f"),
		}
	case focus == "_/b":
		tree = []object{comment("b", "t1_a", comment("c", "t1_b", goOn("t1_c")))}
	case focus == "_/c":
		tree = []object{comment("c", "t1_b", comment("c1", "t1_c", goOn("t1_c1")))}
	case focus == "_/c1":
		tree = []object{comment("c1", "t1_c", comment("c2", "t1_c1"))}
	default: // a comment that is gone: the tree without it
		tree = []object{comment("a", "t3_post1")}
	}
	_ = json.NewEncoder(w).Encode([]object{listingOf(nil, submission(path[0])), listingOf(nil, tree...)})
}

// giveMore hands out one comment a call and promises the others.
func giveMore(w http.ResponseWriter, r *http.Request) {
	var things []object
	ids := strings.Split(r.PostFormValue("children"), ",")
	switch ids[0] {
	case "d":
		things = []object{comment("d", "t3_post1"), comment("d1", "t1_d"), more("t1_d1", "d2")}
	case "e":
		things = []object{comment("e", "t3_post1")} // f is deleted, nobody answered
	case "a1", "a2":
		things = []object{comment(ids[0], "t1_a")}
	case "d2":
		things = []object{comment("d2", "t1_d1"), goOn("t1_d2")}
	}
	if len(ids) > 1 && ids[0] != "e" {
		things = append(things, more("t3_post1", ids[1:]...))
	}
	_ = json.NewEncoder(w).Encode(object{"json": object{"errors": []any{}, "data": object{"things": things}}})
}

// allOfPost1 are the external ids of everything below post1, d2's continuation
// being gone.
func allOfPost1() []string {
	return []string{
		"t3_post1", "t1_a", "t1_b", "t1_c", "t1_c1", "t1_c2", "t1_a1", "t1_a2", "t1_d", "t1_d1", "t1_d2", "t1_e",
	}
}

// givePosts gives a page of a listing whose posts are numbered.
func (p *platform) givePosts(w http.ResponseWriter, r *http.Request, kind string) {
	start := 0
	if after := r.URL.Query().Get("after"); after != "" {
		_, _ = fmt.Sscanf(strings.TrimPrefix(after, kind+"_n"), "%d", &start)
		start++
	}
	limit := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &limit)
	total := cmp.Or(p.listed, 250)
	end := min(start+limit, total)
	var children []object
	for i := start; i < end; i++ {
		one := submission(fmt.Sprintf("n%d", i))
		if kind == "t1" {
			one = comment(fmt.Sprintf("n%d", i), "t3_post1")
		}
		children = append(children, one)
	}
	var after any
	if end < total {
		after = fmt.Sprintf("%s_n%d", kind, end-1)
	}
	_ = json.NewEncoder(w).Encode(listingOf(after, children...))
}
