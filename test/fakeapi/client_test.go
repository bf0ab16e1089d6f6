package fakeapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// reply is what a call brought.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// page is the part of a list response that paging needs.
type page struct {
	NextPageToken string `json:"nextPageToken"`
	PageInfo      *struct {
		TotalResults   *int `json:"totalResults"`
		ResultsPerPage int  `json:"resultsPerPage"`
	} `json:"pageInfo"`
	Items []map[string]any `json:"items"`
}

func (r reply) page(t testing.TB) page {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var p page
	require.NoError(t, json.Unmarshal(r.body, &p))
	return p
}

// reason returns errors[0].reason of Google's envelope.
func (r reply) reason(t testing.TB) string {
	t.Helper()
	var body struct {
		Error struct {
			Code   int `json:"code"`
			Errors []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	require.NoError(t, json.Unmarshal(r.body, &body), "%s", r.body)
	require.Equal(t, r.status, body.Error.Code)
	require.Len(t, body.Error.Errors, 1)
	return body.Error.Errors[0].Reason
}

// get calls an address; header is "Name: value" or empty.
func get(ctx context.Context, address, header string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return reply{}, err
	}
	return do(r, header)
}

func do(r *http.Request, header string) (reply, error) { return doWith(http.DefaultClient, r, header) }

func doWith(client *http.Client, r *http.Request, header string) (reply, error) {
	if name, value, ok := strings.Cut(header, ": "); ok {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body}, err
}

// call calls a YouTube method with the demo key.
func call(t testing.TB, s *fakeapi.Server, method, query string) reply {
	t.Helper()
	r, err := get(t.Context(), s.YouTubeURL()+"/"+method+"?"+query, "X-Goog-Api-Key: "+fakeapi.DemoKey)
	require.NoError(t, err)
	return r
}

// walk follows a listing to its end and returns its pages.
func walk(t testing.TB, s *fakeapi.Server, method, query string) []page {
	t.Helper()
	var pages []page
	token := ""
	for range 1000 {
		p := call(t, s, method, query+"&pageToken="+url.QueryEscape(token)).page(t)
		pages = append(pages, p)
		if p.NextPageToken == "" {
			return pages
		}
		token = p.NextPageToken
	}
	require.Fail(t, "the listing never ends")
	return nil
}

// ids returns the ids of the items of some pages, in order.
func ids(pages ...page) []string {
	var all []string
	for _, p := range pages {
		for _, item := range p.Items {
			all = append(all, item["id"].(string))
		}
	}
	return all
}

// at follows names through nested objects.
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

func post(t testing.TB, address, body string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	require.NoError(t, err)
	answer, err := do(r, "Content-Type: application/json")
	require.NoError(t, err)
	return answer
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	channelID = "UCabcdefghijklmnopqrstuv"
	videoID   = "video000001"
)

// small returns a channel with one video and n threads, c0 the oldest.
func small(t testing.TB, n int) *fakeapi.Data {
	t.Helper()
	d := fakeapi.NewData()
	d.AddChannel(fakeapi.Channel{ID: channelID, Handle: "@Small.Boat", UserName: "smallboat", Title: "Small", PublishedAt: noon})
	d.AddVideo(fakeapi.Video{ID: videoID, ChannelID: channelID, Title: "One", PublishedAt: noon})
	for i := range n {
		require.NoError(t, d.AddComment(comment(i)))
	}
	return d
}

func comment(i int) fakeapi.Comment {
	return fakeapi.Comment{
		ID: "c" + string(rune('0'+i/10)) + string(rune('0'+i%10)), VideoID: videoID, Author: "@a", AuthorChannelID: "UCa",
		Text: "text", Likes: int64(i % 7), PublishedAt: noon.Add(time.Duration(i) * time.Minute),
	}
}

func answerTo(thread string, i int) fakeapi.Comment {
	c := comment(i)
	c.ID, c.ParentID = thread+"."+c.ID, thread
	return c
}

// escape makes any bytes a query value.
func escape(s string) string { return url.QueryEscape(s) }

// serve answers a GET with the demo key without a connection.
func serve(t testing.TB, s *fakeapi.Server, target string) []byte {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	r.Header.Set("X-Goog-Api-Key", fakeapi.DemoKey)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Body.Bytes()
}

func demo(t testing.TB) *fakeapi.Data {
	t.Helper()
	d, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	return d
}
