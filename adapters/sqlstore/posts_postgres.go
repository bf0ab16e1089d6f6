package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
)

// Posts go in as arrays: one statement text for every page, and four times as
// fast as a statement with the values written into it (libraries.md §4).
const pgInsertPosts = `INSERT INTO posts AS p (task_id, batch_id, occurrences, first_run, last_seen_run,
	external_id, id, published_at, edited_at, likes, replies, fingerprint, by_owner, deleted, kind,
	parent_external_id, root_external_id, author_name, author_external_id, body, url)
SELECT $1::uuid, $2::uuid, 1, $3::int, $3::int, v.*
FROM unnest($4::text[], $5::text[]::uuid[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::bigint[], $10::bigint[],
	$11::boolean[], $12::boolean[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[]) AS v
ON `

func (p postgres) insertPosts(ctx context.Context, tx bun.Tx, rows []postRow, conflict string) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	result, err := tx.Tx.ExecContext(ctx, pgInsertPosts+conflict, p.inBinary(pgPostArgs(rows)...)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (p postgres) updatePosts(ctx context.Context, tx bun.Tx, rows []postRow) ([]postRow, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	found, err := tx.Tx.QueryContext(ctx, pgInsertPosts+updateKnown, p.inBinary(pgPostArgs(rows)...)...)
	if err != nil {
		return nil, err
	}
	return scanKnown(nil, found)
}

func pgPostArgs(rows []postRow) []any {
	return []any{
		rows[0].TaskID, rows[0].BatchID, rows[0].LastSeenRun,
		column(rows, func(r *postRow) string { return r.ExternalID }),
		column(rows, func(r *postRow) string { return r.ID }),
		column(rows, func(r *postRow) time.Time { return r.PublishedAt }),
		column(rows, func(r *postRow) *time.Time { return optional(r.EditedAt) }),
		column(rows, func(r *postRow) int64 { return r.Likes }),
		column(rows, func(r *postRow) int64 { return r.Replies }),
		column(rows, func(r *postRow) *int64 { return r.Fingerprint }),
		column(rows, func(r *postRow) bool { return r.ByOwner }),
		column(rows, func(r *postRow) bool { return r.Deleted }),
		column(rows, func(r *postRow) string { return r.Kind }),
		column(rows, func(r *postRow) string { return r.ParentExternalID }),
		column(rows, func(r *postRow) string { return r.RootExternalID }),
		column(rows, func(r *postRow) string { return r.AuthorName }),
		column(rows, func(r *postRow) string { return r.AuthorExternalID }),
		column(rows, func(r *postRow) string { return r.Body }),
		column(rows, func(r *postRow) string { return r.URL }),
	}
}

// column returns one field of all rows.
func column[R, T any](rows []R, field func(*R) T) []T {
	values := make([]T, len(rows))
	for i := range rows {
		values[i] = field(&rows[i])
	}
	return values
}

// optional returns nil for an unknown time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

const (
	pgSetSpam = ` AS p SET
	occurrences = v.occurrences,
	spam_verdict = v.verdict, spam_score = v.score, spam_reasons = v.reasons, spam_model = v.model,
	sentiment_label = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_label END,
	sentiment_score = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_score END,
	sentiment_model = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_model END
FROM unnest($4::text[]::uuid[], $5::text[], $6::double precision[], $7::text[]::jsonb[], $8::text[], $9::int[])
	AS v (id, verdict, score, reasons, model, occurrences) ` + pgWhereJudged
	pgSetSentiments = ` AS p SET
	sentiment_label = v.label, sentiment_score = v.score, sentiment_model = v.model
FROM unnest($4::text[]::uuid[], $5::text[], $6::double precision[], $7::text[]) AS v (id, label, score, model) ` + pgWhereJudged
	pgWhereJudged = `WHERE p.id = v.id AND p.batch_id = $1::uuid AND p.id BETWEEN $2::uuid AND $3::uuid` // see span
)

func (at span) update(set string) string { return "UPDATE " + string(at.table) + set }

func (p postgres) setSpam(ctx context.Context, tx bun.Tx, at span, rows []spamRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.Tx.ExecContext(ctx, at.update(pgSetSpam), p.inBinary(string(at.batch), at.first, at.last,
		column(rows, func(r *spamRow) string { return r.ID }),
		column(rows, func(r *spamRow) string { return r.Verdict }),
		column(rows, func(r *spamRow) float64 { return r.Score }),
		column(rows, func(r *spamRow) *string { return jsonList(r.Reasons) }),
		column(rows, func(r *spamRow) string { return r.Model }),
		column(rows, func(r *spamRow) int { return r.Occurrences }))...)
	return err
}

func (p postgres) setSentiments(ctx context.Context, tx bun.Tx, at span, rows []sentimentRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.Tx.ExecContext(ctx, at.update(pgSetSentiments), p.inBinary(string(at.batch), at.first, at.last,
		column(rows, func(r *sentimentRow) string { return r.ID }),
		column(rows, func(r *sentimentRow) string { return r.Label }),
		column(rows, func(r *sentimentRow) float64 { return r.Score }),
		column(rows, func(r *sentimentRow) string { return r.Model }))...)
	return err
}

// jsonList returns the words as a JSON array, nil for none.
func jsonList(words []string) *string {
	if len(words) == 0 {
		return nil
	}
	text, err := json.Marshal(words)
	if err != nil {
		return nil // strings always marshal
	}
	list := string(text)
	return &list
}

// deletePosts goes by the key, and by the places of the rows: a planner that
// takes the task for one post would sort all that is left of it for each batch.
func (postgres) deletePosts(ctx context.Context, tx bun.Tx, table bun.Safe, id task.ID, after string, limit int) (gone []string, err error) {
	if _, err := tx.NewRaw("SET LOCAL enable_sort = off").Exec(ctx); err != nil {
		return nil, err
	}
	err = tx.NewRaw(`DELETE FROM ?0 WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM ?0 WHERE task_id = ?1 AND external_id > ?2 ORDER BY external_id LIMIT ?3)) RETURNING external_id`, table, id, after, limit).Scan(ctx, &gone)
	return gone, err
}
