package application_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// manifest is what encodeManifest writes, which takes the place of the API's
// document.
type manifest struct {
	Spec    task.ExportSpec
	Columns []string
	Of      task.ID
	Fetched int64
}

func encodeManifest(m application.Manifest) ([]byte, error) {
	return json.Marshal(manifest{Spec: m.Spec, Columns: m.Columns, Of: m.Of.ID, Fetched: m.Totals.Total})
}

// export makes an export and waits for its end.
func (p *process) export(req application.NewExport) task.State {
	p.t.Helper()
	made, err := p.exports.Create(p.t.Context(), p.by, req)
	require.NoError(p.t, err)
	return p.ended(made.ID)
}

// read returns the file of a finished export.
func (p *process) read(id task.ID) string {
	p.t.Helper()
	download, err := p.exports.Open(p.t.Context(), p.by, id)
	require.NoError(p.t, err)
	defer func() { _ = download.Close() }()
	body, err := io.ReadAll(download)
	require.NoError(p.t, err)
	return string(body)
}

// published returns the names of an export's files, of whatever run.
func (r *rig) published(export task.State) []string {
	r.t.Helper()
	var names []string
	for _, generation := range []string{"", "1.", "2.", "3.", "4.", "5.", "6.", "7.", "8.", "9."} {
		for _, ending := range []string{export.Export.Format, "manifest.json"} {
			name := string(export.ID) + "." + generation + ending
			file, err := r.files.Open(r.t.Context(), name)
			if fault.Is(err, fault.NotFound) {
				continue
			}
			require.NoError(r.t, err)
			require.NoError(r.t, file.Close())
			names = append(names, name)
		}
	}
	return names
}

func (p *process) manifest(id task.ID) manifest {
	p.t.Helper()
	document, err := p.exports.Manifest(p.t.Context(), p.by, id)
	require.NoError(p.t, err)
	var m manifest
	require.NoError(p.t, json.Unmarshal(document, &m))
	return m
}

func TestAManifestTellsWhatStandsInTheFile(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	of := p.ended(p.collect(watch + "WakeIn60sec"))
	ended := p.export(application.NewExport{
		TaskID: of.ID, Format: "csv", Threaded: true, BOM: true, FormulaGuard: true, Columns: []string{"text", "id", "text"},
	})
	require.Equal(t, task.Completed, ended.Status, codes(ended))
	m := p.manifest(ended.ID)
	spec := *ended.Export
	spec.ExpiresAt = time.Time{} // the clock begins when it is published
	require.Equal(t, spec, m.Spec)
	require.Equal(t, []string{"id", "text"}, m.Columns, "each once, in the order of the full list")
	require.Equal(t, manifest{m.Spec, m.Columns, of.ID, of.Counters.Fetched}, m)
	require.True(t, strings.HasPrefix(p.read(ended.ID), "\ufeffid,text\r\n"))

	whole := p.manifest(p.export(application.NewExport{TaskID: of.ID, Format: "ndjson", BOM: true, FormulaGuard: true}).ID)
	require.Empty(t, whole.Columns)
	require.False(t, whole.Spec.BOM || whole.Spec.FormulaGuard, "it claims nothing that such a file does not have")
	require.Len(t, p.manifest(p.export(application.NewExport{TaskID: of.ID, Format: "parquet"}).ID).Columns, 20)
}

// TestThreadsStayTogether: every reply stands behind its comment, before the next.
func TestThreadsStayTogether(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	of := p.ended(p.collect(watch + "WakeIn60sec"))
	ended := p.export(application.NewExport{TaskID: of.ID, Format: "csv", Threaded: true, Columns: []string{"kind", "externalId", "parentExternalId"}})
	rows, err := csv.NewReader(strings.NewReader(p.read(ended.ID))).ReadAll()
	require.NoError(t, err)
	require.EqualValues(t, of.Counters.Fetched, len(rows)-1)
	require.Equal(t, "video", rows[1][0])
	var thread string
	replies := 0
	for _, row := range rows[2:] {
		if row[0] == "comment" {
			thread = row[1]
			continue
		}
		replies++
		require.Equal(t, thread, row[2])
	}
	require.NotZero(t, replies)
}

