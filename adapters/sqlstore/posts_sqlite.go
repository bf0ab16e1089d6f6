package sqlstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
)

// sqliteChunk is how many rows go into one statement. Bun writes the values
// into it, so that SQLite's limit of variables does not count, but its limit of
// a statement's length does, and longer statements are no faster.
const sqliteChunk = 500

func (sqliteDB) insertPosts(ctx context.Context, tx bun.Tx, rows []postRow, conflict string) (int64, error) {
	var stored int64
	for chunk := range slices.Chunk(rows, sqliteChunk) {
		result, err := tx.NewInsert().Model(&chunk).On(conflict).Exec(ctx)
		if err != nil {
			return stored, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return stored, err
		}
		stored += n
	}
	return stored, nil
}

func (sqliteDB) existingPosts(ctx context.Context, tx bun.Tx, id task.ID, externalIDs []string) ([]postRow, error) {
	var rows []postRow
	err := tx.NewSelect().Model(&rows).Where("p.task_id = ? AND p.external_id IN (?)", id, bun.List(externalIDs)).Scan(ctx)
	return rows, err
}

func (sqliteDB) setSpam(ctx context.Context, tx bun.Tx, at span, rows []spamRow) error {
	for chunk := range slices.Chunk(rows, sqliteChunk) {
		_, err := tx.NewUpdate().With("v", tx.NewValues(&chunk)).Table("posts").ModelTableExpr("posts AS p").TableExpr("v").
			Set("spam_verdict = v.verdict").Set("spam_score = v.score").Set("spam_reasons = v.reasons").Set("spam_model = v.model").
			Set("sentiment_label = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_label END").
			Set("sentiment_score = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_score END").
			Set("sentiment_model = CASE WHEN v.verdict = 'spam' THEN NULL ELSE p.sentiment_model END").
			Where("p.batch_id = ? AND p.id BETWEEN ? AND ? AND p.id = v.id", at.batch, at.first, at.last).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

func (sqliteDB) setSentiments(ctx context.Context, tx bun.Tx, at span, rows []sentimentRow) error {
	for chunk := range slices.Chunk(rows, sqliteChunk) {
		_, err := tx.NewUpdate().With("v", tx.NewValues(&chunk)).Table("posts").ModelTableExpr("posts AS p").TableExpr("v").
			Set("sentiment_label = v.label").Set("sentiment_score = v.score").Set("sentiment_model = v.model").
			Where("p.batch_id = ? AND p.id BETWEEN ? AND ? AND p.id = v.id", at.batch, at.first, at.last).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
