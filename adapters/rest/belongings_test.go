package rest_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/task"
)

// belongings are real rows of one user, one of each kind that an id can name,
// under the words that recipes have for them: {task} and so on.
type belongings map[string]string

// belongings makes the rows of the caller.
func (b *testBundle) belongings(token string) belongings {
	b.Helper()
	has := belongings{"{user}": string(b.userOf(token)), "{text}": "Lovely <3", "{name}": "Name of owner"}
	has["{task}"] = b.createTask(token)
	b.fetched(somePosts(), judge)
	has["{subtask}"] = idsOf(b.get("/tasks/"+has["{task}"]+"/subtasks", token))[0]
	has["{post}"] = idsOf(b.get("/tasks/"+has["{task}"]+"/posts", token))[0]
	has["{export}"] = b.createExport(token, has["{task}"])
	b.finishExport(has["{export}"], task.ExportSpec{Format: "csv", ExpiresAt: time.Now().Add(time.Hour)}, has["{text}"])
	has["{failed}"] = b.createTask(token)
	has["{dead}"] = b.failed(has["{failed}"])
	has["{running}"], has["{paused}"], has["{ended}"] = b.createTask(token), b.createTask(token), b.createTask(token)
	has["{job}"] = idsOf(b.get("/tasks/"+has["{running}"]+"/subtasks", token))[0]
	require.Equal(b, http.StatusAccepted, b.post("/tasks/"+has["{paused}"]+"/pause", token, "").status)
	require.Equal(b, http.StatusAccepted, b.post("/tasks/"+has["{ended}"]+"/cancel", token, "").status)
	schedule := b.post("/schedules", token, `{"taskId":"`+has["{task}"]+`","everyMinutes":60}`)
	require.Equal(b, http.StatusCreated, schedule.status, "%s", schedule.body)
	has["{schedule}"] = schedule.doc["id"].(string)
	key := b.post("/apikeys", token, `{"name":"a key of the owner"}`)
	require.Equal(b, http.StatusCreated, key.status)
	has["{key}"] = key.doc["id"].(string)
	has["{integration}"], has["{account}"] = b.connect(token), "Ada's channel"
	has["{connection}"] = b.answered(token)
	for word, id := range has {
		require.NotEmpty(b, id, word)
	}
	return has
}

// fill puts the ids where the words stand.
func (has belongings) fill(s string) string {
	for word, id := range has {
		s = strings.ReplaceAll(s, word, id)
	}
	return s
}

// namedIn tells whether a text has words for belongings in it.
func (has belongings) namedIn(s string) bool { return has.fill(s) != s }

// shownIn returns the words of those that an answer has in it.
func (has belongings) shownIn(answer []byte) []string {
	var words []string
	for word, id := range has {
		if strings.Contains(string(answer), id) {
			words = append(words, word)
		}
	}
	return words
}
