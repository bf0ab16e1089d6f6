package application

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Manifest tells what stands in an export's file, for whoever has only that.
type Manifest struct {
	Spec      task.ExportSpec
	Columns   []string // what each row holds; none for a format of whole posts
	CreatedAt time.Time
	// Of is the task whose posts were exported, as it was then.
	Of task.State
	// Totals tell what is missing of its sources, and which models judged. The whole
	// summary would take memory by the number of authors.
	Totals analysis.Summary
}

// ManifestEncoder writes a manifest as the API shows it: that document is the
// API's.
type ManifestEncoder func(Manifest) ([]byte, error)

func (e *Exporter) writeManifest(ctx context.Context, of task.State, spec task.ExportSpec, file ports.FileWriter) error {
	totals, err := e.store.Totals(ctx, of.User, of.ID)
	if err != nil {
		return err
	}
	explainGap(&totals, of)
	columns := spec.Columns
	if len(columns) == 0 {
		columns = e.formats.Columns(spec.Format)
	}
	document, err := e.encode(Manifest{Spec: spec, Columns: columns, CreatedAt: now(), Of: of, Totals: totals})
	if err != nil {
		return err
	}
	_, err = file.Write(document)
	return err
}

// ExportNames are the names of an export's file and of its manifest in a
// FileStore.
type ExportNames struct{ File, Manifest string }

// exportNames are those that a run of an export task publishes under. Each run,
// told apart by its generation, has its own: one that lost its lease and does not
// know it replaces nothing.
func exportNames(id task.ID, generation int64, format string) ExportNames {
	stem := exportStem(id)
	if generation > 0 { // before there were generations, files had none
		stem += strconv.FormatInt(generation, 10) + "."
	}
	return ExportNames{File: stem + format, Manifest: stem + "manifest.json"}
}

// exportStem is what the names of all runs of an export task begin with.
func exportStem(id task.ID) string { return string(id) + "." }

// remove removes both, and is content if they are not there.
func (n ExportNames) remove(ctx context.Context, files ports.FileStore) error {
	return errors.Join(files.Delete(ctx, n.File), files.Delete(ctx, n.Manifest))
}
