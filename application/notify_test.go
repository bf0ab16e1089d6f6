package application_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const hook task.CallbackURL = "https://example.com/hook"

func encodeTask(t task.State) ([]byte, error) {
	return json.Marshal(map[string]any{"id": t.ID, "status": t.Status, "title": "<b>", "webhook": t.Webhook.Status})
}

func quickWebhooks() task.WebhookPolicy {
	return task.WebhookPolicy{FirstDelay: time.Nanosecond, MaxDelay: time.Nanosecond, Patience: time.Hour}
}

// notify runs a sender until the test ends or the returned function is called.
func (r *rig) notify(n ports.Notifier, policy task.WebhookPolicy, encode application.TaskEncoder) (stop func()) {
	r.t.Helper()
	sender := application.NewWebhooks(r.store, n, encode, policy, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(r.t.Context())
	var running sync.WaitGroup
	running.Go(func() { sender.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	r.t.Cleanup(stop)
	return stop
}

// cancelled makes a task with a callback and ends it.
func (r *rig) cancelled(tasks *application.Tasks) task.State {
	r.t.Helper()
	made, err := tasks.Create(r.t.Context(), r.by, application.NewTask{URLs: []string{"https://youtu.be/SolarBoat01"}, Callback: hook})
	require.NoError(r.t, err)
	ended, err := tasks.Cancel(r.t.Context(), r.by, made.ID)
	require.NoError(r.t, err)
	return ended
}

// idle returns use cases without a process that would run the tasks.
func (r *rig) idle() *application.Tasks {
	d := application.NewDispatcher(r.store, memory.NewQueue(1), task.DefaultLimits(), slog.New(slog.DiscardHandler))
	return application.NewTasks(r.store, r.files, d, 1000)
}

// told waits until the task's message is no longer pending.
func (r *rig) told(id task.ID) task.Webhook {
	r.t.Helper()
	var w task.Webhook
	require.Eventually(r.t, func() bool {
		of, err := r.store.Task(r.t.Context(), r.by.User.ID, id)
		require.NoError(r.t, err)
		w = *of.Webhook
		return w.Status != task.WebhookPending
	}, patience, pollGap)
	return w
}

func TestAWorkedTaskIsTold(t *testing.T) {
	t.Parallel()
	r, inbox := newRig(t), memory.NewNotifier()
	r.notify(inbox, quickWebhooks(), encodeTask)
	p := r.start()
	made, err := p.tasks.Create(t.Context(), r.by, application.NewTask{URLs: []string{"https://youtu.be/SolarBoat01"}, Callback: hook})
	require.NoError(t, err)
	w := r.told(made.ID)
	require.Equal(t, task.WebhookDelivered, w.Status)
	require.Equal(t, 1, w.Attempts)
	ended, err := p.tasks.Task(t.Context(), r.by, made.ID)
	require.NoError(t, err)
	got := inbox.Received()
	require.Len(t, got, 1)
	require.Equal(t, w.MessageID, got[0].ID)
	require.Equal(t, fmt.Sprintf(`{"type":"task.%s","timestamp":%q,"data":{"id":%q,"status":%q,"title":"\u003cb\u003e","webhook":"pending"}}`,
		ended.Status, ended.FinishedAt.Format(time.RFC3339Nano), ended.ID, ended.Status), string(got[0].Body))
}

func TestAMessageIsSentUntilItIsTaken(t *testing.T) {
	t.Parallel()
	r, inbox := newRig(t), memory.NewNotifier()
	inbox.Refuse(fault.New(fault.Unavailable, fault.CodeUnavailable, "the callback answered 500"))
	made := r.cancelled(r.idle())
	r.notify(inbox, quickWebhooks(), encodeTask)
	require.Eventually(t, func() bool { return len(inbox.Received()) >= 3 }, patience, pollGap)
	shown, err := r.store.Task(t.Context(), r.by.User.ID, made.ID)
	require.NoError(t, err)
	require.Equal(t, task.WebhookPending, shown.Webhook.Status)
	require.Equal(t, "the callback answered 500", shown.Webhook.LastError)
	require.NotZero(t, shown.Webhook.NextAttemptAt)

	inbox.Refuse(nil)
	w := r.told(made.ID)
	require.Equal(t, task.WebhookDelivered, w.Status)
	got := inbox.Received()
	require.Len(t, got, w.Attempts)
	for _, m := range got {
		require.Equal(t, got[0], m, "the same id and the same body")
	}
	require.Contains(t, string(got[0].Body), `"type":"task.cancelled"`)
}

func TestAMessageIsGivenUp(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.Unavailable, fault.CodeUnavailable, "the callback answered 500")
	for name, c := range map[string]struct {
		refusal  error
		patience time.Duration
	}{
		"answers 500 for ever":     {down, -time.Second},
		"wants no more":            {fault.New(fault.Gone, fault.CodeExpired, "the callback answered 410"), time.Hour},
		"points into our networks": {fault.New(fault.Forbidden, fault.CodeForbidden, "not on the public internet"), time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, inbox := newRig(t), memory.NewNotifier()
			inbox.Refuse(c.refusal)
			policy := quickWebhooks()
			policy.Patience = c.patience
			made := r.cancelled(r.idle())
			r.notify(inbox, policy, encodeTask)
			w := r.told(made.ID)
			require.Equal(t, task.WebhookFailed, w.Status)
			require.Equal(t, fault.As(c.refusal).Message, w.LastError)
			require.Len(t, inbox.Received(), 1)
		})
	}
}

// TestSendersShareTheWork: several processes, each message once.
func TestSendersShareTheWork(t *testing.T) {
	t.Parallel()
	r, inbox := newRig(t), memory.NewNotifier()
	tasks := r.idle()
	var made []task.State
	for range 2 * 20 {
		made = append(made, r.cancelled(tasks))
	}
	for range 3 {
		r.notify(inbox, quickWebhooks(), encodeTask)
	}
	for _, m := range made {
		require.Equal(t, task.WebhookDelivered, r.told(m.ID).Status)
	}
	require.Len(t, inbox.Received(), len(made))
}

// hanging is a notifier whose receivers do not answer until they are released.
type hanging struct {
	begun    chan struct{}
	released chan struct{}
}

func (h hanging) Notify(context.Context, task.CallbackURL, ports.Message) error {
	h.begun <- struct{}{}
	<-h.released
	return nil
}

// TestWhatIsUnderWayEndsAtAStop: an accepted message is not sent again because
// the process stopped.
func TestWhatIsUnderWayEndsAtAStop(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	h := hanging{begun: make(chan struct{}), released: make(chan struct{})}
	made := r.cancelled(r.idle())
	stop := r.notify(h, quickWebhooks(), encodeTask)
	<-h.begun
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	close(h.released)
	<-stopped
	require.Equal(t, task.WebhookDelivered, r.told(made.ID).Status)
}

func TestADocumentThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	r, inbox := newRig(t), memory.NewNotifier()
	made := r.cancelled(r.idle())
	var tries atomic.Int32
	r.notify(inbox, quickWebhooks(), func(s task.State) ([]byte, error) {
		if tries.Add(1) < 2 {
			return nil, errors.New("a defect")
		}
		return encodeTask(s)
	})
	require.Equal(t, task.WebhookDelivered, r.told(made.ID).Status)
	require.Len(t, inbox.Received(), 1)
}

func TestWithoutANotifierNothingIsTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	made := r.cancelled(r.idle())
	r.notify(nil, quickWebhooks(), encodeTask)()
	leases, err := r.store.LeaseWebhooks(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, leases, 1)
	require.Equal(t, made.ID, leases[0].Task.ID)
}
