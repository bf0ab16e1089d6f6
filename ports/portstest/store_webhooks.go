package portstest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// StoreWithWebhooks is what the kit of ports.WebhookStore needs: tasks that
// come to an end.
type StoreWithWebhooks interface {
	ports.Store
	ports.WebhookStore
}

// WebhookCheck is one guarantee of ports.WebhookStore. It gets a store of its
// own, empty.
type WebhookCheck struct {
	Name string
	Run  func(t StoreT, s StoreWithWebhooks)
}

// WebhookChecks returns the kit of ports.WebhookStore.
func WebhookChecks() []WebhookCheck {
	return []WebhookCheck{
		{"a cancelled task has its message", messageOfCancel},
		{"a task that a worker ends has its message", messageOfFinish},
		{"a task that its last page ends has its message", messageOfPage},
		{"a task that the sweep ends has its message", messageOfSweep},
		{"nobody is told of a task without a callback", messageOfNobody},
		{"an end that is rolled back has no message", messageRolledBack},
		{"a leased message is nobody else's until the lease ends", messageLeased},
		{"an attempt is settled once, and by the last that began", messageSettled},
		{"a message that failed is due again, with the same document", messageAgain},
		{"each end has a message of its own", messageOfEachEnd},
		{"deleting a task deletes its message", messageDeleted},
		{"users take turns", messagesInTurn},
		{"many take each message once", messagesConcurrently},
	}
}

// TestWebhookStore runs the kit. newStore returns an empty, migrated store.
func TestWebhookStore(t *testing.T, newStore func(t *testing.T) StoreWithWebhooks) {
	for _, c := range WebhookChecks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, newStore(t))
		})
	}
}

// webhooks is a world whose tasks have a callback.
type webhooks struct {
	*world
	ports.WebhookStore
}

const callback task.CallbackURL = "https://example.com/hook?a=<b>"

func newWebhooks(t StoreT, s StoreWithWebhooks) *webhooks {
	return &webhooks{world: newWorld(t, s), WebhookStore: s}
}

func (w *webhooks) called(user access.UserID) task.State {
	w.Helper()
	t, first := task.NewAnalysis(user, []content.Source{source("dQw4w9WgXcQ")}, "", task.Options{}, newID, now())
	t.CallBack(callback)
	require.NoError(w, w.CreateTask(w.ctx, t, first))
	require.Equal(w, t.State(), w.taskOf(user, t.State().ID))
	return t.State()
}

func (w *webhooks) taskOf(user access.UserID, id task.ID) task.State {
	w.Helper()
	t, err := w.Task(w.ctx, user, id)
	require.NoError(w, err)
	return t
}

func (w *webhooks) claimed() (task.State, ports.Lease) {
	w.Helper()
	t := w.called(w.user)
	deliveries := w.dispatch()
	require.Len(w, deliveries, 1)
	return t, w.claim(deliveries[0])
}

func (w *webhooks) cancel(t task.State) task.State {
	w.Helper()
	after, err := w.UpdateTask(w.ctx, t.User, t.ID, func(of *task.Task) error { return of.Cancel(now()) })
	require.NoError(w, err)
	return after
}

func (w *webhooks) lease(limit int, length time.Duration) []ports.WebhookLease {
	w.Helper()
	leases, err := w.LeaseWebhooks(w.ctx, limit, length)
	require.NoError(w, err)
	return leases
}

// one returns the only message that is due.
func (w *webhooks) one() ports.WebhookLease {
	w.Helper()
	leases := w.lease(10, leaseLength)
	require.Len(w, leases, 1)
	return leases[0]
}

