// Package files writes exports and keeps them: the formats, and the folder
// where finished files lie.
package files

import (
	"io"
	"strings"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

var (
	_ ports.ExportFormats = Formats{}
	_ ports.FileStore     = (*Dir)(nil)
)

// Formats makes the encoders of all export formats.
type Formats struct{}

// Formats lists the names of the formats.
func (Formats) Formats() []string { return []string{"csv", "ndjson"} }

// Columns lists what each row of the format holds.
func (Formats) Columns(format string) []string {
	if format == "csv" {
		return strings.Split(strings.TrimSpace(csvHeader), ",")
	}
	return nil
}

// NewEncoder returns an encoder onto w; see ports.ExportFormats.
func (f Formats) NewEncoder(format string, o ports.EncoderOptions, w io.Writer) (ports.PostEncoder, error) {
	switch format {
	case "csv":
		return newCSV(w, o.FormulaGuard), nil
	case "ndjson":
		return newNDJSON(w), nil
	}
	return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "format is one of %s", strings.Join(f.Formats(), ", ")).In("format")
}
