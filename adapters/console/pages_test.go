package console_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

func TestATaskFromItsAddressToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Contains(t, b.ada.get("/console/tasks").body, "There is nothing here yet")
	estimate := b.ada.post("/console/new", "/console/estimate", url.Values{"urls": {someVideo}, "maxPosts": {"100"}})
	require.Equal(t, http.StatusOK, estimate.status)
	for _, words := range []string{"The estimate", "YouTube video", "not known before it is read", "10,000 of 10,000 units", `value="100"`, someVideo} {
		require.Contains(t, estimate.body, words)
	}
	id := b.ada.created(someVideo)
	path := "/console/tasks/" + string(id)
	running := b.ada.get(path)
	for _, words := range []string{"waits for its turn", `data-live="` + path + `/events"`, "Pause", "Cancel…", someVideo} {
		require.Contains(t, running.body, words)
	}
	require.Contains(t, running.body, "No post is here yet.")
	require.Contains(t, b.ada.get("/console/tasks").body, `data-live="/console/events?task=`+string(id))

	b.fetched("A title", comment("c1", "lovely"), comment("c2", "buy now"), reply("r1", "c1", "thank you"))
	ended := b.ada.get(path)
	for _, words := range []string{
		"<h1><bdi>A title</bdi></h1>", "What people think", "Is that everything?", "The platform announced 6 posts; 3 are here.",
		"Fetch what is new", "Delete…", "100.0 %", "1 (33.3 %)",
	} {
		require.Contains(t, ended.body, words)
	}
	require.NotContains(t, ended.body, "data-live")
	require.NotContains(t, ended.body, "data-figures")
	require.NotContains(t, ended.body, "so far")
	require.Contains(t, b.ada.get("/console/tasks?status=ended").body, "A title")
	require.NotContains(t, b.ada.get("/console/tasks?status=open").body, "A title")
}

func TestFiguresSoFar(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	_, err := b.store.SavePage(t.Context(), b.claim(), ports.PageWrite{
		Posts: []content.Post{comment("c1", "lovely"), comment("c2", "buy <b>now</b>")}, FreshBatch: task.BatchID(newID()), Cursor: content.Cursor{Token: "2", Page: 1},
	})
	require.NoError(t, err)
	page := b.ada.get(path)
	require.Contains(t, page.body, `data-figures="`+path+`/figures"`)
	fragment := b.ada.get(path + "/figures")
	require.Equal(t, http.StatusOK, fragment.status)
	require.NotContains(t, fragment.body, "<html")
	for _, words := range []string{"These are not the last figures", "made of the 2 posts", "when the task has ended", "plots/mix.svg?at=", "Who wrote most", "buy &lt;b&gt;"} {
		require.Contains(t, page.body, words)
		require.Contains(t, fragment.body, words)
	}
	require.NotContains(t, page.body, "Nothing is known to be missing")
	require.Equal(t, http.StatusOK, b.ada.get(path+"/plots/mix.svg?at=now").status)
	require.Equal(t, http.StatusNotFound, b.eve.get(path+"/figures").status)
}

// TestALargeTask is one whose figures and searches would take longer than a page
// may.
func TestALargeTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	b.filled(11_000)
	page := b.ada.get(path)
	require.Contains(t, page.body, "The figures of 11,000 posts are being added up")
	require.Contains(t, page.body, `data-figures="`+path+`/figures"`)
	require.Contains(t, b.ada.get(path+"?figures=now").body, "Who wrote most")
	require.Contains(t, b.ada.get(path).body, "Who wrote most", "they are at hand now")

	for _, query := range []string{"?q=nowhere", "?author=nobody&sort=-likes"} {
		first := b.ada.get(path + "/posts" + query)
		for _, words := range []string{"Searched 10,000 of 11,000 posts so far.", "No post here is like that.", "Search on"} {
			require.Contains(t, first.body, words)
		}
		last := b.ada.get(nextOf(t, first))
		require.Contains(t, last.body, "There are no more.")
		require.NotContains(t, last.body, "Search on")
	}
	few := b.ada.get(path + "/posts?sort=published&q=c000")
	require.Contains(t, few.body, "Searched 10,000 of 11,000")
	full := b.ada.get(path + "/posts?q=number+1")
	require.NotContains(t, full.body, "Searched")
}

