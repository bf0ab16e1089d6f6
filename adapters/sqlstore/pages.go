package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// SavePage needs the task's row only for a cap, a title or the end of the
// subtask; otherwise pages of one task do not wait for each other.
func (s *Store) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	for _, p := range w.Posts {
		if p != p.Cleaned() {
			return ports.PageStored{}, badText(nil)
		}
	}
	var stored ports.PageStored
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		page := page{store: s, tx: tx, lease: l, write: w}
		stored, err = page.save(ctx)
		return err
	})
	return stored, err
}

// page is one page on its way into the database.
type page struct {
	store *Store
	tx    bun.Tx
	lease ports.Lease
	write ports.PageWrite
	task  *taskRow // nil where the page does not need it
	now   time.Time
}

func (p *page) save(ctx context.Context) (ports.PageStored, error) {
	var stored ports.PageStored
	if err := p.lockTask(ctx); err != nil {
		return stored, err
	}
	row, err := p.store.lockLease(ctx, p.tx, p.lease, p.durability())
	if err != nil {
		return stored, err
	}
	p.now = row.Now.UTC()
	state := row.state()
	if source := p.write.EC.TokenSource(); source != "" {
		state.TokenSource, state.AuthMethod, state.IntegrationID = source, p.write.EC.AuthMethod(), p.write.EC.IntegrationID()
	}
	sub := task.RestoreSubtask(state)
	brought, capped, err := p.savePosts(ctx, sub.OpenBatch(p.write.FreshBatch))
	if err != nil {
		return stored, err
	}
	cursor := p.write.Cursor
	cursor.Posts = state.Cursor.Posts // a lease may be older than the row
	brought.Cursor = cursor.Stored(brought.Counters.Fetched, p.write.Fruitful)
	created := sub.PageStored(brought, p.now)
	stored = ports.PageStored{Inserted: brought.Counters.Fetched, Capped: capped}
	if err := p.finish(ctx, sub, created, capped); err != nil {
		return stored, err
	}
	stored.Subtask = sub.State()
	return stored, nil
}

// finish stores the subtask and what it created, and ends it where the page
// says so.
func (p *page) finish(ctx context.Context, sub *task.Subtask, created []*task.Subtask, capped bool) error {
	if err := insertSubtasks(ctx, p.tx, created); err != nil {
		return err
	}
	var t *task.Task
	if p.task != nil {
		t = task.Restore(p.task.state())
		t.SetTitle(p.lease.Subtask.Payload.Source, p.write.Title)
	}
	if p.write.End != nil && !capped {
		return p.store.end(ctx, p.tx, t, sub, *p.write.End, p.now)
	}
	if p.newTitle() {
		if err := writeTask(ctx, p.tx, t); err != nil {
			return err
		}
	}
	return writeSubtask(ctx, p.tx, sub.State())
}

func (p *page) lockTask(ctx context.Context) (err error) {
	if p.lease.Task.Options.MaxPosts <= 0 && p.write.End == nil && !p.newTitle() {
		return nil
	}
	p.task, err = p.store.lockTask(ctx, p.tx, p.lease.Subtask.TaskID)
	if errors.Is(err, sql.ErrNoRows) {
		return ports.ErrLeaseLost // the task was deleted
	}
	return err
}

// newTitle tells whether the page has a title that was not known at the claim.
func (p *page) newTitle() bool {
	sources, i := p.lease.Task.Sources, p.lease.Subtask.Payload.Source
	return p.write.Title != "" && i < len(sources) && sources[i].Title != p.write.Title
}

// durability is firm for the page that may end the task: people are told.
func (p *page) durability() durability { return durability(p.write.End == nil) }

