package rest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

func replaceID(body, id string) string { return strings.ReplaceAll(body, `"ID"`, `"`+id+`"`) }

func (b *testBundle) userOf(token string) access.UserID {
	b.Helper()
	return access.UserID(b.get("/me", token).doc["id"].(string))
}

// TestTaskDocument holds the document against contract §3, field by field.
func TestTaskDocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	made := b.post("/tasks", owner, `{"url":"https://youtu.be/dQw4w9WgXcQ?si=x","integrationId":null,"options":{"maxPosts":0,"includeReplies":true,"since":null,"auth":null},"callbackUrl":null}`)
	require.Equal(t, http.StatusAccepted, made.status, "%s", made.body)
	id := made.doc["id"].(string)
	require.Equal(t, "/tasks/"+id, made.header.Get("Location"))
	require.Equal(t, []string{
		"createdAt", "export", "fallback", "finishedAt", "id", "integrationId", "kind", "problems", "progress",
		"retryAt", "run", "source", "sources", "startedAt", "status", "tokenSource", "webhook",
	}, keysOf(made.doc))
	for _, field := range []string{"export", "fallback", "finishedAt", "integrationId", "retryAt", "startedAt", "tokenSource", "webhook"} {
		require.Nil(t, made.doc[field], field)
	}
	require.Equal(t, "analysis", made.doc["kind"])
	require.Equal(t, "pending", made.doc["status"])
	require.EqualValues(t, 1, made.doc["run"])
	require.Equal(t, []any{}, made.doc["problems"])
	require.True(t, strings.HasSuffix(made.doc["createdAt"].(string), "Z"), "times are in UTC")
	source := map[string]any{
		"url": someVideo, "providerId": "youtube", "kind": "video", "externalId": "dQw4w9WgXcQ", "title": nil,
	}
	require.Equal(t, source, made.doc["source"])
	require.Equal(t, []any{source}, made.doc["sources"])
	require.Equal(t, map[string]any{
		"subtasks": map[string]any{"total": 1.0, "done": 0.0, "failed": 0.0},
		"posts":    map[string]any{"fetched": 0.0, "spam": 0.0, "scored": 0.0, "expected": nil},
	}, made.doc["progress"])

	b.fetched(somePosts(), judge)
	read := b.get("/tasks/"+id, owner)
	require.Equal(t, "A title", read.doc["source"].(map[string]any)["title"])
	posts := read.doc["progress"].(map[string]any)["posts"]
	require.Equal(t, map[string]any{"fetched": 4.0, "spam": 1.0, "scored": 1.0, "expected": 7.0}, posts)
	require.Equal(t, http.StatusOK, b.get("/tasks/"+strings.ToUpper(id), owner).status, "ids are read in any case")
}

func TestCancelAndDelete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	for range 2 {
		got := b.post("/tasks/"+id+"/cancel", owner, "")
		require.Equal(t, http.StatusAccepted, got.status)
		require.Equal(t, "cancelled", got.doc["status"])
		require.EqualValues(t, 1, got.doc["progress"].(map[string]any)["subtasks"].(map[string]any)["done"])
	}
	got := b.send(request{method: "DELETE", path: "/tasks/" + id, token: owner})
	require.Equal(t, http.StatusNoContent, got.status)
	require.Equal(t, http.StatusNotFound, b.get("/tasks/"+id, owner).status)
}

