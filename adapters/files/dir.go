package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// partSuffix marks files in the making, hidden beside the finished ones. They
// are never opened; RemoveLeftovers removes what a killed process left.
const partSuffix = ".part"

// Dir keeps files in one folder. It reaches nothing outside of it, whatever a
// name says (os.Root).
type Dir struct{ root *os.Root }

// OpenDir opens the folder, made with mode 0700 if there is none.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("the folder for exports: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("the folder for exports: %w", err)
	}
	return &Dir{root: root}, nil
}

// Close gives the folder back.
func (d *Dir) Close() error { return d.root.Close() }

// RemoveLeftovers removes unfinished files that nobody has written to since.
func (d *Dir) RemoveLeftovers(before time.Time) error {
	names, err := fs.Glob(d.root.FS(), ".*"+partSuffix)
	if err != nil {
		return err
	}
	for _, name := range names {
		if info, err := d.root.Stat(name); err == nil && info.ModTime().Before(before) {
			if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// Create begins a file under a name of its own; Commit renames it.
func (d *Dir) Create(_ context.Context, name string) (ports.FileWriter, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	part := fmt.Sprintf(".%s.%d%s", name, time.Now().UnixNano(), partSuffix)
	f, err := d.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, unavailable(err)
	}
	return &dirWriter{dir: d, file: f, part: part, name: name}, nil
}

// Open returns a finished file.
func (d *Dir) Open(_ context.Context, name string) (ports.File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "there is no file %s", name)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, unavailable(err)
	}
	return &dirFile{File: f, info: info}, nil
}

// Delete removes a file, and one that is not there as well.
func (d *Dir) Delete(_ context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unavailable(err)
	}
	return nil
}

// DeleteAll removes the files whose names begin with prefix.
func (d *Dir) DeleteAll(ctx context.Context, prefix string) error {
	if err := checkName(prefix); err != nil {
		return err
	}
	folder, err := d.root.Open(".")
	if err != nil {
		return unavailable(err)
	}
	defer func() { _ = folder.Close() }() // it was only read
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return unavailable(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			err = errors.Join(err, d.Delete(ctx, name))
		}
	}
	return err
}

func checkName(name string) error {
	if name == "" || name != filepath.Base(name) || name[0] == '.' || filepath.Ext(name) == partSuffix {
		return fault.New(fault.Invalid, fault.CodeInvalidValue, "%q is no name for a file", name)
	}
	return nil
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, fault.CodeExportFailed, "the folder for exports cannot be used; is its disk full?")
}

type dirFile struct {
	*os.File
	info fs.FileInfo
}

func (f *dirFile) Size() int64        { return f.info.Size() }
func (f *dirFile) ModTime() time.Time { return f.info.ModTime() }

type dirWriter struct {
	dir        *Dir
	file       *os.File
	part, name string
	done       bool
}

func (w *dirWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	if err != nil {
		return n, unavailable(err)
	}
	return n, nil
}

// Commit makes the file durable before it gets its name.
func (w *dirWriter) Commit() error {
	if err := errors.Join(w.file.Sync(), w.file.Close()); err != nil {
		return unavailable(err)
	}
	if err := w.dir.root.Rename(w.part, w.name); err != nil {
		return unavailable(err)
	}
	w.done = true
	return nil
}

func (w *dirWriter) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	_ = w.file.Close()
	if err := w.dir.root.Remove(w.part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unavailable(err)
	}
	return nil
}
