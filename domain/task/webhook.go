package task

import (
	"net/url"
	"strconv"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
)

// CallbackURL is an http or https address that is told when a task ends.
// ParseCallbackURL makes it. Where it leads is judged when a message is sent:
// names may lead elsewhere by then.
type CallbackURL string

// MaxCallbackURL is how long a callback's address may be, in bytes.
const MaxCallbackURL = 2048

// ParseCallbackURL returns the address, or Invalid with what a callback is.
// Userinfo is refused: passwords do not belong into rows and logs.
func ParseCallbackURL(s string) (CallbackURL, error) {
	refuse := func(why string) (CallbackURL, error) {
		return "", fault.New(fault.Invalid, fault.CodeInvalidValue, "callbackUrl %s", why).In("callbackUrl")
	}
	if len(s) > MaxCallbackURL {
		return refuse("has at most " + strconv.Itoa(MaxCallbackURL) + " bytes")
	}
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return refuse("is an address such as https://example.com/hook")
	case u.User != nil:
		return refuse("has no user name or password; the receiver checks the signature")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return refuse("has a port from 1 to 65535")
		}
	}
	return CallbackURL(s), nil
}

// WebhookStatus tells what became of a message.
type WebhookStatus string

// The states of a message, spelt as the HTTP contract has them.
const (
	// WebhookPending: the task has not ended, or the message is to be sent (again).
	WebhookPending WebhookStatus = "pending"
	// WebhookDelivered: the receiver took the message.
	WebhookDelivered WebhookStatus = "delivered"
	// WebhookFailed: the message was given up.
	WebhookFailed WebhookStatus = "failed"
)

// Webhook is who is told of a task's ends, and how far the message about the
// latest of them has come.
type Webhook struct {
	URL CallbackURL
	// MessageID names the message in all its attempts; each end of the task has
	// a message of its own. It is empty before the first end.
	MessageID string
	Status    WebhookStatus
	// Attempts counts those that were begun, one under way included.
	Attempts      int
	LastError     string
	EndedAt       time.Time // the end that the message tells of
	NextAttemptAt time.Time
	DeliveredAt   time.Time
}

// CallBack lets the address be told whenever the task ends. Call it before the
// task is stored.
func (t *Task) CallBack(u CallbackURL) {
	t.state.Webhook = &Webhook{URL: u, Status: WebhookPending}
}

// Announce tells whether the task has come to an end that has no message yet,
// and begins one: it must be stored in the same transaction as the end.
func (t *Task) Announce(newID func() string) bool {
	s := &t.state
	if s.Webhook == nil || !s.Status.Ended() || s.Webhook.EndedAt.Equal(s.FinishedAt) {
		return false
	}
	s.Webhook = &Webhook{
		URL: s.Webhook.URL, MessageID: newID(), Status: WebhookPending,
		EndedAt: s.FinishedAt, NextAttemptAt: s.FinishedAt,
	}
	return true
}

// Told takes over what became of a message, and tells whether the task shows
// it: the message about an older end is no longer shown.
func (t *Task) Told(w Webhook) bool {
	if t.state.Webhook == nil || t.state.Webhook.MessageID != w.MessageID {
		return false
	}
	t.state.Webhook = &w
	return true
}

// WebhookPolicy says when a message is sent again, and when it is given up.
type WebhookPolicy struct {
	// FirstDelay is doubled with each attempt, up to MaxDelay.
	FirstDelay, MaxDelay time.Duration
	// Patience is how long after the task's end attempts are made.
	Patience time.Duration
}

// DefaultWebhookPolicy waits 5 seconds, doubled up to an hour, for a day.
func DefaultWebhookPolicy() WebhookPolicy {
	return WebhookPolicy{FirstDelay: 5 * time.Second, MaxDelay: time.Hour, Patience: 24 * time.Hour}
}

// After returns the webhook after the attempt that ended with err, nil for one
// that was accepted. random, from 0 to 1, spreads what failed together: it
// takes up to half off the delay. A final refusal is not tried again.
func (p WebhookPolicy) After(w Webhook, err error, now time.Time, random float64) Webhook {
	w.NextAttemptAt, w.DeliveredAt, w.LastError = time.Time{}, time.Time{}, ""
	if err == nil {
		w.Status, w.DeliveredAt = WebhookDelivered, now
		return w
	}
	f := fault.As(err)
	w.LastError = f.Message
	next := now.Add(p.delay(w.Attempts, random))
	if f.RetryAt.After(next) {
		next = earlier(f.RetryAt, now.Add(p.MaxDelay))
	}
	switch {
	case f.Kind == fault.Gone, f.Kind == fault.Forbidden, f.Kind == fault.Invalid,
		next.After(w.EndedAt.Add(p.Patience)):
		w.Status = WebhookFailed
	default:
		w.Status, w.NextAttemptAt = WebhookPending, next
	}
	return w
}

// delay doubles by steps, so that no number of attempts overflows.
func (p WebhookPolicy) delay(attempts int, random float64) time.Duration {
	d := p.FirstDelay
	for i := 1; i < attempts && d < p.MaxDelay; i++ {
		d *= 2
	}
	d = min(d, p.MaxDelay)
	return d - time.Duration(random*float64(d)/2)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
