package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// BatchPosts goes by the index of batches, see dialect.tableOf. It reads
// on the writer's connection: on SQLite, workers that never stop reading would
// keep the write-ahead log from being reset, and it would grow and slow down
// everything with the length of the run.
func (s *Store) BatchPosts(ctx context.Context, id task.ID, b task.BatchID, stale bool, after string, limit int) ([]ports.BatchPost, error) {
	if after == "" {
		after = uuid.Nil.String()
	}
	if err := checkIDs(string(id), string(b), after); err != nil {
		return nil, nil //nolint:nilerr // no such batch has no posts
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	table, err := s.dialect.tableOf(ctx, s, id)
	if err != nil {
		return nil, s.fault(err)
	}
	posts := make([]ports.BatchPost, 0, min(limit, task.BatchSize))
	err = s.dialect.readPosts(ctx, s.db, batchQuery(s.dialect, table), []any{string(b), after, stale, limit}, func(p *streamed) error {
		if p.taskID == string(id) { // a batch belongs to one task
			posts = append(posts, ports.BatchPost{JudgedPost: p.kept(), Occurrences: p.occurrences})
		}
		return nil
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return posts, nil
}

// batchQuery takes the batch, the id that was read last, whether only stale
// posts are wanted, and how many.
func batchQuery(d dialect, table bun.Safe) string {
	return "SELECT " + streamedColumns + ", p.task_id, p.risen FROM (SELECT p.*, " + occurrences + " AS risen FROM " + string(table) + " AS p WHERE p.batch_id = " +
		d.param(1, "uuid") + " AND p.id > " + d.param(2, "uuid") + ") AS p WHERE NOT " + d.param(3, "boolean") + " OR p.risen > p.occurrences ORDER BY p.id LIMIT " + d.param(4, "bigint")
}

// SaveSpam writes verdicts onto posts of the batch.
func (s *Store) SaveSpam(ctx context.Context, l ports.Lease, b task.BatchID, results []ports.SpamResult) error {
	byID := make(map[string]*ports.SpamResult, len(results))
	for i := range results {
		byID[results[i].PostID] = &results[i]
	}
	return s.judge(ctx, l, b, keys(byID), func(ctx context.Context, tx bun.Tx, at span, posts []postRow) (c task.Counters, err error) {
		var rows []spamRow
		for i := range posts {
			old, r := &posts[i], byID[posts[i].ID]
			if r == nil || old.byHuman() {
				continue
			}
			v := r.Verdict
			isSpam := v.Verdict == analysis.Spam
			c.Spam += count(isSpam) - count(old.isSpam())
			c.Scored -= count(isSpam && old.scored())
			rows = append(rows, spamRow{ID: old.ID, Occurrences: max(r.Occurrences, 1), Verdict: string(v.Verdict), Score: v.Score, Reasons: v.Reasons, Model: string(v.Model)})
		}
		return c, s.dialect.setSpam(ctx, tx, at, rows)
	})
}

// SaveSentiments writes sentiments onto posts of the batch.
func (s *Store) SaveSentiments(ctx context.Context, l ports.Lease, b task.BatchID, results []ports.SentimentResult) error {
	byID := make(map[string]*analysis.Sentiment, len(results))
	for i := range results {
		byID[results[i].PostID] = &results[i].Sentiment
	}
	return s.judge(ctx, l, b, keys(byID), func(ctx context.Context, tx bun.Tx, at span, posts []postRow) (c task.Counters, err error) {
		var rows []sentimentRow
		for i := range posts {
			old, v := &posts[i], byID[posts[i].ID]
			if v == nil || old.isSpam() {
				continue
			}
			c.Scored += count(!old.scored())
			rows = append(rows, sentimentRow{ID: old.ID, Label: string(v.Label), Score: v.Score, Model: string(v.Model)})
		}
		return c, s.dialect.setSentiments(ctx, tx, at, rows)
	})
}

// judge writes what apply makes of the batch's posts that have one of the
// sorted ids, and moves the subtask's counters by what it returns.
func (s *Store) judge(ctx context.Context, l ports.Lease, b task.BatchID, ids []string,
	apply func(ctx context.Context, tx bun.Tx, at span, posts []postRow) (task.Counters, error),
) error {
	table, err := s.dialect.tableOf(ctx, s, l.Subtask.TaskID)
	if err != nil {
		return s.fault(err)
	}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		// Nothing later would notice a verdict that a crash of the server undid.
		sub, err := s.lockLeaseFirmly(ctx, tx, l)
		if err != nil || len(ids) == 0 || checkIDs(b) != nil {
			return err
		}
		at := span{table: table, batch: b, first: ids[0], last: ids[len(ids)-1]}
		var posts []postRow
		old := tx.NewSelect().Model(&posts).ModelTableExpr("? AS p", table).Column("id", "spam_verdict", "spam_model", "sentiment_label").
			Where("p.batch_id = ? AND p.id BETWEEN ? AND ?", at.batch, at.first, at.last).Order("p.id")
		if err := s.dialect.lock(old, false).Scan(ctx); err != nil {
			return err
		}
		moved, err := apply(ctx, tx, at, posts)
		if err != nil || moved == (task.Counters{}) {
			return err
		}
		_, err = tx.NewUpdate().Table("subtasks").Set("spam = spam + ?", moved.Spam).Set("scored = scored + ?", moved.Scored).
			Where("id = ?", sub.ID).Exec(ctx)
		return err
	})
}

// keys returns the ids that are UUIDs, sorted as the index has them.
func keys[V any](byID map[string]V) []string {
	ids := make([]string, 0, len(byID))
	for id := range byID {
		if checkIDs(id) == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, strings.Compare)
	return ids
}

func count(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
