package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/content"
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
	row, err := p.store.lockLease(ctx, p.tx, p.lease)
	if err != nil {
		return stored, err
	}
	p.now = row.Now.UTC()
	state := row.state()
	if walked(state.Cursor) != walked(p.lease.Subtask.Cursor) {
		return stored, ports.ErrLeaseLost
	}
	if source := p.write.EC.TokenSource(); source != "" {
		state.TokenSource, state.AuthMethod, state.IntegrationID = source, p.write.EC.AuthMethod(), p.write.EC.IntegrationID()
		state.Fallback = p.write.EC.Fallback()
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

// walked counts the stored pages of a listing, also of one walked anew. A lease
// that knows of others than the row is one of before a crash of the server,
// which may have undone its last pages (see lockLease): behind these nothing
// may be stored, or their posts would be missed by nobody.
func walked(c content.Cursor) int { return c.Page + c.Known }

// finish stores the subtask and what it created, and ends it where the page
// says so.
func (p *page) finish(ctx context.Context, sub *task.Subtask, created []*task.Subtask, capped bool) error {
	if err := p.store.insertSubtasks(ctx, p.tx, created); err != nil {
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
