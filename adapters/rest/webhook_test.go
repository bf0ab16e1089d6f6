package rest_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func withWebhooks(s *settings) { s.Webhooks = true }

func TestCallbacksAreJudged(t *testing.T) {
	t.Parallel()
	b := setup(t, withWebhooks)
	owner := token(t, "owner", nil)
	for _, bad := range []string{
		"", "example.com", "ftp://example.com/", "https://user:pass@example.com/", "https://", "https://example.com:99999/",
		"https://example.com/" + strings.Repeat("a", 2048), `https://example.com/\u0000`,
	} {
		refused := b.post("/tasks", owner, `{"url":"`+someVideo+`","callbackUrl":"`+bad+`"}`)
		require.Equal(t, http.StatusBadRequest, refused.status, "%s: %s", bad, refused.body)
		require.Equal(t, "invalid_value", refused.doc["code"])
		require.Equal(t, "callbackUrl", refused.doc["errors"].([]any)[0].(map[string]any)["field"])
	}
	require.Nil(t, b.post("/tasks", owner, `{"url":"`+someVideo+`","callbackUrl":null}`).doc["webhook"])
}

// TestTheMessageHoldsTheDocument: what a callback is told is, to the byte, what
// GET /tasks/{id} answered when the task had ended.
func TestTheMessageHoldsTheDocument(t *testing.T) {
	t.Parallel()
	b := setup(t, withWebhooks)
	owner := token(t, "owner", nil)
	made := b.post("/tasks", owner, `{"url":"`+someVideo+`","callbackUrl":"https://example.com/hook?a=<b>"}`)
	require.Equal(t, http.StatusAccepted, made.status, "%s", made.body)
	require.Equal(t, map[string]any{
		"status": "pending", "attempts": 0.0, "lastError": nil, "nextAttemptAt": nil, "deliveredAt": nil,
	}, made.doc["webhook"])
	id := made.doc["id"].(string)
	require.Equal(t, http.StatusAccepted, b.post("/tasks/"+id+"/cancel", owner, "").status)
	ended := b.get("/tasks/"+id, owner)

	inbox := memory.NewNotifier()
	inbox.Refuse(fault.New(fault.Gone, fault.CodeExpired, "the callback answered 410"))
	b.sendWebhooks(inbox)
	var shown reply
	require.Eventually(t, func() bool {
		shown = b.get("/tasks/"+id, owner)
		return shown.doc["webhook"].(map[string]any)["status"] == "failed"
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, map[string]any{
		"status": "failed", "attempts": 1.0, "lastError": "the callback answered 410", "nextAttemptAt": nil, "deliveredAt": nil,
	}, shown.doc["webhook"])

	require.Len(t, inbox.Received(), 1)
	var message struct {
		Type      string
		Timestamp time.Time
		Data      json.RawMessage
	}
	body := inbox.Received()[0].Body
	require.NoError(t, json.Unmarshal(body, &message))
	require.Equal(t, "task.cancelled", message.Type)
	require.Equal(t, ended.doc["finishedAt"], message.Timestamp.Format(time.RFC3339Nano))
	require.Equal(t, string(ended.body), string(message.Data))
	var value any
	require.NoError(t, json.Unmarshal(body, &value))
	schema := b.spec.Components.Schemas["TaskEnded"].Value
	require.NoError(t, schema.VisitJSON(value, openapi3.MultiErrors()), "%s", body)
}

// sendWebhooks runs a sender until the test ends.
func (b *testBundle) sendWebhooks(n *memory.Notifier) {
	sender := application.NewWebhooks(b.store, n, rest.EncodeTask, task.DefaultWebhookPolicy(), slog.New(slog.DiscardHandler))
	stopped := make(chan struct{})
	ctx := b.Context() // ends before the cleanups run
	go func() { defer close(stopped); sender.Run(ctx) }()
	b.Cleanup(func() { <-stopped })
}
