package files

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/ports"
)

// csvEncoder writes RFC 4180. It is our own because encoding/csv with UseCRLF
// turns the line feeds inside texts into CRLF, and texts must stay exact.
type csvEncoder struct {
	w       io.Writer
	columns []column
	guard   bool
	line    []byte
	// head is what stands before the first row; empty once it is written.
	head string
}

func newCSV(w io.Writer, of []column, o ports.EncoderOptions) (ports.PostEncoder, error) {
	head := strings.Join(columnNames(of), ",") + "\r\n"
	if o.BOM {
		head = "\ufeff" + head
	}
	return &csvEncoder{w: w, columns: of, guard: o.FormulaGuard, head: head}, nil
}

// Encode writes one row; the header comes before the first.
func (e *csvEncoder) Encode(p *analysis.JudgedPost) error {
	e.line, e.head = append(e.line[:0], e.head...), ""
	for i := range e.columns {
		e.columns[i].put(e, p)
	}
	// The last cell's comma becomes the line's end.
	e.line = append(e.line[:len(e.line)-1], '\r', '\n')
	_, err := e.w.Write(e.line)
	return err
}

// Close writes the header of an export without rows.
func (e *csvEncoder) Close() error {
	_, err := io.WriteString(e.w, e.head)
	e.head = ""
	return err
}

func (e *csvEncoder) none() { e.line = append(e.line, ',') }

func (e *csvEncoder) whole(n int64) { e.line = append(strconv.AppendInt(e.line, n, 10), ',') }

func (e *csvEncoder) number(f float64) {
	e.line = append(strconv.AppendFloat(e.line, f, 'f', -1, 64), ',')
}

func (e *csvEncoder) flag(b bool) { e.line = append(strconv.AppendBool(e.line, b), ',') }

func (e *csvEncoder) moment(t time.Time) {
	if !t.IsZero() {
		e.line = t.UTC().AppendFormat(e.line, time.RFC3339Nano)
	}
	e.line = append(e.line, ',')
}

func (e *csvEncoder) list(items []string) { e.text(strings.Join(items, ";")) }

// text writes a cell, quoted where RFC 4180 asks for it. With the guard, a
// cell that a spreadsheet would take for a formula gets a leading apostrophe.
func (e *csvEncoder) text(s string) {
	guarded := e.guard && s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0
	quoted := strings.ContainsAny(s, "\",\r\n")
	if quoted {
		e.line = append(e.line, '"')
	}
	if guarded {
		e.line = append(e.line, '\'')
	}
	if quoted {
		for i := strings.IndexByte(s, '"'); i >= 0; i = strings.IndexByte(s, '"') {
			e.line = append(append(e.line, s[:i+1]...), '"')
			s = s[i+1:]
		}
	}
	e.line = append(e.line, s...)
	if quoted {
		e.line = append(e.line, '"')
	}
	e.line = append(e.line, ',')
}
