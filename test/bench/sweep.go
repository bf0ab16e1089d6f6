package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// The database that is swept: 10,000 tasks of 100 users hold 5,000,000
	// posts, and 2,000 of them, which live, 100,000 subtasks.
	sweptTasks    = 10_000
	sweptLive     = 2_000
	sweptSubtasks = 100_000
	sweptPosts    = 5_000_000
	// sweptTimes is how often each statement is timed.
	sweptTimes = 11
	// sweptWithin is how long a statement may take, in milliseconds.
	sweptWithin = 50
)

// measureSweep times each statement that one dispatch and one sweep run, in a
// large database where something of everything is stuck.
func measureSweep(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	if err := b.fillWithOneTask(ctx, address, sweptRows); err != nil {
		return err
	}
	statements, err := sweepStatements(ctx, b, address)
	if err != nil {
		return err
	}
	var worst []float64
	slowest := ""
	for _, statement := range statements {
		took, err := timed(ctx, address, statement)
		if err != nil {
			return err
		}
		b.say("%7.2f ms, %7.2f at its fastest: %.110s", median(took), percentile(took, 0), statement)
		if median(took) > median(worst) {
			worst, slowest = took, statement
		}
	}
	b.table.below(fmt.Sprintf("slowest of the %d statements of dispatch and sweep, 5 million posts, 100,000 subtasks", len(statements)), median(worst), sweptWithin, "ms")
	b.table.note(fmt.Sprintf("… at its fastest; it is `%.60s`", slowest), figure{percentile(worst, 0), "ms"}.String())
	return nil
}

// sweptRows fill the database. Of a live task's fifty subtasks most are due or
// wait for their time, some run and stand on the queue, and some are done; then
// 300 leases have run out, 300 parks are over, 300 deliveries were lost, and 50
// tasks have nothing open and were not settled.
var sweptRows = []string{
	fmt.Sprintf(`INSERT INTO tasks SELECT made.* FROM tasks AS t, generate_series(1, %d) AS n,
		jsonb_populate_record(t, jsonb_build_object(
			'id', lpad(to_hex(n), 32, '0'), 'user_id', lpad(to_hex(n %% 100 + 1), 32, '0'),
			'status', CASE WHEN n > %d THEN 'completed' WHEN n %% 4 = 0 THEN 'pending' ELSE 'running' END,
			'finished_at', CASE WHEN n > %[2]d THEN now() END)) AS made
		WHERE t.id = (SELECT id FROM tasks LIMIT 1)`, sweptTasks, sweptLive),
	fmt.Sprintf(`INSERT INTO subtasks SELECT made.* FROM subtasks AS s, generate_series(1, %d) AS n,
		LATERAL (SELECT (CASE WHEN n %% 103 < 60 THEN 'pending' WHEN n %% 103 < 80 THEN 'waiting' WHEN n %% 103 < 82 THEN 'running'
			WHEN n %% 103 < 84 THEN 'queued' ELSE 'succeeded' END) AS st) AS its,
		jsonb_populate_record(s, jsonb_build_object(
			'id', lpad(to_hex(n), 32, '0'), 'task_id', lpad(to_hex(n %% %d + 1), 32, '0'), 'status', st,
			'run_at', now() + CASE st WHEN 'waiting' THEN interval '1 hour' ELSE interval '0' END,
			'owner', CASE st WHEN 'running' THEN 'somebody' ELSE '' END,
			'lease_until', CASE st WHEN 'running' THEN now() + interval '1 hour' END,
			'queued_at', CASE st WHEN 'queued' THEN now() END,
			'finished_at', CASE st WHEN 'succeeded' THEN now() END)) AS made
		WHERE s.id = (SELECT id FROM subtasks LIMIT 1)`, sweptSubtasks, sweptLive),
	`UPDATE subtasks SET lease_until = now() - interval '1 minute' WHERE id IN (SELECT id FROM subtasks WHERE status = 'running' LIMIT 300)`,
	`UPDATE subtasks SET run_at = now() - interval '1 minute' WHERE id IN (SELECT id FROM subtasks WHERE status = 'waiting' LIMIT 300)`,
	`UPDATE subtasks SET queued_at = now() - interval '1 hour' WHERE id IN (SELECT id FROM subtasks WHERE status = 'queued' LIMIT 300)`,
	`UPDATE subtasks SET status = 'succeeded' WHERE task_id IN (SELECT id FROM tasks WHERE status = 'running' LIMIT 50)`,
	fmt.Sprintf(`INSERT INTO posts (task_id, external_id, id, batch_id, published_at, likes, occurrences,
		first_run, last_seen_run, by_owner, deleted, kind, parent_external_id, root_external_id, author_name, author_external_id, body, url)
		SELECT lpad(to_hex(n / %d + 1), 32, '0')::uuid, 'Ugx' || n, lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n / 500 + 1), 32, '0')::uuid,
		now() - n * interval '1 second', 0, 1, 1, 1, false, false, 'comment', '', '', 'somebody', 'UC' || n %% 5000, repeat('words ', 10), ''
		FROM generate_series(0, %d) AS n`, sweptPosts/sweptTasks, sweptPosts-1),
	"ANALYZE", "CHECKPOINT",
}

// argument is what a statement says that another of its shape may not.
var argument = regexp.MustCompile(`'[^']*'|\b\d+\b`)

// sweepStatements has the store dispatch and sweep, and returns what it said to
// the database, one statement of each shape.
func sweepStatements(ctx context.Context, b *bench, address string) ([]string, error) {
	heard, err := listenIn(ctx, address)
	if err != nil {
		return nil, err
	}
	defer heard.stop()
	store, err := sqlstore.Open(ctx, heard.address, sqlstore.Options{MaxConns: 1})
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	began := time.Now()
	deliveries, err := store.Dispatch(ctx, task.DefaultLimits())
	if err != nil {
		return nil, err
	}
	dispatched := time.Now()
	swept, err := store.Sweep(ctx, ports.SweepLimits{Unclaimed: 30 * time.Second, Rows: 500})
	if err != nil {
		return nil, err
	}
	b.say("a dispatch of %d took %.0f ms; a sweep that takes back %d, unparks %d, settles %d and delivers %d again took %.0f ms",
		len(deliveries), milliseconds(dispatched.Sub(began)), swept.Lost, swept.Unparked, swept.Settled, len(swept.Again), milliseconds(time.Since(dispatched)))
	var statements []string
	seen := map[string]bool{}
	for _, said := range heard.said() {
		shape := argument.ReplaceAllString(said, "?")
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(said)), " ")
		if !seen[shape] && (verb == "SELECT" || verb == "WITH" || verb == "UPDATE" || verb == "INSERT" || verb == "DELETE") {
			seen[shape] = true
			statements = append(statements, said)
		}
	}
	return statements, nil
}

// timed returns the times that a statement takes, in milliseconds. What it
// changes is undone.
func timed(ctx context.Context, address, statement string) (took []float64, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	for range sweptTimes {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if _, err := tx.Exec(ctx, statement); err != nil {
			return nil, fmt.Errorf("%.100s: %w", statement, err)
		}
		took = append(took, milliseconds(time.Since(began)))
		if err := tx.Rollback(ctx); err != nil {
			return nil, err
		}
	}
	return took, nil
}
