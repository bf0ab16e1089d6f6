package sqlstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
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
	list := newList("posts", id, f, o)
	var rows []postRow
	q := s.filter(s.read.NewSelect().Model(&rows).Where("p.task_id = ?", id), f).Limit(int64(p.Limit) + 1)
	q, err := after(q, o, list, p.After)
	if err != nil {
		return none, err
	}
	if err := q.Scan(ctx); err != nil {
		return none, s.fault(err)
	}
	posts := make([]analysis.JudgedPost, len(rows))
	for i := range rows {
		posts[i] = rows[i].judged()
	}
	return paged(list, posts, p.Limit, func(j analysis.JudgedPost) []string {
		if o == analysis.MostLiked {
			return []string{strconv.FormatInt(j.Likes, 10), j.ID}
		}
		return []string{strconv.FormatInt(j.PublishedAt.UnixMicro(), 10), j.ID}
	}), nil
}

// after orders the query and starts it behind the cursor.
func after(q *bun.SelectQuery, o analysis.Order, l list, cursor string) (*bun.SelectQuery, error) {
	column, beyond, direction := "p.published_at", "<", " DESC"
	switch o {
	case analysis.OldestFirst:
		beyond, direction = ">", ""
	case analysis.MostLiked:
		column = "p.likes"
	}
	q = q.Order(column+direction, "p.id"+direction)
	if cursor == "" {
		return q, nil
	}
	keys, err := l.open(cursor, 2)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil {
		return nil, badCursor()
	}
	var key any = number
	if o != analysis.MostLiked {
		key = time.UnixMicro(number).UTC()
	}
	// The second condition follows from the first; with it alone Postgres begins
	// to read the index here.
	c, op := bun.Safe(column), bun.Safe(beyond)
	return q.Where("(?, p.id) ? (?, ?)", c, op, key, keys[1]).Where("? ?= ?", c, op, key), nil
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
	if !f.Since.IsZero() {
		q = q.Where("p.published_at >= ?", f.Since)
	}
	if !f.Until.IsZero() {
		q = q.Where("p.published_at < ?", f.Until)
	}
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
