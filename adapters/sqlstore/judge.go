package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// BatchPosts goes by the index of batches and does not name the task to the
// database: the planner would read all of the task beside each batch. It reads
// on the writer's connection: on SQLite, workers that never stop reading would
// keep the write-ahead log from being reset, and it would grow and slow down
// everything with the length of the run.
func (s *Store) BatchPosts(ctx context.Context, id task.ID, b task.BatchID, after string, limit int) ([]ports.BatchPost, error) {
	if err := checkIDs(string(id), string(b)); err != nil {
		return nil, nil //nolint:nilerr // no such batch has no posts
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	rows := make([]postRow, 0, limit)
	q := s.db.NewSelect().Model(&rows).Where("p.batch_id = ?", b).Order("p.id").Limit(int64(limit))
	if after != "" {
		q = q.Where("p.id > ?", after)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, s.fault(err)
	}
	if len(rows) > 0 && rows[0].TaskID != string(id) {
		return nil, nil // a batch belongs to one task
	}
	posts := make([]ports.BatchPost, len(rows))
	for i := range rows {
		posts[i] = ports.BatchPost{JudgedPost: rows[i].judged(), Occurrences: rows[i].Occurrences}
	}
	return posts, nil
}

// batchOf returns the batch that the lease's subtask judges.
func batchOf(l ports.Lease) task.BatchID {
	if b := l.Subtask.Payload.Batch; b != "" {
		return b
	}
	return l.Subtask.ID
}

// SaveSpam writes verdicts onto posts of the lease's batch. A post that went to
// another batch meanwhile has a new text, for which the verdict does not hold.
func (s *Store) SaveSpam(ctx context.Context, l ports.Lease, results []ports.SpamResult) error {
	byID := make(map[string]*analysis.SpamVerdict, len(results))
	for i := range results {
		byID[results[i].PostID] = &results[i].Verdict
	}
	return s.judge(ctx, l, keys(byID), func(ctx context.Context, tx bun.Tx, at span, posts []postRow) (c task.Counters, err error) {
		var rows []spamRow
		for i := range posts {
			old, v := &posts[i], byID[posts[i].ID]
			if v == nil || old.byHuman() {
				continue
			}
			isSpam := v.Verdict == analysis.Spam
			c.Spam += count(isSpam) - count(old.isSpam())
			c.Scored -= count(isSpam && old.scored())
			rows = append(rows, spamRow{ID: old.ID, Verdict: string(v.Verdict), Score: v.Score, Reasons: v.Reasons, Model: string(v.Model)})
		}
		return c, s.dialect.setSpam(ctx, tx, at, rows)
	})
}

// SaveSentiments writes sentiments onto posts of the lease's batch.
func (s *Store) SaveSentiments(ctx context.Context, l ports.Lease, results []ports.SentimentResult) error {
	byID := make(map[string]*analysis.Sentiment, len(results))
	for i := range results {
		byID[results[i].PostID] = &results[i].Sentiment
	}
	return s.judge(ctx, l, keys(byID), func(ctx context.Context, tx bun.Tx, at span, posts []postRow) (c task.Counters, err error) {
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
func (s *Store) judge(ctx context.Context, l ports.Lease, ids []string,
	apply func(ctx context.Context, tx bun.Tx, at span, posts []postRow) (task.Counters, error),
) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		sub, err := s.lockLease(ctx, tx, l)
		if err != nil || len(ids) == 0 {
			return err
		}
		at := span{batch: batchOf(l), first: ids[0], last: ids[len(ids)-1]}
		var posts []postRow
		old := tx.NewSelect().Model(&posts).Column("id", "spam_verdict", "spam_model", "sentiment_label").
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

const gatherRepeats = `UPDATE posts AS p SET occurrences = c.occurrences, batch_id = ?
	FROM (SELECT fingerprint, count(*) AS occurrences FROM posts
		WHERE task_id = ? AND fingerprint IS NOT NULL GROUP BY fingerprint HAVING count(*) > 1) AS c
	WHERE p.task_id = ? AND p.fingerprint = c.fingerprint AND p.occurrences < c.occurrences
		AND coalesce(p.spam_model, '') <> ?`

// GatherRepeats counts over the whole task, once in its life. It joins all posts
// with the texts that occur more than once; see hashJoins. It asks for the lease
// last: this may take seconds, and the heartbeat, which writes the same row, must
// not wait for it. Nothing else of the task runs then.
func (s *Store) GatherRepeats(ctx context.Context, l ports.Lease) (int64, error) {
	var gathered int64
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.dialect.hashJoins(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.NewRaw(gatherRepeats, batchOf(l), l.Subtask.TaskID, l.Subtask.TaskID, analysis.HumanModel).Exec(ctx); err != nil {
			return err
		}
		// A run that follows a broken one finds what that gathered as well.
		var err error
		gathered, err = tx.NewSelect().Table("posts").Where("batch_id = ?", batchOf(l)).Count(ctx)
		if err != nil {
			return err
		}
		_, err = s.lockLease(ctx, tx, l)
		return err
	})
	return gathered, err
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
