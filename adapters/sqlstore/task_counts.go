package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// TaskCounts reads both in one snapshot, each by its index.
func (s *Store) TaskCounts(ctx context.Context) (ports.TaskCounts, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	counts := ports.TaskCounts{Live: map[task.Status]int64{}, EndedLately: map[task.Status]int64{}}
	for _, status := range task.Live() {
		counts.Live[status] = 0
	}
	for _, status := range []task.Status{task.Completed, task.CompletedPartial, task.Failed, task.Cancelled} {
		counts.EndedLately[status] = 0
	}
	err := s.runInTx(ctx, s.read, s.dialect.snapshot(), func(ctx context.Context, tx bun.Tx) error {
		if err := scanTasks(ctx, liveTasks(tx), counts.Live); err != nil {
			return err
		}
		return scanTasks(ctx, s.endedTasks(tx), counts.EndedLately)
	})
	return counts, s.fault(err)
}

func countTasks(tx bun.Tx) *bun.SelectQuery {
	return tx.NewSelect().TableExpr("tasks AS t").Column("t.status").ColumnExpr("count(*) AS tasks").GroupExpr("t.status")
}

func liveTasks(tx bun.Tx) *bun.SelectQuery {
	return countTasks(tx).Where("t.status IN (?)", bun.List(task.Live()))
}

// endedTasks names the providers because the index begins with them; the tasks
// of exports have none.
func (s *Store) endedTasks(tx bun.Tx) *bun.SelectQuery {
	providers := []content.ProviderID{content.YouTube, content.Reddit, ""}
	return countTasks(tx).Where("t.provider IN (?)", bun.List(providers)).
		Where("t.finished_at > ?", s.dialect.after(-time.Hour))
}

func scanTasks(ctx context.Context, q *bun.SelectQuery, into map[task.Status]int64) error {
	var rows []struct {
		Status task.Status `bun:"status"`
		Tasks  int64       `bun:"tasks"`
	}
	err := q.Scan(ctx, &rows)
	for _, r := range rows {
		into[r.Status] = r.Tasks
	}
	return err
}
