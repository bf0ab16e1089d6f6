package portstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Inbox is a receiver that the notifier under test can reach.
type Inbox interface {
	// Target is the inbox's address.
	Target() task.CallbackURL
	// Answer makes the inbox refuse what comes with an error of the kind:
	// Gone, RateLimited or Unavailable. nil accepts, as it does at first.
	Answer(refusal *fault.Kind)
	// Received returns what came so far, refused or not, in order.
	Received() []ports.Message
}

// TestNotifier is the kit of ports.Notifier. newNotifier returns a notifier
// and an empty inbox.
func TestNotifier(t *testing.T, newNotifier func(t *testing.T) (ports.Notifier, Inbox)) {
	for name, check := range map[string]func(t *testing.T, n ports.Notifier, in Inbox){
		"a message arrives as it is":                 notifyArrives,
		"it is sent once, and again under its id":    notifyOnce,
		"a refusal says what to do":                  notifyRefusals,
		"the caller's bytes stay the caller's":       notifyKeepsNothing,
		"many send at a time":                        notifyConcurrently,
		"nothing is sent when the context has ended": notifyEnded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, in := newNotifier(t)
			check(t, n, in)
		})
	}
}

func message(id string) ports.Message {
	return ports.Message{ID: id, Body: []byte(`{"type":"task.completed","data":{"title":"<ü>"}}`)}
}

func notifyArrives(t *testing.T, n ports.Notifier, in Inbox) {
	large := ports.Message{ID: "large", Body: []byte(`"` + strings.Repeat("é", 300_000) + `"`)}
	require.NoError(t, n.Notify(t.Context(), in.Target(), message("a")))
	require.NoError(t, n.Notify(t.Context(), in.Target(), large))
	require.Equal(t, []ports.Message{message("a"), large}, in.Received())
}

func notifyOnce(t *testing.T, n ports.Notifier, in Inbox) {
	down := fault.Unavailable
	in.Answer(&down)
	require.Error(t, n.Notify(t.Context(), in.Target(), message("a")))
	require.Len(t, in.Received(), 1, "whoever calls decides about another attempt")
	in.Answer(nil)
	require.NoError(t, n.Notify(t.Context(), in.Target(), message("a")))
	require.Equal(t, []ports.Message{message("a"), message("a")}, in.Received())
}

func notifyRefusals(t *testing.T, n ports.Notifier, in Inbox) {
	for _, kind := range []fault.Kind{fault.Gone, fault.RateLimited, fault.Unavailable} {
		in.Answer(&kind)
		err := n.Notify(t.Context(), in.Target(), message("a"))
		require.Equal(t, kind.String(), fault.KindOf(err).String(), "%v", err)
		require.NotEmpty(t, fault.As(err).Message)
		require.Equal(t, kind == fault.RateLimited, !fault.As(err).RetryAt.IsZero())
	}
}

func notifyKeepsNothing(t *testing.T, n ports.Notifier, in Inbox) {
	m := message("a")
	require.NoError(t, n.Notify(t.Context(), in.Target(), m))
	clear(m.Body)
	require.Equal(t, []ports.Message{message("a")}, in.Received())
}

func notifyConcurrently(t *testing.T, n ports.Notifier, in Inbox) {
	var sending sync.WaitGroup
	var want []ports.Message
	failed := make(chan error, 20)
	for i := range cap(failed) {
		want = append(want, message(fmt.Sprint(i)))
		sending.Go(func() { failed <- n.Notify(t.Context(), in.Target(), message(fmt.Sprint(i))) })
	}
	sending.Wait()
	for range cap(failed) {
		require.NoError(t, <-failed)
	}
	require.ElementsMatch(t, want, in.Received())
}

func notifyEnded(t *testing.T, n ports.Notifier, in Inbox) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, fault.Unavailable, fault.KindOf(n.Notify(ctx, in.Target(), message("a"))))
	require.Empty(t, in.Received())
}
