package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/domain/task"
)

const (
	// corpusRows is how many posts a corpus has; exports are of whole corpora.
	corpusRows = 51_756
	// smallExport is the export, in corpora, that the memory of a big one is
	// compared with.
	smallExport = 2
)

// exportedColumns are those of our CSV, for psql.
const exportedColumns = `id, kind, external_id, parent_external_id, root_external_id, author_name, author_external_id, body, likes,
	published_at, edited_at, deleted, url, spam_verdict, spam_score, spam_reasons, spam_model, sentiment_label, sentiment_score, sentiment_model`

// exportTargets are what issue 5 asks for: the share of COPY's speed, and the
// most memory that the process may have used by then.
var exportTargets = []struct {
	format string
	share  float64
	mib    float64
}{{"csv", 0.8, 64}, {"ndjson", 0.6, 64}, {"parquet", 0.5, 256}, {"xlsx", 0.15, 256}}

// measureExport has a process write the posts of a big task in each format, in
// turns with psql.
func measureExport(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	store, err := b.openStore(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	small, err := b.judgedTask(ctx, store, address, smallExport)
	if err != nil {
		return err
	}
	big, err := b.judgedTask(ctx, store, address, (b.exportRows+corpusRows-1)/corpusRows)
	if err != nil {
		return err
	}
	if err := b.workOutWords(ctx, address); err != nil {
		return err
	}
	if err := b.execute(ctx, address, "VACUUM ANALYZE posts", "CHECKPOINT"); err != nil {
		return err
	}
	for _, target := range exportTargets {
		b.say("export as %s …", target.format)
		e, err := b.exportAs(ctx, address, target.format, small, big)
		if err != nil {
			return fmt.Errorf("%s: %w", target.format, err)
		}
		what := fmt.Sprintf("%s export of %s", target.format, figure{float64(e.rows), "rows, from its start to its end"})
		b.table.atLeast(what, median(e.rates), median(e.limits), target.share, "rows/s")
		b.table.note("… its size", figure{float64(e.bytes) / 1e6, "MB"}.String())
		b.table.growth(fmt.Sprintf("… peak memory, beside that of %d rows", smallExport*corpusRows), e.peak, e.smallPeak, 1.5, "MiB")
		b.table.below("… peak memory of the process (VmHWM)", e.peak, target.mib, "MiB")
		b.table.above("… its download over HTTP", median(e.downloads), 200, "MB/s")
	}
	return nil
}

// workOutWords has a process do what is due once for a task that has ended. Some
// worker does that right then; it belongs to no export, nor does the memory that
// it takes.
func (b *bench) workOutWords(ctx context.Context, address string) error {
	folder, err := b.newFolder("words")
	if err != nil {
		return err
	}
	working, err := b.start(ctx, "serve", "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	if err != nil {
		return err
	}
	defer working.stop()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for due := true; due; {
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		if err := conn.QueryRow(ctx, "SELECT count(*) > 0 FROM words WHERE words IS NULL").Scan(&due); err != nil {
			return err
		}
	}
	return nil
}

// judgedTask makes a task with so many times the corpus. The first corpus is
// stored through the Store and gets plausible verdicts; the others are copies.
func (b *bench) judgedTask(ctx context.Context, store *sqlstore.Store, address string, times int) (task.State, error) {
	posts, err := b.corpus.load(1)
	if err != nil {
		return task.State{}, err
	}
	made, claimed, err := leases(ctx, store, 1)
	if err != nil {
		return made, err
	}
	if _, err := walk(ctx, store, claimed, posts, bigPage); err != nil {
		return made, err
	}
	of := "task_id = '" + string(made.ID) + "'"
	err = b.execute(ctx, address,
		`UPDATE posts SET spam_verdict = 'ok', spam_score = 0.0417, spam_model = 'builtin@1', sentiment_label = 'positive',
			sentiment_score = round((likes % 7 + length(body) % 89)::numeric / 97, 4), sentiment_model = 'builtin@1' WHERE `+of,
		"CREATE TABLE copied AS SELECT * FROM posts WHERE "+of)
	for n := 1; n < times && err == nil; n++ {
		err = b.execute(ctx, address,
			fmt.Sprintf("UPDATE copied SET external_id = split_part(external_id, '+', 1) || '+%d', id = gen_random_uuid(), published_at = published_at + interval '1 second'", n),
			"INSERT INTO posts SELECT * FROM copied")
	}
	if err != nil {
		return made, err
	}
	if err := b.execute(ctx, address, "DROP TABLE copied"); err != nil {
		return made, err
	}
	// Nothing of the task is to run when a worker starts.
	return store.UpdateTask(ctx, made.User, made.ID, func(t *task.Task) error { return t.Cancel(time.Now()) })
}

// exports is what the exports in one format came to.
type exports struct {
	rows, bytes int64
	// rates and limits are of us and of COPY, in rows a second, downloads in MB/s.
	rates, limits, downloads []float64
	// smallPeak and peak are MiB, after a small export and after all.
	smallPeak, peak float64
}

// exportAs measures one format in a process of its own, so that its memory is
// told apart.
func (b *bench) exportAs(ctx context.Context, address, format string, small, big task.State) (*exports, error) {
	folder, err := b.newFolder("exports")
	if err != nil {
		return nil, err
	}
	served, err := b.start(ctx, "serve", "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	if err != nil {
		return nil, err
	}
	defer served.stop()
	c, err := b.newClient(ctx, served, address)
	if err != nil {
		return nil, err
	}
	e := &exports{}
	if _, _, err := c.exported(ctx, small, format); err != nil {
		return nil, err
	}
	if e.smallPeak, err = served.memory("VmHWM"); err != nil {
		return nil, err
	}
	for range rounds {
		if err := b.exportBesideCopy(ctx, c, e, address, format, big); err != nil {
			return nil, err
		}
	}
	e.peak, err = served.memory("VmHWM")
	return e, err
}

// exportBesideCopy is one turn of us and one of psql.
func (b *bench) exportBesideCopy(ctx context.Context, c client, e *exports, address, format string, of task.State) error {
	made, took, err := c.exported(ctx, of, format)
	if err != nil {
		return err
	}
	rate, err := c.download(ctx, made.ID)
	if err != nil {
		return err
	}
	limit, err := psql(ctx, address, fmt.Sprintf(
		`\copy (SELECT %s FROM posts WHERE task_id = '%s' ORDER BY published_at, external_id) TO '%s' CSV HEADER`,
		strings.Join(strings.Fields(exportedColumns), " "), of.ID, filepath.Join(b.folder, "limit.csv")))
	if err != nil {
		return err
	}
	e.rows, e.bytes = made.Export.Rows, made.Export.Bytes
	e.rates = append(e.rates, float64(e.rows)/took.Seconds())
	e.limits = append(e.limits, float64(e.rows)/limit.Seconds())
	e.downloads = append(e.downloads, rate)
	return nil
}

// exported makes an export and returns how long its only subtask ran: the query,
// the file, and all that stands beside it.
func (c client) exported(ctx context.Context, of task.State, format string) (taskDocument, time.Duration, error) {
	made, err := c.export(ctx, string(of.ID), format)
	if err != nil {
		return made, 0, err
	}
	if made, err = c.completed(ctx, made.ID, 20*time.Millisecond); err != nil {
		return made, 0, err
	}
	subtasks, err := c.subtasks(ctx, made.ID)
	if err != nil {
		return made, 0, err
	}
	if len(subtasks) != 1 {
		return made, 0, fmt.Errorf("an export of %d subtasks", len(subtasks))
	}
	return made, subtasks[0].FinishedAt.Sub(subtasks[0].StartedAt), nil
}

// download reads a finished export and returns MB/s.
func (c client) download(ctx context.Context, id string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/tasks/"+id+"/download", http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("download: %s", response.Status)
	}
	// io.Discard alone would read 8 KiB at a time.
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, make([]byte, 256<<10))
	return float64(n) / 1e6 / time.Since(began).Seconds(), err
}
