package console_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// hostile are texts that people write to break pages.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title></textarea></style><svg onload=alert(1)>`,
	`javascript:alert(1)`, `{{.Token}} ${7*7} <!--`, "\u202etxt.exe\u202c \u2066\u200f", `<bdo dir=rtl>x</bdo><base href=//evil.example>`, "\ufeff<a href=\"javascript:alert(1)\">x</a>",
}

func TestWhatPeopleWroteIsTextOnEveryPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ada.created(someVideo)
	path := "/console/tasks/" + string(id)
	var posts []content.Post
	for i, text := range hostile {
		p := comment(string(rune('a'+i))+text, text)
		p.Author.Name, p.URL = text, text
		posts = append(posts, p)
		answer := reply("r"+p.ExternalID, p.ExternalID, text)
		answer.Author.Name = text
		posts = append(posts, answer)
	}
	title := strings.Join(hostile, " ")
	b.fetched(title, posts...)
	b.connected(b.ada, title, access.ReasonRevoked)
	q := url.QueryEscape(title)
	pages := []string{
		"/console/tasks", "/console/tasks?status=" + q, path, path + "/posts", path + "/posts?q=" + q + "&author=" + q + "&sort=" + q, path + "/export?q=" + q,
		path + "/thread?post=" + url.QueryEscape(posts[0].ExternalID), path + "/thread?post=" + q, path + "/confirm/delete", "/console/new",
		"/console/integrations", "/console/integrations?connection=" + q, "/console/integrations?error=" + q, "/console/connected?connection=" + q,
		"/console/login?next=" + q, "/console/queues", "/console/queues/fetch_content?state=" + q, "/console/tasks?done=" + q, "/console/" + url.PathEscape(title),
	}
	for _, page := range pages {
		got := b.ada.get(page)
		require.Less(t, got.status, 500, page)
		requireHarmless(t, page, got.body)
	}
	got := b.ada.post("/console/new", "/console/estimate", url.Values{"urls": {title}, "since": {title}, "maxPosts": {title}, "integration": {title}})
	require.Equal(t, http.StatusUnprocessableEntity, got.status)
	requireHarmless(t, "the form of a new task", got.body)
	require.Contains(t, b.ada.get(path+"/posts").body, "&lt;script&gt;alert(1)&lt;/script&gt;", "it is shown, not dropped")
}

// requireHarmless reads the page as a browser does: no element and no attribute
// is there but the console's own, and others' words are isolated.
func requireHarmless(t *testing.T, page, body string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(body))
	inBDI := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			return
		case html.TextToken:
			if text := string(z.Text()); strings.Contains(text, "\u202e") && inBDI == 0 {
				require.Contains(t, text, "\u2068", "%s: a text that turns the page's direction is not isolated: %s", page, text)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			require.NotContains(t, []string{"svg", "base", "bdo", "style", "iframe", "object"}, token.Data, page)
			if token.Data == "bdi" || token.Data == "textarea" {
				inBDI++
			}
			requireOwnAttributes(t, page, token)
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "bdi" || string(name) == "textarea" {
				inBDI--
			}
		}
	}
}

func requireOwnAttributes(t *testing.T, page string, token html.Token) {
	t.Helper()
	for _, a := range token.Attr {
		require.False(t, strings.HasPrefix(a.Key, "on"), "%s: %s", page, token)
		require.NotEqual(t, "style", a.Key, "%s: %s", page, token)
		if a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction" {
			own := strings.HasPrefix(a.Val, "/console") || strings.HasPrefix(a.Val, "https://") || a.Val == "#main" || a.Val == ""
			require.True(t, own, "%s: %s", page, token)
		}
		if token.Data == "script" && a.Key == "src" {
			require.True(t, strings.HasPrefix(a.Val, "/console/assets/console.js?v="), "%s: %s", page, token)
		}
	}
}

func TestPagesAreSmallAndTheirPolicyIsStrict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	var posts []content.Post
	for i := range 60 {
		posts = append(posts, comment("c"+string(rune('A'+i)), strings.Repeat("größe "+string(rune('A'+i)), 1500)))
	}
	b.fetched("A title", posts...)
	for _, page := range []string{"/console/tasks", path, path + "/posts", path + "/thread?post=cA", path + "/export", "/console/new", "/console/login"} {
		got := b.ada.send(http.MethodGet, page, nil, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
		require.Equal(t, http.StatusOK, got.status)
		require.Less(t, len(got.body), 60<<10, page)
		require.Equal(t, "gzip", got.header.Get("Content-Encoding"), page)
		require.NotContains(t, got.header.Get("Content-Security-Policy"), "unsafe", page)
		require.NotContains(t, b.ada.get(page).body, "<style", page)
	}
	for _, name := range []string{"mix", "volume", "sentiment-over-time"} {
		got := b.ada.get(path + "/plots/" + name + ".svg")
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, "image/svg+xml", got.header.Get("Content-Type"))
		require.Contains(t, got.header.Get("Content-Security-Policy"), "sandbox")
	}
	require.Equal(t, http.StatusNotFound, b.ada.get(path+"/plots/other.svg").status)
}
