package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.RetentionStore = (*Store)(nil)

// runRow is a row of runs.
type runRow struct {
	bun.BaseModel `bun:"table:runs,alias:r"`

	TaskID       string    `bun:"task_id,pk"`
	Run          int       `bun:"run,pk"`
	Provider     string    `bun:"provider"`
	BeganAt      time.Time `bun:"began_at"`
	TextsDropped bool      `bun:"texts_dropped"`
	Relaxed      string    `bun:"relaxed,scanonly"` // see dialect.relax
}

// insertRun notes that a run of an analysis begins.
func insertRun(ctx context.Context, tx bun.Tx, s task.State, at time.Time) error {
	if s.Kind != task.Analysis {
		return nil
	}
	row := runRow{TaskID: string(s.ID), Run: s.Run, Provider: string(s.Provider), BeganAt: micro(at)}
	_, err := tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

// RunsWithTexts goes by an index that holds nothing else.
func (s *Store) RunsWithTexts(ctx context.Context, provider content.ProviderID, before time.Time, limit int) ([]task.Run, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var rows []runRow
	err := s.read.NewSelect().Model(&rows).Where("r.provider = ? AND r.began_at < ? AND NOT r.texts_dropped", provider, before).
		Order("r.began_at").Limit(int64(limit)).Scan(ctx)
	runs := make([]task.Run, len(rows))
	for i, r := range rows {
		runs[i] = task.Run{TaskID: task.ID(r.TaskID), Run: r.Run, BeganAt: utc(r.BeganAt)}
	}
	return runs, s.fault(err)
}

// TextsSince reads the task's few runs.
func (s *Store) TextsSince(ctx context.Context, id task.ID) (time.Time, error) {
	if checkIDs(id) != nil {
		return time.Time{}, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var row runRow
	err := s.read.NewSelect().Model(&row).Where("r.task_id = ? AND NOT r.texts_dropped", id).Order("r.began_at").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return utc(row.BeganAt), s.fault(err)
}

// DropTexts walks the task by its key and locks no more than the rows that it
// changes, and none of them until the disk has what it wrote: should a crash of
// the server undo it, it undoes what says that the run is done, too.
func (s *Store) DropTexts(ctx context.Context, r task.Run, after string, limit int) (string, error) {
	if err := checkIDs(r.TaskID); err != nil {
		return "", err
	}
	var next string
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		next = ""
		found := tx.NewSelect().Model(new(runRow)).Where("r.task_id = ? AND r.run = ?", r.TaskID, r.Run)
		err := s.dialect.relax(found).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // the task was deleted meanwhile
		}
		if err != nil {
			return err
		}
		var rows []postRow
		err = tx.NewSelect().Model(&rows).Column("external_id", "last_seen_run", "body", "author_name", "author_external_id").
			Where("p.task_id = ? AND p.external_id > ?", r.TaskID, after).Order("p.external_id").Limit(int64(limit)).Scan(ctx)
		if err != nil {
			return err
		}
		if err := dropTexts(ctx, tx, r, rows); err != nil {
			return err
		}
		if len(rows) == limit {
			next = rows[limit-1].ExternalID
			return nil
		}
		_, err = tx.NewUpdate().Model((*runRow)(nil)).Set("texts_dropped = ?", true).
			Where("task_id = ? AND run <= ?", r.TaskID, r.Run).Exec(ctx)
		return err
	})
	return next, err
}

func dropTexts(ctx context.Context, tx bun.Tx, r task.Run, rows []postRow) error {
	var old []string
	for _, p := range rows {
		if p.LastSeenRun <= r.Run && (p.Body != "" || p.AuthorName != "" || p.AuthorExternalID != "") {
			old = append(old, p.ExternalID)
		}
	}
	if len(old) == 0 {
		return nil
	}
	_, err := tx.NewUpdate().Table("posts").Set("body = '', author_name = '', author_external_id = '', fingerprint = NULL").
		Where("task_id = ? AND external_id IN (?) AND last_seen_run <= ?", r.TaskID, bun.List(old), r.Run).Exec(ctx)
	return err
}

// TasksEnded leaves out what runs: a task has no end while it does.
func (s *Store) TasksEnded(ctx context.Context, provider content.ProviderID, before time.Time, limit int) ([]task.State, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var rows []taskRow
	err := s.read.NewSelect().Model(&rows).
		Where("t.provider = ? AND t.finished_at < ? AND t.kind = ?", provider, before, task.Analysis).
		Order("t.finished_at").Limit(int64(limit)).Scan(ctx)
	states := make([]task.State, len(rows))
	for i := range rows {
		states[i] = rows[i].state()
	}
	return states, s.fault(err)
}

// ForgetUser deletes by user.
func (s *Store) ForgetUser(ctx context.Context, user access.UserID) error {
	if err := checkIDs(user); err != nil {
		return err
	}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, table := range []string{"idempotency_keys", "connections"} {
			if _, err := tx.NewDelete().Table(table).Where("user_id = ?", user).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
