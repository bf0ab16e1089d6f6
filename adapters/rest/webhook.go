package rest

import (
	"encoding/json"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// EncodeTask returns the body of GET /tasks/{id}, for messages about tasks.
func EncodeTask(t task.State) ([]byte, error) { return json.Marshal(TaskDocument(t)) }

// callback returns the address that is to be told when the task ends, empty
// for nobody.
func (h *handlers) callback(asked *string) (task.CallbackURL, error) {
	if asked == nil {
		return "", nil
	}
	if !h.webhooks {
		return "", fault.New(fault.Invalid, fault.CodeUnsupportedURL,
			"this deployment has no webhook secret and sends no messages; leave callbackUrl out").In("callbackUrl")
	}
	return task.ParseCallbackURL(*asked)
}

func webhookDocument(w *task.Webhook) *Webhook {
	if w == nil {
		return nil
	}
	return &Webhook{
		Status: string(w.Status), Attempts: w.Attempts, LastError: orNull(w.LastError),
		NextAttemptAt: timeOrNull(w.NextAttemptAt), DeliveredAt: timeOrNull(w.DeliveredAt),
	}
}