func nextOf(t *testing.T, p page) string {
	t.Helper()
	found := regexp.MustCompile(`<a href="([^"]*)" rel="next"`).FindStringSubmatch(p.body)
	require.NotNil(t, found, p.body)
	return html.UnescapeString(found[1])
}

func TestWhatAFormCannotReadIsToldInIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		form url.Values
		says string
	}{
		"no address":     {url.Values{"urls": {" "}}, "Name 1 to 50 addresses"},
		"not an address": {url.Values{"urls": {"<script>alert(1)</script>"}}, "role=\"alert\""},
		"too many":       {url.Values{"urls": {someVideo}, "maxPosts": {"99999999999"}}, "MaxPosts is 0 (all) to 1000000"},
		"no number":      {url.Values{"urls": {someVideo}, "maxPosts": {"many"}}, "is a whole number"},
		"no day":         {url.Values{"urls": {someVideo}, "since": {"yesterday"}}, "2026-01-31"},
		"no account":     {url.Values{"urls": {someVideo}, "integration": {newID()}}, "There is no integration of this id."},
	} {
		for _, path := range []string{"/console/estimate", "/console/tasks"} {
			got := b.ada.post("/console/new", path, c.form)
			require.Equal(t, http.StatusUnprocessableEntity, got.status, name)
			require.Contains(t, got.body, c.says, name)
			require.NotContains(t, got.body, "<script>alert", name)
		}
	}
}

func TestPauseResumeCancelDelete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	for _, step := range []struct{ action, then string }{
		{"pause", "paused by you; resume it to go on"}, {"resume", "waits for its turn"}, {"cancel", "cancelled"}, {"retry", "waits for its turn"},
	} {
		got := b.ada.post(path, path+"/"+step.action, nil)
		require.Equal(t, http.StatusSeeOther, got.status, step.action)
		require.Contains(t, b.ada.get(got.location()).body, step.then)
	}
	got := b.ada.post(path, path+"/delete", nil)
	require.Equal(t, http.StatusConflict, got.status)
	require.Contains(t, got.body, "This cannot be done now")
	for _, action := range []string{"cancel", "delete"} {
		asks := b.ada.get(path + "/confirm/" + action)
		require.Equal(t, http.StatusOK, asks.status)
		require.Contains(t, asks.body, `action="`+path+"/"+action+`"`)
	}
	require.Equal(t, http.StatusNotFound, b.ada.get(path+"/confirm/pause").status)
	require.Equal(t, http.StatusNotFound, b.ada.post(path, path+"/explode", nil).status)
	b.ada.post(path, path+"/cancel", nil)
	got = b.ada.post(path, path+"/delete", nil)
	require.Equal(t, "/console/tasks?done=deleted", got.location())
	require.Contains(t, b.ada.get(got.location()).body, "are deleted")
	require.Equal(t, http.StatusNotFound, b.ada.get(path).status)
}

func TestProblemsComeWithWhatMendsThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	b.failing(fault.CodeNeedsReconnect, "the account @ada must be connected again <b>")
	got := b.ada.get(path)
	for _, words := range []string{"An account must be connected again", "The account @ada must be connected again &lt;b&gt;.", "Connect an account", path + "/retry", "Try again"} {
		require.Contains(t, got.body, words)
	}
	require.Equal(t, http.StatusSeeOther, b.ada.post(path, path+"/retry", nil).status)
	require.NotContains(t, b.ada.get(path).body, "Problems")
}

func TestPostsAreSearchedFilteredAndPaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	var posts []content.Post
	for n := range 60 {
		posts = append(posts, comment(fmt.Sprintf("c%02d", n), fmt.Sprintf("comment number %d", n)))
	}
	posts = append(posts, comment("ad", "buy now"), comment("long", strings.Repeat("wörd ", 2000)), reply("r1", "c01", "an answer"))
	b.fetched("A title", posts...)
	seen := map[string]bool{}
	pages := 0
	for next := path + "/posts?sort=published"; next != ""; pages++ {
		got := b.ada.get(next)
		require.Equal(t, http.StatusOK, got.status)
		require.Less(t, len(got.body), 120_000)
		for _, id := range articles.FindAllStringSubmatch(got.body, -1) {
			require.False(t, seen[id[1]], "each comes once")
			seen[id[1]] = true
		}
		next = ""
		if found := nextLink.FindStringSubmatch(got.body); found != nil {
			next = strings.ReplaceAll(found[1], "&amp;", "&")
		}
	}
	require.Len(t, seen, 63)
	require.Equal(t, 3, pages)
	for query, want := range map[string]int{
		"q=NUMBER+7": 1, "spam=spam": 1, "spam=ok&kind=reply": 1, "sentiment=positive&spam=spam": 0, "author=UCad": 1, "sentiment=nonsense&q=answer": 1,
	} {
		require.Len(t, articles.FindAllString(b.ada.get(path+"/posts?"+query).body, -1), want, query)
	}
	require.Contains(t, b.ada.get(path+"/posts?q=wörd").body, "Whole text and thread")
	require.Equal(t, http.StatusUnprocessableEntity, b.ada.get(path+"/posts?after=garbage").status)
	require.Contains(t, b.ada.get(path+"/posts?q=nothing+like+it").body, "No post is like that.")
}

var (
	articles = regexp.MustCompile(`<article class="[^"]*" id="p-([^"]+)"`)
	nextLink = regexp.MustCompile(`<a href="([^"]+)" rel="next">`)
)

func TestAThreadIsShownWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	posts := []content.Post{comment("c1", strings.Repeat("long ", 500)+"END"), comment("c2", "elsewhere"), reply("r1", "c1", "an answer"), reply("r2", "r1", "to the answer")}
	for n := range 40 {
		posts = append(posts, reply(fmt.Sprintf("s%02d", n), "c1", "more"))
	}
	b.fetched("A title", posts...)
	got := b.ada.get(path + "/thread?post=r2")
	require.Equal(t, http.StatusOK, got.status)
	for _, words := range []string{"END", "an answer", "to the answer", "depth-2", "43 posts", "Further in the thread"} {
		require.Contains(t, got.body, words)
	}
	require.NotContains(t, got.body, "elsewhere")
	require.Contains(t, b.ada.get(path+"/thread?post=r2&from=25").body, "Earlier in the thread")
	require.Equal(t, http.StatusOK, b.ada.get(path+"/thread?post=r2&from=-7").status)
	require.Equal(t, http.StatusNotFound, b.ada.get(path+"/thread?post=unknown").status)
}

func TestAPersonsVerdictIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ada.created(someVideo)
	path := "/console/tasks/" + string(id)
	b.fetched("A title", comment("c1", "good"))
	list := b.ada.get(path + "/posts")
	post := articles.FindStringSubmatch(list.body)[1]
	judge := func(verdict string) page {
		return b.ada.post(path+"/posts", path+"/posts/"+post+"/spam", url.Values{"verdict": {verdict}, "back": {path + "/posts?q=good"}})
	}
	got := judge("spam")
	require.Equal(t, path+"/posts?done=judged&q=good#p-"+post, got.location())
	shown := b.ada.get(path + "/posts?q=good").body
	require.Contains(t, shown, "spam, said by you")
	require.Contains(t, shown, "Take my verdict back")
	judge("ok")
	require.Contains(t, b.ada.get(path+"/posts").body, "no spam, said by you")
	judge("")
	require.NotContains(t, b.ada.get(path+"/posts").body, "said by you")
	require.Equal(t, http.StatusUnprocessableEntity, judge("perhaps").status)
}

