package plots

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-analyze/charts"
)

// ink is a colour of a picture. The library draws with the ink's number in place
// of a colour, and finish writes the ink's name as a class where the number
// stands: a class can have one colour in light and another in dark, and viewers
// that know nothing of schemes show the light one.
type ink int

const (
	positive ink = iota + 1
	neutral
	negative
	unscored
	spam
	posts
	mean
	grid
	heading
	// label, labelEnd and labelMiddle are text that begins, ends or has its middle
	// where it is put.
	label
	labelEnd
	labelMiddle
)

// inks are the names and colours. Those of the marks are Okabe and Ito's (Color
// Universal Design, 2008), made for the colour-blind, the lighter ones of each
// hue in dark; each has a contrast of 3:1 to its background at least (WCAG 2.2,
// 1.4.11), and text of 4.5:1 (1.4.3).
var inks = map[ink]struct{ name, light, dark, rule string }{
	positive:    {"positive", "#0072b2", "#56b4e9", "fill:%s"},
	neutral:     {"neutral", "#8c8c8c", "#8c8c8c", "fill:%s"},
	negative:    {"negative", "#d55e00", "#e69f00", "fill:%s"},
	unscored:    {"unscored", "#767676", "#b0b0b0", "fill:none;stroke:%s;stroke-width:1.5"},
	spam:        {"spam", "#a64d79", "#cc79a7", "fill:%s"},
	posts:       {"posts", "#0072b2", "#56b4e9", "fill:%s"},
	mean:        {"mean", "#1f2328", "#f0f6fc", "fill:none;stroke:%s;stroke-width:2"},
	grid:        {"grid", "#d1d9e0", "#3d444d", "fill:none;stroke:%s"},
	heading:     {"heading", "#1f2328", "#f0f6fc", "fill:%s;font:600 14px " + fonts},
	label:       {"label", "#59636e", "#9198a1", "fill:%s;font:13px " + fonts},
	labelEnd:    {"label-end", "#59636e", "#9198a1", "fill:%s;font:13px " + fonts + ";text-anchor:end"},
	labelMiddle: {"label-middle", "#59636e", "#9198a1", "fill:%s;font:13px " + fonts + ";text-anchor:middle"},
}

// fonts are the reader's own: no picture fetches any.
const fonts = "system-ui,sans-serif"

// colour is what the library draws with.
func (i ink) colour() charts.Color { return charts.Color{B: uint8(i), A: 255} }

// inkOf finds the ink in a style that the library wrote.
func inkOf(style []byte) (ink, bool) {
	found := numbered.FindSubmatch(style)
	if found == nil {
		return 0, false
	}
	n, err := strconv.Atoi(string(found[1]))
	_, known := inks[ink(n)]
	return ink(n), err == nil && known
}

var (
	numbered = regexp.MustCompile(`rgb\(0,0,(\d+)\)`)
	styled   = regexp.MustCompile(`style="([^"]*)"`)
	opening  = regexp.MustCompile(`^<svg[^>]*>`)
	// unseen are the backgrounds, which have no colour.
	unseen = regexp.MustCompile(`<path d="[^"]*" style="stroke:none;fill:none"/>`)
)

// picture is what was drawn, and what it says in words.
type picture struct {
	name          Name
	painter       *charts.Painter
	width, height int
	title, words  string
}

// finish turns the library's drawing into a picture that follows the reader's
// scheme and tells a screen reader what it shows.
func (p picture) finish() ([]byte, error) {
	drawn, err := p.painter.Bytes()
	if err != nil {
		return nil, err
	}
	drawn = unseen.ReplaceAll(drawn, nil)
	drawn = bytes.ReplaceAll(drawn, []byte("\n"), []byte(" "))
	stray := ""
	drawn = styled.ReplaceAllFunc(drawn, func(style []byte) []byte {
		i, ok := inkOf(style)
		if !ok {
			stray = string(style)
		}
		return fmt.Appendf(nil, `class="%s"`, inks[i].name)
	})
	if stray != "" {
		return nil, fmt.Errorf("the library drew with a colour of its own: %s", stray)
	}
	return append(opening.ReplaceAllLiteral(drawn, p.head()), '\n'), nil
}

func (p picture) head() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="soundings-plot" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">`,
		p.width, p.height, p.width, p.height, p.name, p.name)
	fmt.Fprintf(&b, `<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, p.name, escape(p.title), p.name, escape(p.words))
	fmt.Fprintf(&b, `<style>%s</style>`, sheet)
	return b.Bytes()
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

var sheet = styleSheet()

// styleSheet has a rule for each ink in light, and its colour in dark. Rules are
// those of pictures alone, because a page may have pictures in it.
func styleSheet() string {
	var light, dark strings.Builder
	for i := positive; i <= labelMiddle; i++ {
		of := inks[i]
		rule := fmt.Sprintf(of.rule, of.light)
		fmt.Fprintf(&light, ".soundings-plot .%s{%s}", of.name, rule)
		property := "fill"
		if strings.Contains(of.rule, "stroke:%s") {
			property = "stroke"
		}
		fmt.Fprintf(&dark, ".soundings-plot .%s{%s:%s}", of.name, property, of.dark)
	}
	// A score without neighbours is a dot, where a line would not be seen.
	return light.String() + ".soundings-plot circle.mean{stroke-width:3}" + "@media(prefers-color-scheme:dark){" + dark.String() + "}"
}