// requireMessage checks the message of a task that has just ended.
func (w *webhooks) requireMessage(id task.ID, status task.Status) {
	w.Helper()
	shown := w.task(id)
	require.Equal(w, status, shown.Status)
	require.NotEmpty(w, shown.Webhook.MessageID)
	require.Equal(w, task.Webhook{
		URL: callback, MessageID: shown.Webhook.MessageID, Status: task.WebhookPending,
		EndedAt: shown.FinishedAt, NextAttemptAt: shown.FinishedAt,
	}, *shown.Webhook)
	l := w.one()
	require.Equal(w, shown, l.Task, "the message is about the task as it ended")
	shown.Webhook.Attempts = 1
	require.Equal(w, *shown.Webhook, l.Webhook)
}

func messageOfCancel(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.called(w.user)
	require.Empty(t, w.lease(10, leaseLength), "it has not ended")
	require.Equal(t, task.WebhookPending, w.task(made.ID).Webhook.Status)
	w.cancel(made)
	w.cancel(made) // twice changes nothing
	w.requireMessage(made.ID, task.Cancelled)
}

func messageOfFinish(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made, l := w.claimed()
	w.finish(l, task.Fail(task.Problem{Code: fault.CodeSourceNotFound, Message: "there is no such video", SubtaskID: l.Subtask.ID}))
	w.requireMessage(made.ID, task.Failed)
}

func messageOfPage(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made, l := w.claimed()
	w.save(l, ports.PageWrite{Opened: 1, Title: "a \"title\"", Cursor: at("", 1), End: succeeded()})
	w.requireMessage(made.ID, task.Completed)
}

func messageOfSweep(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.called(w.user)
	var d ports.Delivery
	for range 10 { // five lost leases end a subtask, and with it the task
		for _, d = range w.dispatch() {
			_, err := s.Claim(w.ctx, d, "gone", -time.Second)
			require.NoError(t, err)
		}
		_, err := s.Sweep(w.ctx, ports.SweepLimits{Unclaimed: time.Hour, Rows: 10})
		require.NoError(t, err)
	}
	w.requireMessage(made.ID, task.Failed)
}

func messageOfNobody(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.create(w.user, task.Options{})
	require.Nil(t, w.cancel(made).Webhook)
	require.Empty(t, w.lease(10, leaseLength))
}

