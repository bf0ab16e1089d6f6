package sqlstore

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// repeatRow says how often a text occurs in a task, twice at least.
type repeatRow struct {
	bun.BaseModel `bun:"table:repeats,alias:r"`

	TaskID      string `bun:"task_id,pk"`
	Fingerprint int64  `bun:"fingerprint,pk"`
	Occurrences int    `bun:"occurrences"`
}

// repeatsStep is how many counts are stored in one transaction, so that nobody
// waits long for SQLite's only writer.
const repeatsStep = 5000

// occurrences is SQL for how often a post's text occurs in its task. As a
// subquery it is looked up for each post by the key, whatever the planner, which
// has not yet seen a new task, believes of the table.
const occurrences = `coalesce((SELECT r.occurrences FROM repeats AS r
	WHERE r.task_id = p.task_id AND r.fingerprint = p.fingerprint), p.occurrences)`

// CountRepeats reads all posts twice beside whoever writes, and writes the
// counts in steps: heartbeats go on meanwhile. Texts whose count has not risen
// are left out. A process counts for one task at a time: this takes two
// connections at once, and many who hold one and want another would wait for ever.
func (s *Store) CountRepeats(ctx context.Context, l ports.Lease) ([]task.StaleBatch, error) {
	ctx, cancel := context.WithTimeout(ctx, longTimeout)
	defer cancel()
	select {
	case s.counting <- struct{}{}:
		defer func() { <-s.counting }()
	case <-ctx.Done():
		return nil, s.fault(ctx.Err())
	}
	if err := s.storeRepeats(ctx, l); err != nil {
		return nil, s.fault(err)
	}
	var stale []task.StaleBatch
	err := s.patiently(ctx, func(ctx context.Context, tx bun.Tx) error {
		posts := tx.NewSelect().TableExpr("posts AS p").Column("batch_id", "occurrences").ColumnExpr(occurrences+" AS risen").
			Where("p.task_id = ? AND p.fingerprint IS NOT NULL AND coalesce(p.spam_model, '') <> ?", l.Subtask.TaskID, analysis.HumanModel)
		return tx.NewSelect().TableExpr("(?) AS p", posts).ColumnExpr("batch_id AS batch").ColumnExpr("count(*) AS posts").
			Where("risen > occurrences").GroupExpr("batch_id").OrderExpr("batch_id").Scan(ctx, &stale)
	})
	return stale, s.fault(err)
}

// storeRepeats counts the texts and stores the counts that rose.
func (s *Store) storeRepeats(ctx context.Context, l ports.Lease) (err error) {
	var rows []repeatRow
	flush := func() error {
		err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			if _, err := s.lockLease(ctx, tx, l); err != nil || len(rows) == 0 {
				return err
			}
			_, err := tx.NewInsert().Model(&rows).On("CONFLICT (task_id, fingerprint) DO UPDATE").
				Set("occurrences = excluded.occurrences").Exec(ctx)
			return err
		})
		rows = rows[:0]
		return err
	}
	err = s.patiently(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		counted, err := tx.NewSelect().TableExpr("posts AS p").Column("fingerprint").ColumnExpr("count(*)").
			Where("p.task_id = ? AND p.fingerprint IS NOT NULL", l.Subtask.TaskID).
			GroupExpr("fingerprint").Having("count(*) > min(p.occurrences)").Rows(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, counted.Close()) }()
		for counted.Next() {
			row := repeatRow{TaskID: string(l.Subtask.TaskID)}
			if err := counted.Scan(&row.Fingerprint, &row.Occurrences); err != nil {
				return err
			}
			if rows = append(rows, row); len(rows) == repeatsStep {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return counted.Err()
	})
	if err != nil {
		return err
	}
	return flush()
}

// patiently reads in a transaction that the server's time limit does not end.
func (s *Store) patiently(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return s.runInTx(ctx, s.read, s.dialect.snapshot(), func(ctx context.Context, tx bun.Tx) error {
		if err := s.dialect.unlimited(ctx, tx); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}
