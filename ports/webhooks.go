package ports

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/task"
)

// WebhookStore keeps the messages about ended tasks until each is delivered or
// given up. A message is stored in the transaction in which its task ends,
// whoever ends it; deleting the task deletes it.
type WebhookStore interface {
	// LeaseWebhooks begins an attempt for up to limit messages that are due,
	// users taken in turn: until the lease ends nobody else gets them, then they
	// are due again.
	LeaseWebhooks(ctx context.Context, limit int, lease time.Duration) ([]WebhookLease, error)
	// SettleWebhook stores what became of an attempt; a pending message is due at
	// NextAttemptAt. It returns ErrLeaseLost if a later attempt was begun, and
	// nil if the task is gone.
	SettleWebhook(ctx context.Context, l WebhookLease, w task.Webhook) error
}

// WebhookLease is the right to make one attempt.
type WebhookLease struct {
	// Task is the task as it was when it ended, whatever became of it since.
	Task task.State
	// Webhook is the message; its Attempts count this one.
	Webhook task.Webhook
}
