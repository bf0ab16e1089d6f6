package application

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Exporter runs EXPORT_POSTS: it writes one snapshot of a task's posts into a
// file that appears whole or not at all.
type Exporter struct {
	store   ports.Store
	files   ports.FileStore
	formats ports.ExportFormats
	ttl     ExportTTL
}

// ExportTTL is how long a finished export is kept.
type ExportTTL time.Duration

// NewExporter returns the processor.
func NewExporter(store ports.Store, files ports.FileStore, formats ports.ExportFormats, ttl ExportTTL) *Exporter {
	return &Exporter{store: store, files: files, formats: formats, ttl: ttl}
}

func (e *Exporter) process(ctx context.Context, r *run) (task.Outcome, error) {
	t := r.lease.Task
	of, err := e.store.Task(ctx, t.User, t.Export.TaskID)
	if err != nil {
		return task.Outcome{}, exportFailed(err)
	}
	spec := *t.Export
	spec.Partial = !of.Status.Ended()
	if err := e.write(ctx, t, &spec); err != nil {
		return task.Outcome{}, exportFailed(err)
	}
	spec.ExpiresAt = now().Add(time.Duration(e.ttl))
	o := task.Succeed()
	o.Export = &spec
	return o, nil
}

// write streams the posts into the file and publishes it.
func (e *Exporter) write(ctx context.Context, t task.State, spec *task.ExportSpec) error {
	file, err := e.files.Create(ctx, exportName(t.ID, spec.Format))
	if err != nil {
		return err
	}
	defer func() { _ = file.Abort() }()
	sum := &summing{to: file, hash: sha256.New()}
	buffered := bufio.NewWriterSize(sum, 256<<10)
	encoder, err := e.formats.NewEncoder(spec.Format, ports.EncoderOptions{
		FormulaGuard: spec.FormulaGuard, BOM: spec.BOM, Columns: spec.Columns,
	}, buffered)
	if err != nil {
		return err
	}
	spec.Rows = 0
	err = e.store.EachPost(ctx, t.User, spec.TaskID, spec.Filter, analysis.ByTime, func(p *analysis.JudgedPost) error {
		spec.Rows++
		return encoder.Encode(p)
	})
	if err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // cancelled or deleted: nobody would remove the file
	}
	spec.Bytes, spec.SHA256 = sum.bytes, hex.EncodeToString(sum.hash.Sum(nil))
	return file.Commit()
}

// exportFailed names what went wrong for the task's problems, and keeps what
// the retry policy decides by.
func exportFailed(err error) error {
	f := fault.As(err)
	if f.Code != fault.CodeInternal && f.Kind != fault.Unavailable {
		return err
	}
	failed := fault.Wrap(err, fault.Unavailable, fault.CodeExportFailed, "the export could not be written: "+f.Message)
	return failed.At(f.RetryAt)
}

// summing counts and hashes what it passes on.
type summing struct {
	to    ports.FileWriter
	hash  hash.Hash
	bytes int64
}

func (s *summing) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.hash.Write(p[:n])
	s.bytes += int64(n)
	return n, err
}
