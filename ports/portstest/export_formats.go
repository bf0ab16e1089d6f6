package portstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// ExportReader reads a format with a program that is not the encoder's own.
type ExportReader struct {
	// Read returns the columns that the file names (none for a format of whole
	// posts) and its posts, with zero values for columns that it has not.
	Read func(t *testing.T, file []byte) (columns []string, posts []analysis.JudgedPost)
	// TextLimit is how many UTF-16 units of a text the format keeps; 0 for all.
	TextLimit int
}

// TestExportFormats is the kit of ports.ExportFormats. There is a reader for
// each format.
func TestExportFormats(t *testing.T, formats ports.ExportFormats, readers map[string]ExportReader) {
	for _, format := range formats.Formats() {
		require.NotNil(t, readers[format].Read, format)
		k := exportKit{formats, format, readers[format]}
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			for name, check := range map[string]func(t *testing.T){
				"nothing is a valid file":               k.nothing,
				"what is read back is what went in":     k.roundTrip,
				"hostile texts are read back":           k.hostile,
				"broken texts break nothing":            k.broken,
				"an encoder keeps nothing of a post":    k.keepsNothing,
				"columns are chosen, in their order":    k.chosen,
				"unknown columns are refused":           k.refused,
				"a writer that fails fails the encoder": k.diskFull,
			} {
				t.Run(name, check)
			}
		})
	}
	t.Run("unknown formats are refused", func(t *testing.T) {
		_, err := formats.NewEncoder("docx", ports.EncoderOptions{}, io.Discard)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.Equal(t, "format", fault.As(err).Field)
		require.Empty(t, formats.Columns("docx"))
	})
}

type exportKit struct {
	formats ports.ExportFormats
	format  string
	reader  ExportReader
}

func (k exportKit) written(t *testing.T, o ports.EncoderOptions, posts ...analysis.JudgedPost) []byte {
	t.Helper()
	var out bytes.Buffer
	e, err := k.formats.NewEncoder(k.format, o, &out)
	require.NoError(t, err)
	for i := range posts {
		require.NoError(t, e.Encode(&posts[i]))
	}
	require.NoError(t, e.Close())
	return out.Bytes()
}

func (k exportKit) nothing(t *testing.T) {
	columns, posts := k.reader.Read(t, k.written(t, ports.EncoderOptions{}))
	require.Equal(t, k.formats.Columns(k.format), columns)
	require.Empty(t, posts)
}

func (k exportKit) roundTrip(t *testing.T) {
	for _, n := range []int{1, 3, 1000} {
		want := make([]analysis.JudgedPost, n)
		for i := range want {
			want[i] = exportPost(i)
		}
		columns, got := k.reader.Read(t, k.written(t, ports.EncoderOptions{}, want...))
		require.Equal(t, k.formats.Columns(k.format), columns)
		require.Equal(t, want, got)
	}
}

// hostileTexts are those that files are broken by.
func hostileTexts() []string {
	texts := []string{
		"line\nbreak", "a\r\nb", "\r", "\n", "\"", `""`, "a,b;c\td", "'", "\\", "=1+1", "+1", "-1", "@x", "\tx", "\rx", "=cmd|' /C calc'!A0",
		"<b>&amp;</b>]]>", "<!--", " leading and trailing ", "👩‍👩‍👧‍👦 🇺🇦", "مرحبا بالعالم", "\u202eabc\u202c", "e\u0301", "\ufeff", "\u2028\u2029", "\ufffe\uffff\ufffd",
		"_x0041_", "_x005F_", "__x000d_x_", "_xzzzz_", "_x0041\r", "true", "1e5", "007", "2026-03-01", "NULL", "null", "\U0010ffff",
		strings.Repeat("x", 64<<10), strings.Repeat("é\n\"", 13<<10), strings.Repeat("👋", 16<<10), strings.Repeat("=", 32_767),
	}
	for c := rune(1); c < 0x20; c++ {
		texts = append(texts, "a"+string(c)+"b")
	}
	return append(texts, "\x7f\u0080\u009f")
}

func (k exportKit) hostile(t *testing.T) {
	var want []analysis.JudgedPost
	for i, text := range hostileTexts() {
		p := exportPost(i)
		p.Text, p.Author.Name = text, text
		want = append(want, p)
	}
	_, got := k.reader.Read(t, k.written(t, ports.EncoderOptions{}, want...))
	require.Len(t, got, len(want))
	for i := range want {
		k.sameText(t, want[i].Text, got[i].Text)
		k.sameText(t, want[i].Author.Name, got[i].Author.Name)
		got[i].Text, got[i].Author.Name = want[i].Text, want[i].Author.Name
		require.Equal(t, want[i], got[i])
	}
}

// sameText compares texts, but for the end of one that the format cuts: a mark
// stands there.
func (k exportKit) sameText(t *testing.T, want, got string) {
	t.Helper()
	if k.reader.TextLimit == 0 || len(utf16.Encode([]rune(want))) <= k.reader.TextLimit {
		require.True(t, want == got, "%.100q became %.100q", want, got)
		return
	}
	units := len(utf16.Encode([]rune(got)))
	require.LessOrEqual(t, units, k.reader.TextLimit)
	require.Greater(t, units, k.reader.TextLimit-32)
	same := 0
	for same < len(got) && got[same] == want[same] {
		same++
	}
	require.Greater(t, same, len(got)-32)
	require.Less(t, same, len(got), "nothing tells that it was cut")
}

