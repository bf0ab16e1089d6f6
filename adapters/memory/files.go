package memory

import (
	"bytes"
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.FileStore = (*Files)(nil)

// Files keeps finished files in memory, for unit tests and programs that throw
// them away.
type Files struct {
	mu    sync.Mutex
	files map[string]storedFile
}

type storedFile struct {
	content []byte
	made    time.Time
}

// NewFiles returns an empty store.
func NewFiles() *Files { return &Files{files: map[string]storedFile{}} }

// Create begins a file; Commit publishes it.
func (f *Files) Create(_ context.Context, name string) (ports.FileWriter, error) {
	return &fileWriter{to: f, name: name}, nil
}

// Open returns a finished file.
func (f *Files) Open(_ context.Context, name string) (ports.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stored, ok := f.files[name]
	if !ok {
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "there is no file %s", name)
	}
	return &openFile{Reader: bytes.NewReader(stored.content), made: stored.made}, nil
}

// Delete removes a file, and one that is not there as well.
func (f *Files) Delete(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.files, name)
	return nil
}

// DeleteAll removes the files whose names begin with prefix.
func (f *Files) DeleteAll(_ context.Context, prefix string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.files, func(name string, _ storedFile) bool { return strings.HasPrefix(name, prefix) })
	return nil
}

type fileWriter struct {
	bytes.Buffer
	to   *Files
	name string
}

func (w *fileWriter) Commit() error {
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	w.to.files[w.name] = storedFile{content: bytes.Clone(w.Bytes()), made: time.Now()}
	return nil
}

func (w *fileWriter) Abort() error { return nil }

type openFile struct {
	*bytes.Reader
	made time.Time
}

func (f *openFile) Close() error       { return nil }
func (f *openFile) ModTime() time.Time { return f.made }
