package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// sizeLimit is how many bytes a picture may have.
const sizeLimit = 60 << 10

// figures are those of so many days, with a day without posts among them now and
// then.
func figures(days int) analysis.Summary {
	s := analysis.Summary{BySentiment: map[analysis.Label]int64{}, BySpam: map[analysis.Verdict]int64{}}
	from := time.Date(2024, 2, 27, 0, 0, 0, 0, time.UTC)
	for i := range days {
		if i%13 == 7 {
			continue
		}
		mean := math.Round(1000*math.Sin(float64(i)/9)/2) / 1000
		d := analysis.Day{Day: from.AddDate(0, 0, i), Positive: int64(5 + i%7), Neutral: int64(4 + i%3), Negative: int64(2 + i%5), MeanScore: &mean}
		d.Posts = d.Positive + d.Neutral + d.Negative + 2
		s.ByDay = append(s.ByDay, d)
		s.Total += d.Posts
		s.BySentiment[analysis.Positive] += d.Positive
		s.BySentiment[analysis.Neutral] += d.Neutral
		s.BySentiment[analysis.Negative] += d.Negative
		s.BySentiment[""]++
		s.BySpam[analysis.Spam]++
	}
	return s
}

func drawn(t testing.TB, name Name, s analysis.Summary) string {
	t.Helper()
	svg, err := Draw(name, s)
	require.NoError(t, err)
	require.LessOrEqual(t, len(svg), sizeLimit)
	return string(svg)
}

func TestGoldenPictures(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		for kind, s := range map[string]analysis.Summary{"": figures(40), "-empty": {}} {
			svg, file := drawn(t, name, s), filepath.Join("testdata", string(name)+kind+".svg")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(svg), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), svg, "%s is another picture; if that is meant, run the test with -update", file)
		}
	}
}

// Whatever the figures, a picture is well-formed, says in words what it shows,
// and has nothing in it that runs or fetches.
func TestEveryPictureIsSound(t *testing.T) {
	t.Parallel()
	for kind, s := range unusual() {
		for _, name := range Names() {
			svg := drawn(t, name, s)
			elements := elementsOf(t, svg)
			require.NotContains(t, elements, "script", kind)
			require.NotContains(t, elements, "image", kind)
			require.Equal(t, []string{"svg", "title", "desc"}, elements[:3], kind)
			require.Contains(t, svg, `role="img" aria-labelledby="`+string(name)+`-title `+string(name)+`-desc"`)
			require.Regexp(t, `<desc id="`+string(name)+`-desc">[^<]{10,}\.</desc>`, svg, kind)
			require.NotContains(t, strings.Replace(svg, `"http://www.w3.org/2000/svg"`, "", 1), "//", "%s: it has an address in it", kind)
			require.NotContains(t, svg, "NaN", kind)
			require.NotContains(t, svg, "Inf", kind)
			require.NotContains(t, svg, "rgb(", kind)
			require.NotContains(t, svg, "style=", kind)
		}
	}
}

// unusual are figures that could break a picture.
func unusual() map[string]analysis.Summary {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	one := func(d analysis.Day) analysis.Summary {
		return analysis.Summary{Total: d.Posts, ByDay: []analysis.Day{d}}
	}
	low, nan := -1.0, math.NaN()
	apart := figures(2)
	apart.ByDay[0].Day = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	apart.ByDay[1].Day = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	return map[string]analysis.Summary{
		"nothing":            {},
		"no dates":           {Total: 12, BySpam: map[analysis.Verdict]int64{analysis.Spam: 12}},
		"one unscored":       one(analysis.Day{Day: day, Posts: 1}),
		"one negative":       one(analysis.Day{Day: day, Posts: 1, Negative: 1, MeanScore: &low}),
		"no mean":            one(analysis.Day{Day: day, Posts: 1, Negative: 1}),
		"a mean of nothing":  one(analysis.Day{Day: day, Posts: 1, MeanScore: &nan}),
		"billions":           one(analysis.Day{Day: day, Posts: 10e9, Positive: 9e9, Negative: 1, MeanScore: &low}),
		"years apart":        apart,
		"one day":            figures(1),
		"three days":         figures(3),
		"as many as fit":     figures(mostStretches),
		"a thousand days":    figures(1000),
		"fifteen years":      figures(15 * 365),
		"two hundred years ": figures(200 * 365),
	}
}

func elementsOf(t *testing.T, svg string) []string {
	t.Helper()
	var names []string
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return names
		}
		require.NoError(t, err)
		if element, ok := token.(xml.StartElement); ok {
			names = append(names, element.Name.Local)
		}
	}
}

