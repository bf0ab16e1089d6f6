package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.WebhookStore = (*Store)(nil)

// webhookRow is a message that is still to be delivered. The task is kept as it
// ended, so that every attempt sends the same document. It is stored under the
// names of taskRow's fields; one that is renamed is empty in the messages of
// its last day.
type webhookRow struct {
	bun.BaseModel `bun:"table:webhooks,alias:w"`

	ID       string    `bun:",pk"`
	TaskID   string    `bun:"task_id"`
	UserID   string    `bun:"user_id"`
	Task     *taskRow  `bun:"task,type:jsonb"`
	Attempts int       `bun:"attempts"`
	DueAt    time.Time `bun:"due_at"`
}

// webhookDoc is the stored form of a task's webhook.
type webhookDoc struct {
	URL           task.CallbackURL   `json:"url"`
	MessageID     string             `json:"messageId,omitempty"`
	Status        task.WebhookStatus `json:"status"`
	Attempts      int                `json:"attempts"`
	LastError     string             `json:"lastError,omitempty"`
	EndedAt       time.Time          `json:"endedAt,omitzero"`
	NextAttemptAt time.Time          `json:"nextAttemptAt,omitzero"`
	DeliveredAt   time.Time          `json:"deliveredAt,omitzero"`
}

// dueAtOnce is earlier than every clock: a new message waits for none.
var dueAtOnce = time.Unix(0, 0).UTC()

// announce stores the message about a task that has just come to an end. It is
// part of writeTask, which every end goes through.
func announce(ctx context.Context, tx bun.Tx, t *task.Task) error {
	if !t.Announce(newID) {
		return nil
	}
	row := newTaskRow(t.State())
	message := webhookRow{
		ID: t.State().Webhook.MessageID, TaskID: row.ID, UserID: row.UserID, Task: &row, DueAt: dueAtOnce,
	}
	_, err := tx.NewInsert().Model(&message).Exec(ctx)
	return err
}

// dueAtATime is among how many due messages, the oldest, turns are given.
const dueAtATime = 1000

// LeaseWebhooks looks first whether anything is due: an idle process polls, and
// must not queue up with those that write.
func (s *Store) LeaseWebhooks(ctx context.Context, limit int, lease time.Duration) ([]ports.WebhookLease, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if any, err := s.dueWebhooks(s.read, "id").Limit(1).Exists(ctx); err != nil || !any {
		return nil, s.fault(err)
	}
	turns := s.db.NewSelect().TableExpr("(?) AS due", s.dueWebhooks(s.db, "id", "user_id", "due_at").Order("due_at", "id").Limit(dueAtATime)).
		Column("id").ColumnExpr("row_number() OVER (PARTITION BY user_id ORDER BY due_at, id) AS turn")
	chosen := s.db.NewSelect().TableExpr("(?) AS turns", turns).Column("id").Order("turn", "id").Limit(int64(limit))
	mine := s.dueWebhooks(s.db, "id").Where("id IN (?)", chosen)
	var rows []webhookRow
	err := s.db.NewUpdate().Model(&rows).
		Set("attempts = attempts + 1").Set("due_at = ?", s.dialect.after(lease)).
		Where("id IN (?)", s.dialect.lock(mine, true)).
		Returning("id, task, attempts").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, s.fault(err)
	}
	return webhookLeases(rows), nil
}

func (s *Store) dueWebhooks(db *bun.DB, columns ...string) *bun.SelectQuery {
	return db.NewSelect().Table("webhooks").Column(columns...).Where("due_at <= ?", s.dialect.after(0))
}

func webhookLeases(rows []webhookRow) []ports.WebhookLease {
	leases := make([]ports.WebhookLease, 0, len(rows))
	for _, r := range rows {
		state := r.Task.state()
		w := *state.Webhook
		w.Attempts = r.Attempts
		leases = append(leases, ports.WebhookLease{Task: state, Webhook: w})
	}
	return leases
}

// SettleWebhook locks the task before the message, as those do who end or
// delete the task.
func (s *Store) SettleWebhook(ctx context.Context, l ports.WebhookLease, w task.Webhook) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockTask(ctx, tx, l.Task.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := settleMessage(ctx, tx, l, w); err != nil {
			return err
		}
		if t := task.Restore(row.state()); t.Told(w) {
			return writeTask(ctx, tx, t)
		}
		return nil
	})
}

func settleMessage(ctx context.Context, tx bun.Tx, l ports.WebhookLease, w task.Webhook) error {
	var settled sql.Result
	var err error
	if w.Status == task.WebhookPending {
		settled, err = tx.NewUpdate().Model((*webhookRow)(nil)).Set("due_at = ?", w.NextAttemptAt).
			Where("id = ? AND attempts = ?", l.Webhook.MessageID, l.Webhook.Attempts).Exec(ctx)
	} else {
		settled, err = tx.NewDelete().Model((*webhookRow)(nil)).
			Where("id = ? AND attempts = ?", l.Webhook.MessageID, l.Webhook.Attempts).Exec(ctx)
	}
	if err != nil {
		return err
	}
	n, err := settled.RowsAffected()
	if err == nil && n == 0 {
		return ports.ErrLeaseLost
	}
	return err
}
