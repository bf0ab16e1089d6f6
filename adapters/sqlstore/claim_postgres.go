package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// claimRow is a claimed subtask with its task.
type claimRow struct {
	Subtask subtaskRow `bun:"embed:s_"`
	Task    taskRow    `bun:"embed:t_"`
}

// claim takes one round trip where the transaction takes four: on small tasks
// these are most of the work.
func (postgres) claim(ctx context.Context, s *Store, d ports.Delivery, owner string, lease time.Duration) (claimed ports.Lease, done bool, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var row claimRow
	err = s.claiming(s.db.NewUpdate().Model((*subtaskRow)(nil)), d, owner, lease).
		TableExpr("tasks AS t").Where("t.id = s.task_id AND t.status = ?", task.Running).
		Returning("?, ?", s.columnsOf("s", reflect.TypeFor[subtaskRow]()), s.columnsOf("t", reflect.TypeFor[taskRow]())).
		Returning("set_config('synchronous_commit', 'off', true) AS s_relaxed").Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return claimed, false, nil
	}
	return ports.Lease{Subtask: row.Subtask.state(), Task: row.Task.state()}, err == nil, err
}

// columnsOf names the columns of a row's type as claimRow has them.
func (s *Store) columnsOf(alias string, row reflect.Type) bun.Safe {
	var names []string
	for _, f := range s.db.Table(row).Fields {
		names = append(names, alias+"."+string(f.SQLName)+" AS "+alias+"_"+f.Name)
	}
	return bun.Safe(strings.Join(names, ", "))
}
