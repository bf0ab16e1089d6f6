package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
)

const (
	// smallExport and bigExport, in corpora of 51,756 posts, are 103,512 and
	// 517,560 rows.
	smallExport = 2
	bigExport   = 10
)

// exportedColumns are those of our CSV, for psql.
const exportedColumns = `id, kind, external_id, parent_external_id, root_external_id, author_name, author_external_id, body, likes,
	published_at, edited_at, deleted, url, spam_verdict, spam_score, spam_reasons, spam_model, sentiment_label, sentiment_score, sentiment_model`

// measureExport writes half a million posts to a CSV: in this process, where
// the writer's own time can be seen, and in a real one, where memory and
// download can.
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
	big, err := b.judgedTask(ctx, store, address, bigExport)
	if err != nil {
		return err
	}
	if err := b.execute(ctx, address, "VACUUM ANALYZE posts", "CHECKPOINT"); err != nil {
		return err
	}
	if err := b.exportBesideCopy(ctx, store, address, big); err != nil {
		return err
	}
	return b.exportOverHTTP(ctx, address, small, big)
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
			fmt.Sprintf("UPDATE copied SET external_id = split_part(external_id, '+', 1) || '+%d', id = gen_random_uuid()", n),
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

// exportBesideCopy takes turns with psql.
func (b *bench) exportBesideCopy(ctx context.Context, store *sqlstore.Store, address string, of task.State) error {
	command := fmt.Sprintf(`\copy (SELECT %s FROM posts WHERE task_id = '%s' ORDER BY published_at, external_id) TO '%s' CSV HEADER`,
		strings.Join(strings.Fields(exportedColumns), " "), of.ID, filepath.Join(b.folder, "limit.csv"))
	var ours, whole, limit []float64
	for range rounds {
		written, err := b.exportOnce(ctx, store, of)
		if err != nil {
			return err
		}
		ours = append(ours, float64(written.rows)/written.writing.Seconds())
		whole = append(whole, float64(written.rows)/written.whole.Seconds())
		took, err := psql(ctx, address, command)
		if err != nil {
			return err
		}
		limit = append(limit, float64(written.rows)/took.Seconds())
	}
	b.table.atLeast("CSV export of 517,560 rows, first row read to file published", median(ours), median(limit), 0.8, "rows/s")
	b.table.note("… the query before it included", figure{median(whole), "rows/s"}.String())
	return nil
}

// exportOverHTTP makes both exports in one process and downloads the big one.
func (b *bench) exportOverHTTP(ctx context.Context, address string, small, big task.State) error {
	folder, err := b.newFolder("exports")
	if err != nil {
		return err
	}
	served, err := b.start(ctx, "serve", "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	if err != nil {
		return err
	}
	defer served.stop()
	c, err := b.newClient(ctx, served, address)
	if err != nil {
		return err
	}
	var peaks []float64
	var made taskDocument
	for _, of := range []task.State{small, big} {
		if made, err = c.export(ctx, string(of.ID)); err != nil {
			return err
		}
		if made, err = c.completed(ctx, made.ID, 20*time.Millisecond); err != nil {
			return err
		}
		peak, err := served.memory("VmHWM")
		if err != nil {
			return err
		}
		peaks = append(peaks, peak)
	}
	b.table.growth("… peak memory after 5 times the rows", peaks[1], peaks[0], 1.2, "MiB")
	var rates []float64
	for range rounds {
		rate, err := c.download(ctx, made.ID)
		if err != nil {
			return err
		}
		rates = append(rates, rate)
	}
	b.table.above("download of the export over HTTP", median(rates), 200, "MB/s")
	return nil
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

// caller is the owner of the benchmark's tasks, who may do everything.
func caller(of task.State) access.Caller {
	return access.Caller{User: access.User{ID: of.User, Name: benchUser}, Permissions: access.AllPermissions()}
}
