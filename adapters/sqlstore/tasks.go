package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// CreateTask stores the rows in one transaction.
func (s *Store) CreateTask(ctx context.Context, t *task.Task, first []*task.Subtask) error {
	row := newTaskRow(t.State())
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		if err := insertRun(ctx, tx, t.State(), t.State().CreatedAt); err != nil {
			return err
		}
		return s.insertSubtasks(ctx, tx, first)
	})
}

// taskView is a task with what its open subtasks have brought so far.
type taskView struct {
	taskRow `bun:",extend"`

	OpenSubtasks    int64  `bun:"open_subtasks,scanonly"`
	OpenFetched     int64  `bun:"open_fetched,scanonly"`
	OpenSpam        int64  `bun:"open_spam,scanonly"`
	OpenScored      int64  `bun:"open_scored,scanonly"`
	OpenExpected    int64  `bun:"open_expected,scanonly"`
	OpenOpened      int64  `bun:"open_opened,scanonly"`
	OpenTokenSource string `bun:"open_token_source,scanonly"`

	OpenFallback *access.Fallback `bun:"open_fallback,type:jsonb,scanonly"`
}

func (v *taskView) state() task.State {
	s := v.taskRow.state()
	s.Counters = s.Counters.Add(task.Counters{
		Subtasks: v.OpenSubtasks, Fetched: v.OpenFetched, Spam: v.OpenSpam,
		Scored: v.OpenScored, Expected: v.OpenExpected, Opened: v.OpenOpened,
	})
	if v.OpenTokenSource != "" {
		s.TokenSource, s.Fallback = access.TokenSource(v.OpenTokenSource), nil
	}
	if v.OpenFallback != nil {
		s.TokenSource, s.Fallback = access.MasterAPIKey, v.OpenFallback
	}
	return s
}

// selectTasks reads tasks and their open subtasks in one statement, so that no
// subtask that ends in between is counted twice or not at all.
func selectTasks(db bun.IDB, views *[]taskView) *bun.SelectQuery {
	return db.NewSelect().Model(views).ColumnExpr("?TableColumns").
		ColumnExpr("coalesce(sum(s.subtasks), 0) AS open_subtasks").
		ColumnExpr("coalesce(sum(s.fetched), 0) AS open_fetched").
		ColumnExpr("coalesce(sum(s.spam), 0) AS open_spam").
		ColumnExpr("coalesce(sum(s.scored), 0) AS open_scored").
		ColumnExpr("coalesce(sum(s.expected), 0) AS open_expected").
		ColumnExpr("coalesce(sum(s.opened), 0) AS open_opened").
		ColumnExpr("coalesce(max(s.token_source), '') AS open_token_source").
		ColumnExpr("max(CAST(s.fallback AS text)) AS open_fallback"). // the document begins with the time: the latest
		Join("LEFT JOIN subtasks AS s ON s.task_id = t.id AND s.status IN (?)", bun.List(task.OpenSubtaskStatuses())).
		GroupExpr("t.id")
}

// Task is what a web app polls, so its statement is prepared: planning it takes
// longer than running it.
func (s *Store) Task(ctx context.Context, user access.UserID, id task.ID) (task.State, error) {
	if err := checkIDs(string(user), string(id)); err != nil {
		return task.State{}, err
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	query := s.taskQuery()
	rows, err := s.read.DB.QueryContext(ctx, query, s.dialect.prepared(string(id), string(user))...)
	if err != nil {
		return task.State{}, s.fault(err)
	}
	defer func() { _ = rows.Close() }()
	var views []taskView
	if err := errors.Join(s.read.ScanRows(ctx, rows, &views), rows.Err()); err != nil {
		return task.State{}, s.fault(err)
	}
	if len(views) == 0 {
		return task.State{}, notFound()
	}
	return views[0].state(), nil
}

// newTaskQuery returns the text of the statement that reads one task.
func newTaskQuery(s *Store) string {
	return selectTasks(s.read, new([]taskView)).
		Where("t.id = ? AND t.user_id = ?", bun.Safe(s.dialect.param(1, "uuid")), bun.Safe(s.dialect.param(2, "uuid"))).String()
}

func readTask(ctx context.Context, db bun.IDB, user access.UserID, id task.ID) (task.State, error) {
	if err := checkIDs(string(user), string(id)); err != nil {
		return task.State{}, err
	}
	var views []taskView
	if err := selectTasks(db, &views).Where("t.id = ? AND t.user_id = ?", id, user).Scan(ctx); err != nil {
		return task.State{}, err
	}
	if len(views) == 0 {
		return task.State{}, notFound()
	}
	return views[0].state(), nil
}

// Tasks lists by id: ids are UUID v7 and so in the order of creation.
func (s *Store) Tasks(ctx context.Context, user access.UserID, f ports.TaskFilter, p ports.Paging) (ports.Listed[task.State], error) {
	var none ports.Listed[task.State]
	if err := checkIDs(user); err != nil {
		return none, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	list := newList("tasks", user, f)
	q := taskFilter(s.read.NewSelect().TableExpr("tasks AS t").Column("t.id").Where("t.user_id = ?", user), f)
	if p.After != "" {
		after, err := list.open(p.After, 1)
		if err != nil {
			return none, err
		}
		q = q.Where("t.id < ?", after[0])
	}
	var views []taskView
	page := s.read.NewSelect().TableExpr("(?) AS page", q.Order("t.id DESC").Limit(int64(p.Limit)+1)).Column("page.id")
	if err := selectTasks(s.read, &views).Where("t.id IN (?)", page).Order("t.id DESC").Scan(ctx); err != nil {
		return none, s.fault(err)
	}
	states := make([]task.State, len(views))
	for i := range views {
		states[i] = views[i].state()
	}
	return paged(list, states, p.Limit, func(t task.State) []string { return []string{string(t.ID)} }), nil
}

func taskFilter(q *bun.SelectQuery, f ports.TaskFilter) *bun.SelectQuery {
	if len(f.Statuses) > 0 {
		q = q.Where("t.status IN (?)", bun.List(f.Statuses))
	}
	if len(f.Providers) > 0 {
		q = q.Where("t.provider IN (?)", bun.List(f.Providers))
	}
	if len(f.Kinds) > 0 {
		q = q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, kind := range f.Kinds {
				q = q.WhereOr(`t.kinds LIKE ? ESCAPE '\'`, "%,"+escapeLike(kind)+",%")
			}
			return q
		})
	}
	return q
}