// broken posts cannot come out of a store, which cleans texts.
func (k exportKit) broken(t *testing.T) {
	posts := []analysis.JudgedPost{exportPost(0), exportPost(1), exportPost(2)}
	posts[1].Text = "a\x00b\xed\xa0\x80c\xff"
	_, got := k.reader.Read(t, k.written(t, ports.EncoderOptions{}, posts...))
	require.Len(t, got, 3)
	got[1].Text = posts[1].Text
	require.Equal(t, posts, got)
}

func (k exportKit) keepsNothing(t *testing.T) {
	var out bytes.Buffer
	e, err := k.formats.NewEncoder(k.format, ports.EncoderOptions{}, &out)
	require.NoError(t, err)
	var want []analysis.JudgedPost
	var p analysis.JudgedPost
	var spam analysis.SpamVerdict
	reasons := make([]string, 2)
	for i := range 5 {
		want = append(want, exportPost(i*6+2))
		p, spam = want[i], *want[i].Spam
		copy(reasons, spam.Reasons)
		spam.Reasons, p.Spam = reasons, &spam
		require.NoError(t, e.Encode(&p))
	}
	p, spam = analysis.JudgedPost{}, analysis.SpamVerdict{}
	clear(reasons)
	require.NoError(t, e.Close())
	_, got := k.reader.Read(t, out.Bytes())
	require.Equal(t, want, got)
}

func (k exportKit) chosen(t *testing.T) {
	all := k.formats.Columns(k.format)
	if len(all) == 0 {
		_, err := k.formats.NewEncoder(k.format, ports.EncoderOptions{Columns: []string{"text"}}, io.Discard)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.Equal(t, "options.columns", fault.As(err).Field)
		return
	}
	asked := []string{"likes", "text", "id", "text", "publishedAt"}
	columns, got := k.reader.Read(t, k.written(t, ports.EncoderOptions{Columns: asked}, exportPost(0), exportPost(1)))
	require.Equal(t, []string{"id", "text", "likes", "publishedAt"}, columns)
	require.Len(t, got, 2)
	for i := range got {
		p := exportPost(i)
		require.Equal(t, analysis.JudgedPost{ID: p.ID, Post: content.Post{Text: p.Text, Likes: p.Likes, PublishedAt: p.PublishedAt}}, got[i])
	}
	columns, got = k.reader.Read(t, k.written(t, ports.EncoderOptions{Columns: all[len(all)-1:]}))
	require.Equal(t, all[len(all)-1:], columns)
	require.Empty(t, got)
}

func (k exportKit) refused(t *testing.T) {
	_, err := k.formats.NewEncoder(k.format, ports.EncoderOptions{Columns: []string{"id", "password"}}, io.Discard)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, "options.columns", fault.As(err).Field)
}

var errDiskFull = errors.New("no space left on device")

// fullDisk takes so many bytes and no more.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errDiskFull
	}
	return len(p), nil
}

func (k exportKit) diskFull(t *testing.T) {
	for _, room := range []int{0, 100, 20_000} {
		e, err := k.formats.NewEncoder(k.format, ports.EncoderOptions{}, &fullDisk{room})
		for i := 0; err == nil && i < 2000; i++ {
			p := exportPost(i)
			err = e.Encode(&p)
		}
		if err == nil {
			err = e.Close()
		}
		require.ErrorIs(t, err, errDiskFull)
	}
}

// exportPost returns posts that differ, with and without what may be missing.
// Times are whole milliseconds, the least that all formats keep.
func exportPost(i int) analysis.JudgedPost {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(i) * 61_001 * time.Millisecond)
	p := analysis.JudgedPost{
		ID: fmt.Sprintf("0193a1b2-0000-7000-8000-%012d", i),
		Post: content.Post{
			ExternalID: fmt.Sprintf("Ugx%d", i), ParentExternalID: "dQw4w9WgXcQ", RootExternalID: "dQw4w9WgXcQ", Kind: content.CommentPost,
			Author: content.Author{Name: fmt.Sprintf("@ada%d", i%7), ExternalID: fmt.Sprintf("UC%d", i%7)},
			Text:   fmt.Sprintf("She said \"hi\", %d times", i), Likes: int64(i) * 1001, PublishedAt: at,
			URL: fmt.Sprintf("https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx%d", i),
		},
	}
	switch i % 3 {
	case 1:
		p.Kind, p.ParentExternalID, p.Author, p.Text, p.Deleted, p.PublishedAt = content.VideoPost, "", content.Author{}, "", true, time.Time{}
	case 2:
		p.EditedAt = at.Add(1500 * time.Millisecond)
		p.Spam = &analysis.SpamVerdict{Verdict: analysis.Spam, Score: 0.97, Reasons: []string{"link", "repeated_text"}, Model: "m@1"}
	}
	if i%6 == 0 {
		p.Spam = &analysis.SpamVerdict{Verdict: analysis.OK, Score: 1.0 / 3, Model: "m@1"}
		p.Sentiment = &analysis.Sentiment{Label: analysis.Negative, Score: -0.25, Model: "s@1"}
	}
	return p
}
