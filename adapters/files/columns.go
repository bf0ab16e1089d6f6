package files

import (
	"slices"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
)

// row takes the cells of one post in the order of the columns. Each format that
// has columns has its own.
type row interface {
	// text puts a text; an empty one is no value where the column is optional.
	text(s string)
	whole(n int64)
	number(f float64)
	flag(b bool)
	// moment puts a time; the zero time is no value.
	moment(t time.Time)
	// list puts texts of which none holds a semicolon.
	list(items []string)
	// none puts no value.
	none()
}

type columnKind int

const (
	textColumn columnKind = iota
	wholeColumn
	numberColumn
	flagColumn
	momentColumn
	listColumn
)

// column is one property of a post. Optional columns may have no value; it is
// those that are null in the JSON of a post.
type column struct {
	name     string
	kind     columnKind
	optional bool
	// few tells that a task has few different values, or the same many times.
	few bool
	put func(r row, p *analysis.JudgedPost)
}

// columns are in the order that the HTTP contract fixes.
var columns = slices.Concat([]column{
	{name: "id", put: func(r row, p *analysis.JudgedPost) { r.text(p.ID) }},
	{name: "kind", few: true, put: func(r row, p *analysis.JudgedPost) { r.text(string(p.Kind)) }},
	{name: "externalId", put: func(r row, p *analysis.JudgedPost) { r.text(p.ExternalID) }},
	{name: "parentExternalId", optional: true, few: true, put: func(r row, p *analysis.JudgedPost) { r.text(p.ParentExternalID) }},
	{name: "rootExternalId", optional: true, few: true, put: func(r row, p *analysis.JudgedPost) { r.text(p.RootExternalID) }},
	{name: "authorName", optional: true, put: func(r row, p *analysis.JudgedPost) { r.text(p.Author.Name) }},
	{name: "authorExternalId", optional: true, put: func(r row, p *analysis.JudgedPost) { r.text(p.Author.ExternalID) }},
	{name: "text", put: func(r row, p *analysis.JudgedPost) { r.text(p.Text) }},
	{name: "likes", kind: wholeColumn, put: func(r row, p *analysis.JudgedPost) { r.whole(p.Likes) }},
	{name: "publishedAt", kind: momentColumn, optional: true, put: func(r row, p *analysis.JudgedPost) { r.moment(p.PublishedAt) }},
	{name: "editedAt", kind: momentColumn, optional: true, put: func(r row, p *analysis.JudgedPost) { r.moment(p.EditedAt) }},
	{name: "deleted", kind: flagColumn, put: func(r row, p *analysis.JudgedPost) { r.flag(p.Deleted) }},
	{name: "url", put: func(r row, p *analysis.JudgedPost) { r.text(p.URL) }},
}, []column{
	spamColumn("spamVerdict", textColumn, func(r row, v *analysis.SpamVerdict) { r.text(string(v.Verdict)) }),
	spamColumn("spamScore", numberColumn, func(r row, v *analysis.SpamVerdict) { r.number(v.Score) }),
	spamColumn("spamReasons", listColumn, func(r row, v *analysis.SpamVerdict) { r.list(v.Reasons) }),
	spamColumn("spamModel", textColumn, func(r row, v *analysis.SpamVerdict) { r.text(string(v.Model)) }),
	sentimentColumn("sentimentLabel", textColumn, func(r row, s *analysis.Sentiment) { r.text(string(s.Label)) }),
	sentimentColumn("sentimentScore", numberColumn, func(r row, s *analysis.Sentiment) { r.number(s.Score) }),
	sentimentColumn("sentimentModel", textColumn, func(r row, s *analysis.Sentiment) { r.text(string(s.Model)) }),
})

func spamColumn(name string, kind columnKind, put func(row, *analysis.SpamVerdict)) column {
	return column{name, kind, true, true, func(r row, p *analysis.JudgedPost) {
		if p.Spam == nil {
			r.none()
			return
		}
		put(r, p.Spam)
	}}
}

func sentimentColumn(name string, kind columnKind, put func(row, *analysis.Sentiment)) column {
	return column{name, kind, true, true, func(r row, p *analysis.JudgedPost) {
		if p.Sentiment == nil {
			r.none()
			return
		}
		put(r, p.Sentiment)
	}}
}

func columnNames(of []column) []string {
	names := make([]string, len(of))
	for i, c := range of {
		names[i] = c.name
	}
	return names
}

// chosenColumns returns those named in the order of the full list, all for no
// name; a name that comes twice counts once.
func chosenColumns(names []string) ([]column, error) {
	if len(names) == 0 {
		return columns, nil
	}
	all := columnNames(columns)
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, invalidColumns("there is no column %q; a column is one of %s", name, strings.Join(all, ", "))
		}
	}
	var chosen []column
	for _, c := range columns {
		if slices.Contains(names, c.name) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

func invalidColumns(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.CodeInvalidValue, format, args...).In("options.columns")
}
