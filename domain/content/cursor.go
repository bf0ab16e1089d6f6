package content

import "github.com/soundings-io/soundings/domain/fault"

// Cursor is how far a listing was walked. The zero Cursor is its beginning.
//
// It also remembers enough to notice a listing that leads in a circle: real
// ones have handed out page 1 for ever. Anchor is a token met earlier, moved
// up each time the number of pages doubles (Brent's cycle detection), so that
// a circle of any length is found in constant space.
type Cursor struct {
	// Token is the provider's, or the adapter's own; empty at the beginning.
	Token string `json:"token,omitempty"`
	// Page counts the pages stored, Posts the posts inserted.
	Page  int   `json:"page"`
	Posts int64 `json:"posts"`

	Anchor     string `json:"anchor,omitempty"`
	AnchorPage int    `json:"anchorPage,omitempty"`
	// Stale counts pages in a row that brought nothing new.
	Stale int `json:"stale,omitempty"`
	// Known is how many pages had been stored when the walk began anew.
	Known int `json:"known,omitempty"`
}

const (
	// maxStale is how many pages in a row may bring nothing new. Replies that
	// came with their threads already are fetched again, up to 100 threads a
	// listing, so it is above that.
	maxStale = 200
	// maxPages bounds a listing whatever it says.
	maxPages = 200_000
)

// Advance returns the cursor behind a page whose successor is next. It fails
// with CodePagingBroken when the listing leads in a circle.
func (c Cursor) Advance(next string) (Cursor, error) {
	c.Page++
	if next == "" {
		c.Token = ""
		return c, nil
	}
	if next == c.Token || next == c.Anchor || c.Stale > maxStale+c.Known || c.Page >= maxPages {
		return c, fault.New(fault.Rejected, fault.CodePagingBroken,
			"the provider's list leads in a circle after %d pages; what was found until then is kept", c.Page)
	}
	if c.Page >= 2*c.AnchorPage {
		c.Anchor, c.AnchorPage = next, c.Page
	}
	c.Token = next
	return c, nil
}

// Stored returns the cursor with what a page brought: how many posts were new.
// A fruitful page held something that the task's options left out, so that
// nothing new in it is no sign of a circle.
func (c Cursor) Stored(inserted int64, fruitful bool) Cursor {
	c.Posts += inserted
	if inserted > 0 || fruitful {
		c.Stale = 0
	} else {
		c.Stale++
	}
	return c
}

// Restart returns the cursor for a walk from the beginning, after the provider
// refused a stored token. What is stored already is met again and not counted.
func (c Cursor) Restart() Cursor {
	return Cursor{Posts: c.Posts, Known: c.Page + c.Known}
}
