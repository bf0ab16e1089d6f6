package faults_test

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// delivery is a message as both queues carry it.
type delivery struct {
	SubtaskID  string `json:"subtaskId"`
	Generation int64  `json:"generation"`
}

// doubleDeliveries puts everything that is open onto the queue again and again, in another order, past the queue's
// own idempotency, and with it the deliveries of generations that are over.
func (w *world) doubleDeliveries(times int) {
	conn, err := pgx.Connect(w.t.Context(), w.site.postgres.database(w.database))
	require.NoError(w.t, err)
	defer conn.Close(context.WithoutCancel(w.t.Context()))
	put, closeQueue := w.enqueuer(conn)
	defer closeQueue()
	e := wholly(w.of)
	e.noAttempt = true
	for range times {
		id := w.begin()
		for !w.task(id).ended() {
			rows, _ := conn.Query(w.t.Context(), `SELECT id::text, generation FROM subtasks
				WHERE task_id = $1 AND status IN ('pending', 'queued', 'running') LIMIT 100`, id)
			open, err := pgx.CollectRows(rows, pgx.RowToStructByPos[delivery])
			require.NoError(w.t, err)
			for _, d := range open {
				open = append(open, d, delivery{d.SubtaskID, d.Generation - 1})
			}
			w.random.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
			for _, d := range open {
				require.NoError(w.t, put(d))
				w.row.times++
			}
			pause(w.t, 200*time.Millisecond)
		}
		w.audit(id, e)
	}
}

// enqueuer adds deliveries as the adapter of the queue does, but under a key of their own.
func (w *world) enqueuer(conn *pgx.Conn) (put func(delivery) error, closeQueue func()) {
	ctx := w.t.Context()
	if w.site.redis == nil {
		return func(d delivery) error {
			_, err := conn.Exec(ctx, `INSERT INTO river_job (args, kind, max_attempts, queue)
				VALUES ($1, 'subtask.deliver', $2, 'soundings')`, d, math.MaxInt16)
			return err
		}, func() {}
	}
	queue := asynq.NewClient(asynq.RedisClientOpt{Addr: w.site.redis.address})
	return func(d delivery) error {
		message, err := json.Marshal(d)
		if err != nil {
			return err
		}
		_, err = queue.EnqueueContext(ctx, asynq.NewTask("subtask.deliver", message), asynq.Queue("soundings"),
			asynq.MaxRetry(math.MaxInt32), asynq.Timeout(time.Hour))
		return err
	}, func() { _ = queue.Close() }
}
