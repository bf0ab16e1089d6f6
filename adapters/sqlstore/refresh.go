package sqlstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// KnownPosts returns what is stored of a page before it is.
func (s *Store) KnownPosts(ctx context.Context, id task.ID, externalIDs []string) (map[string]int64, error) {
	known := make(map[string]int64, len(externalIDs))
	if len(externalIDs) == 0 || checkIDs(id) != nil {
		return known, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var rows []postRow
	err := s.read.NewSelect().Model(&rows).Column("external_id", "replies").
		Where("p.task_id = ? AND p.external_id IN (?)", id, bun.List(externalIDs)).Scan(ctx)
	for _, r := range rows {
		known[r.ExternalID] = r.Replies
	}
	return known, s.fault(err)
}

// eraseGone makes deleted posts of what the provider no longer shows, with
// their replies, and takes their verdicts off the counters.
func (p *page) eraseGone(ctx context.Context, c *task.Counters) error {
	gone := p.write.Gone
	if gone == nil {
		return nil
	}
	comments, err := p.erase(ctx, c, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("p.published_at >= ?", micro(gone.Since)).
			Where("p.parent_external_id = ? AND p.kind = ? AND p.last_seen_run < ?", gone.Below, content.CommentPost, p.lease.Task.Run)
	})
	if err != nil || len(comments) == 0 {
		return err
	}
	for some := range slices.Chunk(comments, erasedAtOnce) {
		_, err := p.erase(ctx, c, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("p.parent_external_id IN (?) AND p.kind = ?", bun.List(some), content.ReplyPost)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// erasedAtOnce bounds the rows of one statement.
const erasedAtOnce = 500

// erase leaves of the chosen posts that they stood there, and returns their
// external ids.
func (p *page) erase(ctx context.Context, c *task.Counters, choose func(*bun.SelectQuery) *bun.SelectQuery) ([]string, error) {
	var old []postRow
	q := choose(p.tx.NewSelect().Model(&old).Column("external_id", "spam_verdict", "sentiment_label").
		Where("p.task_id = ? AND NOT p.deleted", p.lease.Task.ID))
	if err := p.store.dialect.lock(q.Order("p.external_id"), false).Scan(ctx); err != nil {
		return nil, err
	}
	ids := make([]string, len(old))
	for i := range old {
		ids[i] = old[i].ExternalID
		c.Spam -= count(old[i].isSpam())
		c.Scored -= count(old[i].scored())
	}
	for some := range slices.Chunk(ids, erasedAtOnce) {
		_, err := p.tx.NewUpdate().Table("posts").Where("task_id = ? AND external_id IN (?)", p.lease.Task.ID, bun.List(some)).
			Set("deleted = ?", true).Set("body = '', author_name = '', author_external_id = '', fingerprint = NULL, occurrences = 1").
			Set("spam_verdict = NULL, spam_score = NULL, spam_reasons = NULL, spam_model = NULL").
			Set("sentiment_label = NULL, sentiment_score = NULL, sentiment_model = NULL").Exec(ctx)
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}
