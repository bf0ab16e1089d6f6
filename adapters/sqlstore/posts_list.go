package sqlstore

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// Posts lists by the order's column, then by id in the same direction.
func (s *Store) Posts(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, o analysis.Order, p ports.Paging) (ports.Listed[analysis.JudgedPost], error) {
	var none ports.Listed[analysis.JudgedPost]
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.owned(ctx, s.read, user, id); err != nil {
		return none, err
	}
	by, list := orderOf(o), newList("posts", id, f, o)
	from, err := by.open(list, p.After)
	if err != nil {
		return none, err
	}
	looked := by.behind(by.times(s.read.NewSelect().TableExpr("posts AS p").Where("p.task_id = ?", id), f), from)
	var rows []postRow
	q := s.read.NewSelect().Model(&rows).Where("p.task_id = ?", id)
	bounded := p.Within > 0 && !by.walks(f)
	if bounded {
		// A limit within is the only bound that no planner can reason away.
		q = s.read.NewSelect().ColumnExpr("p.*").TableExpr("(?) AS p", looked.Clone().ColumnExpr("p.*").Limit(int64(p.Within)))
		q = by.sorted(s.filter(q, f))
	} else {
		q = by.behind(s.filter(q, f), from)
	}
	if err := q.Limit(int64(p.Limit)+1).Scan(ctx, &rows); err != nil {
		return none, s.fault(err)
	}
	posts := make([]analysis.JudgedPost, len(rows))
	for i := range rows {
		posts[i] = rows[i].judged()
	}
	page := paged(list, posts, p.Limit, func(j analysis.JudgedPost) []string { return by.keys(j.PublishedAt, j.Likes, j.ID) })
	if bounded && page.Next == "" {
		page.Next, err = s.lookFurther(ctx, looked, by, list, p.Within)
	}
	return page, s.fault(err)
}

// lookFurther returns the cursor of the last post that was looked at, empty where
// there is nothing behind it.
func (s *Store) lookFurther(ctx context.Context, looked *bun.SelectQuery, by order, l list, within int) (string, error) {
	var last []place
	err := looked.ColumnExpr("?, p.id", bun.Safe(by.column)).Offset(int64(within)-1).Limit(2).Scan(ctx, &last)
	if err != nil || len(last) < 2 {
		return "", err
	}
	return l.seal(by.keys(last[0].PublishedAt, last[0].Likes, last[0].ID)), nil
}

// filter adds the conditions of a post filter.
func (s *Store) filter(q *bun.SelectQuery, f analysis.PostFilter) *bun.SelectQuery {
	if len(f.Kinds) > 0 {
		q = q.Where("p.kind IN (?)", bun.List(f.Kinds))
	}
	q = oneOf(q, "p.sentiment_label", f.Sentiments)
	q = oneOf(q, "p.spam_verdict", f.Spam)
	if f.Author != "" {
		q = q.Where("(p.author_name = ? OR p.author_external_id = ?)", f.Author, f.Author)
	}
	q = published(q, f)
	if f.Query != "" {
		q = q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, text := range caseVariants(f.Query) {
				q = q.WhereOr(`p.body ? ? ESCAPE '\'`, s.dialect.like(), "%"+escapeLike(text)+"%")
			}
			return q
		})
	}
	return q
}

func published(q *bun.SelectQuery, f analysis.PostFilter) *bun.SelectQuery {
	if !f.Since.IsZero() {
		q = q.Where("p.published_at >= ?", f.Since)
	}
	if !f.Until.IsZero() {
		q = q.Where("p.published_at < ?", f.Until)
	}
	return q
}

// oneOf keeps rows whose column has one of the values; the empty one stands
// for null.
func oneOf[T ~string](q *bun.SelectQuery, column string, values []T) *bun.SelectQuery {
	if len(values) == 0 {
		return q
	}
	some := slices.DeleteFunc(slices.Clone(values), func(v T) bool { return v == "" })
	c := bun.Safe(column)
	switch {
	case len(some) == len(values):
		return q.Where("? IN (?)", c, bun.List(some))
	case len(some) == 0:
		return q.Where("? IS NULL", c)
	}
	return q.Where("(? IN (?) OR ? IS NULL)", c, bun.List(some), c)
}

// caseVariants returns the ways in which a text is looked for. LIKE ignores the
// case of ASCII letters; that of others only on a Postgres whose locale knows
// them. Where the text has such letters, it is also looked for in lower case,
// in upper case and capitalised. What is missed there are words of mixed case.
func caseVariants(text string) []string {
	if strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return []string{text}
	}
	lower := strings.ToLower(text)
	capital := []rune(lower)
	capital[0] = unicode.ToUpper(capital[0])
	variants := []string{text, lower, strings.ToUpper(text), string(capital)}
	slices.Sort(variants)
	return slices.Compact(variants)
}

// escapeLike takes the meaning from LIKE's wildcards.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
