package files

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/xuri/excelize/v2"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// xlsxRows is what a sheet holds, the header included (Excel's limit).
	xlsxRows = 1 << 20
	// xlsxBytes is how long a sheet's XML may be: programs that read the older
	// zip format stop there.
	xlsxBytes = 1<<32 - 1
	sheetName = "posts"
	sheetPath = "xl/worksheets/sheet1.xml"
	rowsEnd   = "</sheetData>"
)

// xlsxEncoder writes a workbook of one sheet. excelize makes everything but the
// rows, which go straight into the archive: its own stream writer keeps the
// sheet in a temporary file and then the whole workbook in memory.
type xlsxEncoder struct {
	cells   xlsxCells
	columns []column
	archive *zip.Writer
	sheet   io.Writer
	tail    string
	rows    int
	bytes   int64
	closed  bool
}

func newXLSX(w io.Writer, of []column, _ ports.EncoderOptions) (ports.PostEncoder, error) {
	frame, dateStyle, err := xlsxFrame(of)
	if err != nil {
		return nil, fmt.Errorf("the frame of a workbook: %w", err)
	}
	e := &xlsxEncoder{columns: of, archive: zip.NewWriter(w), rows: 1}
	e.cells = newXLSXCells(len(of), dateStyle)
	e.archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	return e, e.begin(frame)
}

// xlsxFrame returns a workbook with nothing but the header, and the style that
// shows times.
func xlsxFrame(of []column) (frame *zip.Reader, dateStyle int, err error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, 0, err
	}
	format := "yyyy-mm-dd hh:mm:ss"
	if dateStyle, err = f.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
		return nil, 0, err
	}
	header := columnNames(of)
	err = errors.Join(
		f.SetSheetName(f.GetSheetName(0), sheetName),
		f.SetSheetRow(sheetName, "A1", &header),
		f.SetRowStyle(sheetName, 1, 1, bold),
		f.SetPanes(sheetName, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}),
		f.SetSheetDimension(sheetName, ""), // it would tell of the header alone
	)
	for i, c := range of {
		if name, nameErr := excelize.ColumnNumberToName(i + 1); nameErr == nil {
			err = errors.Join(err, f.SetColWidth(sheetName, name, name, xlsxWidth(c)))
		}
	}
	if err != nil {
		return nil, 0, err
	}
	written, err := f.WriteToBuffer()
	if err != nil {
		return nil, 0, err
	}
	frame, err = zip.NewReader(bytes.NewReader(written.Bytes()), int64(written.Len()))
	return frame, dateStyle, err
}

// xlsxWidth is in characters.
func xlsxWidth(c column) float64 {
	switch {
	case c.name == "text":
		return 80
	case c.kind == textColumn || c.kind == momentColumn:
		return 20
	}
	return 12
}

// begin copies the frame and stops where the rows go.
func (e *xlsxEncoder) begin(frame *zip.Reader) error {
	for _, part := range frame.File {
		if part.Name != sheetPath {
			if err := e.archive.Copy(part); err != nil {
				return err
			}
		}
	}
	sheet, err := frame.Open(sheetPath)
	if err != nil {
		return err
	}
	xml, err := io.ReadAll(sheet)
	if err != nil {
		return err
	}
	head, tail, found := strings.Cut(string(xml), rowsEnd)
	if !found {
		return errors.New("excelize wrote a sheet without rows")
	}
	e.tail = rowsEnd + tail
	if e.sheet, err = e.archive.Create(sheetPath); err != nil {
		return err
	}
	return e.write([]byte(head))
}

func (e *xlsxEncoder) write(xml []byte) error {
	n, err := e.sheet.Write(xml)
	e.bytes += int64(n)
	return err
}

// Encode writes one row. Error kinds: Invalid when the sheet is full.
func (e *xlsxEncoder) Encode(p *analysis.JudgedPost) error {
	if e.rows == xlsxRows {
		return sheetFull("has room for %d posts", xlsxRows-1)
	}
	e.rows++
	e.cells.begin(e.rows)
	for i := range e.columns {
		e.columns[i].put(&e.cells, p)
	}
	xml := e.cells.end()
	if e.bytes+int64(len(xml)+len(e.tail)) > xlsxBytes {
		return sheetFull("can be 4 GiB long, which %d posts are", e.rows-2)
	}
	return e.write(xml)
}

func sheetFull(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.CodeInvalidValue,
		"a sheet of a workbook "+format+" and no more; filter the posts, or take csv or parquet", args...).In("format")
}

// Close ends the workbook.
func (e *xlsxEncoder) Close() error {
	if e.closed {
		return nil
	}
	e.closed = true
	if err := e.write([]byte(e.tail)); err != nil {
		return err
	}
	return e.archive.Close()
}
