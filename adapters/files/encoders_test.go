package files_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
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
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

func encode(t testing.TB, format string, guard bool, posts ...analysis.JudgedPost) string {
	t.Helper()
	var out bytes.Buffer
	e, err := files.Formats{}.NewEncoder(format, ports.EncoderOptions{FormulaGuard: guard}, &out)
	require.NoError(t, err)
	for i := range posts {
		require.NoError(t, e.Encode(&posts[i]))
	}
	require.NoError(t, e.Close())
	return out.String()
}

func fullPost() analysis.JudgedPost {
	return analysis.JudgedPost{
		ID: "0193a1b2-0000-7000-8000-000000000001",
		Post: content.Post{
			ExternalID: "Ugx1", ParentExternalID: "dQw4w9WgXcQ", RootExternalID: "dQw4w9WgXcQ", Kind: content.CommentPost,
			Author: content.Author{Name: "@ada", ExternalID: "UC1"}, Text: `She said "hi", twice`, Likes: 12,
			PublishedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), EditedAt: time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC),
			URL: "https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx1",
		},
		Spam:      &analysis.SpamVerdict{Verdict: analysis.Spam, Score: 0.97, Reasons: []string{"link", "repeated_text"}, Model: "m@1"},
		Sentiment: &analysis.Sentiment{Label: analysis.Negative, Score: -0.25, Model: "s@1"},
	}
}

const header = "id,kind,externalId,parentExternalId,rootExternalId,authorName,authorExternalId,text,likes,publishedAt,editedAt,deleted,url,spamVerdict,spamScore,spamReasons,spamModel,sentimentLabel,sentimentScore,sentimentModel\r\n"

func TestCSVGolden(t *testing.T) {
	t.Parallel()
	bare := analysis.JudgedPost{ID: "i", Post: content.Post{ExternalID: "e", Kind: content.VideoPost, Deleted: true}}
	require.Equal(t, header+
		"0193a1b2-0000-7000-8000-000000000001,comment,Ugx1,dQw4w9WgXcQ,dQw4w9WgXcQ,'@ada,UC1,\"She said \"\"hi\"\", twice\",12,2026-03-01T12:00:00Z,2026-03-01T12:00:00.5Z,false,https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx1,spam,0.97,link;repeated_text,m@1,negative,-0.25,s@1\r\n"+
		"i,video,e,,,,,,0,,,true,,,,,,,,\r\n", encode(t, "csv", true, fullPost(), bare))
	require.Equal(t, header, encode(t, "csv", true), "nothing is a valid empty file")
}

// TestCSVGuard pins contract §3: text cells alone, the first character alone.
func TestCSVGuard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "\"'\rx\"",
		"'=x": "'=x", " =x": " =x", "\n=x": "\"\n=x\"", "x=": "x=", "": "", "=\"a\"": "\"'=\"\"a\"\"\"",
	} {
		p := analysis.JudgedPost{Post: content.Post{Text: text, ExternalID: "-4nsZA9Gh6k"}}
		guarded, exact := encode(t, "csv", true, p), encode(t, "csv", false, p)
		require.Contains(t, guarded, ","+want+",0,", "text %q", text)
		require.Contains(t, guarded, ",'-4nsZA9Gh6k,")
		require.Contains(t, exact, ",-4nsZA9Gh6k,")
	}
}

// FuzzCSV reads back with the standard library what was written, texts exact.
// encoding/csv turns \r\n inside cells into \n, so the fuzz compares with that.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"", "a,b", "\"", "\"\"", "line\nbreak", "a\r\nb", "=1", "\ufeff", "é,\"x\"\n"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, author string) {
		p := fullPost()
		p.Text, p.Author.Name = text, author
		written := encode(t, "csv", false, p, p)
		rows, err := csv.NewReader(strings.NewReader(written)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 3)
		folded := strings.NewReplacer("\r\n", "\n")
		for _, row := range rows[1:] {
			require.Len(t, row, 20)
			require.Equal(t, folded.Replace(text), row[7])
			require.Equal(t, folded.Replace(author), row[5])
		}
	})
}

func TestNDJSONGolden(t *testing.T) {
	t.Parallel()
	bare := analysis.JudgedPost{ID: "i", Post: content.Post{ExternalID: "e", Kind: content.VideoPost, Text: "<b>=1 & \u2028"}}
	got := encode(t, "ndjson", true, fullPost(), bare)
	lines := strings.Split(got, "\n")
	require.Len(t, lines, 3)
	require.JSONEq(t, `{"id":"0193a1b2-0000-7000-8000-000000000001","externalId":"Ugx1","parentExternalId":"dQw4w9WgXcQ","rootExternalId":"dQw4w9WgXcQ","kind":"comment","author":{"name":"@ada","externalId":"UC1"},"text":"She said \"hi\", twice","likes":12,"publishedAt":"2026-03-01T12:00:00Z","editedAt":"2026-03-01T12:00:00.5Z","deleted":false,"url":"https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx1","spam":{"verdict":"spam","score":0.97,"reasons":["link","repeated_text"],"model":"m@1"},"sentiment":{"label":"negative","score":-0.25,"model":"s@1"}}`, lines[0])
	require.JSONEq(t, `{"id":"i","externalId":"e","parentExternalId":null,"rootExternalId":null,"kind":"video","author":{"name":null,"externalId":null},"text":"<b>=1 & \u2028","likes":0,"publishedAt":null,"editedAt":null,"deleted":false,"url":"","spam":null,"sentiment":null}`, lines[1])
	require.Contains(t, lines[1], "<b>=1 &", "texts are exact")
	require.Empty(t, encode(t, "ndjson", true))
	var back map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &back))
}

