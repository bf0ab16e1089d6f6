package sqlstore

import (
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
)

// order is how posts are listed: by a column, then by id, both in one direction.
type order struct {
	column            string
	beyond, direction string
	liked             bool
}

// place is where a post stands in a list; of its columns only that of the order
// is known.
type place struct {
	PublishedAt time.Time `bun:"published_at"`
	Likes       int64     `bun:"likes"`
	ID          string    `bun:"id"`
}

func orderOf(o analysis.Order) order {
	switch o {
	case analysis.OldestFirst:
		return order{column: "p.published_at", beyond: ">"}
	case analysis.MostLiked:
		return order{column: "p.likes", beyond: "<", direction: " DESC", liked: true}
	}
	return order{column: "p.published_at", beyond: "<", direction: " DESC"}
}

// keys returns the place of a post as a cursor has it.
func (o order) keys(at time.Time, likes int64, id string) []string {
	if o.liked {
		return []string{strconv.FormatInt(likes, 10), id}
	}
	return []string{strconv.FormatInt(at.UnixMicro(), 10), id}
}

// open returns the place that a cursor of the list names, nil for none.
func (o order) open(l list, cursor string) (*place, error) {
	if cursor == "" {
		return nil, nil
	}
	keys, err := l.open(cursor, 2)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil {
		return nil, badCursor()
	}
	return &place{PublishedAt: time.UnixMicro(number).UTC(), Likes: number, ID: keys[1]}, nil
}

func (o order) sorted(q *bun.SelectQuery) *bun.SelectQuery {
	return q.Order(o.column+o.direction, "p.id"+o.direction)
}

// behind orders the query and starts it behind a place.
func (o order) behind(q *bun.SelectQuery, from *place) *bun.SelectQuery {
	q = o.sorted(q)
	if from == nil {
		return q
	}
	var key any = from.PublishedAt
	if o.liked {
		key = from.Likes
	}
	// The second condition follows from the first; with it alone Postgres begins
	// to read the index here.
	c, op := bun.Safe(o.column), bun.Safe(o.beyond)
	return q.Where("(?, p.id) ? (?, ?)", c, op, key, from.ID).Where("? ?= ?", c, op, key)
}

// walks tells that the posts which the filter chooses stand one behind another
// in the order's index, so that nothing is looked at in vain.
func (o order) walks(f analysis.PostFilter) bool {
	if o.liked && !(f.Since.IsZero() && f.Until.IsZero()) {
		return false
	}
	return len(f.Kinds) == 0 && len(f.Sentiments) == 0 && len(f.Spam) == 0 && f.Author == "" && f.Query == ""
}

// times adds what of the filter the order's index knows.
func (o order) times(q *bun.SelectQuery, f analysis.PostFilter) *bun.SelectQuery {
	if o.liked {
		return q
	}
	return published(q, f)
}
