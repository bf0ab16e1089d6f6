package application

import (
	"context"
	"errors"
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
	// Summary tells what is missing of its sources, and which models judged.
	Summary analysis.Summary
}

// ManifestEncoder writes a manifest as the API shows it: that document is the
// API's.
type ManifestEncoder func(Manifest) ([]byte, error)

func (e *Exporter) writeManifest(ctx context.Context, of task.State, spec task.ExportSpec, file ports.FileWriter) error {
	summary, err := summaryOf(ctx, e.store, of)
	if err != nil {
		return err
	}
	columns := spec.Columns
	if len(columns) == 0 {
		columns = e.formats.Columns(spec.Format)
	}
	document, err := e.encode(Manifest{Spec: spec, Columns: columns, CreatedAt: now(), Of: of, Summary: summary})
	if err != nil {
		return err
	}
	_, err = file.Write(document)
	return err
}

// ExportNames are the names of an export's file and of its manifest in a
// FileStore.
type ExportNames struct{ File, Manifest string }

// exportNames are those of an export task.
func exportNames(id task.ID, format string) ExportNames {
	return ExportNames{File: string(id) + "." + format, Manifest: string(id) + ".manifest.json"}
}

// remove removes both, and is content if they are not there.
func (n ExportNames) remove(ctx context.Context, files ports.FileStore) error {
	return errors.Join(files.Delete(ctx, n.File), files.Delete(ctx, n.Manifest))
}