// authors returns what a file says of who wrote which post, and every cell of it.
func authors(t *testing.T, file string) map[string][2]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	require.NoError(t, err)
	found := map[string][2]string{}
	for _, row := range rows[1:] {
		found[row[2]] = [2]string{row[5], row[6]}
	}
	return found
}

func TestPseudonymsHideAuthors(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	of, other := p.ended(p.collect(watch+"WakeIn60sec")), p.ended(p.collect(watch+"WakeIn60sec"))
	plain := authors(t, p.read(p.export(application.NewExport{TaskID: of.ID, Format: "csv"}).ID))
	hide := func(id task.ID) map[string][2]string {
		return authors(t, p.read(p.export(application.NewExport{TaskID: id, Format: "csv", Pseudonymise: true}).ID))
	}
	hidden := hide(of.ID)
	require.Equal(t, hidden, hide(of.ID), "all exports of a task have the same")
	elsewhere := hide(other.ID)
	pseudonyms := map[string][2]string{}
	for post, author := range plain {
		require.Regexp(t, `^author-[0-9a-f]{12}$`, hidden[post][0])
		require.Regexp(t, `^[0-9a-f]{64}$`, hidden[post][1])
		require.NotEqual(t, hidden[post], elsewhere[post], "another task has another key")
		if before, seen := pseudonyms[author[1]]; seen {
			require.Equal(t, before, hidden[post])
		}
		pseudonyms[author[1]] = hidden[post]
	}
	distinct := map[[2]string]bool{}
	for _, pseudonym := range pseudonyms {
		distinct[pseudonym] = true
	}
	require.Len(t, distinct, len(pseudonyms))
}

func TestAnExportOfNothingIsAValidFile(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	of := p.ended(p.collect(watch + "WakeIn60sec"))
	for _, format := range (files.Formats{}).Formats() {
		ended := p.export(application.NewExport{
			TaskID: of.ID, Format: format, Threaded: true, Filter: analysis.PostFilter{Query: "no such words anywhere"},
		})
		require.Equal(t, task.Completed, ended.Status, codes(ended))
		require.Zero(t, ended.Export.Rows)
		require.Zero(t, p.manifest(ended.ID).Spec.Rows)
		require.Len(t, p.read(ended.ID), int(ended.Export.Bytes))
		require.Equal(t, format == "ndjson", ended.Export.Bytes == 0, "only lines can be none at all")
	}
}

func TestColumnsAreChecked(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	of := p.collect(watch + "WakeIn60sec")
	for format, columns := range map[string][]string{"csv": {"id", "password"}, "ndjson": {"id"}, "xlsx": {"Text"}} {
		_, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: of, Format: format, Columns: columns})
		requireFault(t, err, fault.Invalid, fault.CodeInvalidValue)
		require.Equal(t, "options.columns", fault.As(err).Field)
	}
}

// fullDisk is a folder whose disk is full when a file of this ending is written
// or, with commit, published; it counts what is not finished.
type fullDisk struct {
	*memory.Files
	ending string
	commit bool
	full   *atomic.Bool
	open   *atomic.Int32
}

func (d fullDisk) Create(ctx context.Context, name string) (ports.FileWriter, error) {
	w, err := d.Files.Create(ctx, name)
	d.open.Add(1)
	return &fullDiskWriter{FileWriter: w, disk: d, struck: strings.HasSuffix(name, d.ending)}, err
}

type fullDiskWriter struct {
	ports.FileWriter
	disk   fullDisk
	struck bool
	closed sync.Once
}

var errNoSpace = fault.Wrap(errors.New("no space left on device"), fault.Unavailable, fault.CodeExportFailed, "the disk is full")

