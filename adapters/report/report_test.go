package report_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/soundings-io/soundings/adapters/report"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// ended is a report of a task that ended with gaps.
func ended() report.Report {
	mean, hidden, expected := 0.25, int64(7), int64(1241)
	post := analysis.JudgedPost{
		ID: "1", Post: content.Post{
			Text: "Lovely", Likes: 1, Author: content.Author{Name: "@ada"}, PublishedAt: noon, URL: "https://www.youtube.com/watch?v=a&lc=b",
		},
		Sentiment: &analysis.Sentiment{Label: analysis.Positive, Score: 0.5},
	}
	return report.Report{
		MadeAt: noon,
		Task: task.State{
			ID: "a task", Run: 1, Status: task.CompletedPartial, Provider: content.YouTube, CreatedAt: noon.Add(-time.Hour), FinishedAt: noon,
			Sources: []content.Source{{URL: "https://www.youtube.com/watch?v=a", Title: "A title"}},
			Problems: []task.Problem{
				{Code: fault.CodeQuotaExhausted, Message: "come back tomorrow"}, {Code: fault.CodeQuotaExhausted, Message: "come back tomorrow"},
			},
		},
		Summary: analysis.Summary{
			Total: 1234, ByKind: map[content.PostKind]int64{content.CommentPost: 1000, content.ReplyPost: 233},
			BySentiment: map[analysis.Label]int64{analysis.Positive: 600, analysis.Neutral: 300, analysis.Negative: 100, "": 34},
			BySpam:      map[analysis.Verdict]int64{analysis.Spam: 200, analysis.OK: 1034},
			ByDay:       []analysis.Day{{Day: noon.Truncate(24 * time.Hour), Posts: 1234, Positive: 600, Neutral: 300, Negative: 100, MeanScore: &mean}},
			TopAuthors:  []analysis.AuthorFigures{{Author: content.Author{Name: "@bob"}, Posts: 12, MeanScore: &mean}, {Author: content.Author{ExternalID: "UCc"}, Posts: 3}},
			MostLiked:   []analysis.JudgedPost{post},
			SpamReasons: []analysis.ReasonFigures{{Reason: "self_promotion", Posts: 150}},
			Words:       &analysis.SideWords{Positive: []analysis.WordFigures{{Word: "lovely", Posts: 40}}, Negative: []analysis.WordFigures{{Word: "boring", Posts: 9}}},
			Lost:        map[content.Cause]int64{content.DeletedByAuthor: 3}, Expected: &expected,
			Missing:   []analysis.Missing{{Cause: content.HiddenByPlatform, Count: &hidden}, {Cause: content.FetchFailed}},
			SpamModel: "rules@1", SentimentModel: "lexicon@2",
		},
	}
}

func written(t *testing.T, r report.Report) string {
	t.Helper()
	var page bytes.Buffer
	require.NoError(t, report.Write(&page, r))
	return page.String()
}

// textOf returns what a reader sees of the page, with one space between words.
func textOf(t *testing.T, page string) string {
	t.Helper()
	var seen []string
	hidden := 0
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			return strings.Join(strings.Fields(strings.Join(seen, " ")), " ")
		case html.StartTagToken:
			if name, _ := z.TagName(); string(name) == "style" {
				hidden++
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "style" {
				hidden--
			}
		case html.TextToken:
			if hidden == 0 {
				seen = append(seen, html.UnescapeString(string(z.Raw())))
			}
		}
	}
}

func TestReportTellsEverything(t *testing.T) {
	t.Parallel()
	page := written(t, ended())
	text := textOf(t, page)
	for _, words := range []string{
		"A title", "https://www.youtube.com/watch?v=a",
		"1,234 posts: 1,000 comments, 233 replies. Status: completed, with gaps. As of 2 March 2026, 12:00 UTC",
		"The daily quota is used up (2 times) come back tomorrow",
		"positive 600 60.0 %", "neutral 300 30.0 %", "negative 100 10.0 %", "not scored 34", "spam 200 16.2 %",
		"self promotion 150", "lovely 40", "boring 9",
		"Lovely @ada , 1 like, 2 March 2026 , positive (+0.50), see it there", "@bob 12 +0.25", "UCc 3 –",
		"YouTube announced 1,241 posts, 1,234 were fetched.", "7 the platform counts but shows nobody", "An unknown number could not be fetched",
		"3 were deleted by those who wrote them.",
		"are Soundings’ own: they are not YouTube’s", "lexicon@2", "rules@1", "a task, run 1",
	} {
		require.Contains(t, text, words)
	}
	require.Contains(t, page, `href="https://www.youtube.com/watch?v=a&amp;lc=b"`)
}

