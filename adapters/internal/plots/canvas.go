package plots

import (
	"github.com/go-analyze/charts"
)

// Sizes are in CSS pixels. All pictures are as wide as one another, with room for
// the figures of the vertical axis before the marks, and for labels behind them.
const (
	width      = 760
	marksLeft  = 56
	marksRight = 620
	// textDrop is from the middle of a line of text down to its base line.
	textDrop = 5
	// most is how wide a bar gets, however few there are.
	widestBar = 48
	// dates is how many stretches are named at most: a date needs 90 pixels.
	dates = 6
)

// canvas is a picture in the making.
type canvas struct {
	*charts.Painter
	theme charts.ColorPalette
}

func newCanvas(height int) canvas {
	theme := charts.GetTheme(charts.ThemeLight).WithBackgroundColor(charts.ColorTransparent)
	return canvas{charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG, Width: width, Height: height, Theme: theme,
	}), theme}
}

// in is a part of the canvas that the library draws a chart into, without axes:
// those of two charts above one another would not agree.
func (c canvas) in(top, bottom int) *charts.Painter {
	return c.Child(charts.PainterBoxOption(charts.NewBox(marksLeft, top, marksRight, bottom)))
}

func (c canvas) write(words string, x, y int, with ink) {
	c.Text(words, x, y, 0, charts.FontStyle{FontSize: 10, FontColor: with.colour()})
}

// level is a line across a chart with what it stands for.
func (c canvas) level(y int, words string) {
	c.LineStroke([]charts.Point{{X: marksLeft, Y: y}, {X: marksRight, Y: y}}, grid.colour(), 1)
	c.write(words, marksLeft-8, y+textDrop, labelEnd)
}

// levels are lines at equal distances, the topmost first.
func (c canvas) levels(top, bottom int, words ...string) {
	for i, w := range words {
		c.level(top+(bottom-top)*i/(len(words)-1), w)
	}
}

// dates names some stretches below a chart, each in the middle of its bar.
func (c canvas) dates(all []stretch, u unit, y int) {
	every := (len(all) + dates - 1) / dates
	for i := 0; i < len(all); i += every {
		x := marksLeft + (2*i+1)*(marksRight-marksLeft)/(2*len(all))
		c.write(all[i].from.Format(u.label), x, y, labelMiddle)
	}
}

// nothing is what a picture shows that has no figures yet.
func (c canvas) nothing(height int, words string) {
	c.write(words, width/2, height/2+textDrop, labelMiddle)
}

// hidden is an axis that is not drawn, from least to most.
func hidden(least, most float64) []charts.ValueAxisOption {
	return []charts.ValueAxisOption{{Show: charts.Ptr(false), Min: charts.Ptr(least), Max: charts.Ptr(most), PreferNiceIntervals: charts.Ptr(false)}}
}

// stacked is a bar chart of series that add up, one ink each. The values must be
// whole numbers: where one is between 0 and 1, the library begins the axis below 0.
func (c canvas) stacked(series [][]float64, with []ink, most float64) charts.BarChartOption {
	opt := charts.NewBarChartOptionWithData(series)
	opt.StackSeries = charts.Ptr(true)
	opt.Theme = c.with(with...)
	opt.Padding = charts.NewBoxEqual(0)
	opt.Legend.Show = charts.Ptr(false)
	opt.CategoryAxis.Show = charts.Ptr(false)
	opt.CategoryAxis.Labels = make([]string, len(series[0]))
	opt.ValueAxis = hidden(0, most)
	opt.BarSize = min(0.85, widestBar*float64(len(series[0]))/(marksRight-marksLeft))
	return opt
}

func (c canvas) with(all ...ink) charts.ColorPalette {
	colours := make([]charts.Color, len(all))
	for i, one := range all {
		colours[i] = one.colour()
	}
	return c.theme.WithSeriesColors(colours)
}
