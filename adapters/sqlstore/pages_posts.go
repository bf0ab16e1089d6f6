package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/soundings-io/soundings/domain/task"
)

// savePosts stores the page's posts as far as the task may have them and
// returns what they brought.
func (p *page) savePosts(ctx context.Context, batch task.BatchID) (brought task.Brought, capped bool, err error) {
	brought = task.Brought{Missing: p.write.Missing, Spawn: p.write.Spawn}
	brought.Counters.Expected, brought.Counters.Opened = p.write.Expected, p.write.Opened
	rows := p.rows(batch)
	if p.lease.Task.Options.MaxPosts > 0 {
		rows, capped, err = p.insertCapped(ctx, rows, &brought)
	} else {
		err = p.insert(ctx, rows, &brought)
	}
	if err != nil {
		return brought, false, err
	}
	if capped {
		brought.Spawn = nil
	}
	if brought.Counters.Fetched < int64(len(rows)) {
		err = p.update(ctx, rows, &brought)
	}
	if err == nil {
		err = p.eraseGone(ctx, &brought.Counters)
	}
	return brought, capped, err
}

// rows returns the page's posts in page order, each key once, the first wins:
// SQLite would take a key twice in one statement, Postgres not.
func (p *page) rows(batch task.BatchID) []postRow {
	rows, seen := make([]postRow, 0, len(p.write.Posts)), make(map[string]bool, len(p.write.Posts))
	for _, post := range p.write.Posts {
		if !seen[post.ExternalID] {
			seen[post.ExternalID] = true
			rows = append(rows, newPostRow(p.lease.Subtask.TaskID, p.lease.Task.Run, batch, post))
		}
	}
	return rows
}

// insert stores the rows that are new, by key, as everybody does: two pages
// with the same posts wait for each other instead of locking each other out.
func (p *page) insert(ctx context.Context, rows []postRow, brought *task.Brought) error {
	slices.SortFunc(rows, func(a, b postRow) int { return strings.Compare(a.ExternalID, b.ExternalID) })
	for i := range rows {
		rows[i].ID = newID()
	}
	inserted, err := p.store.dialect.insertPosts(ctx, p.tx, rows, leaveKnown)
	brought.Counters.Fetched += inserted
	brought.ToJudge += inserted
	return err
}

// insertCapped stores comments and replies only until the task is full, in page
// order, and returns the rows that it came to. It inserts as many at a time as
// there is room for, until the room is used or the page is: what was there
// already takes none. The task's row is locked, so that pages of one task come
// one after the other.
func (p *page) insertCapped(ctx context.Context, rows []postRow, brought *task.Brought) ([]postRow, bool, error) {
	var others, discussion []postRow
	for _, r := range rows {
		if post := r.post(); post.Discussion() {
			discussion = append(discussion, r)
		} else {
			others = append(others, r)
		}
	}
	if err := p.insert(ctx, others, brought); err != nil {
		return nil, false, err
	}
	limit, done := p.lease.Task.Options.MaxPosts, 0
	room := max(limit-p.task.Discussion, 0)
	for room > 0 && done < len(discussion) {
		next := discussion[done:min(int64(done)+room, int64(len(discussion)))]
		before := brought.Counters.Fetched
		if err := p.insert(ctx, next, brought); err != nil {
			return nil, false, err
		}
		room -= brought.Counters.Fetched - before
		done += len(next)
	}
	_, err := p.tx.NewUpdate().Table("tasks").Set("discussion = ?", limit-room).Where("id = ?", p.task.ID).Exec(ctx)
	return append(others, discussion[:done]...), room == 0, err
}

// What happens to a post whose key exists already. All go by the key's index,
// whatever the planner believes of the table; a lookup by task and external id
// may take another index, and read the whole task for each post of a page.
const (
	leaveKnown = `CONFLICT (task_id, external_id) DO NOTHING`
	// updateKnown leaves the text as it is and returns it.
	updateKnown = `CONFLICT (task_id, external_id) DO UPDATE SET
		published_at = excluded.published_at, edited_at = excluded.edited_at, likes = excluded.likes, replies = excluded.replies,
		last_seen_run = excluded.last_seen_run, by_owner = excluded.by_owner,
		kind = excluded.kind, parent_external_id = excluded.parent_external_id, root_external_id = excluded.root_external_id,
		author_name = excluded.author_name, author_external_id = excluded.author_external_id, url = excluded.url
		WHERE (p.body, p.deleted, p.published_at, p.likes, p.replies, p.last_seen_run, p.by_owner, p.kind,
			p.parent_external_id, p.root_external_id, p.author_name, p.author_external_id, p.url)
		<> (excluded.body, excluded.deleted, excluded.published_at, excluded.likes, excluded.replies, excluded.last_seen_run, excluded.by_owner, excluded.kind,
			excluded.parent_external_id, excluded.root_external_id, excluded.author_name, excluded.author_external_id, excluded.url)
		OR p.edited_at IS DISTINCT FROM excluded.edited_at
		RETURNING external_id, body, deleted, coalesce(spam_verdict, ''), coalesce(spam_model, ''), coalesce(sentiment_label, '')`
	// rewordKnown has the post judged again. What a person said of it stays.
	rewordKnown = `CONFLICT (task_id, external_id) DO UPDATE SET
		body = excluded.body, deleted = excluded.deleted, fingerprint = excluded.fingerprint, occurrences = 1, batch_id = excluded.batch_id,
		sentiment_label = NULL, sentiment_score = NULL, sentiment_model = NULL,
		spam_verdict = CASE WHEN p.spam_model = 'human' THEN p.spam_verdict END,
		spam_score = CASE WHEN p.spam_model = 'human' THEN p.spam_score END,
		spam_reasons = CASE WHEN p.spam_model = 'human' THEN p.spam_reasons END,
		spam_model = CASE WHEN p.spam_model = 'human' THEN p.spam_model END`
)

// update brings the posts that were there before up to date. Only those that
// differ are written.
func (p *page) update(ctx context.Context, rows []postRow, brought *task.Brought) error {
	slices.SortFunc(rows, func(a, b postRow) int { return strings.Compare(a.ExternalID, b.ExternalID) })
	known, err := p.store.dialect.updatePosts(ctx, p.tx, rows)
	if err != nil {
		return err
	}
	byKey := make(map[string]*postRow, len(known))
	for i := range known {
		byKey[known[i].ExternalID] = &known[i]
	}
	var reworded []postRow
	for _, r := range rows {
		if old := byKey[r.ExternalID]; old != nil && (old.Body != r.Body || old.Deleted != r.Deleted) {
			reworded = append(reworded, r)
			brought.ToJudge++
			forget(&brought.Counters, old)
		}
	}
	_, err = p.store.dialect.insertPosts(ctx, p.tx, reworded, rewordKnown)
	return err
}

// forget takes a post's verdicts, which do not hold for its new text, off the
// counters.
func forget(c *task.Counters, old *postRow) {
	if old.isSpam() && !old.byHuman() {
		c.Spam--
	}
	if old.scored() {
		c.Scored--
	}
}

// scanKnown appends the rows that updateKnown returned.
func scanKnown(known []postRow, found *sql.Rows) (_ []postRow, err error) {
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var r postRow
		if err := found.Scan(&r.ExternalID, &r.Body, &r.Deleted, &r.SpamVerdict, &r.SpamModel, &r.SentimentLabel); err != nil {
			return nil, err
		}
		known = append(known, r)
	}
	return known, found.Err()
}