func TestReportNeedsNothingElse(t *testing.T) {
	t.Parallel()
	page := written(t, ended())
	require.Equal(t, 3, strings.Count(page, "<svg "))
	require.Contains(t, page, `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`)
	ids := map[string]bool{}
	for element := range elementsOf(t, page) {
		require.NotContains(t, []string{"script", "link", "img", "iframe", "object", "embed", "form", "base", "video", "audio", "use", "image"}, element.Data)
		for _, a := range element.Attr {
			require.NotEqual(t, "src", a.Key)
			require.False(t, strings.HasPrefix(a.Key, "on"), "%s=%q", a.Key, a.Val)
			if a.Key == "id" {
				require.False(t, ids[a.Val], "two elements have the id %s", a.Val)
				ids[a.Val] = true
			}
		}
	}
	require.NotContains(t, page, "url(")
	require.NotContains(t, page, "@import")
	require.NotContains(t, page, "ZgotmplZ")
}

// elementsOf yields the elements of a page as a browser reads it.
func elementsOf(t *testing.T, page string) func(yield func(*html.Node) bool) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	return func(yield func(*html.Node) bool) {
		for n := range root.Descendants() {
			if n.Type == html.ElementNode && !yield(n) {
				return
			}
		}
	}
}

// hostile are things that people write who want a page to do something.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title></style></svg><script src=//evil.example></script>`,
	`javascript:alert(1)`, "java\x00script:alert(1)", `{{.Task}} {{template "mean"}}`, `<!--`, `]]>`, `&lt;b&gt;`, "\u202e gnirts a \u2066", "\xff\xfe", "`${alert(1)}`",
}

// Whatever people write: the page has the same elements as for harmless words,
// and no link leads anywhere but to the web.
func TestWhatPeopleWroteIsText(t *testing.T) {
	t.Parallel()
	want := shapeOf(t, written(t, with("harmless", "https://example.org")))
	for _, words := range hostile {
		r := with(words, words)
		page := written(t, r)
		require.Equal(t, shapeOf(t, page), strings.NewReplacer("a[href][rel] ", "").Replace(want), "%q", words)
	}
	// As an address that is one but not of the web:
	page := written(t, with("x", "javascript://example.org/%0aalert(1)"))
	require.NotContains(t, page, `href="javascript`)
	// And the words themselves are there to be read.
	require.Contains(t, textOf(t, written(t, with(hostile[0], ""))), hostile[0])
}

func TestLongPostsAreCut(t *testing.T) {
	t.Parallel()
	r := ended()
	r.Summary.MostLiked[0].Text = strings.Repeat("é", 599) + "<b>" + strings.Repeat("long ", 13_000)
	page := written(t, r)
	require.Less(t, len(page), 64<<10)
	require.Contains(t, page, strings.Repeat("é", 599)+"&lt;…</blockquote>")
}

// with returns a report with these words wherever others' words can be.
func with(words, address string) report.Report {
	r := ended()
	r.Task.Sources = []content.Source{{URL: address, Title: words}}
	r.Task.Problems = []task.Problem{{Code: fault.CodeInternal, Message: words}}
	s := &r.Summary
	s.MostLiked[0].Text, s.MostLiked[0].Author.Name, s.MostLiked[0].URL = words, words, address
	s.TopAuthors = []analysis.AuthorFigures{{Author: content.Author{Name: words}}, {Author: content.Author{ExternalID: words}}}
	s.SpamReasons[0].Reason = words
	s.Words.Positive[0].Word, s.Words.Negative[0].Word = words, words
	s.SpamModel, s.SentimentModel = analysis.Model(words), analysis.Model(words)
	s.Missing = []analysis.Missing{{Cause: content.Cause(words)}}
	return r
}

// shapeOf lists a page's elements with the names of their attributes.
func shapeOf(t *testing.T, page string) string {
	t.Helper()
	var shape strings.Builder
	for element := range elementsOf(t, page) {
		shape.WriteString(element.Data)
		for _, a := range element.Attr {
			shape.WriteString("[" + a.Key + "]")
		}
		shape.WriteString(" ")
	}
	return shape.String()
}

func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	text := textOf(t, written(t, report.Report{MadeAt: noon, Task: task.State{
		ID: "a task", Run: 1, Status: task.Waiting, RetryAt: noon.Add(time.Hour), CreatedAt: noon, Provider: content.Reddit,
		Sources: []content.Source{{URL: "https://www.reddit.com/comments/abc"}},
	}}))
	for _, words := range []string{
		"https://www.reddit.com/comments/abc", "0 posts. Status: waiting.", "It goes on at 2 March 2026, 13:00 UTC", "There are no posts yet.",
		"Nothing that Soundings knows of.", "they are not Reddit’s", "nobody: nothing was scored",
	} {
		require.Contains(t, text, words)
	}
	require.NotContains(t, text, "Most liked")
	require.NotContains(t, text, "Words that mark")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestReportSaysThatItCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, report.Write(full{}, ended()), "the disk is full")
}
