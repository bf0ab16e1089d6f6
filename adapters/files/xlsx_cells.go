package files

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

const (
	// xlsxCell is how many UTF-16 units a cell holds (Excel's limit).
	xlsxCell = excelize.TotalCellChars
	// xlsxCut ends a text that was longer.
	xlsxCut = " … [cut]"
)

// xlsxEpoch is the day that spreadsheets count from. They are right from March
// 1900 on: Excel believes in a 29 February 1900.
var (
	xlsxEpoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	xlsxFirst = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)
	xlsxEnd   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// xlsxCells writes the XML of one row. Every cell has a type: a text is an
// inline string and never a formula; a time is a date in UTC.
type xlsxCells struct {
	// names are the letters of the columns: A, B, …
	names     []string
	dateStyle string
	xml       []byte
	row       string
	at        int
}

func newXLSXCells(n, dateStyle int) xlsxCells {
	c := xlsxCells{dateStyle: `" s="` + strconv.Itoa(dateStyle), names: make([]string, n)}
	for i := range c.names {
		c.names[i], _ = excelize.ColumnNumberToName(i + 1)
	}
	return c
}

func (c *xlsxCells) begin(row int) {
	c.row, c.at = strconv.Itoa(row), 0
	c.xml = append(append(append(c.xml[:0], `<row r="`...), c.row...), `">`...)
}

func (c *xlsxCells) end() []byte { return append(c.xml, `</row>`...) }

// open begins the next cell, which is none until close is called.
func (c *xlsxCells) open(attributes, inner string) {
	c.xml = append(append(append(c.xml, `<c r="`...), c.names[c.at]...), c.row...)
	c.xml = append(append(append(c.xml, attributes...), `">`...), inner...)
	c.at++
}

func (c *xlsxCells) none() { c.at++ }

func (c *xlsxCells) whole(n int64) {
	c.open("", "<v>")
	c.xml = append(strconv.AppendInt(c.xml, n, 10), `</v></c>`...)
}

func (c *xlsxCells) number(f float64) {
	c.open("", "<v>")
	c.xml = append(strconv.AppendFloat(c.xml, f, 'f', -1, 64), `</v></c>`...)
}

func (c *xlsxCells) flag(b bool) {
	c.open(`" t="b`, "<v>")
	digit := byte('0')
	if b {
		digit = '1'
	}
	c.xml = append(append(c.xml, digit), `</v></c>`...)
}

// moment writes a date, exact to the millisecond; times that spreadsheets have
// no date for are texts.
func (c *xlsxCells) moment(t time.Time) {
	switch {
	case t.IsZero():
		c.none()
	case t.Before(xlsxFirst) || !t.Before(xlsxEnd):
		c.text(t.UTC().Format(time.RFC3339Nano))
	default:
		const day = 24 * 60 * 60 * 1000
		c.open(c.dateStyle, "<v>")
		milliseconds := t.UnixMilli() - xlsxEpoch.UnixMilli()
		c.xml = append(strconv.AppendFloat(c.xml, float64(milliseconds)/day, 'f', -1, 64), `</v></c>`...)
	}
}

func (c *xlsxCells) list(items []string) { c.text(strings.Join(items, ";")) }

func (c *xlsxCells) text(s string) {
	if s == "" {
		c.none()
		return
	}
	c.open(`" t="inlineStr`, `<is><t xml:space="preserve">`)
	if cut := cutTo(s, xlsxCell, len(xlsxCut)); cut < len(s) {
		s = s[:cut] + xlsxCut
	}
	c.xml = append(appendXMLText(c.xml, s), `</t></is></c>`...)
}

// cutTo returns where to cut a text that has more UTF-16 units than limit, so
// that reserve more have room; its length where it has not.
func cutTo(s string, limit, reserve int) int {
	if len(s) <= limit {
		return len(s)
	}
	units, cut := 0, 0
	for i, r := range s {
		if units <= limit-reserve {
			cut = i
		}
		if units++; r > math.MaxUint16 {
			units++
		}
		if units > limit {
			return cut
		}
	}
	return len(s)
}

// appendXMLText writes the text so that it is read back exactly. What XML 1.0
// has no character for, and a carriage return, which XML would fold, becomes
// _xHHHH_ (ECMA-376, ST_Xstring); an underscore that could be taken for the
// beginning of such a thing does as well. No valid UTF-8 holds surrogates.
func appendXMLText(xml []byte, s string) []byte {
	from := 0
	for i, r := range s {
		var written string
		switch {
		case r == '&':
			written = "&amp;"
		case r == '<':
			written = "&lt;"
		case r == '>':
			written = "&gt;"
		case r == '_' && strings.HasPrefix(s[i+1:], "x"), r < ' ' && r != '\n' && r != '\t', r == 0xfffe, r == 0xffff:
			written = fmt.Sprintf("_x%04X_", r)
		case r == utf8.RuneError && strings.HasPrefix(s[i:], "\ufffd"):
			continue
		case r == utf8.RuneError: // a byte that is no UTF-8
			xml = append(append(xml, s[from:i]...), "\ufffd"...)
			from = i + 1
			continue
		default:
			continue
		}
		xml = append(append(xml, s[from:i]...), written...)
		from = i + utf8.RuneLen(r)
	}
	return append(xml, s[from:]...)
}
