package fakeapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const readToken = "a-token-that-reads"

// allowReader lets readToken read Reddit.
func allowReader(s *fakeapi.Server) *fakeapi.Server {
	s.AllowToken(fakeapi.AccessToken{Secret: readToken, Service: fakeapi.Reddit, Account: "reader", Scopes: []string{"read", "identity"}})
	return s
}

// reddit calls the API with a token and the demo's User-Agent. A form is posted.
func reddit(ctx context.Context, s *fakeapi.Server, token, path string, form url.Values) (reply, error) {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, s.RedditURL()+"/"+path, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("User-Agent", fakeapi.DemoUserAgent)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return doOnce(r, "Authorization: bearer "+token)
}

// doOnce does not follow redirects.
func doOnce(r *http.Request, header string) (reply, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return doWith(client, r, header)
}

func redditGet(t testing.TB, s *fakeapi.Server, path string) reply {
	t.Helper()
	r, err := reddit(t.Context(), s, readToken, path, nil)
	require.NoError(t, err)
	return r
}

// redditThing is a thing as a collector reads it.
type redditThing struct {
	Kind string `json:"kind"`
	Data struct {
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Parent   string          `json:"parent_id"`
		Body     string          `json:"body"`
		Count    int             `json:"count"`
		Children json.RawMessage `json:"children"`
		Replies  json.RawMessage `json:"replies"`
		After    string          `json:"after"`
	} `json:"data"`
}

func (r reply) things(t testing.TB) []redditThing {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var all []redditThing
	require.NoError(t, json.Unmarshal(r.body, &all))
	return all
}

func (r reply) listing(t testing.TB) (names []string, after string) {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var one redditThing
	require.NoError(t, json.Unmarshal(r.body, &one))
	var children []redditThing
	require.NoError(t, json.Unmarshal(one.Data.Children, &children))
	for _, c := range children {
		names = append(names, c.Data.Name)
	}
	return names, one.Data.After
}

// collector collects a whole thread as a client should.
type collector struct {
	testing.TB
	server *fakeapi.Server
	post   string
	// chunk is how many ids it asks for at once.
	chunk   int
	bodies  map[string]string
	parents map[string]string
	pending []string
	goOn    []string
	calls   int
	// continued and residual tell that it met such nodes.
	continued, residual bool
}

func collect(t testing.TB, s *fakeapi.Server, post string, chunk int) *collector {
	t.Helper()
	c := &collector{TB: t, server: s, post: post, chunk: chunk, bodies: map[string]string{}, parents: map[string]string{}}
	c.tree("comments/" + post + "?raw_json=1&limit=2048")
	for len(c.pending)+len(c.goOn) > 0 {
		require.Less(t, c.calls, 2000, "the thread never ends")
		if len(c.goOn) > 0 {
			parent := c.goOn[0]
			c.goOn = c.goOn[1:]
			c.tree("comments/" + post + "/_/" + strings.TrimPrefix(parent, "t1_") + "?raw_json=1")
			continue
		}
		n := min(len(c.pending), c.chunk)
		ids := c.pending[:n]
		c.pending = c.pending[n:]
		c.more(ids)
	}
	return c
}

func (c *collector) tree(path string) {
	c.calls++
	for _, listing := range redditGet(c, c.server, path).things(c)[1:] {
		c.take(listing)
	}
}

func (c *collector) more(ids []string) {
	c.calls++
	r, err := reddit(c.Context(), c.server, readToken, "api/morechildren?raw_json=1", url.Values{
		"api_type": {"json"}, "link_id": {"t3_" + c.post}, "children": {strings.Join(ids, ",")},
	})
	require.NoError(c, err)
	require.Equal(c, http.StatusOK, r.status, "%s", r.body)
	var body struct {
		JSON struct {
			Data struct {
				Things []redditThing `json:"things"`
			} `json:"data"`
		} `json:"json"`
	}
	require.NoError(c, json.Unmarshal(r.body, &body))
	comments := 0
	for _, one := range body.JSON.Data.Things {
		if one.Kind == "t1" {
			comments++
			require.JSONEq(c, `""`, string(one.Data.Replies), "the answer is flat")
		}
		c.residual = c.residual || one.Kind == "more"
		c.take(one)
	}
	require.LessOrEqual(c, comments, 100)
}

func (c *collector) take(one redditThing) {
	switch one.Kind {
	case "Listing":
		var children []redditThing
		require.NoError(c, json.Unmarshal(one.Data.Children, &children))
		for _, child := range children {
			c.take(child)
		}
	case "t1":
		c.bodies[one.Data.ID], c.parents[one.Data.ID] = one.Data.Body, one.Data.Parent
		var inside redditThing
		if json.Unmarshal(one.Data.Replies, &inside) == nil {
			c.take(inside)
		}
	case "more":
		if one.Data.Count == 0 {
			c.continued = true
			c.goOn = append(c.goOn, one.Data.Parent)
			return
		}
		var ids []string
		require.NoError(c, json.Unmarshal(one.Data.Children, &ids))
		for _, id := range ids {
			if _, have := c.bodies[id]; !have {
				c.pending = append(c.pending, id)
			}
		}
		require.NotEmpty(c, ids)
	}
}
