package application

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Exports is what people do with the files made of their tasks.
type Exports struct {
	store      ports.Store
	files      ports.FileStore
	formats    ports.ExportFormats
	dispatcher *Dispatcher
}

// NewExports returns the use cases.
func NewExports(store ports.Store, files ports.FileStore, formats ports.ExportFormats, d *Dispatcher) *Exports {
	return &Exports{store: store, files: files, formats: formats, dispatcher: d}
}

// NewExport is a request for a file. The fields are those of task.ExportSpec.
type NewExport struct {
	TaskID       task.ID
	Format       string
	Filter       analysis.PostFilter
	FormulaGuard bool
	BOM          bool
	Pseudonymise bool
	Threaded     bool
	Columns      []string
}

// Create accepts an export of an analysis task of the caller, running or not.
func (e *Exports) Create(ctx context.Context, by access.Caller, req NewExport) (task.State, error) {
	if err := by.May(access.ExportsWrite); err != nil {
		return task.State{}, err
	}
	columns, err := e.check(req)
	if err != nil {
		return task.State{}, err
	}
	of, err := e.store.Task(ctx, by.User.ID, req.TaskID)
	if err != nil {
		return task.State{}, err
	}
	if of.Kind != task.Analysis {
		return task.State{}, fault.New(fault.Invalid, fault.CodeInvalidValue, "this task is an export itself; name the task that was analysed").In("taskId")
	}
	created, first := task.NewExport(by.User.ID, of, task.ExportSpec{
		TaskID: req.TaskID, Format: req.Format, Filter: req.Filter,
		FormulaGuard: req.FormulaGuard && forSpreadsheets(req.Format), BOM: req.BOM && forSpreadsheets(req.Format),
		Pseudonymise: req.Pseudonymise, Threaded: req.Threaded, Columns: columns,
		FileName: downloadName(of, now()),
	}, newID, now())
	if err := e.store.CreateTask(ctx, created, first); err != nil {
		return task.State{}, err
	}
	e.dispatcher.Poke()
	return created.State(), nil
}

// forSpreadsheets tells whether a format is one that spreadsheets guess at: the
// others have no use for a guard or a mark, and their manifests do not claim one.
func forSpreadsheets(format string) bool { return format == "csv" }

// check refuses unknown formats and columns, and returns the columns asked for,
// each once, in the order of the full list; none for all.
func (e *Exports) check(req NewExport) ([]string, error) {
	if formats := e.formats.Formats(); !slices.Contains(formats, req.Format) {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "format is one of %s", strings.Join(formats, ", ")).In("format")
	}
	all := e.formats.Columns(req.Format)
	if len(req.Columns) > 0 && len(all) == 0 {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "%s holds whole posts; leave columns out", req.Format).In("options.columns")
	}
	for _, column := range req.Columns {
		if !slices.Contains(all, column) {
			return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "columns are some of %s", strings.Join(all, ", ")).In("options.columns")
		}
	}
	if len(req.Columns) == 0 {
		return nil, nil
	}
	return slices.DeleteFunc(slices.Clone(all), func(column string) bool { return !slices.Contains(req.Columns, column) }), nil
}

// downloadName returns soundings-KIND-EXTERNALID-DAY, with characters that
// file systems or headers dislike replaced.
func downloadName(of task.State, at time.Time) string {
	src := of.Sources[0]
	id := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|;%`, r) || r < ' ' || r == 0x7f {
			return '-'
		}
		return r
	}, src.ExternalID)
	return fmt.Sprintf("soundings-%s-%s-%s", src.Kind, id, at.Format("20060102"))
}

// Download is a finished export.
type Download struct {
	ports.File
	Name   string // with its extension
	Format string
	SHA256 string
}

// Open returns the file of a finished export task of the caller; whoever gets
// it closes it. Error kinds: NotFound (no such export), Conflict with
// CodeNotReady, Gone with CodeExpired.
func (e *Exports) Open(ctx context.Context, by access.Caller, id task.ID) (*Download, error) {
	spec, err := e.finished(ctx, by, id)
	if err != nil {
		return nil, err
	}
	file, err := e.open(ctx, exportNames(id, spec.Generation, spec.Format).File)
	if err != nil {
		return nil, err
	}
	return &Download{File: file, Name: spec.FileName + "." + spec.Format, Format: spec.Format, SHA256: spec.SHA256}, nil
}

// Manifest returns the manifest's document as it was published; error kinds as
// of Open.
func (e *Exports) Manifest(ctx context.Context, by access.Caller, id task.ID) ([]byte, error) {
	spec, err := e.finished(ctx, by, id)
	if err != nil {
		return nil, err
	}
	file, err := e.open(ctx, exportNames(id, spec.Generation, spec.Format).Manifest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(file)
}

// finished returns what a finished export of the caller wrote.
func (e *Exports) finished(ctx context.Context, by access.Caller, id task.ID) (*task.ExportSpec, error) {
	if err := by.May(access.TasksRead); err != nil {
		return nil, err
	}
	t, err := e.store.Task(ctx, by.User.ID, id)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Kind != task.Export:
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "this task is no export; POST /tasks/export makes one of it")
	case t.Status != task.Completed:
		return nil, fault.New(fault.Conflict, fault.CodeNotReady, "the export is %s; download it when it is completed", t.Status)
	case !now().Before(t.Export.ExpiresAt):
		return nil, fault.New(fault.Gone, fault.CodeExpired, "the export was kept until %s; make a new one", t.Export.ExpiresAt.Format(time.RFC3339))
	}
	return t.Export, nil
}

func (e *Exports) open(ctx context.Context, name string) (ports.File, error) {
	file, err := e.files.Open(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Gone, fault.CodeExpired, "the file of this export is gone; make a new one")
	}
	return file, err
}
