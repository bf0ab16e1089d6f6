package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
)

// A statement for each post, prepared once, is faster here than one for all of
// them (inserts 1.5 times, verdicts 7 times): SQLite runs in this process, and
// a long statement has to be parsed.
const (
	sqliteInsertPost = `INSERT INTO posts AS p (task_id, batch_id, occurrences, first_run, last_seen_run,
		external_id, id, published_at, edited_at, likes, replies, fingerprint, by_owner, deleted, kind,
		parent_external_id, root_external_id, author_name, author_external_id, body, url)
		VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON `
	sqliteSetSpam = `UPDATE posts SET spam_verdict = ?1, spam_score = ?2, spam_reasons = ?3, spam_model = ?4,
		sentiment_label = CASE WHEN ?1 = 'spam' THEN NULL ELSE sentiment_label END,
		sentiment_score = CASE WHEN ?1 = 'spam' THEN NULL ELSE sentiment_score END,
		sentiment_model = CASE WHEN ?1 = 'spam' THEN NULL ELSE sentiment_model END, occurrences = ?5
		WHERE batch_id = ?6 AND id = ?7`
	sqliteSetSentiment = `UPDATE posts SET sentiment_label = ?1, sentiment_score = ?2, sentiment_model = ?3
		WHERE batch_id = ?4 AND id = ?5`
)

func (sqliteDB) insertPosts(ctx context.Context, tx bun.Tx, rows []postRow, conflict string) (int64, error) {
	return execEach(ctx, tx, sqliteInsertPost+conflict, rows, sqlitePostArgs)
}

func (sqliteDB) updatePosts(ctx context.Context, tx bun.Tx, rows []postRow) (known []postRow, err error) {
	prepared, err := tx.Tx.PrepareContext(ctx, sqliteInsertPost+updateKnown)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, prepared.Close()) }()
	for i := range rows {
		found, err := prepared.QueryContext(ctx, sqlitePostArgs(&rows[i])...)
		if err != nil {
			return nil, err
		}
		if known, err = scanKnown(known, found); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func sqlitePostArgs(r *postRow) []any {
	return []any{
		r.TaskID, r.BatchID, r.FirstRun, r.LastSeenRun,
		r.ExternalID, r.ID, timeText(&r.PublishedAt), timeText(optional(r.EditedAt)), r.Likes, r.Replies, r.Fingerprint, r.ByOwner, r.Deleted, r.Kind,
		r.ParentExternalID, r.RootExternalID, r.AuthorName, r.AuthorExternalID, r.Body, r.URL,
	}
}

// timeText writes a time as bun does, so that texts of both sort together.
func timeText(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999-07:00")
}

func (sqliteDB) setSpam(ctx context.Context, tx bun.Tx, at span, rows []spamRow) error {
	_, err := execEach(ctx, tx, sqliteSetSpam, rows, func(r *spamRow) []any {
		return []any{r.Verdict, r.Score, jsonList(r.Reasons), r.Model, r.Occurrences, string(at.batch), r.ID}
	})
	return err
}

func (sqliteDB) setSentiments(ctx context.Context, tx bun.Tx, at span, rows []sentimentRow) error {
	_, err := execEach(ctx, tx, sqliteSetSentiment, rows, func(r *sentimentRow) []any {
		return []any{r.Label, r.Score, r.Model, string(at.batch), r.ID}
	})
	return err
}

// execEach runs the statement once for each row and returns how many rows of
// the table it touched.
func execEach[R any](ctx context.Context, tx bun.Tx, statement string, rows []R, args func(*R) []any) (touched int64, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	prepared, err := tx.Tx.PrepareContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, prepared.Close()) }()
	for i := range rows {
		result, err := prepared.ExecContext(ctx, args(&rows[i])...)
		if err != nil {
			return touched, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return touched, err
		}
		touched += n
	}
	return touched, nil
}

func (sqliteDB) deletePosts(ctx context.Context, tx bun.Tx, table bun.Safe, id task.ID, after string, limit int) (gone []string, err error) {
	err = tx.NewRaw(`DELETE FROM ?0 WHERE rowid IN (
		SELECT rowid FROM ?0 WHERE task_id = ?1 AND external_id > ?2 ORDER BY external_id LIMIT ?3) RETURNING external_id`, table, id, after, limit).Scan(ctx, &gone)
	return gone, err
}
