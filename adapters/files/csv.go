package files

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
)

// csvHeader names the columns, in the order that the HTTP contract fixes.
const csvHeader = "id,kind,externalId,parentExternalId,rootExternalId,authorName,authorExternalId," +
	"text,likes,publishedAt,editedAt,deleted,url,spamVerdict,spamScore,spamReasons,spamModel," +
	"sentimentLabel,sentimentScore,sentimentModel\r\n"

// csvEncoder writes RFC 4180. It is our own because encoding/csv with UseCRLF
// turns the line feeds inside texts into CRLF, and texts must stay exact.
type csvEncoder struct {
	w      io.Writer
	guard  bool
	row    []byte
	headed bool
}

func newCSV(w io.Writer, guard bool) *csvEncoder { return &csvEncoder{w: w, guard: guard} }

// Encode writes one row; the header comes before the first.
func (e *csvEncoder) Encode(p *analysis.JudgedPost) error {
	e.begin()
	e.text(p.ID)
	e.text(string(p.Kind))
	e.text(p.ExternalID)
	e.text(p.ParentExternalID)
	e.text(p.RootExternalID)
	e.text(p.Author.Name)
	e.text(p.Author.ExternalID)
	e.text(p.Text)
	e.row = append(strconv.AppendInt(e.row, p.Likes, 10), ',')
	e.time(p.PublishedAt)
	e.time(p.EditedAt)
	e.row = append(strconv.AppendBool(e.row, p.Deleted), ',')
	e.text(p.URL)
	e.spam(p.Spam)
	e.sentiment(p.Sentiment)
	return e.flush()
}

// Close writes the header of an export without rows.
func (e *csvEncoder) Close() error {
	if e.headed {
		return nil
	}
	e.begin()
	_, err := e.w.Write(e.row)
	return err
}

func (e *csvEncoder) begin() {
	e.row = e.row[:0]
	if !e.headed {
		e.row, e.headed = append(e.row, csvHeader...), true
	}
}

// flush ends the row: the last cell's comma becomes the line's end.
func (e *csvEncoder) flush() error {
	e.row = append(e.row[:len(e.row)-1], '\r', '\n')
	_, err := e.w.Write(e.row)
	return err
}

func (e *csvEncoder) spam(v *analysis.SpamVerdict) {
	if v == nil {
		e.row = append(e.row, ",,,,"...)
		return
	}
	e.text(string(v.Verdict))
	e.number(v.Score)
	e.text(strings.Join(v.Reasons, ";"))
	e.text(string(v.Model))
}

func (e *csvEncoder) sentiment(s *analysis.Sentiment) {
	if s == nil {
		e.row = append(e.row, ",,,"...)
		return
	}
	e.text(string(s.Label))
	e.number(s.Score)
	e.text(string(s.Model))
}

func (e *csvEncoder) number(f float64) {
	e.row = append(strconv.AppendFloat(e.row, f, 'f', -1, 64), ',')
}

func (e *csvEncoder) time(t time.Time) {
	if !t.IsZero() {
		e.row = t.UTC().AppendFormat(e.row, time.RFC3339Nano)
	}
	e.row = append(e.row, ',')
}

// text writes a cell, quoted where RFC 4180 asks for it. With the guard, a
// cell that a spreadsheet would take for a formula gets a leading apostrophe.
func (e *csvEncoder) text(s string) {
	guarded := e.guard && s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0
	quoted := strings.ContainsAny(s, "\",\r\n")
	if quoted {
		e.row = append(e.row, '"')
	}
	if guarded {
		e.row = append(e.row, '\'')
	}
	if quoted {
		for i := strings.IndexByte(s, '"'); i >= 0; i = strings.IndexByte(s, '"') {
			e.row = append(append(e.row, s[:i+1]...), '"')
			s = s[i+1:]
		}
	}
	e.row = append(e.row, s...)
	if quoted {
		e.row = append(e.row, '"')
	}
	e.row = append(e.row, ',')
}