func messageRolledBack(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.called(w.user)
	boom := fault.New(fault.Internal, fault.CodeInternal, "boom")
	_, err := s.UpdateTask(w.ctx, w.user, made.ID, func(of *task.Task) error {
		require.NoError(t, of.Cancel(now()))
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.Empty(t, w.lease(10, leaseLength))
}

func messageLeased(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	w.cancel(w.called(w.user))
	first := w.one()
	require.Empty(t, w.lease(10, leaseLength))

	w.cancel(w.called(w.user))
	crashed := w.lease(10, -time.Second) // a lease that is over
	require.Len(t, crashed, 1)
	again := w.one()
	require.Equal(t, crashed[0].Webhook.MessageID, again.Webhook.MessageID)
	require.NotEqual(t, first.Webhook.MessageID, again.Webhook.MessageID)
	require.Equal(t, 2, again.Webhook.Attempts, "it may have arrived: it counts")
	require.Equal(t, crashed[0].Task, again.Task)
}

func messageSettled(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.called(w.user)
	w.cancel(made)
	late := w.lease(10, -time.Second)[0]
	l := w.one()
	delivered := task.DefaultWebhookPolicy().After(l.Webhook, nil, now(), 0)
	require.ErrorIs(t, s.SettleWebhook(w.ctx, late, task.DefaultWebhookPolicy().After(late.Webhook, nil, now(), 0)), ports.ErrLeaseLost)
	require.Equal(t, task.WebhookPending, w.task(made.ID).Webhook.Status)
	require.NoError(t, s.SettleWebhook(w.ctx, l, delivered))
	require.Equal(t, delivered, *w.task(made.ID).Webhook)
	require.ErrorIs(t, s.SettleWebhook(w.ctx, l, delivered), ports.ErrLeaseLost)
	require.Empty(t, w.lease(10, leaseLength))
}

func messageAgain(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.called(w.user)
	w.cancel(made)
	first := w.one()
	down := fault.New(fault.Unavailable, fault.CodeUnavailable, "the callback answered 500")
	later := task.DefaultWebhookPolicy().After(first.Webhook, down, now(), 0)
	require.NoError(t, s.SettleWebhook(w.ctx, first, later))
	require.Equal(t, later, *w.task(made.ID).Webhook)
	require.Empty(t, w.lease(10, leaseLength), "it is not due")

	other := w.called(w.user)
	w.cancel(other)
	l := w.one()
	due := task.DefaultWebhookPolicy().After(l.Webhook, down, now().Add(-time.Minute), 0)
	require.NoError(t, s.SettleWebhook(w.ctx, l, due))
	again := w.one()
	require.Equal(t, l.Task, again.Task, "every attempt sends the same")
	require.Equal(t, 2, again.Webhook.Attempts)
	gone := task.DefaultWebhookPolicy().After(again.Webhook, fault.New(fault.Gone, fault.CodeExpired, "410"), now(), 0)
	require.NoError(t, s.SettleWebhook(w.ctx, again, gone))
	require.Equal(t, task.WebhookFailed, w.task(other.ID).Webhook.Status)
	require.Empty(t, w.lease(10, leaseLength))
}

func messageOfEachEnd(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.called(w.user)
	w.cancel(made)
	first := w.one()
	_, err := s.UpdateTask(w.ctx, w.user, made.ID, func(of *task.Task) error { return of.Retry() })
	require.NoError(t, err)
	w.cancel(made)
	second := w.one()
	require.NotEqual(t, first.Webhook.MessageID, second.Webhook.MessageID)
	require.NoError(t, s.SettleWebhook(w.ctx, first, task.DefaultWebhookPolicy().After(first.Webhook, nil, now(), 0)))
	require.Equal(t, task.WebhookPending, w.task(made.ID).Webhook.Status, "the task shows the latest end's message")
	require.NoError(t, s.SettleWebhook(w.ctx, second, task.DefaultWebhookPolicy().After(second.Webhook, nil, now(), 0)))
	require.Equal(t, task.WebhookDelivered, w.task(made.ID).Webhook.Status)
}

func messageDeleted(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	made := w.called(w.user)
	w.cancel(made)
	l := w.lease(10, -time.Second)[0]
	_, err := s.DeleteTask(w.ctx, w.user, made.ID)
	require.NoError(t, err)
	require.Empty(t, w.lease(10, leaseLength))
	require.NoError(t, s.SettleWebhook(w.ctx, l, task.DefaultWebhookPolicy().After(l.Webhook, nil, now(), 0)))
}

func messagesInTurn(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	for range 5 {
		w.cancel(w.called(w.user))
	}
	eve := w.newUser("eve")
	w.cancel(w.called(eve))
	leases := w.lease(2, leaseLength)
	require.Len(t, leases, 2)
	require.ElementsMatch(t, []access.UserID{w.user, eve}, []access.UserID{leases[0].Task.User, leases[1].Task.User})
	require.Len(t, w.lease(10, leaseLength), 4)
}

func messagesConcurrently(t StoreT, s StoreWithWebhooks) {
	w := newWebhooks(t, s)
	for range 12 {
		w.cancel(w.called(w.user))
	}
	var mu sync.Mutex
	var taking sync.WaitGroup
	seen, problems := map[string]int{}, []string{}
	for range 4 {
		taking.Go(func() {
			for range 12 {
				leases, err := s.LeaseWebhooks(w.ctx, 2, leaseLength)
				mu.Lock()
				if err != nil {
					problems = append(problems, fmt.Sprint(err))
				}
				for _, l := range leases {
					seen[l.Webhook.MessageID]++
				}
				mu.Unlock()
			}
		})
	}
	taking.Wait()
	require.Empty(t, problems)
	require.Len(t, seen, 12)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}
