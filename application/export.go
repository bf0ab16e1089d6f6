package application

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Exporter runs EXPORT_POSTS: it writes one snapshot of a task's posts into a
// file, and a manifest beside it. Both appear whole, or neither.
type Exporter struct {
	store    ports.Store
	files    ports.FileStore
	formats  ports.ExportFormats
	lifetime ExportLifetime
	encode   ManifestEncoder
}

// NewExporter returns the processor.
func NewExporter(store ports.Store, files ports.FileStore, formats ports.ExportFormats, lifetime ExportLifetime, encode ManifestEncoder) *Exporter {
	return &Exporter{store: store, files: files, formats: formats, lifetime: lifetime, encode: encode}
}

func (e *Exporter) process(ctx context.Context, r *run) (task.Outcome, error) {
	t, spec := r.lease.Task, *r.lease.Task.Export
	spec.Generation = r.lease.Subtask.Generation
	names := exportNames(t.ID, spec.Generation, spec.Format)
	texts, err := e.lifetime.texts(ctx, t)
	if err != nil {
		return task.Outcome{}, exportFailed(err)
	}
	if spec, err = e.Save(ctx, t.User, spec, names); err != nil {
		return task.Outcome{}, exportFailed(err)
	}
	r.undo = func(ctx context.Context) error { return e.takeBack(ctx, t, spec.Generation, names) }
	spec.ExpiresAt = e.lifetime.until(texts)
	o := task.Succeed()
	o.Export = &spec
	return o, nil
}

// takeBack removes what a run published whose end was not stored: the task was
// deleted or cancelled, or is another worker's by now. What it fails to remove
// goes with the task's other files.
func (e *Exporter) takeBack(ctx context.Context, t task.State, generation int64, names ExportNames) error {
	stored, err := e.store.Task(ctx, t.User, t.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil && stored.Status == task.Completed && stored.Export.Generation == generation {
		return nil // its end was stored, and the answer that said so was lost
	}
	return names.remove(ctx, e.files)
}

// Save writes the posts that the spec chooses, publishes file and manifest under
// the names, and returns the spec with what was written. Error kinds beside
// those of the ports: NotFound for a task that is not the user's.
func (e *Exporter) Save(ctx context.Context, user access.UserID, spec task.ExportSpec, names ExportNames) (task.ExportSpec, error) {
	of, err := e.store.Task(ctx, user, spec.TaskID)
	if err != nil {
		return spec, err
	}
	spec.Partial = !of.Status.Ended()
	file, err := e.files.Create(ctx, names.File)
	if err != nil {
		return spec, err
	}
	defer func() { _ = file.Abort() }()
	if err := e.writePosts(ctx, user, &spec, file); err != nil {
		return spec, err
	}
	manifest, err := e.files.Create(ctx, names.Manifest)
	if err != nil {
		return spec, err
	}
	defer func() { _ = manifest.Abort() }()
	if err := e.writeManifest(ctx, of, spec, manifest); err != nil {
		return spec, err
	}
	if err := ctx.Err(); err != nil {
		return spec, err // cancelled or deleted: nobody would remove the files
	}
	return spec, e.publish(ctx, file, manifest, names)
}

// publish commits when both are written: a disk that was full has told so by
// then. A file whose manifest cannot follow is taken back.
func (e *Exporter) publish(ctx context.Context, file, manifest ports.FileWriter, names ExportNames) error {
	if err := file.Commit(); err != nil {
		return err
	}
	err := manifest.Commit()
	if err != nil {
		err = errors.Join(err, names.remove(context.WithoutCancel(ctx), e.files))
	}
	return err
}

// writePosts streams the posts, and notes in the spec what it wrote.
func (e *Exporter) writePosts(ctx context.Context, user access.UserID, spec *task.ExportSpec, file ports.FileWriter) error {
	hide, err := e.pseudonyms(ctx, user, *spec)
	if err != nil {
		return err
	}
	sum := &summing{to: file, hash: sha256.New()}
	buffered := bufio.NewWriterSize(sum, 256<<10)
	encoder, err := e.formats.NewEncoder(spec.Format, ports.EncoderOptions{
		FormulaGuard: spec.FormulaGuard, BOM: spec.BOM, Columns: spec.Columns,
	}, buffered)
	if err != nil {
		return err
	}
	order := analysis.ByTime
	if spec.Threaded {
		order = analysis.ByThread
	}
	spec.Rows = 0
	err = e.store.EachPost(ctx, user, spec.TaskID, spec.Filter, order, func(p *analysis.JudgedPost) error {
		spec.Rows++
		hide(p)
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
	spec.Bytes, spec.SHA256 = sum.bytes, hex.EncodeToString(sum.hash.Sum(nil))
	return nil
}

// pseudonyms returns what hides authors where that was asked for.
func (e *Exporter) pseudonyms(ctx context.Context, user access.UserID, spec task.ExportSpec) (func(*analysis.JudgedPost), error) {
	if !spec.Pseudonymise {
		return func(*analysis.JudgedPost) {}, nil
	}
	fresh := make([]byte, analysis.PseudonymKeySize)
	_, _ = rand.Read(fresh) // never fails
	key, err := e.store.PseudonymKey(ctx, user, spec.TaskID, fresh)
	if err != nil {
		return nil, err
	}
	return analysis.NewPseudonyms(key).Hide, nil
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
