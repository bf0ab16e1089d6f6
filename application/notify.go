package application

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// notifyEvery is how long a due message may wait.
	notifyEvery = time.Second
	// notifyLease is longer than a delivery and its settling take.
	notifyLease = time.Minute
	// notifyParallel bounds the deliveries of a process that are under way.
	notifyParallel = 16
)

// TaskEncoder writes a task as the API shows it: that document is the API's.
type TaskEncoder func(task.State) ([]byte, error)

// Webhooks sends the messages about ended tasks. Every worker process runs one
// where the deployment has a webhook secret; any number of them may run.
type Webhooks struct {
	store    ports.WebhookStore
	notifier ports.Notifier
	encode   TaskEncoder
	policy   task.WebhookPolicy
	log      *slog.Logger
	// settled is poked when a delivery has ended: there is room for another.
	settled chan struct{}
}

// NewWebhooks returns the sender; Run does the work. Without a notifier it
// sends nothing.
func NewWebhooks(store ports.WebhookStore, n ports.Notifier, encode TaskEncoder, policy task.WebhookPolicy, log *slog.Logger) *Webhooks {
	return &Webhooks{store: store, notifier: n, encode: encode, policy: policy, log: log, settled: make(chan struct{}, 1)}
}

// Run sends what is due, once a second and after each delivery, until ctx
// ends; then it lets the deliveries that are under way come to their end,
// which the notifier bounds.
func (w *Webhooks) Run(ctx context.Context) {
	if w.notifier == nil {
		<-ctx.Done()
		return
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	busy := make(chan struct{}, notifyParallel)
	tick := time.NewTicker(notifyEvery)
	defer tick.Stop()
	for {
		if err := w.sendDue(ctx, busy, &sending); err != nil && ctx.Err() == nil {
			w.log.WarnContext(ctx, "looking for webhooks failed; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-w.settled:
		case <-tick.C:
		}
	}
}

// sendDue begins as many deliveries as there is room for.
func (w *Webhooks) sendDue(ctx context.Context, busy chan struct{}, sending *sync.WaitGroup) error {
	room := cap(busy) - len(busy)
	if room == 0 || ctx.Err() != nil {
		return nil
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	leases, err := w.store.LeaseWebhooks(bounded, room, notifyLease)
	for _, l := range leases {
		busy <- struct{}{}
		sending.Go(func() {
			w.send(context.WithoutCancel(ctx), l)
			<-busy
			select {
			case w.settled <- struct{}{}:
			default:
			}
		})
	}
	return err
}

// send makes one attempt and stores what became of it. If that fails, the
// message is due again when its lease is over: its receiver knows the id.
func (w *Webhooks) send(ctx context.Context, l ports.WebhookLease) {
	body, err := w.message(l)
	if err == nil {
		err = w.notifier.Notify(ctx, l.Webhook.URL, ports.Message{ID: l.Webhook.MessageID, Body: body, Trace: l.Task.Trace})
	}
	after := w.policy.After(l.Webhook, err, now(), rand.Float64())
	if err != nil {
		w.log.WarnContext(ctx, "a webhook was not delivered", "task", l.Task.ID, "message", l.Webhook.MessageID,
			"attempt", l.Webhook.Attempts, "status", after.Status, "error", err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = w.store.SettleWebhook(ctx, l, after)
	if err != nil && !errors.Is(err, ports.ErrLeaseLost) {
		w.log.WarnContext(ctx, "what became of a webhook could not be stored; it is sent again", "task", l.Task.ID, "error", err)
	}
}

// message returns the body in the Standard Webhooks form. It is the same in
// every attempt.
func (w *Webhooks) message(l ports.WebhookLease) ([]byte, error) {
	document, err := w.encode(l.Task)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // the document stays as the API writes it
	err = encoder.Encode(struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{"task." + string(l.Task.Status), l.Webhook.EndedAt, document})
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}
