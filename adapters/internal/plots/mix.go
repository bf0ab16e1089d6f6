package plots

import (
	"fmt"

	"github.com/go-analyze/charts"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/analysis"
)

const (
	mixTop     = 36
	mixRow     = 34
	mixRows    = 5
	mixBottom  = mixTop + mixRows*mixRow
	mixHeight  = mixBottom + 12
	mixLeft    = 96
	mixBarSize = 0.62 // of a row
)

type part struct {
	name  string
	posts int64
	with  ink
}

// parts add up to all posts: what is spam has no side.
func parts(s analysis.Summary) []part {
	return []part{
		{"positive", s.BySentiment[analysis.Positive], positive},
		{"neutral", s.BySentiment[analysis.Neutral], neutral},
		{"negative", s.BySentiment[analysis.Negative], negative},
		{"unscored", s.BySentiment[""], unscored},
		{"spam", s.BySpam[analysis.Spam], spam},
	}
}

// drawMix shows what all posts are, a bar a part.
func drawMix(s analysis.Summary) (picture, error) {
	c := newCanvas(mixHeight)
	p := picture{painter: c.Painter, width: width, height: mixHeight, title: "Sentiment and spam"}
	if s.Total == 0 {
		p.words = "There are no posts yet."
		c.nothing(mixHeight, p.words)
		return p, nil
	}
	all := parts(s)
	p.words = fmt.Sprintf("Of %s, %s are positive, %s neutral, %s negative and %s unscored; %s are spam.", plain.Count(s.Total, "post", "posts"),
		plain.Percent(all[0].posts, s.Total), plain.Percent(all[1].posts, s.Total), plain.Percent(all[2].posts, s.Total), plain.Percent(all[3].posts, s.Total), plain.Percent(all[4].posts, s.Total))
	c.write("Share of "+plain.Count(s.Total, "post", "posts"), mixLeft, 22, heading)
	chart := c.Child(charts.PainterBoxOption(charts.NewBox(mixLeft, mixTop, marksRight, mixBottom)))
	if err := chart.BarChart(c.rows(all, s.Total)); err != nil {
		return p, err
	}
	for i, part := range all {
		y := mixTop + i*mixRow + mixRow/2 + textDrop
		c.write(part.name, mixLeft-10, y, labelEnd)
		behind := mixLeft + int(float64(marksRight-mixLeft)*float64(part.posts)/float64(s.Total))
		c.write(fmt.Sprintf("%s (%s)", plain.Percent(part.posts, s.Total), plain.Number(part.posts)), behind+8, y, label)
	}
	return p, nil
}

// rows is a chart with a series for each part, which has its one value in the
// part's row: that gives each bar its own ink. The library's first row is the
// lowest.
func (c canvas) rows(all []part, whole int64) charts.BarChartOption {
	series, with := make([][]float64, len(all)), make([]ink, len(all))
	for i, p := range all {
		with[i] = p.with
		series[i] = make([]float64, len(all))
		for row := range all {
			series[i][row] = charts.GetNullValue()
		}
		if p.posts > 0 {
			series[i][len(all)-1-i] = float64(p.posts)
		}
	}
	opt := c.stacked(series, with, float64(whole))
	opt.Horizontal = true
	opt.BarSize = mixBarSize
	return opt
}
