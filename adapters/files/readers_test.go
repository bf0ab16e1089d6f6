package files_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	portstest.TestExportFormats(t, files.Formats{}, map[string]portstest.ExportReader{
		"csv":     {Read: readCSV},
		"ndjson":  {Read: readNDJSON},
		"xlsx":    {Read: readXLSX, TextLimit: 32_767},
		"parquet": {Read: readParquet},
	})
}

// setCell sets what a column says, as csv spells it.
func setCell(t *testing.T, p *analysis.JudgedPost, column, cell string) {
	t.Helper()
	if spam := map[string]bool{"spamVerdict": true, "spamScore": true, "spamReasons": true, "spamModel": true}; cell != "" && spam[column] && p.Spam == nil {
		p.Spam = &analysis.SpamVerdict{}
	}
	if strings.HasPrefix(column, "sentiment") && cell != "" && p.Sentiment == nil {
		p.Sentiment = &analysis.Sentiment{}
	}
	var err error
	switch {
	case column == "text":
		p.Text = cell
	case cell == "":
	case column == "id":
		p.ID = cell
	case column == "kind":
		p.Kind = content.PostKind(cell)
	case column == "externalId":
		p.ExternalID = cell
	case column == "parentExternalId":
		p.ParentExternalID = cell
	case column == "rootExternalId":
		p.RootExternalID = cell
	case column == "authorName":
		p.Author.Name = cell
	case column == "authorExternalId":
		p.Author.ExternalID = cell
	case column == "likes":
		p.Likes, err = strconv.ParseInt(cell, 10, 64)
	case column == "publishedAt":
		p.PublishedAt, err = time.Parse(time.RFC3339, cell)
	case column == "editedAt":
		p.EditedAt, err = time.Parse(time.RFC3339, cell)
	case column == "deleted":
		p.Deleted, err = strconv.ParseBool(cell)
	case column == "url":
		p.URL = cell
	case column == "spamVerdict":
		p.Spam.Verdict = analysis.Verdict(cell)
	case column == "spamScore":
		p.Spam.Score, err = strconv.ParseFloat(cell, 64)
	case column == "spamReasons":
		p.Spam.Reasons = strings.Split(cell, ";")
	case column == "spamModel":
		p.Spam.Model = analysis.Model(cell)
	case column == "sentimentLabel":
		p.Sentiment.Label = analysis.Label(cell)
	case column == "sentimentScore":
		p.Sentiment.Score, err = strconv.ParseFloat(cell, 64)
	case column == "sentimentModel":
		p.Sentiment.Model = analysis.Model(cell)
	default:
		t.Fatalf("column %q", column)
	}
	require.NoError(t, err)
}

// readCSV uses encoding/csv, from which carriage returns must be hidden: it
// folds those before line feeds.
func readCSV(t *testing.T, file []byte) ([]string, []analysis.JudgedPost) {
	const hidden = "\ue00d"
	rows, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(string(file), "\r", hidden))).ReadAll()
	require.NoError(t, err)
	var posts []analysis.JudgedPost
	for i, cells := range rows {
		last := len(cells) - 1
		require.True(t, strings.HasSuffix(cells[last], hidden), "lines end in CRLF")
		cells[last] = strings.TrimSuffix(cells[last], hidden)
		if i == 0 {
			continue
		}
		var p analysis.JudgedPost
		for j, cell := range cells {
			setCell(t, &p, rows[0][j], strings.ReplaceAll(cell, hidden, "\r"))
		}
		posts = append(posts, p)
	}
	return rows[0], posts
}

func readNDJSON(t *testing.T, file []byte) ([]string, []analysis.JudgedPost) {
	var posts []analysis.JudgedPost
	decoder := json.NewDecoder(bytes.NewReader(file))
	for {
		var line struct {
			content.Post
			ID        string
			Spam      *analysis.SpamVerdict
			Sentiment *analysis.Sentiment
		}
		err := decoder.Decode(&line)
		if err == io.EOF {
			return nil, posts
		}
		require.NoError(t, err)
		if line.Spam != nil && len(line.Spam.Reasons) == 0 {
			line.Spam.Reasons = nil
		}
		posts = append(posts, analysis.JudgedPost{ID: line.ID, Post: line.Post, Spam: line.Spam, Sentiment: line.Sentiment})
	}
}

