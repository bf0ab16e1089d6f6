package content_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// TestAdvanceFindsEveryCircle walks lists that have a straight part and then
// lead in a circle, of every length.
func TestAdvanceFindsEveryCircle(t *testing.T) {
	t.Parallel()
	for straight := range 12 {
		for circle := 1; circle < 30; circle++ {
			token := func(page int) string {
				if page < straight {
					return fmt.Sprintf("straight %d", page)
				}
				return fmt.Sprintf("circle %d", (page-straight)%circle)
			}
			c, err := content.Cursor{}, error(nil)
			pages := 0
			for ; err == nil && pages < 1000; pages++ {
				c, err = c.Advance(token(pages))
			}
			require.Equal(t, fault.CodePagingBroken, fault.As(err).Code)
			require.Less(t, pages, 4*(straight+circle)+4, "straight %d, circle %d", straight, circle)
		}
	}
}

func TestAdvanceWalksAStraightList(t *testing.T) {
	t.Parallel()
	c := content.Cursor{}
	for page := range 5000 {
		var err error
		c, err = c.Advance(fmt.Sprintf("token %d", page))
		require.NoError(t, err)
		c = c.Stored(100, false)
	}
	last, err := c.Advance("")
	require.NoError(t, err)
	require.Empty(t, last.Token)
	require.Equal(t, 5001, last.Page)
	require.EqualValues(t, 500_000, last.Posts)
}

// TestAdvanceEndsAListThatBringsNothing covers lists that hand out page 1 for
// ever under tokens that are always new.
func TestAdvanceEndsAListThatBringsNothing(t *testing.T) {
	t.Parallel()
	walk := func(c content.Cursor, fruitful bool) (pages int) {
		for pages = range 2000 {
			var err error
			if c, err = c.Advance(fmt.Sprintf("token %d", pages)); err != nil {
				return pages
			}
			c = c.Stored(0, fruitful)
		}
		return pages
	}
	require.InDelta(t, 200, walk(content.Cursor{}, false), 5)
	require.Equal(t, 1999, walk(content.Cursor{}, true), "what the options left out is no sign of a circle")
	require.InDelta(t, 700, walk(content.Cursor{Token: "x", Page: 500, Posts: 9}.Restart(), false), 5,
		"after a restart, what is stored is met again")
}

func TestRestartKeepsWhatWasCounted(t *testing.T) {
	t.Parallel()
	c := content.Cursor{Token: "x", Page: 7, Posts: 650, Anchor: "y", AnchorPage: 4, Stale: 2}.Restart()
	require.Equal(t, content.Cursor{Posts: 650, Known: 7}, c)
}