func TestPicturesSayWhatTheyShow(t *testing.T) {
	t.Parallel()
	low, high := -0.5, 0.25
	s := analysis.Summary{
		Total: 2000, BySentiment: map[analysis.Label]int64{analysis.Positive: 1000, analysis.Neutral: 500, analysis.Negative: 250, "": 150},
		BySpam: map[analysis.Verdict]int64{analysis.Spam: 100},
		ByDay: []analysis.Day{
			{Day: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Posts: 1500, Positive: 900, Neutral: 100, MeanScore: &high},
			{Day: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), Posts: 500, Positive: 100, Neutral: 400, Negative: 250, MeanScore: &low},
		},
	}
	for name, want := range map[Name][]string{
		SentimentOverTime: {
			"Of 1,750 scored posts, 57.1 % are positive, 28.6 % neutral and 14.3 % negative; the mean score is −0.07.",
			"By day, the mean was highest on 1 Mar 2026, at +0.25, and lowest on 3 Mar 2026, at −0.50.",
			">positive 57.1 %<", ">neutral 28.6 %<", ">negative 14.3 %<", ">1 Mar 2026<",
		},
		Mix: {
			"Of 2,000 posts, 50.0 % are positive, 25.0 % neutral, 12.5 % negative and 7.5 % unscored; 5.0 % are spam.",
			">50.0 % (1,000)<", ">5.0 % (100)<", ">spam<",
		},
		Volume: {
			"2,000 posts from 1 Mar 2026 to 3 Mar 2026; most of them on 1 Mar 2026: 1,500.", ">most: 1,500<", ">2,000<", ">1,000<",
		},
	} {
		svg := drawn(t, name, s)
		for _, words := range want {
			require.Contains(t, svg, words, name)
		}
	}
}

// A bar begins at the axis and is as long as its part, however small another is.
func TestBarsAreAsLongAsTheirParts(t *testing.T) {
	t.Parallel()
	const length = marksRight - mixLeft
	for _, rest := range []int64{0, 1, 10, 500} {
		s := analysis.Summary{
			Total: 1000 + rest, BySentiment: map[analysis.Label]int64{analysis.Positive: 600, analysis.Neutral: 400}, BySpam: map[analysis.Verdict]int64{analysis.Spam: rest},
		}
		bar := regexp.MustCompile(`<path d="M (\d+) \d+ L (\d+) [^"]*" class="positive"/>`).FindStringSubmatch(drawn(t, Mix, s))
		require.Len(t, bar, 3, "%d", rest)
		require.Equal(t, strconv.Itoa(mixLeft), bar[1], "%d", rest)
		end, err := strconv.Atoi(bar[2])
		require.NoError(t, err)
		require.InDelta(t, mixLeft+length*600/float64(s.Total), end, 1, "%d", rest)
	}
}

func TestUnknownNamesDrawNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []Name{"", "mix.svg", "../mix", "Mix"} {
		_, err := Draw(name, figures(3))
		require.True(t, fault.Is(err, fault.NotFound), name)
	}
}

// Every mark can be told from its background (WCAG 2.2, 1.4.11), and every text
// can be read (1.4.3), in light and in dark. Lines of the grid need not be seen.
func TestContrast(t *testing.T) {
	t.Parallel()
	for i, of := range inks {
		least := 3.0
		if strings.Contains(of.rule, "font") {
			least = 4.5
		}
		if i == grid {
			least = 1.2
		}
		require.GreaterOrEqual(t, contrast(t, of.light, "#ffffff"), least, "%s in light", of.name)
		require.GreaterOrEqual(t, contrast(t, of.dark, "#0d1117"), least, "%s in dark", of.name)
		require.Contains(t, sheet, ".soundings-plot ."+of.name+"{")
	}
}

// contrast is the ratio of WCAG 2.2 between two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
			require.NoError(t, err)
			c := float64(n) / 255
			if c <= 0.04045 {
				sum += weight * c / 12.92
				continue
			}
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

var sideLabel = regexp.MustCompile(`y="(\d+)" class="label">(positive|neutral|negative) `)

// The names of the sides stay apart and in order, however thin a side's part is.
func TestNamesOfSidesStayApart(t *testing.T) {
	t.Parallel()
	for _, sides := range [][3]int64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 1}, {998, 1, 1}, {1, 1, 998}, {1, 998, 1}} {
		s := analysis.Summary{ByDay: []analysis.Day{{
			Day: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Posts: 1000, Positive: sides[0], Neutral: sides[1], Negative: sides[2],
		}}}
		labels := sideLabel.FindAllStringSubmatch(drawn(t, SentimentOverTime, s), -1)
		require.Len(t, labels, 3)
		last := sharesBottom + lineHeight
		for _, l := range labels {
			y, err := strconv.Atoi(l[1])
			require.NoError(t, err)
			require.LessOrEqual(t, y, last-lineHeight+textDrop, "%v: %s", sides, l[2])
			require.GreaterOrEqual(t, y, sharesTop, "%v: %s", sides, l[2])
			last = y
		}
	}
}

func TestPicturesMayBeDrawnAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := figures(30)
	want := drawn(t, Mix, s)
	var group sync.WaitGroup
	all := make([][]byte, 8)
	for i := range all {
		group.Go(func() { all[i], _ = Draw(Mix, s) })
	}
	group.Wait()
	for _, svg := range all {
		require.True(t, bytes.Equal([]byte(want), svg))
	}
}

func BenchmarkDraw(b *testing.B) {
	s := figures(1000)
	for _, name := range Names() {
		b.Run(string(name), func(b *testing.B) {
			for b.Loop() {
				_, _ = Draw(name, s)
			}
			b.ReportMetric(float64(len(drawn(b, name, s))), "B/picture")
		})
	}
}
