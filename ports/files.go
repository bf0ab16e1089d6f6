package ports

import (
	"context"
	"io"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
)

// FileStore keeps finished exports.
type FileStore interface {
	// Create begins a file. Nobody sees it before Commit; a process that dies
	// leaves nothing that Open would find. An existing file of the name is
	// replaced by Commit, at once. Names are slash-free and made by Soundings. ctx
	// bounds the whole making, but not Abort.
	Create(ctx context.Context, name string) (FileWriter, error)
	// Open returns a finished file, whose reading ctx bounds. A file replaced while
	// it is read gives its own bytes or Unavailable, never others. Error kinds:
	// NotFound, Unavailable.
	Open(ctx context.Context, name string) (File, error)
	// Delete removes a file, and one that is not there as well. Error kinds:
	// Unavailable.
	Delete(ctx context.Context, name string) error
	// DeleteAll removes all finished files whose names begin with prefix, which is
	// one that a name may have. Error kinds: Unavailable.
	DeleteAll(ctx context.Context, prefix string) error
}

// FileWriter is a file in the making. It is used by one goroutine. Error
// kinds of Write and Commit: Unavailable (the disk is full, the store is out
// of reach).
type FileWriter interface {
	io.Writer
	// Commit publishes the file whole, durable before it returns.
	Commit() error
	// Abort drops the file; after Commit it does nothing.
	Abort() error
}

// File is a finished file, read by one goroutine.
type File interface {
	io.ReadSeekCloser
	Size() int64
	ModTime() time.Time
}

// PostEncoder writes posts in one format. It is used by one goroutine. It holds
// memory alone, so one that failed or is given up needs no Close.
type PostEncoder interface {
	// Encode writes one post, which the caller may change afterwards. Error kinds
	// beside those of the writer: Invalid when the format has no room for more
	// (xlsx).
	Encode(p *analysis.JudgedPost) error
	// Close writes what is left, the header of an empty export included. It
	// does not close the writer beneath.
	Close() error
}

// ExportFormats makes encoders.
type ExportFormats interface {
	// NewEncoder returns an encoder of the format onto w. Error kinds: Invalid for
	// an unknown format or column, and for columns of a format that has none.
	NewEncoder(format string, o EncoderOptions, w io.Writer) (PostEncoder, error)
	// Formats lists the names of the formats, each a file extension too.
	Formats() []string
	// Columns lists what each row of the format holds, in order; empty for a
	// format of whole posts (ndjson).
	Columns(format string) []string
}

// EncoderOptions say how posts are written.
type EncoderOptions struct {
	// FormulaGuard defuses cells that a spreadsheet would take for a formula (csv
	// alone; ndjson and parquet are exact, and xlsx tells texts from formulas).
	FormulaGuard bool
	// BOM begins a csv file with a byte order mark.
	BOM bool
	// Columns are those wanted; empty for all. Files have them in the order of the
	// full list.
	Columns []string
}
