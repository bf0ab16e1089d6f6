package files

import (
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/ports"
)

// A group of rows is kept in memory, compressed, until it is full: that many
// rows, or that many bytes of text before compression.
const (
	parquetGroupRows  = 64 << 10
	parquetGroupBytes = 32 << 20
	// parquetBatch is how many rows go to the library at once.
	parquetBatch = 128
)

// parquetCodec is one for all: it keeps what compressing takes, megabytes of it,
// from page to page. Pages are too small for a higher level to pay.
var parquetCodec = &zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}

// parquetEncoder writes Parquet with zstd, and with the encodings that every
// reader knows. Texts are exact.
type parquetEncoder struct {
	cells   parquetCells
	columns []column
	writer  *parquet.GenericWriter[any]
	batch   []parquet.Row
	// rows and bytes are those of the group.
	rows, bytes int
	closed      bool
}

func newParquet(w io.Writer, of []column, _ ports.EncoderOptions) (ports.PostEncoder, error) {
	writer := parquet.NewGenericWriter[any](w, parquetSchema(of),
		parquet.Compression(parquetCodec),
		parquet.DataPageVersion(1),
		parquet.CreatedBy("soundings", "", ""),
	)
	return &parquetEncoder{columns: of, writer: writer, batch: make([]parquet.Row, 0, parquetBatch)}, nil
}

// Encode adds one row. It goes on when a batch is full.
func (e *parquetEncoder) Encode(p *analysis.JudgedPost) error {
	n := len(e.batch)
	e.batch = e.batch[:n+1]
	e.cells = parquetCells{columns: e.columns, row: e.batch[n][:0]}
	for i := range e.columns {
		e.columns[i].put(&e.cells, p)
	}
	e.batch[n] = e.cells.row
	e.rows++
	e.bytes += e.cells.bytes
	full := e.rows >= parquetGroupRows || e.bytes >= parquetGroupBytes
	if n+1 < parquetBatch && !full {
		return nil
	}
	if err := e.hand(); err != nil || !full {
		return err
	}
	e.rows, e.bytes = 0, 0
	return e.writer.Flush()
}

// hand gives the batch to the library, which copies it.
func (e *parquetEncoder) hand() error {
	_, err := e.writer.WriteRows(e.batch)
	for _, row := range e.batch {
		clear(row) // the texts are not held until the next batch
	}
	e.batch = e.batch[:0]
	return err
}

// Close writes the last group and the footer, which holds the schema.
func (e *parquetEncoder) Close() error {
	if e.closed {
		return nil
	}
	e.closed = true
	if err := e.hand(); err != nil {
		return err
	}
	return e.writer.Close()
}

// parquetSchema has the columns in their order. Times are in UTC to the
// microsecond, spamReasons is a list.
func parquetSchema(of []column) *parquet.Schema {
	group := orderedGroup{Group: parquet.Group{}}
	for _, c := range of {
		node := parquetNode(c)
		if c.optional {
			node = parquet.Optional(node)
		}
		group.Group[c.name] = node
		group.names = append(group.names, c.name)
	}
	return parquet.NewSchema("post", group)
}

func parquetNode(c column) parquet.Node {
	switch c.kind {
	case wholeColumn:
		return parquet.Int(64)
	case numberColumn:
		return parquet.Leaf(parquet.DoubleType)
	case flagColumn:
		return parquet.Leaf(parquet.BooleanType)
	case momentColumn:
		return parquet.Timestamp(parquet.Microsecond)
	case listColumn:
		return parquet.List(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
	}
	if c.few {
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	return parquet.Encoded(parquet.String(), &parquet.Plain)
}

// orderedGroup is a group whose fields keep our order; parquet.Group alone has
// that of the alphabet.
type orderedGroup struct {
	parquet.Group
	names []string
}

// Fields returns the columns of the schema.
func (g orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return cmp.Compare(slices.Index(g.names, a.Name()), slices.Index(g.names, b.Name()))
	})
	return fields
}

// parquetCells collects the values of one row. A value of an optional column
// has definition level 1, an item of a list 2; the first item of a list has
// repetition level 0, those after it 1.
type parquetCells struct {
	columns []column
	row     parquet.Row
	at      int
	bytes   int
}

func (c *parquetCells) put(v parquet.Value) {
	definition := 0
	if c.columns[c.at].optional {
		definition = 1
	}
	c.row = append(c.row, v.Level(0, definition, c.at))
	c.at++
}

func (c *parquetCells) none() {
	c.row = append(c.row, parquet.NullValue().Level(0, 0, c.at))
	c.at++
}

func (c *parquetCells) text(s string) {
	if s == "" && c.columns[c.at].optional {
		c.none()
		return
	}
	c.bytes += len(s)
	c.put(parquet.ValueOf(s))
}

func (c *parquetCells) whole(n int64)    { c.put(parquet.Int64Value(n)) }
func (c *parquetCells) number(f float64) { c.put(parquet.DoubleValue(f)) }
func (c *parquetCells) flag(b bool)      { c.put(parquet.BooleanValue(b)) }

func (c *parquetCells) moment(t time.Time) {
	if t.IsZero() {
		c.none()
		return
	}
	c.put(parquet.Int64Value(t.UnixMicro()))
}

func (c *parquetCells) list(items []string) {
	for i, item := range items {
		c.row = append(c.row, parquet.ValueOf(item).Level(min(i, 1), 2, c.at))
	}
	if len(items) == 0 { // a list, of nothing
		c.row = append(c.row, parquet.NullValue().Level(0, 1, c.at))
	}
	c.at++
}
