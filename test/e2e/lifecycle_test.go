package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// webhookKey signs messages; its variable has the form of Standard Webhooks.
const webhookKey = "the key of the tests' webhooks."

// withWebhooks has messages sent, to this machine too.
func withWebhooks(w *world) {
	w.environ["WEBHOOK_SECRET"] = "whsec_" + base64.StdEncoding.EncodeToString([]byte(webhookKey))
	w.environ["WEBHOOK_ALLOWED_NETWORKS"] = "127.0.0.0/8"
	w.secrets.keep("the webhooks' secret", strings.TrimPrefix(w.environ["WEBHOOK_SECRET"], "whsec_"))
}

// message is what a callback address received.
type message struct {
	header http.Header
	body   []byte
}

// receive returns an address that takes messages.
func receive(t *testing.T) (address string, messages <-chan message) {
	t.Helper()
	received := make(chan message, 10)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			received <- message{r.Header, body}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hook", received
}

// requireSigned checks the signature by the words of the specification alone.
func (m message) requireSigned(t *testing.T) {
	t.Helper()
	mac := hmac.New(sha256.New, []byte(webhookKey))
	mac.Write([]byte(m.header.Get("webhook-id") + "." + m.header.Get("webhook-timestamp") + "." + string(m.body)))
	require.Contains(t, strings.Fields(m.header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func (m message) read(t *testing.T) (kind string, of task) {
	t.Helper()
	var read struct {
		Type      string
		Timestamp time.Time
		Data      task
	}
	require.NoError(t, json.Unmarshal(m.body, &read))
	require.False(t, read.Timestamp.IsZero())
	return read.Type, read.Data
}

func TestTasksAndQueuesByHand(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s setup) {
		w := deploy(t, s, withWebhooks)
		c := w.somebody
		address, messages := receive(t)
		w.addVideo("DownForGood", madeThreads)
		w.fake.Inject(errorOnPage2(fakeapi.Rule{
			Service: fakeapi.YouTube, Path: "commentThreads", Query: "videoId=DownForGood", Reason: "forbidden", Status: http.StatusForbidden,
		}))
		var made task
		c.read(c.do(http.MethodPost, "/tasks", `{"url":"`+watch+`DownForGood","callbackUrl":"`+address+`"}`), http.StatusAccepted, &made)
		partial := c.ended(made.ID)
		require.Equal(t, "completed_partial", partial.Status, partial.Problems)
		requireMessage(t, messages, "task.completed_partial", made.ID)

		w.fake.ClearRules()
		c.refused(http.StatusConflict, "wrong_state", http.MethodPost, "/tasks/"+made.ID+"/pause", "")
		w.stranger.refused(http.StatusNotFound, "not_found", http.MethodPost, "/tasks/"+made.ID+"/retry", "")
		assert.Equal(t, "pending", c.tell("/tasks/"+made.ID+"/retry").Status)
		whole := c.ended(made.ID)
		require.Equal(t, "completed", whole.Status, whole.Problems)
		assert.Empty(t, whole.Problems)
		requireTheSource(t, w.data, []string{"DownForGood"}, c.posts(made.ID, nil))
		requireMessage(t, messages, "task.completed", made.ID)
		told := c.when(made.ID, "has told its end", func(t task) bool { return t.Webhook != nil && t.Webhook.Status == "delivered" })
		assert.NotNil(t, told.Webhook.DeliveredAt)

		pausedAndResumed(t, w)
		theQueues(t, w)
	})
}

func requireMessage(t *testing.T, messages <-chan message, kind, id string) {
	t.Helper()
	select {
	case m := <-messages:
		m.requireSigned(t)
		got, of := m.read(t)
		require.Equal(t, kind, got)
		require.Equal(t, id, of.ID)
		require.Equal(t, strings.TrimPrefix(kind, "task."), of.Status)
	case <-time.After(endsWithin):
		require.Fail(t, "no message came")
	}
}

// tell posts to a task's path and returns the task as it is by then.
func (c *client) tell(path string) task {
	c.w.t.Helper()
	var now task
	c.read(c.do(http.MethodPost, path, ""), http.StatusAccepted, &now)
	return now
}

func pausedAndResumed(t *testing.T, w *world) {
	t.Helper()
	c, half := w.somebody, w.halfway()
	assert.Equal(t, "paused", c.tell("/tasks/"+half.ID+"/pause").Status)
	w.fake.ClearRules()
	assert.Equal(t, "paused", c.tell("/tasks/"+half.ID+"/pause").Status, "again changes nothing")
	assert.NotEqual(t, "paused", c.tell("/tasks/"+half.ID+"/resume").Status)
	c.refused(http.StatusConflict, "wrong_state", http.MethodPost, "/tasks/"+half.ID+"/resume", "")
	w.requireWhole(half.ID)
}

// theQueues is what an operator does.
func theQueues(t *testing.T, w *world) {
	t.Helper()
	c := w.somebody
	c.refused(http.StatusForbidden, "forbidden", http.MethodGet, "/queues", "")
	operator := newClient(w, strings.TrimSpace(w.command("apikey", "create", "--user", "operator", "--permission", "queues:admin")))
	var listed struct{ Items []queue }
	operator.get("/queues", &listed)
	names := []string{}
	for _, q := range listed.Items {
		names = append(names, q.Name)
		assert.False(t, q.Paused)
	}
	assert.ElementsMatch(t, []string{"fetch_content", "detect_spam", "analyze_sentiment", "export_posts"}, names)

	var q queue
	operator.read(operator.do(http.MethodPost, "/queues/fetch_content/pause", ""), http.StatusAccepted, &q)
	assert.True(t, q.Paused)
	w.fake.ForgetCalls()
	made := c.create(watch+"WakeIn60sec", "")
	jobs := all[job](operator, "/queues/fetch_content/jobs", nil)
	require.NotEmpty(t, jobs)
	operator.get("/queues/fetch_content", &q)
	assert.True(t, q.Paused)
	assert.Positive(t, q.Depth.Waiting)
	assert.Equal(t, "pending", c.task(made.ID).Status)
	assert.Empty(t, w.fake.CallsTo(fakeapi.YouTube, "videos"), "nothing of a paused queue runs")
	operator.refused(http.StatusConflict, "wrong_state", http.MethodPost, "/queues/fetch_content/jobs/"+jobs[0].ID+"/retry", "")
	operator.read(operator.do(http.MethodPost, "/queues/fetch_content/resume", ""), http.StatusAccepted, &q)
	assert.False(t, q.Paused)
	require.Equal(t, "completed", c.ended(made.ID).Status)

	w.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Effect: fakeapi.Error, Reason: "forbidden", Status: http.StatusForbidden})
	dead := c.collect(watch+"BatteryFire", "")
	require.Equal(t, "completed_partial", dead.Status, dead.Problems)
	w.fake.ClearRules()
	var again struct{ Retried int }
	operator.read(operator.do(http.MethodPost, "/queues/fetch_content/retry-dead", ""), http.StatusAccepted, &again)
	assert.Equal(t, 1, again.Retried)
	require.Equal(t, "completed", c.ended(dead.ID).Status)
	requireTheSource(t, w.data, []string{"BatteryFire"}, c.posts(dead.ID, nil))
}