// readXLSX checks the type of each cell and reads its raw value.
func readXLSX(t *testing.T, file []byte) ([]string, []analysis.JudgedPost) {
	f, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	require.Equal(t, []string{"posts"}, f.GetSheetList())
	rows, err := f.GetRows("posts")
	require.NoError(t, err)
	var posts []analysis.JudgedPost
	for i, cells := range rows[1:] {
		var p analysis.JudgedPost
		for j, cell := range cells {
			column := rows[0][j]
			if cell == "" {
				continue
			}
			at, err := excelize.CoordinatesToCellName(j+1, i+2)
			require.NoError(t, err)
			kind, err := f.GetCellType("posts", at)
			require.NoError(t, err)
			formula, err := f.GetCellFormula("posts", at)
			require.NoError(t, err)
			require.Empty(t, formula)
			switch column {
			case "likes", "spamScore", "sentimentScore":
				require.Equal(t, excelize.CellTypeUnset, kind, "%s is a number", at)
			case "publishedAt", "editedAt":
				require.Equal(t, excelize.CellTypeUnset, kind, "%s is a date", at)
				days, err := strconv.ParseFloat(cell, 64)
				require.NoError(t, err)
				cell = time.UnixMilli(int64(math.Round((days - 25569) * 86_400_000))).UTC().Format(time.RFC3339Nano)
			case "deleted":
				require.Equal(t, excelize.CellTypeBool, kind)
			default:
				require.Equal(t, excelize.CellTypeInlineString, kind, "%s is a text", at)
			}
			setCell(t, &p, column, cell)
		}
		posts = append(posts, p)
	}
	return rows[0], posts
}

// parquetPost is what somebody else would read the file into.
type parquetPost struct {
	ID               string     `parquet:"id"`
	Kind             string     `parquet:"kind"`
	ExternalID       string     `parquet:"externalId"`
	ParentExternalID *string    `parquet:"parentExternalId"`
	RootExternalID   *string    `parquet:"rootExternalId"`
	AuthorName       *string    `parquet:"authorName"`
	AuthorExternalID *string    `parquet:"authorExternalId"`
	Text             string     `parquet:"text"`
	Likes            int64      `parquet:"likes"`
	PublishedAt      *time.Time `parquet:"publishedAt,timestamp(microsecond)"`
	EditedAt         *time.Time `parquet:"editedAt,timestamp(microsecond)"`
	Deleted          bool       `parquet:"deleted"`
	URL              string     `parquet:"url"`
	SpamVerdict      *string    `parquet:"spamVerdict"`
	SpamScore        *float64   `parquet:"spamScore"`
	SpamReasons      []string   `parquet:"spamReasons,optional,list"`
	SpamModel        *string    `parquet:"spamModel"`
	SentimentLabel   *string    `parquet:"sentimentLabel"`
	SentimentScore   *float64   `parquet:"sentimentScore"`
	SentimentModel   *string    `parquet:"sentimentModel"`
}

func readParquet(t *testing.T, file []byte) ([]string, []analysis.JudgedPost) {
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	var names []string
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
	}
	rows, err := parquet.Read[parquetPost](bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	var posts []analysis.JudgedPost
	for _, r := range rows {
		p := analysis.JudgedPost{ID: r.ID, Post: content.Post{
			ExternalID: r.ExternalID, ParentExternalID: value(r.ParentExternalID), RootExternalID: value(r.RootExternalID),
			Kind: content.PostKind(r.Kind), Author: content.Author{Name: value(r.AuthorName), ExternalID: value(r.AuthorExternalID)},
			Text: r.Text, Likes: r.Likes, PublishedAt: value(r.PublishedAt), EditedAt: value(r.EditedAt), Deleted: r.Deleted, URL: r.URL,
		}}
		if r.SpamVerdict != nil {
			p.Spam = &analysis.SpamVerdict{Verdict: analysis.Verdict(*r.SpamVerdict), Score: *r.SpamScore, Model: analysis.Model(*r.SpamModel)}
			p.Spam.Reasons = append(p.Spam.Reasons, r.SpamReasons...)
		}
		if r.SentimentLabel != nil {
			p.Sentiment = &analysis.Sentiment{Label: analysis.Label(*r.SentimentLabel), Score: *r.SentimentScore, Model: analysis.Model(*r.SentimentModel)}
		}
		posts = append(posts, p)
	}
	return names, posts
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