func TestListTasks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	first, second := b.createTask(owner), b.createTask(owner)
	export := b.createExport(owner, first)
	require.Equal(t, http.StatusAccepted, b.post("/tasks/"+second+"/cancel", owner, "").status)
	for query, want := range map[string][]string{
		"":                                    {export, second, first},
		"?status=pending":                     {export, first},
		"?status=pending,cancelled":           {export, second, first},
		"?providerId=reddit":                  {},
		"?providerId=youtube,reddit":          {export, second, first},
		"?kind=export":                        {export},
		"?kind=analysis":                      {second, first},
		"?kind=analysis,export&status=failed": {},
		"?kind=video,subreddit":               {second, first},
		"?kind=channel":                       {},
	} {
		assert.Equal(t, want, idsOf(b.get("/tasks"+query, owner)), query)
	}
	page := b.get("/tasks?limit=2", owner)
	require.Equal(t, []string{export, second}, idsOf(page))
	rest := b.get("/tasks?limit=2&cursor="+page.doc["nextCursor"].(string), owner)
	require.Equal(t, []string{first}, idsOf(rest))
	require.Nil(t, rest.doc["nextCursor"])
	require.Empty(t, idsOf(b.get("/tasks", token(t, "stranger", nil))))
}

func idsOf(list reply) []string {
	ids := []string{}
	for _, item := range list.doc["items"].([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return ids
}

func TestSubtaskDocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	items := b.get("/tasks/"+id+"/subtasks", owner).doc["items"].([]any)
	require.Len(t, items, 1)
	sub := items[0].(map[string]any)
	require.Equal(t, []string{
		"attempt", "authMode", "cursor", "fallback", "finishedAt", "id", "integrationId", "problem", "providerId",
		"runAt", "startedAt", "status", "taskId", "tokenSource", "type",
	}, keysOf(sub))
	require.Equal(t, "FETCH_CONTENT", sub["type"])
	require.Equal(t, id, sub["taskId"])
	require.Equal(t, "youtube", sub["providerId"])
	require.Equal(t, map[string]any{"page": 0.0, "posts": 0.0}, sub["cursor"])
	require.Nil(t, sub["authMode"])
}

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// somePosts are a video, spam, praise, and a deleted reply, a day apart.
func somePosts() []content.Post {
	at := func(day int) time.Time { return newYear.AddDate(0, 0, day) }
	return []content.Post{
		{ExternalID: "v", RootExternalID: "v", Kind: content.VideoPost, Text: "The video", URL: someVideo, PublishedAt: at(0)},
		{ExternalID: "c1", ParentExternalID: "v", RootExternalID: "v", Kind: content.CommentPost, Author: content.Author{Name: "Ada", ExternalID: "UC1"}, Text: "Buy now", Likes: 5, PublishedAt: at(1)},
		{ExternalID: "c2", ParentExternalID: "v", RootExternalID: "v", Kind: content.CommentPost, Author: content.Author{Name: "Bob"}, Text: "Lovely <3", Likes: 9, PublishedAt: at(2)},
		{ExternalID: "r1", ParentExternalID: "c2", RootExternalID: "v", Kind: content.ReplyPost, Deleted: true, PublishedAt: at(3)},
	}
}

func judge(p analysis.JudgedPost) (analysis.SpamVerdict, *analysis.Sentiment) {
	switch p.ExternalID {
	case "c1":
		v, _ := analysis.NewSpamVerdict(true, 0.9, []string{"link"}, "test@1")
		return v, nil
	case "c2":
		v, _ := analysis.NewSpamVerdict(false, 0.1, nil, "test@1")
		s, _ := analysis.NewSentiment(analysis.Positive, 0.8, "mood@2")
		return v, &s
	}
	v, _ := analysis.NewSpamVerdict(false, 0, nil, "test@1")
	return v, nil
}

func TestPosts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	path := "/tasks/" + b.createTask(owner) + "/posts"
	b.fetched(somePosts(), judge)
	for query, want := range map[string]string{
		"":                                   "r1 c2 c1 v",
		"?sort=published":                    "v c1 c2 r1",
		"?sort=-likes&kind=comment":          "c2 c1",
		"?kind=video,reply":                  "r1 v",
		"?sentiment=positive":                "c2",
		"?sentiment=positive,none":           "r1 c2 c1 v",
		"?spam=true":                         "c1",
		"?spam=false":                        "r1 c2 v",
		"?spam=true,false":                   "r1 c2 c1 v",
		"?spam=none":                         "",
		"?author=Ada":                        "c1",
		"?author=UC1":                        "c1",
		"?author=Bob%2CAda":                  "",
		"?q=LOVELY":                          "c2",
		"?q=%3C3":                            "c2",
		"?since=2026-01-02T00:00:00Z":        "r1 c2 c1",
		"?until=2026-01-02T00:00:00Z":        "v",
		"?since=2026-01-02T01:00:00%2B01:00": "r1 c2 c1",
	} {
		got := b.get(path+query, owner)
		require.Equal(t, http.StatusOK, got.status, "%s: %s", query, got.body)
		names := []string{}
		for _, item := range got.doc["items"].([]any) {
			names = append(names, item.(map[string]any)["externalId"].(string))
		}
		assert.Equal(t, want, strings.Join(names, " "), query)
	}
	items := b.get(path, owner).doc["items"].([]any)
	lovely := items[1].(map[string]any)
	require.Equal(t, []string{
		"author", "deleted", "editedAt", "externalId", "id", "kind", "likes", "parentExternalId",
		"publishedAt", "rootExternalId", "sentiment", "spam", "text", "url",
	}, keysOf(lovely))
	require.Equal(t, map[string]any{"name": "Bob", "externalId": nil}, lovely["author"])
	require.Equal(t, map[string]any{"label": "positive", "score": 0.8, "model": "mood@2"}, lovely["sentiment"])
	require.Equal(t, map[string]any{"verdict": "ok", "score": 0.1, "reasons": []any{}, "model": "test@1"}, lovely["spam"])
	require.Equal(t, "2026-01-03T00:00:00Z", lovely["publishedAt"])
	require.Nil(t, items[3].(map[string]any)["parentExternalId"])
}

