package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	// keptPosts is what the sweep goes through, in tasks of keptEach.
	keptPosts, keptEach = 5_000_000, 5_000
	// keptLock is how long a transaction of the sweep may hold its locks, in
	// milliseconds.
	keptLock = 100
)

// keptRows are tasks whose texts have been kept for 40 days.
var keptRows = []string{
	fmt.Sprintf(`INSERT INTO tasks SELECT made.* FROM tasks AS t, generate_series(1, %d) AS n,
		jsonb_populate_record(t, jsonb_build_object('id', lpad(to_hex(n), 32, '0'), 'status', 'completed', 'finished_at', now() - interval '40 days')) AS made
		WHERE t.id = (SELECT id FROM tasks LIMIT 1)`, keptPosts/keptEach),
	`DELETE FROM runs`,
	fmt.Sprintf(`INSERT INTO runs (task_id, run, provider, began_at, texts_dropped)
		SELECT lpad(to_hex(n), 32, '0')::uuid, 1, 'youtube', now() - interval '40 days', false FROM generate_series(1, %d) AS n`, keptPosts/keptEach),
	fmt.Sprintf(`INSERT INTO posts (task_id, external_id, id, batch_id, published_at, likes, occurrences,
		first_run, last_seen_run, by_owner, deleted, kind, parent_external_id, root_external_id, author_name, author_external_id, body, url)
		SELECT lpad(to_hex(n / %d + 1), 32, '0')::uuid, 'Ugx' || n, lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n / 500 + 1), 32, '0')::uuid,
		now() - n * interval '1 second', 0, 1, 1, 1, false, false, 'comment', '', '', 'somebody', 'UC' || n %% 5000, repeat('words ', 10), ''
		FROM generate_series(0, %d) AS n`, keptEach, keptPosts-1),
	"ANALYZE", "CHECKPOINT",
}

// measureRetention drops the texts of 5 million posts as a worker does, and
// times each transaction: no lock of it can be held for longer.
func measureRetention(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	if err := b.fillWithOneTask(ctx, address, keptRows); err != nil {
		return err
	}
	store, err := b.openStore(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	timed := &timedRetention{RetentionStore: store}
	policy := application.RetentionPolicy{content.YouTube: {Texts: 30 * 24 * time.Hour}}
	began := time.Now()
	if err := application.NewRetention(timed, nil, policy, slog.New(slog.DiscardHandler)).Sweep(ctx); err != nil {
		return err
	}
	rate := keptPosts / time.Since(began).Seconds()
	left, err := textsLeft(ctx, store)
	if err != nil || left {
		return fmt.Errorf("texts are left: %t, %w", left, err)
	}
	b.table.below(fmt.Sprintf("longest of %d transactions that drop the texts of 5 million posts", len(timed.took)), percentile(timed.took, 100), keptLock, "ms")
	b.table.note("… 99 of 100 take no longer than", figure{percentile(timed.took, 99), "ms"}.String())
	b.table.note("… posts a second", figure{rate, "posts/s"}.String())
	return nil
}

func textsLeft(ctx context.Context, store *sqlstore.Store) (bool, error) {
	runs, err := store.RunsWithTexts(ctx, content.YouTube, time.Now(), 1)
	return len(runs) > 0, err
}

// timedRetention times each batch, in milliseconds.
type timedRetention struct {
	ports.RetentionStore
	took []float64
}

// DropTexts times one batch.
func (s *timedRetention) DropTexts(ctx context.Context, r task.Run, after string, limit int) (string, error) {
	began := time.Now()
	next, err := s.RetentionStore.DropTexts(ctx, r, after, limit)
	s.took = append(s.took, milliseconds(time.Since(began)))
	return next, err
}

// fillWithOneTask lets the store make one task, which the rows then multiply, so
// that theirs are as it writes them.
func (b *bench) fillWithOneTask(ctx context.Context, address string, rows []string) error {
	store, err := b.openStore(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	user, err := store.EnsureUser(ctx, access.User{ID: access.UserID(newID()), Name: benchUser, CreatedAt: time.Now()})
	if err != nil {
		return err
	}
	source := content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: "BenchVideo0", URL: "https://www.youtube.com/watch?v=BenchVideo0"}
	made, subtasks := task.NewAnalysis(user.ID, []content.Source{source}, "", task.Options{}, newID, time.Now())
	if err := store.CreateTask(ctx, made, subtasks); err != nil {
		return err
	}
	began := time.Now()
	defer func() { b.say("filling took %.0f s", time.Since(began).Seconds()) }()
	return b.execute(ctx, address, rows...)
}
