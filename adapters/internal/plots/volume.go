package plots

import (
	"fmt"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/analysis"
)

const (
	volumeTop, volumeBottom = 40, 230
	volumeDates             = 256
	volumeHeight            = 270
)

// drawVolume shows how many posts there were, spam included.
func drawVolume(s analysis.Summary) (picture, error) {
	c := newCanvas(volumeHeight)
	p := picture{painter: c.Painter, width: width, height: volumeHeight, title: "Posts over time"}
	all, u := stretches(s.ByDay)
	if len(all) == 0 {
		p.words = "There are no posts with a date yet."
		c.nothing(volumeHeight, p.words)
		return p, nil
	}
	most := all[0]
	series := make([]float64, len(all))
	for i, one := range all {
		series[i] = float64(one.posts)
		if one.posts > most.posts {
			most = one
		}
	}
	p.words = volumeWords(s, all, u, most)
	scale := roundUp(most.posts)
	c.write("Posts by "+u.name, marksLeft, 22, heading)
	c.levels(volumeTop, volumeBottom, plain.Number(scale), plain.Number(scale/2), "0")
	if err := c.in(volumeTop, volumeBottom).BarChart(c.stacked([][]float64{series}, []ink{posts}, float64(scale))); err != nil {
		return p, err
	}
	y := volumeBottom - int((volumeBottom-volumeTop)*most.posts/scale)
	c.write("most: "+plain.Number(most.posts), marksRight+10, y+textDrop, label)
	c.dates(all, u, volumeDates)
	return p, nil
}

func volumeWords(s analysis.Summary, all []stretch, u unit, most stretch) string {
	first, last := s.ByDay[0].Day, s.ByDay[len(s.ByDay)-1].Day
	if len(all) == 1 {
		return fmt.Sprintf("%s, all %s.", plain.Count(most.posts, "post", "posts"), most.from.Format(u.within))
	}
	return fmt.Sprintf("%s from %s to %s; most of them %s: %s.", plain.Count(total(all).posts, "post", "posts"), date(first), date(last),
		most.from.Format(u.within), plain.Number(most.posts))
}

// roundUp returns the least number with one digit before its zeros that is not
// below n and has a whole half.
func roundUp(n int64) int64 {
	power := int64(1)
	for power*10 <= n {
		power *= 10
	}
	for digit := int64(1); digit < 10; digit++ {
		if scale := digit * power; scale >= n && scale%2 == 0 {
			return scale
		}
	}
	return 10 * power
}