func TestSummary(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	empty := b.get("/tasks/"+id+"/summary", owner).doc
	require.Equal(t, map[string]any{"spam": nil, "sentiment": nil}, empty["models"])
	require.Equal(t, []any{}, empty["byDay"])
	b.fetched(somePosts(), judge)
	got := b.get("/tasks/"+id+"/summary", owner).doc
	require.Equal(t, []string{"byDay", "completeness", "models", "mostLiked", "posts", "runs", "spamReasons", "topAuthors", "words"}, keysOf(got))
	require.Nil(t, got["words"], "they are counted when the task has ended")
	require.NotEmpty(t, got["mostLiked"])
	require.Equal(t, "Lovely <3", got["mostLiked"].([]any)[0].(map[string]any)["text"])
	require.NotEmpty(t, got["spamReasons"])
	require.Equal(t, map[string]any{
		"total":       4.0,
		"byKind":      map[string]any{"video": 1.0, "comment": 2.0, "reply": 1.0},
		"bySentiment": map[string]any{"positive": 1.0, "neutral": 0.0, "negative": 0.0, "none": 2.0},
		"bySpam":      map[string]any{"spam": 1.0, "ok": 3.0, "none": 0.0},
	}, got["posts"])
	require.Equal(t, map[string]any{"spam": "test@1", "sentiment": "mood@2"}, got["models"])
	require.Equal(t, map[string]any{
		"expected": 7.0, "fetched": 4.0, "missing": []any{map[string]any{"cause": "deleted", "count": 1.0}},
	}, got["completeness"])
	run := got["runs"].([]any)[0].(map[string]any)
	require.Equal(t, []string{"beganAt", "meanScore", "negative", "neutral", "positive", "posts", "run", "spam"}, keysOf(run))
	require.EqualValues(t, 1, run["run"])
	day := got["byDay"].([]any)[2].(map[string]any)
	require.Equal(t, map[string]any{"day": "2026-01-03", "posts": 1.0, "positive": 1.0, "neutral": 0.0, "negative": 0.0, "meanScore": 0.8}, day)
}
