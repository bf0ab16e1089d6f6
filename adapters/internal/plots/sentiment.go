package plots

import (
	"fmt"
	"math"

	"github.com/go-analyze/charts"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/analysis"
)

// Where the parts of the picture are, from above.
const (
	sharesTop, sharesBottom = 40, 230
	meansTop, meansBottom   = 274, 344
	sentimentDates          = 370
	sentimentHeight         = 384
	// lineHeight keeps the labels of thin bars apart.
	lineHeight = 18
)

// drawSentiment shows the sides' shares of what was scored, and the mean score
// below them.
func drawSentiment(s analysis.Summary) (picture, error) {
	c := newCanvas(sentimentHeight)
	p := picture{painter: c.Painter, width: width, height: sentimentHeight, title: "Sentiment over time"}
	all, u := stretches(s.ByDay)
	whole := total(all)
	if whole.scored() == 0 {
		p.words = "No post with a date was scored yet."
		c.nothing(sentimentHeight, p.words)
		return p, nil
	}
	p.words = sentimentWords(all, u, whole)
	c.write("Share of the scored posts, by "+u.name, marksLeft, 22, heading)
	c.levels(sharesTop, sharesBottom, "100 %", "50 %", "0 %")
	if err := c.in(sharesTop, sharesBottom).BarChart(c.stacked(shares(all), []ink{positive, neutral, negative}, sharesBottom-sharesTop)); err != nil {
		return p, err
	}
	c.sides(all, whole)
	c.write("Mean score, from −1 to +1", marksLeft, meansTop-18, heading)
	c.levels(meansTop, meansBottom, "+1", "0", "−1")
	if err := c.between(all).LineChart(c.means(all)); err != nil {
		return p, err
	}
	c.write("mean "+plain.Score(whole.mean()), marksRight+10, (meansTop+meansBottom)/2+textDrop, label)
	c.dates(all, u, sentimentDates)
	return p, nil
}

func total(all []stretch) stretch {
	var whole stretch
	for _, s := range all {
		whole.posts += s.posts
		whole.positive += s.positive
		whole.neutral += s.neutral
		whole.negative += s.negative
		whole.sum += s.sum
	}
	return whole
}

// shares are those of each side, in whole pixels, which together are the height of
// the chart: the library lengthens the axis for a sum that rounding made too great.
// A stretch without any scored post is a gap.
func shares(all []stretch) [][]float64 {
	const height = sharesBottom - sharesTop
	gap := charts.GetNullValue()
	series := make([][]float64, 3)
	for i := range series {
		series[i] = make([]float64, len(all))
	}
	for i, s := range all {
		if s.scored() == 0 {
			series[0][i], series[1][i], series[2][i] = gap, gap, gap
			continue
		}
		upTo := math.Round(height * float64(s.positive) / float64(s.scored()))
		series[0][i] = upTo
		series[1][i] = math.Round(height*float64(s.positive+s.neutral)/float64(s.scored())) - upTo
		series[2][i] = height - upTo - series[1][i]
	}
	return series
}

func (c canvas) means(all []stretch) charts.LineChartOption {
	line := make([]float64, len(all))
	for i, s := range all {
		line[i] = charts.GetNullValue()
		if s.scored() > 0 {
			line[i] = s.mean()
		}
	}
	opt := charts.NewLineChartOptionWithData([][]float64{line})
	opt.Theme = c.with(mean)
	opt.Padding = charts.NewBoxEqual(0)
	opt.Legend.Show = charts.Ptr(false)
	opt.Symbol.Shape = charts.SymbolNone
	opt.LineStrokeWidth = 2
	opt.XAxis.Show = charts.Ptr(false)
	opt.XAxis.BoundaryGap = charts.Ptr(len(all) == 1)
	opt.XAxis.Labels = make([]string, len(all))
	opt.YAxis = hidden(-1, 1)
	return opt
}

// between is where the mean scores are drawn: from the middle of the first bar
// above to that of the last. The library keeps half a bar's distance by itself
// only where points are far apart.
func (c canvas) between(all []stretch) *charts.Painter {
	half := 0
	if len(all) > 1 {
		half = (marksRight - marksLeft) / (2 * len(all))
	}
	return c.Child(charts.PainterBoxOption(charts.NewBox(marksLeft+half, meansTop, marksRight-half, meansBottom)))
}

// sides names the sides beside the last bar, each at the height of its part, with
// its share of all: nobody has to tell the colours by a key.
func (c canvas) sides(all []stretch, whole stretch) {
	last := whole
	for _, s := range all {
		if s.scored() > 0 {
			last = s
		}
	}
	below, scored := int64(0), last.scored()
	highest := sharesBottom + lineHeight/2
	for _, side := range []struct {
		name    string
		n, all  int64
		with    ink
		further int // labels that must fit above this one
	}{
		{"positive", last.positive, whole.positive, positive, 2},
		{"neutral", last.neutral, whole.neutral, neutral, 1},
		{"negative", last.negative, whole.negative, negative, 0},
	} {
		middle := float64(2*below+side.n) / float64(2*scored)
		below += side.n
		y := sharesBottom - int(middle*(sharesBottom-sharesTop))
		y = min(y, highest-lineHeight)
		y = max(y, sharesTop+lineHeight/2+side.further*lineHeight)
		highest = y
		c.FilledRect(marksRight+10, y-5, marksRight+20, y+5, side.with.colour(), side.with.colour(), 0)
		c.write(side.name+" "+plain.Percent(side.all, whole.scored()), marksRight+26, y+textDrop, label)
	}
}

func sentimentWords(all []stretch, u unit, whole stretch) string {
	words := fmt.Sprintf("Of %s, %s are positive, %s neutral and %s negative; the mean score is %s.", plain.Count(whole.scored(), "scored post", "scored posts"),
		plain.Percent(whole.positive, whole.scored()), plain.Percent(whole.neutral, whole.scored()), plain.Percent(whole.negative, whole.scored()), plain.Score(whole.mean()))
	var best, worst *stretch
	for i, s := range all {
		if s.scored() == 0 {
			continue
		}
		if best == nil || s.mean() > best.mean() {
			best = &all[i]
		}
		if worst == nil || s.mean() < worst.mean() {
			worst = &all[i]
		}
	}
	if best == worst {
		return words + " All are " + best.from.Format(u.within) + "."
	}
	return words + fmt.Sprintf(" By %s, the mean was highest %s, at %s, and lowest %s, at %s.", u.name,
		best.from.Format(u.within), plain.Score(best.mean()), worst.from.Format(u.within), plain.Score(worst.mean()))
}
