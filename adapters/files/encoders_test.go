package files_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

func BenchmarkCSV(b *testing.B)    { benchmarkEncoder(b, "csv") }
func BenchmarkNDJSON(b *testing.B) { benchmarkEncoder(b, "ndjson") }

func benchmarkEncoder(b *testing.B, format string) {
	var out bytes.Buffer
	e, err := files.Formats{}.NewEncoder(format, ports.EncoderOptions{FormulaGuard: true}, &out)
	require.NoError(b, err)
	p := fullPost()
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		_ = e.Encode(&p)
	}
}
