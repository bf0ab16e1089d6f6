package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const (
	// scaleTimes makes half a million judged posts of the corpus, of which the
	// rest is computed.
	scaleTimes = 10
	// unitsADay is what Google grants a project, and postsAUnit what a call of
	// commentThreads.list brings at best for its one unit.
	unitsADay, postsAUnit = 10_000, 100
	// dollarsPerGB is what a month of a managed database's disk is taken to cost:
	// an assumption, like that disks are two thirds full.
	dollarsPerGB, filled = 0.115, 2.0 / 3
)

// measureScale measures what a judged post takes on Postgres, and computes what
// a billion and ten billion would.
func measureScale(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	s, err := b.weigh(ctx, address)
	if err != nil {
		return err
	}
	b.table.note("measured: bytes of a judged post in the table", figure{s.table, "bytes"}.String())
	for _, index := range s.indexes {
		b.table.note("measured: … in the index "+index.Name, figure{index.Bytes / s.posts, "bytes"}.String())
	}
	b.table.note("measured: write-ahead log of storing it, not judged", figure{s.wal, "bytes"}.String())
	b.table.note("measured: stored in a second by four walkers, not judged", figure{s.rate, "posts/s"}.String())
	for _, billions := range []float64{1, 10} {
		s.compute(b, billions)
	}
	return nil
}

// weight is what the posts of a table take.
type weight struct {
	posts, rate float64
	// table, all and wal are bytes of one post: without indexes, with them, and
	// of the log.
	table, all, wal float64
	indexes         []indexSize
}

type indexSize struct {
	Name  string
	Bytes float64
}

func (b *bench) weigh(ctx context.Context, address string) (weight, error) {
	store, err := b.openStore(ctx, address)
	if err != nil {
		return weight{}, err
	}
	defer func() { _ = store.Close() }()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return weight{}, err
	}
	defer func() { _ = conn.Close(ctx) }()
	var before, after float64
	const log = "SELECT (pg_current_wal_lsn() - '0/0')::float8"
	if err := conn.QueryRow(ctx, log).Scan(&before); err != nil {
		return weight{}, err
	}
	posts, err := b.corpus.load(storedTimes)
	if err != nil {
		return weight{}, err
	}
	var w weight
	if w.rate, err = b.storeOnce(ctx, store, address, posts, platformPage); err != nil {
		return w, err
	}
	if err := conn.QueryRow(ctx, log).Scan(&after); err != nil {
		return w, err
	}
	w.wal = (after - before) / float64(len(posts))
	if err := b.execute(ctx, address, "TRUNCATE posts, tasks CASCADE"); err != nil {
		return w, err
	}
	if _, err := b.judgedTask(ctx, store, address, scaleTimes); err != nil {
		return w, err
	}
	w.posts = scaleTimes * corpusRows
	if err := b.execute(ctx, address, "VACUUM posts"); err != nil {
		return w, err
	}
	const sizes = `SELECT sum(pg_table_size(relid)) / $1::float8, sum(pg_total_relation_size(relid)) / $1::float8
		FROM pg_partition_tree('posts') WHERE isleaf`
	if err := conn.QueryRow(ctx, sizes, w.posts).Scan(&w.table, &w.all); err != nil {
		return w, err
	}
	rows, err := conn.Query(ctx, `SELECT indexrelid::regclass::text,
			(SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(indexrelid))::float8
		FROM pg_index WHERE indrelid = 'posts'::regclass ORDER BY 2 DESC`)
	if err != nil {
		return w, err
	}
	w.indexes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[indexSize])
	return w, err
}

// compute multiplies: nothing of it was run.
func (w weight) compute(b *bench, billions float64) {
	posts := billions * 1e9
	const gb, day = 1e9, 24 * 60 * 60
	note := func(what string, value float64, unit string) {
		b.table.note(fmt.Sprintf("computed: %g billion posts, %s", billions, what), figure{value, unit}.String())
	}
	note("table", posts*w.table/gb, "GB")
	note("indexes", posts*(w.all-w.table)/gb, "GB")
	note("disk at two thirds full", posts*w.all/filled/gb, "GB")
	note(fmt.Sprintf("that disk at %g dollars per GB and month", dollarsPerGB), posts*w.all/filled/gb*dollarsPerGB, "dollars a month")
	note("write-ahead log of storing them", posts*w.wal/gb, "GB")
	note("storing them by one process that does nothing else", posts/w.rate/day, "days")
	note("fetching them from YouTube with one project's quota", posts/postsAUnit/unitsADay, "days")
}