func TestUnknownFormats(t *testing.T) {
	t.Parallel()
	_, err := files.Formats{}.NewEncoder("docx", ports.EncoderOptions{}, &bytes.Buffer{})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, "format", fault.As(err).Field)
}

func BenchmarkEncode(b *testing.B) {
	for _, format := range (files.Formats{}).Formats() {
		b.Run(format, func(b *testing.B) {
			var e ports.PostEncoder
			p := fullPost()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%1_000_000 == 0 { // what a sheet has room for
					var err error
					e, err = files.Formats{}.NewEncoder(format, ports.EncoderOptions{FormulaGuard: true}, io.Discard)
					require.NoError(b, err)
				}
				p.ID = strconv.Itoa(n)
				_ = e.Encode(&p)
			}
		})
	}
}

// TestCSVChosen pins the bytes of a chosen file with a mark: the header and all
// rows have the columns asked for, in the order of the full list.
func TestCSVChosen(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e, err := files.Formats{}.NewEncoder("csv", ports.EncoderOptions{BOM: true, Columns: []string{"text", "id", "spamReasons"}}, &out)
	require.NoError(t, err)
	p := fullPost()
	require.NoError(t, e.Encode(&p))
	require.NoError(t, e.Close())
	require.Equal(t, "\ufeffid,text,spamReasons\r\n0193a1b2-0000-7000-8000-000000000001,\"She said \"\"hi\"\", twice\",link;repeated_text\r\n", out.String())
}

// TestParquetGroupsAreBounded: what is in memory is a group, by rows and by bytes.
func TestParquetGroupsAreBounded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ rows, textBytes, groups int }{
		"small posts": {140_000, 0, 3}, "big posts": {1300, 64 << 10, 3},
	} {
		var out bytes.Buffer
		e, err := files.Formats{}.NewEncoder("parquet", ports.EncoderOptions{Columns: []string{"text", "likes"}}, &out)
		require.NoError(t, err)
		p := analysis.JudgedPost{Post: content.Post{Text: strings.Repeat("x", tc.textBytes)}}
		for i := range tc.rows {
			p.Likes = int64(i)
			require.NoError(t, e.Encode(&p))
		}
		require.NoError(t, e.Close())
		f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
		require.NoError(t, err)
		require.EqualValues(t, tc.rows, f.NumRows())
		require.Len(t, f.RowGroups(), tc.groups, name)
	}
}

// TestParquetSchema pins what other programs see.
func TestParquetSchema(t *testing.T) {
	t.Parallel()
	file := encode(t, "parquet", false)
	f, err := parquet.OpenFile(strings.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, `message post {
	required binary id (STRING);
	required binary kind (STRING);
	required binary externalId (STRING);
	optional binary parentExternalId (STRING);
	optional binary rootExternalId (STRING);
	optional binary authorName (STRING);
	optional binary authorExternalId (STRING);
	required binary text (STRING);
	required int64 likes (INT(64,true));
	optional int64 publishedAt (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	optional int64 editedAt (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	required boolean deleted;
	required binary url (STRING);
	optional binary spamVerdict (STRING);
	optional double spamScore;
	optional group spamReasons (LIST) {
		repeated group list {
			required binary element (STRING);
		}
	}
	optional binary spamModel (STRING);
	optional binary sentimentLabel (STRING);
	optional double sentimentScore;
	optional binary sentimentModel (STRING);
}`, f.Schema().String())
}

func TestAFullSheetSaysWhatToDo(t *testing.T) {
	t.Parallel()
	e, err := files.Formats{}.NewEncoder("xlsx", ports.EncoderOptions{Columns: []string{"deleted"}}, io.Discard)
	require.NoError(t, err)
	var p analysis.JudgedPost
	for range 1_048_575 {
		require.NoError(t, e.Encode(&p))
	}
	err = e.Encode(&p)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, "format", fault.As(err).Field)
	require.ErrorContains(t, err, "csv or parquet")
}

// TestXLSXTimes: a time that spreadsheets have no date for is a text.
func TestXLSXTimes(t *testing.T) {
	t.Parallel()
	p := fullPost()
	p.PublishedAt, p.EditedAt = time.Date(1899, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	f, err := excelize.OpenReader(strings.NewReader(encode(t, "xlsx", false, p)))
	require.NoError(t, err)
	for cell, want := range map[string]string{"J2": "1899-01-01T00:00:00Z", "K2": "9999-12-31 23:59:59", "H2": `She said "hi", twice`} {
		got, err := f.GetCellValue("posts", cell)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.NoError(t, f.Close())
}