func (w *fullDiskWriter) Write(p []byte) (int, error) {
	if w.struck && !w.disk.commit && w.disk.full.Load() {
		return len(p) / 2, errNoSpace
	}
	return w.FileWriter.Write(p)
}

func (w *fullDiskWriter) Commit() error {
	if w.struck && w.disk.commit && w.disk.full.Load() {
		return errNoSpace
	}
	return w.FileWriter.Commit()
}

func (w *fullDiskWriter) Abort() error {
	w.closed.Do(func() { w.disk.open.Add(-1) })
	return w.FileWriter.Abort()
}

// TestADiskThatFills: nothing is half published, whichever of the files it
// strikes, and a retry mends it.
func TestADiskThatFills(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]fullDisk{
		"while the file is written":       {ending: ".csv"},
		"while the manifest is written":   {ending: ".json"},
		"when the file is published":      {ending: ".csv", commit: true},
		"when the manifest is published":  {ending: ".json", commit: true},
		"while an archive is being built": {ending: ".xlsx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			disk.Files, disk.full, disk.open = r.files, &atomic.Bool{}, &atomic.Int32{}
			disk.full.Store(true)
			format := "csv"
			if disk.ending == ".xlsx" {
				format = "xlsx"
			}
			p := r.start(func(ps *parts) { ps.files = disk })
			of := p.ended(p.collect(watch + "WakeIn60sec"))
			failed := p.export(application.NewExport{TaskID: of.ID, Format: format})
			require.Equal(t, task.Failed, failed.Status)
			require.Equal(t, []string{"export_failed"}, codes(failed))
			require.True(t, failed.Problems[0].Retryable)
			_, err := p.exports.Open(t.Context(), p.by, failed.ID)
			requireFault(t, err, fault.Conflict, fault.CodeNotReady)
			require.Empty(t, r.published(failed))
			require.Zero(t, disk.open.Load(), "what was begun is dropped")

			disk.full.Store(false)
			_, err = p.tasks.Retry(t.Context(), p.by, failed.ID)
			require.NoError(t, err)
			ended := p.ended(failed.ID)
			require.Equal(t, task.Completed, ended.Status, codes(ended))
			require.Equal(t, ended.Export.SHA256, p.manifest(ended.ID).Spec.SHA256)
			require.Equal(t, of.Counters.Fetched, ended.Export.Rows)
		})
	}
}

// deletes deletes the analysis when the export's file is about to be published.
type deletes struct {
	*memory.Files
	delete func()
}

func (d deletes) Create(ctx context.Context, name string) (ports.FileWriter, error) {
	w, err := d.Files.Create(ctx, name)
	return deletesWriter{w, d, name}, err
}

type deletesWriter struct {
	ports.FileWriter
	d    deletes
	name string
}

func (w deletesWriter) Commit() error {
	if strings.HasSuffix(w.name, ".csv") {
		w.d.delete()
	}
	return w.FileWriter.Commit()
}

// TestADeleteDuringPublicationLeavesNoFile: the delete looks for the files
// before they are there.
func TestADeleteDuringPublicationLeavesNoFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var p *process
	var of task.State
	p = r.start(func(ps *parts) {
		ps.files = deletes{r.files, func() { require.NoError(t, p.tasks.Delete(t.Context(), p.by, of.ID)) }}
	})
	of = p.ended(p.collect(watch + "WakeIn60sec"))
	made, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: of.ID, Format: "csv"})
	require.NoError(t, err)
	r.until("the export is deleted", func() bool {
		_, err := r.store.Task(t.Context(), r.by.User.ID, made.ID)
		return fault.Is(err, fault.NotFound)
	})
	p.stop()
	require.Empty(t, r.published(made))
	due, err := r.store.ExpiredExports(t.Context(), time.Now(), 10)
	require.NoError(t, err)
	require.Empty(t, due)
}
