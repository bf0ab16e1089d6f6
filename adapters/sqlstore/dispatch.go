package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Dispatch lets one dispatcher after the other work, so that the limits hold
// however many processes there are. Where another process dispatches after the
// call, that is enough: see dispatchSpacing.
func (s *Store) Dispatch(ctx context.Context, l task.Limits) ([]ports.Delivery, error) {
	if l.Only != "" && checkIDs(l.Only) != nil {
		return nil, nil
	}
	var asked time.Time
	if l.Only == "" {
		var served bool
		var err error
		if asked, served, err = s.dialect.awaitTurn(ctx, s); err != nil || served {
			return nil, s.fault(err)
		}
	}
	var deliveries []ports.Delivery
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		deliveries = nil
		if mine, err := s.turn(ctx, tx, asked, l); err != nil || !mine {
			return err
		}
		flow, err := openFlow(ctx, tx)
		if err != nil {
			return err
		}
		claimants, begun, err := s.claimants(ctx, tx, flow, l)
		if err != nil {
			return err
		}
		share := task.Share(claimants, begun, l)
		for _, c := range claimants {
			if n := share[c.Task]; n > 0 {
				queued, err := s.markQueued(ctx, tx, flow, c.Task, n)
				if err != nil {
					return err
				}
				deliveries = append(deliveries, queued...)
			}
		}
		return nil
	})
	return deliveries, err
}

// turn tells whether the dispatch is still wanted, and lets nobody else dispatch
// until it is over. That of one task is nobody's turn but its own.
func (s *Store) turn(ctx context.Context, tx bun.Tx, asked time.Time, l task.Limits) (bool, error) {
	if l.Only != "" {
		return true, s.dialect.keepTurn(ctx, tx)
	}
	return s.dialect.takeTurn(ctx, tx, asked)
}

// flow is what of the work may be dispatched: what operators have not paused.
type flow struct{ paused []task.SubtaskType }

func openFlow(ctx context.Context, tx bun.Tx) (flow, error) {
	paused, err := pausedTypes(ctx, tx)
	return flow{paused}, err
}

// only leaves out paused types. Their ranks are named beside them, where all of
// a rank is paused, because the index of due subtasks has ranks and not types:
// a channel has ten thousand listings to fetch.
func (f flow) only(q *bun.SelectQuery) *bun.SelectQuery {
	if len(f.paused) == 0 {
		return q
	}
	ranks := []int16{}
	for _, t := range task.SubtaskTypes() {
		if !slices.Contains(f.paused, t) && !slices.Contains(ranks, rank(t)) {
			ranks = append(ranks, rank(t))
		}
	}
	if len(ranks) == 0 {
		return q.Where("1 = 0")
	}
	return q.Where("s.rank IN (?)", bun.List(ranks)).Where("s.type NOT IN (?)", bun.List(f.paused))
}

