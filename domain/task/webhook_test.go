package task_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func TestParseCallbackURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://example.com/hook", "http://10.0.0.7:8080", "https://example.com/a?token=b#c",
		"HTTPS://EXAMPLE.COM/", "https://[2001:db8::1]:443/x", "https://bücher.example/",
		"https://e.x/" + strings.Repeat("a", task.MaxCallbackURL-12),
	} {
		u, err := task.ParseCallbackURL(good)
		require.NoError(t, err, good)
		require.EqualValues(t, good, u)
	}
	for _, bad := range []string{
		"", "example.com/hook", "/hook", "ftp://example.com", "javascript:alert(1)", "file:///etc/passwd", "https://",
		"https:///path", "https://:443/", "https://user@example.com", "https://user:pass@example.com", "https://@example.com",
		"https://example.com:0/", "https://example.com:65536/", "https://example.com:http/", "https://exa mple.com/",
		"https://example.com/\r\nX: y", "https://example.com/\x00", "unix:///run/docker.sock",
		"https://e.x/" + strings.Repeat("a", task.MaxCallbackURL),
	} {
		_, err := task.ParseCallbackURL(bad)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%q: %v", bad, err)
		require.Equal(t, "callbackUrl", fault.As(err).Field)
	}
}

func FuzzParseCallbackURL(f *testing.F) {
	f.Add("https://example.com/hook")
	f.Add("http://[::1%25lo]:80/")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := task.ParseCallbackURL(s)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		require.LessOrEqual(t, len(u), task.MaxCallbackURL)
		require.NotContains(t, string(u), "\n")
		require.True(t, strings.HasPrefix(strings.ToLower(string(u)), "http"))
	})
}

var ended = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func calledBack() *task.Task {
	src := content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: "x"}
	t, _ := task.NewAnalysis(access.UserID("u"), []content.Source{src}, "", task.Options{}, func() string { return "id" }, ended)
	t.CallBack("https://example.com/hook")
	return t
}

func TestEachEndIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	made := calledBack()
	message := func(id string) func() string { return func() string { return id } }
	require.False(t, made.Announce(message("a")), "it has not ended")

	require.NoError(t, made.Cancel(ended))
	require.True(t, made.Announce(message("a")))
	require.False(t, made.Announce(message("b")))
	require.NoError(t, made.Cancel(ended.Add(time.Second)), "twice changes nothing")
	restored := task.Restore(made.State())
	require.False(t, restored.Announce(message("b")), "what was stored is not announced again")
	require.Equal(t, &task.Webhook{
		URL: "https://example.com/hook", MessageID: "a", Status: task.WebhookPending, EndedAt: ended, NextAttemptAt: ended,
	}, restored.State().Webhook)

	again := restored.State()
	again.Status, again.FinishedAt = task.Running, time.Time{}
	running := task.Restore(again)
	require.False(t, running.Announce(message("b")))
	require.NoError(t, running.Cancel(ended.Add(time.Minute)))
	require.True(t, running.Announce(message("b")))
	require.Equal(t, "b", running.State().Webhook.MessageID)

	require.False(t, running.Told(task.Webhook{MessageID: "a", Status: task.WebhookFailed}), "of an older end")
	require.True(t, running.Told(task.Webhook{MessageID: "b", Status: task.WebhookDelivered}))
	require.Equal(t, task.WebhookDelivered, running.State().Webhook.Status)
}

func TestNobodyIsToldUnlessAsked(t *testing.T) {
	t.Parallel()
	state := calledBack().State()
	state.Webhook = nil
	quiet := task.Restore(state)
	require.NoError(t, quiet.Cancel(ended))
	require.False(t, quiet.Announce(func() string { return "a" }))
	require.False(t, quiet.Told(task.Webhook{}))
}

func TestWebhookPolicy(t *testing.T) {
	t.Parallel()
	policy := task.DefaultWebhookPolicy()
	down := fault.New(fault.Unavailable, fault.CodeUnavailable, "it answered 500")
	for name, c := range map[string]struct {
		attempts int
		late     time.Duration // of the attempt's end after the task's
		random   float64
		err      error
		status   task.WebhookStatus
		next     time.Duration // after the attempt's end
	}{
		"accepted":                {attempts: 1, status: task.WebhookDelivered},
		"first failure":           {attempts: 1, err: down, status: task.WebhookPending, next: 5 * time.Second},
		"doubled":                 {attempts: 3, err: down, status: task.WebhookPending, next: 20 * time.Second},
		"jitter takes half":       {attempts: 3, random: 1, err: down, status: task.WebhookPending, next: 10 * time.Second},
		"at most an hour":         {attempts: 1 << 40, err: down, status: task.WebhookPending, next: time.Hour},
		"given up after a day":    {attempts: 30, late: 23*time.Hour + time.Second, err: down, status: task.WebhookFailed},
		"not before":              {attempts: 30, late: 23 * time.Hour, err: down, status: task.WebhookPending, next: time.Hour},
		"wants no more":           {attempts: 1, err: fault.New(fault.Gone, fault.CodeExpired, "gone"), status: task.WebhookFailed},
		"a forbidden network":     {attempts: 1, err: fault.New(fault.Forbidden, fault.CodeForbidden, "no"), status: task.WebhookFailed},
		"asks for a minute":       {attempts: 1, err: fault.New(fault.RateLimited, fault.CodeRateLimited, "slow").At(ended.Add(time.Minute)), status: task.WebhookPending, next: time.Minute},
		"asks for a year":         {attempts: 1, err: fault.New(fault.RateLimited, fault.CodeRateLimited, "slow").At(ended.AddDate(1, 0, 0)), status: task.WebhookPending, next: time.Hour},
		"a defect is tried again": {attempts: 1, err: errors.New("boom"), status: task.WebhookPending, next: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := ended.Add(c.late)
			before := task.Webhook{MessageID: "a", Attempts: c.attempts, EndedAt: ended, NextAttemptAt: ended, LastError: "older"}
			w := policy.After(before, c.err, at, c.random)
			require.Equal(t, c.status, w.Status)
			require.Equal(t, c.err != nil, w.LastError != "")
			require.Equal(t, c.status == task.WebhookDelivered, !w.DeliveredAt.IsZero())
			if c.next == 0 {
				require.Zero(t, w.NextAttemptAt)
			} else {
				require.Equal(t, at.Add(c.next), w.NextAttemptAt)
			}
		})
	}
}
