// Package files writes exports and keeps them: the formats, and the folder or
// the bucket where finished files lie.
package files

import (
	"io"
	"slices"
	"strings"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

var (
	_ ports.ExportFormats = Formats{}
	_ ports.FileStore     = (*Dir)(nil)
	_ ports.FileStore     = (*Bucket)(nil)
)

// Formats makes the encoders of all export formats. Those of csv, xlsx and
// parquet have a column for each property of a post; ndjson has whole posts.
// Texts are exact but for two limits of spreadsheets: the guard of csv, and the
// 32,767 characters of a cell in xlsx, where a longer text ends in " … [cut]".
// All times are in UTC; xlsx has them as dates, to the millisecond.
type Formats struct{}

// table lists the formats with columns.
var table = map[string]func(w io.Writer, of []column, o ports.EncoderOptions) (ports.PostEncoder, error){
	"csv":     newCSV,
	"xlsx":    newXLSX,
	"parquet": newParquet,
}

// Formats lists the names of the formats.
func (Formats) Formats() []string { return []string{"csv", "ndjson", "xlsx", "parquet"} }

// Columns lists what each row of the format holds.
func (Formats) Columns(format string) []string {
	if table[format] == nil {
		return nil
	}
	return columnNames(columns)
}

// NewEncoder returns an encoder onto w; see ports.ExportFormats.
func (f Formats) NewEncoder(format string, o ports.EncoderOptions, w io.Writer) (ports.PostEncoder, error) {
	if !slices.Contains(f.Formats(), format) {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "format is one of %s", strings.Join(f.Formats(), ", ")).In("format")
	}
	newEncoder := table[format]
	if newEncoder == nil {
		if len(o.Columns) > 0 {
			return nil, invalidColumns("%s holds whole posts; choose columns of csv, xlsx or parquet", format)
		}
		return newNDJSON(w), nil
	}
	chosen, err := chosenColumns(o.Columns)
	if err != nil {
		return nil, err
	}
	return newEncoder(w, chosen, o)
}
