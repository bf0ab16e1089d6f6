package rest_test

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// createTask makes a task of the caller and returns its id.
func (b *testBundle) createTask(token string) string {
	b.Helper()
	got := b.post("/tasks", token, `{"url":"`+someVideo+`"}`)
	require.Equal(b, http.StatusAccepted, got.status, "%s", got.body)
	return got.doc["id"].(string)
}

// fetched works on what is due as workers do: it stores the posts, ends the
// fetching, and judges them.
func (b *testBundle) fetched(posts []content.Post, judge func(p analysis.JudgedPost) (analysis.SpamVerdict, *analysis.Sentiment)) {
	b.Helper()
	end := task.Succeed()
	fetching := b.claim()
	_, err := b.store.SavePage(b.Context(), fetching, ports.PageWrite{
		Posts: posts, FreshBatch: task.BatchID(newID()), Title: "A title", Opened: 1, Expected: 7,
		Cursor: content.Cursor{Page: 1}, End: &end,
	})
	require.NoError(b, err)
	lease := b.claim()
	stored, err := b.store.BatchPosts(b.Context(), lease.Task.ID, lease.Subtask.Payload.Batch, false, "", 100)
	require.NoError(b, err)
	var spam []ports.SpamResult
	var sentiments []ports.SentimentResult
	for _, p := range stored {
		verdict, sentiment := judge(p.JudgedPost)
		spam = append(spam, ports.SpamResult{PostID: p.ID, Verdict: verdict})
		if sentiment != nil {
			sentiments = append(sentiments, ports.SentimentResult{PostID: p.ID, Sentiment: *sentiment})
		}
	}
	require.NoError(b, b.store.SaveSpam(b.Context(), lease, lease.Subtask.Payload.Batch, spam))
	require.NoError(b, b.store.SaveSentiments(b.Context(), lease, lease.Subtask.Payload.Batch, sentiments))
	require.NoError(b, b.store.Finish(b.Context(), lease, task.Succeed()))
}

func (b *testBundle) claim() ports.Lease {
	b.Helper()
	due, err := b.store.Dispatch(b.Context(), task.DefaultLimits())
	require.NoError(b, err)
	require.NotEmpty(b, due)
	lease, err := b.store.Claim(b.Context(), due[0], "a worker", time.Minute)
	require.NoError(b, err)
	return lease
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// failed ends the first subtask of a task for good, as a worker does, and
// returns it.
func (b *testBundle) failed(id string) string {
	b.Helper()
	due, err := b.store.Dispatch(b.Context(), task.Limits{PerTask: 9, PerUser: 99, Running: 99, Total: 99})
	require.NoError(b, err)
	var dead string
	for _, d := range due {
		lease, err := b.store.Claim(b.Context(), d, "a worker", time.Minute)
		require.NoError(b, err)
		outcome := task.HandBack()
		if string(lease.Task.ID) == id {
			dead = string(d.SubtaskID)
			outcome = task.Fail(task.Problem{Code: fault.CodeSourceNotFound, Message: "a problem of " + someVideo, SubtaskID: d.SubtaskID, Retryable: true})
		}
		require.NoError(b, b.store.Finish(b.Context(), lease, outcome))
	}
	return dead
}