func TestAnExportIsMadeAndDownloaded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/console/tasks/" + string(b.ada.created(someVideo))
	b.fetched("A title", comment("c1", "good"))
	form := b.ada.get(path + "/export")
	for _, format := range []string{"csv", "xlsx", "ndjson", "parquet"} {
		require.Contains(t, form.body, `value="`+format+`"`)
	}
	require.Equal(t, http.StatusUnprocessableEntity, b.ada.post(path+"/export", path+"/export", url.Values{"format": {"doc"}}).status)
	got := b.ada.post(path+"/export", path+"/export", url.Values{"format": {"csv"}, "spam": {"ok"}, "pseudonymise": {"yes"}})
	require.Equal(t, http.StatusSeeOther, got.status, got.body)
	export := strings.Split(got.location(), "?")[0]
	require.Contains(t, b.ada.get(export).body, "Export of A title")
	require.Contains(t, b.ada.get(path).body, export, "the task tells of its exports")
	require.Equal(t, http.StatusConflict, b.ada.get(export+"/download").status)
	require.Equal(t, http.StatusNotFound, b.ada.get(path+"/download").status)
	listed, err := b.store.Tasks(t.Context(), b.ada.caller.User.ID, ports.TaskFilter{Kinds: []string{"export"}}, ports.Paging{Limit: 9})
	require.NoError(t, err)
	require.True(t, listed.Items[0].Export.Pseudonymise && listed.Items[0].Export.FormulaGuard)
	require.Equal(t, "ok", string(listed.Items[0].Export.Filter.Spam[0]))
}

func TestAccountsAreConnectedAndDisconnected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Contains(t, b.ada.get("/console/integrations").body, "No account is connected")
	consent := b.ada.post("/console/integrations", "/console/integrations/connect/youtube", nil)
	require.Equal(t, http.StatusOK, consent.status, consent.body)
	address := regexp.MustCompile(`class="button" href="([^"]+)"`).FindStringSubmatch(consent.body)[1]
	at, err := url.Parse(strings.ReplaceAll(address, "&amp;", "&"))
	require.NoError(t, err)
	require.NotEmpty(t, at.Query().Get("state"))
	require.Equal(t, http.StatusNotFound, b.ada.post("/console/integrations", "/console/integrations/connect/nowhere", nil).status)

	landed := b.visitor().get("/console/connected?connection=abc&next=https://evil.example")
	require.Equal(t, http.StatusOK, landed.status, "the browser brings no cookie from another site")
	require.Contains(t, landed.body, `url=/console/integrations?connection=abc"`)
	require.NotContains(t, landed.body, "evil")
	finish := b.ada.get("/console/integrations?connection=abc")
	require.Contains(t, finish.body, "Finish connecting")
	got := b.ada.post("/console/integrations", "/console/integrations/complete", url.Values{"connection": {"abc"}})
	require.Equal(t, http.StatusNotFound, got.status)
	require.Contains(t, b.ada.get("/console/integrations?error=access_denied").body, "You did not allow it")
	require.NotContains(t, b.ada.get("/console/integrations?error=<script>").body, "<script>")

	in := b.connected(b.ada, "@ada", access.ReasonRevoked)
	page := b.ada.get("/console/integrations")
	for _, words := range []string{"<bdi>@ada</bdi>", "must be connected again", "no longer renews", "Connect again"} {
		require.Contains(t, page.body, words)
	}
	path := "/console/integrations/" + in.ID + "/disconnect"
	require.Contains(t, b.ada.get(path).body, "Disconnect this account?")
	require.Equal(t, http.StatusNotFound, b.eve.post("/console/integrations", path, nil).status)
	require.Equal(t, http.StatusSeeOther, b.ada.post("/console/integrations", path, nil).status)
	require.NotContains(t, b.ada.get("/console/integrations").body, "@ada")
}

// connected stores an account of the user.
func (b *testBundle) connected(u *browser, name, reason string) access.Integration {
	b.Helper()
	in, err := b.store.SaveIntegration(b.Context(), ports.HeldIntegration{Integration: access.Integration{
		ID: newID(), UserID: u.caller.User.ID, Provider: content.YouTube, AccountID: name, AccountName: name,
		Scopes: []string{neededScope}, Renewable: true, Reason: reason, CreatedAt: published,
	}, Credentials: access.Credentials{Access: access.NewToken("a token"), Refresh: access.NewToken("another")}})
	require.NoError(b, err)
	return in
}