// savePosts stores the page's posts as far as the task may have them and
// returns what they brought.
func (p *page) savePosts(ctx context.Context, batch task.BatchID) (task.Brought, bool, error) {
	rows := p.rows(batch)
	rows, capped, err := p.trim(ctx, rows)
	if err != nil {
		return task.Brought{}, false, err
	}
	slices.SortFunc(rows, func(a, b postRow) int { return strings.Compare(a.ExternalID, b.ExternalID) })
	for i := range rows {
		rows[i].ID = newID()
	}
	brought, err := p.upsert(ctx, rows)
	if err != nil {
		return task.Brought{}, false, err
	}
	brought.Counters.Expected, brought.Counters.Opened = p.write.Expected, p.write.Opened
	brought.Missing, brought.Spawn = p.write.Missing, p.write.Spawn
	if capped {
		brought.Spawn = nil
	}
	return brought, capped, nil
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

// trim leaves out the new comments and replies that are over the task's cap,
// the last of the page first, and counts the others. The task's row is locked,
// so that pages of the same task come one after the other.
func (p *page) trim(ctx context.Context, rows []postRow) ([]postRow, bool, error) {
	limit := p.lease.Task.Options.MaxPosts
	if limit <= 0 {
		return rows, false, nil
	}
	known, err := p.known(ctx, rows)
	if err != nil {
		return nil, false, err
	}
	room, kept := limit-p.task.Discussion, rows[:0:0]
	for _, r := range rows {
		if post := r.post(); post.Discussion() && known[r.ExternalID] == nil {
			if room <= 0 {
				continue
			}
			room--
		}
		kept = append(kept, r)
	}
	_, err = p.tx.NewUpdate().Table("tasks").Set("discussion = ?", limit-room).Where("id = ?", p.task.ID).Exec(ctx)
	return kept, room <= 0, err
}

// known returns the rows of the posts that were there before, by external id.
func (p *page) known(ctx context.Context, rows []postRow) (map[string]*postRow, error) {
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = r.ExternalID
	}
	slices.Sort(keys)
	found, err := p.store.dialect.existingPosts(ctx, p.tx, p.lease.Subtask.TaskID, keys)
	known := make(map[string]*postRow, len(found))
	for i := range found {
		known[found[i].ExternalID] = &found[i]
	}
	return known, err
}

// What happens to a post whose key exists already.
const (
	leaveKnown  = `CONFLICT (task_id, external_id) DO NOTHING`
	updateKnown = `CONFLICT (task_id, external_id) DO UPDATE SET
		published_at = excluded.published_at, edited_at = excluded.edited_at, likes = excluded.likes,
		last_seen_run = excluded.last_seen_run, by_owner = excluded.by_owner, deleted = excluded.deleted,
		kind = excluded.kind, parent_external_id = excluded.parent_external_id, root_external_id = excluded.root_external_id,
		author_name = excluded.author_name, author_external_id = excluded.author_external_id, url = excluded.url`
	// rewordKnown also has the post judged again. What a person said of it stays.
	rewordKnown = updateKnown + `,
		body = excluded.body, fingerprint = excluded.fingerprint, occurrences = 1, batch_id = excluded.batch_id,
		sentiment_label = NULL, sentiment_score = NULL, sentiment_model = NULL,
		spam_verdict = CASE WHEN p.spam_model = 'human' THEN p.spam_verdict END,
		spam_score = CASE WHEN p.spam_model = 'human' THEN p.spam_score END,
		spam_reasons = CASE WHEN p.spam_model = 'human' THEN p.spam_reasons END,
		spam_model = CASE WHEN p.spam_model = 'human' THEN p.spam_model END`
)

// upsert stores the sorted rows. Nearly always all are new, and one statement
// does it. Where some were there before, those are read and compared, and only
// what changed is written.
func (p *page) upsert(ctx context.Context, rows []postRow) (task.Brought, error) {
	var brought task.Brought
	inserted, err := p.store.dialect.insertPosts(ctx, p.tx, rows, leaveKnown)
	brought.Counters.Fetched, brought.ToJudge = inserted, inserted
	if err != nil || inserted == int64(len(rows)) {
		return brought, err
	}
	known, err := p.known(ctx, rows)
	if err != nil {
		return brought, err
	}
	var updated, reworded []postRow
	for _, r := range rows {
		switch old := known[r.ExternalID]; {
		case old == nil || old.ID == r.ID:
		case old.Body != r.Body || old.Deleted != r.Deleted:
			reworded = append(reworded, r)
			brought.ToJudge++
			forget(&brought.Counters, old)
		case old.post() != r.post() || old.LastSeenRun != r.LastSeenRun:
			updated = append(updated, r)
		}
	}
	if _, err := p.store.dialect.insertPosts(ctx, p.tx, updated, updateKnown); err != nil {
		return brought, err
	}
	_, err = p.store.dialect.insertPosts(ctx, p.tx, reworded, rewordKnown)
	return brought, err
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