// claimants returns the live tasks that have due subtasks or subtasks on the
// queue, by id. Of each user there are at most as many as could get a share,
// begun ones first, so that a user with ten thousand tasks hides nobody.
//
// It counts, too, each of these users' tasks that run or stand on the queue.
// Parked ones do not count: they would keep others from running until their day.
func (s *Store) claimants(ctx context.Context, tx bun.Tx, flow flow, l task.Limits) ([]task.Claimant, map[access.UserID]int, error) {
	var rows []struct {
		Task   task.ID       `bun:"id"`
		User   access.UserID `bun:"user_id"`
		Status task.Status   `bun:"status"`
		Queued int           `bun:"queued"`
		Due    int           `bun:"due"`
		Begun  int           `bun:"begun"`
	}
	due := flow.only(tx.NewSelect().TableExpr("subtasks AS s").ColumnExpr("1").Where("s.task_id = t.id AND s.status = ?", task.SubtaskPending)).
		Where("s.run_at <= ?", s.dialect.after(0)).Limit(int64(l.PerTask))
	// Each live task's work is looked at once: inlined, it would be for each
	// mention of it. The few that stand on the queue are counted together.
	live := tx.NewSelect().TableExpr("tasks AS t").Column("t.id", "t.user_id", "t.status").
		ColumnExpr("coalesce(q.queued, 0) AS queued").
		ColumnExpr("(SELECT count(*) FROM (?) AS d) AS due", due).
		Join("LEFT JOIN (?) AS q ON q.task_id = t.id", tx.NewSelect().TableExpr("subtasks AS s").Column("s.task_id").
			ColumnExpr("count(*) AS queued").Where("s.status = ?", task.SubtaskQueued).Group("s.task_id")).
		Where("t.status IN (?)", bun.List(task.Live()))
	begun := tx.NewSelect().TableExpr("live AS t").Column("t.user_id").ColumnExpr("count(*) AS begun").
		Where("t.status = ? OR (t.status = ? AND t.queued > 0)", task.Running, task.Pending).Group("t.user_id")
	places := only(tx.NewSelect().TableExpr("live AS t").Column("t.*").
		ColumnExpr("row_number() OVER (PARTITION BY t.user_id ORDER BY CASE t.status WHEN ? THEN 1 ELSE 0 END, t.id) AS place", task.Pending).
		Where("t.due > 0 OR t.queued > 0"), "t.id", l.Only)
	err := tx.NewSelect().WithQuery(bun.NewWithQuery("live", live).Materialized()).TableExpr("(?) AS t", places).
		Column("t.id", "t.user_id", "t.status", "t.queued", "t.due").ColumnExpr("coalesce(b.begun, 0) AS begun").
		Join("LEFT JOIN (?) AS b ON b.user_id = t.user_id", begun).
		Where("t.place <= ?", l.Running+l.PerUser).Order("t.id").Scan(ctx, &rows)
	claimants, running := make([]task.Claimant, len(rows)), map[access.UserID]int{}
	for i, r := range rows {
		claimants[i] = task.Claimant{Task: r.Task, User: r.User, Status: r.Status, Queued: r.Queued, Due: r.Due}
		running[r.User] = r.Begun
	}
	return claimants, running, err
}

// markQueued marks up to n due subtasks of a task, in the order of rank, then
// time. It asks for the task's status once more: a pause may have come between.
func (s *Store) markQueued(ctx context.Context, tx bun.Tx, flow flow, id task.ID, n int) ([]ports.Delivery, error) {
	due := s.due(tx, flow, id).Where("EXISTS (SELECT 1 FROM tasks AS t WHERE t.id = ? AND t.status IN (?))", id, bun.List(task.Live())).
		Limit(int64(n))
	return scanDeliveries(ctx, tx.NewUpdate().Table("subtasks").
		Set("status = ?", task.SubtaskQueued).Set("queued_at = ?", s.dialect.after(0)).
		Where("id IN (?)", s.dialect.lock(due, true)).Returning("id, generation"))
}

// due returns the task's due subtasks in the order of their turns.
func (s *Store) due(tx bun.Tx, flow flow, id task.ID) *bun.SelectQuery {
	return flow.only(tx.NewSelect().TableExpr("subtasks AS s").Column("s.id")).
		Where("s.task_id = ? AND s.status = ?", id, task.SubtaskPending).
		Where("s.run_at <= ?", s.dialect.after(0)).Order("s.rank", "s.run_at", "s.id")
}

func scanDeliveries(ctx context.Context, q *bun.UpdateQuery) ([]ports.Delivery, error) {
	var rows []struct {
		ID         task.SubtaskID `bun:"id"`
		Generation int64          `bun:"generation"`
	}
	if err := q.Scan(ctx, &rows); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	deliveries := make([]ports.Delivery, len(rows))
	for i, r := range rows {
		deliveries[i] = ports.Delivery{SubtaskID: r.ID, Generation: r.Generation}
	}
	return deliveries, nil
}
