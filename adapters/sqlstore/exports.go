package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// exportFileRow is a file that is still to be removed.
type exportFileRow struct {
	bun.BaseModel `bun:"table:export_files,alias:e"`

	TaskID    string    `bun:"task_id,pk"`
	Format    string    `bun:"format"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// PseudonymKey leaves it to the table's key which of two that come first wins.
func (s *Store) PseudonymKey(ctx context.Context, user access.UserID, id task.ID, fresh []byte) ([]byte, error) {
	if err := checkIDs(string(user), string(id)); err != nil {
		return nil, err
	}
	var key []byte
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO pseudonym_keys (task_id, key) SELECT id, ? FROM tasks WHERE id = ? AND user_id = ?
			ON CONFLICT (task_id) DO NOTHING`, fresh, id, user).Exec(ctx)
		if err != nil {
			return err
		}
		return tx.NewSelect().TableExpr("pseudonym_keys AS k").Column("k.key").Join("JOIN tasks AS t ON t.id = k.task_id").
			Where("k.task_id = ? AND t.user_id = ?", id, user).Scan(ctx, &key)
	})
	return key, err
}

// ExpiredExports goes by the index of times.
func (s *Store) ExpiredExports(ctx context.Context, now time.Time, limit int) ([]ports.ExportFile, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var rows []exportFileRow
	if err := s.expired(&rows, now, limit).Scan(ctx); err != nil {
		return nil, s.fault(err)
	}
	files := make([]ports.ExportFile, len(rows))
	for i, r := range rows {
		files[i] = ports.ExportFile{Task: task.ID(r.TaskID), Format: r.Format}
	}
	return files, nil
}

func (s *Store) expired(rows *[]exportFileRow, now time.Time, limit int) *bun.SelectQuery {
	return s.read.NewSelect().Model(rows).Where("e.expires_at <= ?", micro(now)).Order("e.expires_at").Limit(int64(limit))
}

// ExportsRemoved forgets the files.
func (s *Store) ExportsRemoved(ctx context.Context, ids []task.ID) error {
	if len(ids) == 0 {
		return nil
	}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*exportFileRow)(nil)).Where("task_id IN (?)", bun.List(ids)).Exec(ctx)
		return err
	})
}

// listFile lists what an export has published, until its time is over.
func listFile(ctx context.Context, tx bun.Tx, id task.ID, e task.ExportSpec) error {
	return listFiles(ctx, tx, []exportFileRow{{TaskID: string(id), Format: e.Format, ExpiresAt: e.ExpiresAt}})
}

// listDeleted lists the files of deleted exports as over, those included that
// were published by a run that then did not come to its end.
func listDeleted(ctx context.Context, tx bun.Tx, deleted []task.State) error {
	var rows []exportFileRow
	for _, t := range deleted {
		if t.Export != nil {
			rows = append(rows, exportFileRow{TaskID: string(t.ID), Format: t.Export.Format, ExpiresAt: longOver})
		}
	}
	return listFiles(ctx, tx, rows)
}

// longOver is earlier than every clock.
var longOver = time.Unix(0, 0).UTC()

func listFiles(ctx context.Context, tx bun.Tx, rows []exportFileRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (task_id) DO UPDATE").Set("expires_at = EXCLUDED.expires_at").Exec(ctx)
	return err
}