func TestQueuesAreForAdmins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusForbidden, b.eve.get("/console/queues").status)
	require.NotContains(t, b.eve.get("/console/tasks").body, "/console/queues")
	b.ada.created(someVideo)
	b.failing(fault.CodeProviderUnavailable, "a secret text")
	list := b.ada.get("/console/queues")
	require.Equal(t, http.StatusOK, list.status)
	require.Contains(t, list.body, "Finding spam")
	queue := b.ada.get("/console/queues/fetch_content?state=dead")
	require.Contains(t, queue.body, "provider_unavailable")
	require.NotContains(t, queue.body, "a secret text")
	require.NotContains(t, queue.body, someVideo)
	job := regexp.MustCompile(`/jobs/([0-9a-f-]{36})/retry`).FindStringSubmatch(queue.body)[1]
	const path = "/console/queues/fetch_content"
	for _, action := range []string{"/pause", "/resume", "/jobs/" + job + "/retry", "/jobs/" + job + "/delete", "/retry-dead"} {
		got := b.ada.post(path, path+action, url.Values{"back": {path}})
		require.Equal(t, http.StatusSeeOther, got.status, "%s: %s", action, got.body)
		require.Equal(t, http.StatusForbidden, b.eve.post("/console/new", path+action, nil).status)
		if action == "/pause" {
			require.Contains(t, b.ada.get(path).body, "paused")
		}
	}
	require.Equal(t, http.StatusNotFound, b.ada.get("/console/queues/nothing").status)
	require.Equal(t, http.StatusNotFound, b.ada.post(path, path+"/explode", nil).status)
}

func TestNobodySeesAnothersThings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ada.created(someVideo)
	b.fetched("A title", comment("c1", "good"))
	path := "/console/tasks/" + string(id)
	for _, page := range []string{"", "/posts", "/thread?post=c1", "/export", "/download", "/events", "/confirm/delete", "/plots/mix.svg"} {
		got := b.eve.get(path + page)
		require.Equal(t, http.StatusNotFound, got.status, page)
		require.NotContains(t, got.body, "A title")
	}
	for _, action := range []string{"/pause", "/delete", "/refresh", "/export"} {
		require.Equal(t, http.StatusNotFound, b.eve.post("/console/new", path+action, url.Values{"format": {"csv"}}).status, action)
	}
	require.Equal(t, http.StatusNotFound, b.eve.get("/console/events?task="+string(id)).status)
	for _, garbage := range []string{"garbage", newID(), "%00", "..%2f..", strings.Repeat("a", 36)} {
		require.Equal(t, http.StatusNotFound, b.ada.get("/console/tasks/"+garbage).status, garbage)
	}
	require.Equal(t, http.StatusNotFound, b.ada.get("/console/nothing").status)
	require.Equal(t, http.StatusMethodNotAllowed, b.ada.send(http.MethodPut, path, nil).status)
}

func TestAssetsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := b.visitor().get("/console/login").body
	found := regexp.MustCompile(`(?:src|href)="(/console/assets/[^"]+)"`).FindAllStringSubmatch(body, -1)
	require.Len(t, found, 3)
	for _, a := range found {
		got := b.visitor().get(a[1])
		require.Equal(t, http.StatusOK, got.status)
		require.Contains(t, got.header.Get("Cache-Control"), "immutable")
	}
	require.Equal(t, http.StatusNotFound, b.visitor().get("/console/assets/nothing.js").status)
	require.Equal(t, http.StatusNotFound, b.visitor().get("/console/assets/..%2fconsole.go").status)
}

func TestAnIDMayBeInCapitals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusOK, b.ada.get("/console/tasks/"+strings.ToUpper(string(b.ada.created(someVideo)))).status)
}