// UpdateTask locks the task, then its subtasks as far as fn touched them.
func (s *Store) UpdateTask(ctx context.Context, user access.UserID, id task.ID, fn func(*task.Task) error) (task.State, error) {
	var state task.State
	if err := checkIDs(string(user), string(id)); err != nil {
		return state, err
	}
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockTask(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.UserID != string(user) {
			return sql.ErrNoRows
		}
		t := task.Restore(row.state())
		if err := fn(t); err != nil {
			return callerError{err}
		}
		if err := s.applyRequest(ctx, tx, t, row.Now.UTC()); err != nil {
			return err
		}
		state, err = readTask(ctx, tx, user, id)
		return err
	})
	return state, err
}

// applyRequest stores a locked task with what a person's request makes of its
// subtasks.
func (s *Store) applyRequest(ctx context.Context, tx bun.Tx, t *task.Task, now time.Time) error {
	if become, changes := t.OpenSubtasksBecome(); changes {
		if err := s.stopOpen(ctx, tx, t, become, now); err != nil {
			return err
		}
	}
	if t.Reopened() {
		if err := s.reopen(ctx, tx, t, now); err != nil {
			return err
		}
	}
	if t.Refreshed() {
		if err := insertRun(ctx, tx, t.State(), now); err != nil {
			return err
		}
	}
	return writeTask(ctx, tx, t)
}

// DeleteTask lists the task for DeletePosts: its rows may be a million.
func (s *Store) DeleteTask(ctx context.Context, user access.UserID, id task.ID) ([]task.State, error) {
	if err := checkIDs(string(user), string(id)); err != nil {
		return nil, err
	}
	var removed []task.State
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockTask(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.UserID != string(user) {
			return sql.ErrNoRows
		}
		if err := task.Restore(row.state()).Deletable(); err != nil {
			return err
		}
		var exports []taskRow
		of := tx.NewSelect().Model(&exports).Where("t.export_of = ?", id).Order("t.id")
		if err := s.dialect.lock(of, false).Scan(ctx); err != nil {
			return err
		}
		removed = removed[:0]
		for _, r := range append([]taskRow{*row}, exports...) {
			removed = append(removed, r.state())
		}
		return deleteRows(ctx, tx, removed)
	})
	if err != nil {
		return nil, err
	}
	return removed, nil
}

func deleteRows(ctx context.Context, tx bun.Tx, tasks []task.State) error {
	ids := make([]task.ID, len(tasks))
	var posts []deletedTaskRow
	for i, t := range tasks {
		ids[i] = t.ID
		if t.Kind == task.Analysis {
			posts = append(posts, deletedTaskRow{TaskID: string(t.ID)})
		}
	}
	if err := listDeleted(ctx, tx, tasks); err != nil {
		return err
	}
	if len(posts) > 0 {
		if _, err := tx.NewInsert().Model(&posts).Exec(ctx); err != nil {
			return err
		}
	}
	_, err := tx.NewDelete().Table("tasks").Where("id IN (?)", bun.List(ids)).Exec(ctx) // their subtasks go with them
	return err
}

// Subtasks lists by id, which is the order of creation.
func (s *Store) Subtasks(ctx context.Context, user access.UserID, id task.ID, p ports.Paging) (ports.Listed[task.SubtaskState], error) {
	var none ports.Listed[task.SubtaskState]
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.owned(ctx, s.read, user, id); err != nil {
		return none, err
	}
	list := newList("subtasks", id)
	var rows []subtaskRow
	q := s.read.NewSelect().Model(&rows).Where("s.task_id = ?", id).Order("s.id").Limit(int64(p.Limit) + 1)
	if p.After != "" {
		after, err := list.open(p.After, 1)
		if err != nil {
			return none, err
		}
		q = q.Where("s.id > ?", after[0])
	}
	if err := q.Scan(ctx); err != nil {
		return none, s.fault(err)
	}
	states := make([]task.SubtaskState, len(rows))
	for i := range rows {
		states[i] = rows[i].state()
	}
	return paged(list, states, p.Limit, func(sub task.SubtaskState) []string { return []string{string(sub.ID)} }), nil
}

// owned returns NotFound unless the task exists and is the user's.
func (s *Store) owned(ctx context.Context, db bun.IDB, user access.UserID, id task.ID) error {
	if err := checkIDs(string(user), string(id)); err != nil {
		return err
	}
	exists, err := db.NewSelect().Table("tasks").Where("id = ? AND user_id = ?", id, user).Exists(ctx)
	if err == nil && !exists {
		return notFound()
	}
	return s.fault(err)
}
