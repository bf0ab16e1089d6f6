package reddit_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/reddit"
)

// exchange is a line of the recordings' index.
type exchange struct {
	Group, File, Method, Path, Query string
	Seq, Status                      int
	Form                             map[string]any
	Headers                          map[string]string
	body                             []byte
}

func fixturesDir() string {
	return cmp.Or(os.Getenv("FIXTURES_DIR"), filepath.Join("..", "..", "..", "shared", "fixtures"))
}

// recorded returns the exchanges of a group in their order. Without the folder
// the test is skipped, but in CI it fails.
func recorded(t testing.TB, group string) (found []exchange) {
	t.Helper()
	index, err := os.ReadFile(filepath.Join(fixturesDir(), "reddit", "index.jsonl"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no recordings of Reddit in FIXTURES_DIR")
		}
		t.Skip("no recordings of Reddit: set FIXTURES_DIR")
	}
	lines := bufio.NewScanner(bytes.NewReader(index))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e exchange
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
		if e.Group != group {
			continue
		}
		if e.File != "" {
			e.body, err = os.ReadFile(filepath.Join(fixturesDir(), e.File))
			require.NoError(t, err)
		}
		found = append(found, e)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, found, group)
	slices.SortFunc(found, func(a, b exchange) int { return a.Seq - b.Seq })
	return found
}

// replay answers one recorded exchange, whatever is asked.
func replay(e exchange) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range e.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(e.Status)
		_, _ = w.Write(e.body)
	})
}

func serve(t testing.TB, handler http.Handler) *reddit.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return reddit.New(reddit.Options{BaseURL: server.URL + "/", WebURL: server.URL, HTTPClient: server.Client()})
}

// node is a comment or a placeholder of a recorded thread.
type node struct {
	Kind string `json:"kind"`
	Data struct {
		ID       string          `json:"id"`
		ParentID string          `json:"parent_id"`
		Count    int             `json:"count"`
		Children json.RawMessage `json:"children"`
		Replies  json.RawMessage `json:"replies"`
	} `json:"data"`
	raw json.RawMessage
}

// thread replays a recorded thread. Batches need not be those of the recording:
// each comment is given as it was recorded, and morechildren keeps to the rules
// of Reddit's published source, so that it refuses more than 100 ids and two
// calls at a time, hands out few comments a call, and leaves out without a word
// what lies deeper than the shallowest id.
type thread struct {
	t        testing.TB
	pages    map[string][]byte
	comments map[string]node
	below    map[string][]string
	deeper   map[string]node
	perCall  int
	busy     atomic.Int32
	calls    atomic.Int32
}

func newThread(t testing.TB, group string, perCall int) *thread {
	th := &thread{
		t: t, pages: map[string][]byte{}, comments: map[string]node{},
		below: map[string][]string{}, deeper: map[string]node{}, perCall: perCall,
	}
	for _, e := range recorded(t, group) {
		if e.Method == http.MethodGet {
			th.pages[strings.Trim(e.Path, "/")] = e.body
			th.learn(e.body, true)
			continue
		}
		th.learn(e.body, false)
	}
	return th
}

// learn reads all things out of an answer, however deep. Those of trees are
// known for their depth alone: morechildren never gave them.
func (th *thread) learn(body []byte, tree bool) {
	var raw json.RawMessage
	require.NoError(th.t, json.Unmarshal(body, &raw))
	th.learnValue(raw, tree)
}

func (th *thread) learnValue(raw json.RawMessage, tree bool) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, one := range list {
			th.learnValue(one, tree)
		}
		return
	}
	var n node
	if json.Unmarshal(raw, &n) == nil && (n.Kind == "t1" || n.Kind == "more") {
		th.learnNode(n, raw, tree)
		return
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) == nil {
		for _, one := range fields {
			th.learnValue(one, tree)
		}
	}
}

func (th *thread) learnNode(n node, raw json.RawMessage, tree bool) {
	n.raw = raw
	parent := strings.TrimPrefix(n.Data.ParentID, "t1_")
	if n.Kind == "more" {
		if n.Data.Count == 0 && !tree {
			th.deeper[parent] = n
		}
		return
	}
	if _, known := th.comments[n.Data.ID]; !known {
		th.comments[n.Data.ID] = n
		if !tree {
			th.below[parent] = append(th.below[parent], n.Data.ID)
		}
	}
	th.learnValue(n.Data.Replies, tree)
}

func (th *thread) depth(id string) int {
	depth := 0
	for {
		parent, ok := strings.CutPrefix(th.comments[id].Data.ParentID, "t1_")
		if !ok {
			return depth
		}
		depth, id = depth+1, parent
	}
}

func (th *thread) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	th.calls.Add(1)
	if r.URL.Query().Get("raw_json") != "1" || r.Header.Get("Authorization") != "Bearer "+testToken {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	path := strings.Trim(r.URL.Path, "/")
	if path != "api/morechildren" {
		if _, known := th.pages[path]; !known {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write(th.pages[path])
		return
	}
	defer th.busy.Add(-1)
	ids := strings.Split(r.PostFormValue("children"), ",")
	if th.busy.Add(1) > 1 || len(ids) > 100 || r.Method != http.MethodPost || r.PostFormValue("api_type") != "json" {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	things := th.pick(ids, r.PostFormValue("link_id"))
	_ = json.NewEncoder(w).Encode(map[string]any{"json": map[string]any{"errors": []any{}, "data": map[string]any{"things": things}}})
}

// pick is r2/models/builder.py in small.
func (th *thread) pick(ids []string, link string) (things []any) {
	var known []string
	for _, id := range ids {
		if _, ok := th.comments[id]; ok {
			known = append(known, id)
		}
	}
	least := 0
	for i, id := range known {
		if d := th.depth(id); i == 0 || d < least {
			least = d
		}
	}
	candidates := slices.DeleteFunc(known, func(id string) bool { return th.depth(id) != least })
	given, asked := 0, len(candidates)
	for ; given < len(candidates) && given < th.perCall; given++ {
		n := th.comments[candidates[given]]
		things = append(things, n.raw)
		if deeper, ok := th.deeper[n.Data.ID]; ok {
			things = append(things, deeper.raw)
		}
		candidates = append(candidates, th.below[n.Data.ID]...)
	}
	return append(things, th.leftOut(candidates, given, asked, link)...)
}

// leftOut returns the placeholders: of what was asked for they name the
// submission as the parent.
func (th *thread) leftOut(candidates []string, given, asked int, link string) (things []any) {
	byParent := map[string][]string{}
	for i := given; i < len(candidates); i++ {
		parent := link
		if i >= asked {
			parent = th.comments[candidates[i]].Data.ParentID
		}
		byParent[parent] = append(byParent[parent], candidates[i])
	}
	for parent, ids := range byParent {
		things = append(things, map[string]any{"kind": "more", "data": map[string]any{
			"id": ids[0], "name": fmt.Sprintf("t1_%s", ids[0]), "parent_id": parent, "count": len(ids), "children": ids,
		}})
	}
	slices.SortFunc(things, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return things
}
