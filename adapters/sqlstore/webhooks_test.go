package sqlstore

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestWebhooksOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestWebhookStore(t, func(t *testing.T) portstest.StoreWithWebhooks { return newSQLite(t) })
}

func TestWebhooksOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestWebhookStore(t, func(t *testing.T) portstest.StoreWithWebhooks { return newPostgres(t) })
}

// TestTheWebhookKitFailsOnBrokenStores proves the kit as
// TestTheKitFailsOnBrokenStores does.
func TestTheWebhookKitFailsOnBrokenStores(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		notices string
		broken  func(*Store) portstest.StoreWithWebhooks
	}{
		"loses messages": {
			"a task that a worker ends has its message",
			func(s *Store) portstest.StoreWithWebhooks { return losesMessages{s} },
		},
		"leases for no time": {
			"a leased message is nobody else's until the lease ends",
			func(s *Store) portstest.StoreWithWebhooks { return leasesNothing{s} },
		},
		"lets a late attempt settle": {
			"an attempt is settled once, and by the last that began",
			func(s *Store) portstest.StoreWithWebhooks { return settlesLate{s} },
		},
		"sends the task as it is now": {
			"a task that its last page ends has its message",
			func(s *Store) portstest.StoreWithWebhooks { return changesTheTask{s} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, check := range portstest.WebhookChecks() {
				if check.Name != c.notices {
					continue
				}
				run := func(s portstest.StoreWithWebhooks) portstest.StoreCheck {
					return portstest.StoreCheck{Run: func(r portstest.StoreT, _ ports.Store) { check.Run(r, s) }}
				}
				require.False(t, fails(t, run(newSQLite(t)), nil), "the check fails on a good store")
				require.True(t, fails(t, run(c.broken(newSQLite(t))), nil), "nothing was noticed")
				return
			}
			t.Fatalf("there is no check %q", c.notices)
		})
	}
}

type losesMessages struct{ *Store }

func (losesMessages) LeaseWebhooks(context.Context, int, time.Duration) ([]ports.WebhookLease, error) {
	return nil, nil
}

type leasesNothing struct{ *Store }

func (s leasesNothing) LeaseWebhooks(ctx context.Context, limit int, _ time.Duration) ([]ports.WebhookLease, error) {
	return s.Store.LeaseWebhooks(ctx, limit, 0)
}

type settlesLate struct{ *Store }

func (s settlesLate) SettleWebhook(ctx context.Context, l ports.WebhookLease, w task.Webhook) error {
	if err := s.Store.SettleWebhook(ctx, l, w); !errors.Is(err, ports.ErrLeaseLost) {
		return err
	}
	return nil
}

type changesTheTask struct{ *Store }

func (s changesTheTask) LeaseWebhooks(ctx context.Context, limit int, lease time.Duration) ([]ports.WebhookLease, error) {
	leases, err := s.Store.LeaseWebhooks(ctx, limit, lease)
	for i := range leases {
		leases[i].Task.Status = task.Running
	}
	return leases, err
}

// TestStoredNamesOfATask pins the names under which messages keep their task:
// one that is renamed is lost in the messages that wait while Soundings is
// brought up to date.
func TestStoredNamesOfATask(t *testing.T) {
	t.Parallel()
	row := reflect.TypeFor[taskRow]()
	for _, name := range []string{
		"ID", "UserID", "Kind", "Status", "Run", "Provider", "Sources", "IntegrationID", "TokenSource", "Options", "Export",
		"Subtasks", "Succeeded", "Failed", "Cancelled", "Fetched", "Spam", "Scored", "Expected", "Opened",
		"Missing", "Problems", "FinalPass", "Webhook", "CreatedAt", "StartedAt", "FinishedAt", "RetryAt",
	} {
		_, found := row.FieldByName(name)
		require.True(t, found, name)
	}
}

// TestTheLookForWebhooksIsIndexed: every worker looks once a second.
func TestTheLookForWebhooksIsIndexed(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	_, err := s.db.ExecContext(t.Context(), `WITH made AS (
		INSERT INTO tasks (id, user_id, kind, status, run, provider, kinds, sources, integration_id, token_source, options, subtasks,
			succeeded, failed, cancelled, fetched, spam, scored, expected, opened, discussion, final_pass, created_at)
		SELECT gen_random_uuid(), gen_random_uuid(), 'analysis', 'failed', 1, 'youtube', '', '[]', '', '', '{}', 0,
			0, 0, 0, 0, 0, 0, 0, 0, 0, false, now() FROM generate_series(1, 20000) RETURNING id, user_id)
		INSERT INTO webhooks SELECT gen_random_uuid(), id, user_id, '{}', 1, now() + interval '1 hour' FROM made`)
	require.NoError(t, err)
	_, err = s.db.ExecContext(t.Context(), "ANALYZE webhooks")
	require.NoError(t, err)
	var plan []string
	require.NoError(t, s.db.NewRaw("EXPLAIN ?", s.dueWebhooks(s.db, "id").Limit(1)).Scan(t.Context(), &plan))
	require.Contains(t, strings.Join(plan, "\n"), "webhooks_due")
}
