package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/soundings-io/soundings/domain/task"
)

// Posts go in as arrays: one statement text for every page, and four times as
// fast as a statement with the values written into it (libraries.md §4).
const pgInsertPosts = `INSERT INTO posts AS p (task_id, batch_id, occurrences, first_run, last_seen_run,
	external_id, id, published_at, edited_at, likes, fingerprint, by_owner, deleted, kind,
	parent_external_id, root_external_id, author_name, author_external_id, body, url)
SELECT $1::uuid, $2::uuid, 1, $3::int, $3::int, v.*
FROM unnest($4::text[], $5::text[]::uuid[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::bigint[],
	$10::boolean[], $11::boolean[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[]) AS v
ON `

func (postgres) insertPosts(ctx context.Context, tx bun.Tx, rows []postRow, conflict string) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	result, err := tx.Tx.ExecContext(ctx, pgInsertPosts+conflict,
		rows[0].TaskID, rows[0].BatchID, rows[0].LastSeenRun,
		column(rows, func(r *postRow) string { return r.ExternalID }),
		column(rows, func(r *postRow) string { return r.ID }),
		column(rows, func(r *postRow) time.Time { return r.PublishedAt }),
		column(rows, func(r *postRow) *time.Time { return known(r.EditedAt) }),
		column(rows, func(r *postRow) int64 { return r.Likes }),
		column(rows, func(r *postRow) *int64 { return r.Fingerprint }),
		column(rows, func(r *postRow) bool { return r.ByOwner }),
		column(rows, func(r *postRow) bool { return r.Deleted }),
		column(rows, func(r *postRow) string { return r.Kind }),
		column(rows, func(r *postRow) string { return r.ParentExternalID }),
		column(rows, func(r *postRow) string { return r.RootExternalID }),
		column(rows, func(r *postRow) string { return r.AuthorName }),
		column(rows, func(r *postRow) string { return r.AuthorExternalID }),
		column(rows, func(r *postRow) string { return r.Body }),
		column(rows, func(r *postRow) string { return r.URL }))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// column returns one field of all rows.
func column[R, T any](rows []R, field func(*R) T) []T {
	values := make([]T, len(rows))
	for i := range rows {
		values[i] = field(&rows[i])
	}
	return values
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// existingPosts looks each key up by itself. A plain join lets the planner read
// the whole task once for a page when it takes the task for a new one; a
// subquery that locks cannot be flattened into a join.
func (postgres) existingPosts(ctx context.Context, tx bun.Tx, id task.ID, externalIDs []string) ([]postRow, error) {
	var rows []postRow
	one := tx.NewSelect().Model((*postRow)(nil)).Where("p.task_id = ? AND p.external_id = k.external_id", id).For("NO KEY UPDATE")
	err := tx.NewSelect().Model(&rows).ModelTableExpr("unnest(?::text[]) AS k (external_id) CROSS JOIN LATERAL (?) AS p",
		pgdialect.Array(externalIDs), one).Scan(ctx)
	return rows, err
}

const pgSetSpam = `UPDATE posts AS p SET
	spam_verdict = v.verdict, spam_score = v.score, spam_reasons = v.reasons::jsonb, spam_model = v.model,
	sentiment_label = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_label END,
	sentiment_score = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_score END,
	sentiment_model = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_model END
FROM unnest($4::text[]::uuid[], $5::text[], $6::double precision[], $7::text[], $8::text[]) AS v (id, verdict, score, reasons, model)
WHERE p.batch_id = $1::uuid AND p.id BETWEEN $2::uuid AND $3::uuid AND p.id = v.id`

func (postgres) setSpam(ctx context.Context, tx bun.Tx, at span, rows []spamRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.Tx.ExecContext(ctx, pgSetSpam, string(at.batch), at.first, at.last,
		column(rows, func(r *spamRow) string { return r.ID }),
		column(rows, func(r *spamRow) string { return r.Verdict }),
		column(rows, func(r *spamRow) float64 { return r.Score }),
		column(rows, func(r *spamRow) *string { return jsonList(r.Reasons) }),
		column(rows, func(r *spamRow) string { return r.Model }))
	return err
}

const pgSetSentiments = `UPDATE posts AS p SET
	sentiment_label = v.label, sentiment_score = v.score, sentiment_model = v.model
FROM unnest($4::text[]::uuid[], $5::text[], $6::double precision[], $7::text[]) AS v (id, label, score, model)
WHERE p.batch_id = $1::uuid AND p.id BETWEEN $2::uuid AND $3::uuid AND p.id = v.id`

func (postgres) setSentiments(ctx context.Context, tx bun.Tx, at span, rows []sentimentRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.Tx.ExecContext(ctx, pgSetSentiments, string(at.batch), at.first, at.last,
		column(rows, func(r *sentimentRow) string { return r.ID }),
		column(rows, func(r *sentimentRow) string { return r.Label }),
		column(rows, func(r *sentimentRow) float64 { return r.Score }),
		column(rows, func(r *sentimentRow) string { return r.Model }))
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
