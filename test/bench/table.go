package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table collects what was measured.
type table struct{ rows []row }

type row struct {
	what, ours, limit, ratio, target string
	// judged rows have a target; ok tells whether it is met.
	judged, ok bool
}

// figure is a number with its unit.
type figure struct {
	value float64
	unit  string
}

// String rounds to what can be told apart, three figures or so.
func (f figure) String() string {
	digits := 0
	switch {
	case f.value == 0:
	case f.value < 1:
		digits = 3
	case f.value < 10:
		digits = 2
	case f.value < 100:
		digits = 1
	}
	return grouped(strconv.FormatFloat(f.value, 'f', digits, 64)) + " " + f.unit
}

// grouped puts a comma before each three digits of a long whole number.
func grouped(number string) string {
	if strings.Contains(number, ".") {
		return number
	}
	for i := len(number) - 3; i > 0; i -= 3 {
		number = number[:i] + "," + number[i:]
	}
	return number
}

// atLeast judges ours by its share of a limit that was measured beside it.
func (t *table) atLeast(what string, ours, limit, target float64, unit string) {
	ratio := ours / limit
	t.rows = append(t.rows, row{
		what: what, ours: figure{ours, unit}.String(), limit: figure{limit, unit}.String(),
		ratio: fmt.Sprintf("%.2f", ratio), target: fmt.Sprintf("≥ %g ×", target), judged: true, ok: ratio >= target,
	})
}

// growth judges how much more there is of something after the work grew.
func (t *table) growth(what string, grown, base, target float64, unit string) {
	ratio := grown / base
	t.rows = append(t.rows, row{
		what: what, ours: figure{grown, unit}.String(), limit: figure{base, unit}.String(),
		ratio: fmt.Sprintf("%.2f", ratio), target: fmt.Sprintf("≤ %g ×", target), judged: true, ok: ratio <= target,
	})
}

// above and below judge a figure that stands for itself.
func (t *table) above(what string, ours, target float64, unit string) {
	t.rows = append(t.rows, row{what: what, ours: figure{ours, unit}.String(),
		target: "≥ " + figure{target, unit}.short(), judged: true, ok: ours >= target})
}

func (t *table) below(what string, ours, target float64, unit string) {
	t.rows = append(t.rows, row{what: what, ours: figure{ours, unit}.String(),
		target: "≤ " + figure{target, unit}.short(), judged: true, ok: ours <= target})
}

func (f figure) short() string { return strconv.FormatFloat(f.value, 'f', -1, 64) + " " + f.unit }

// note adds what is worth knowing and judged by nobody.
func (t *table) note(what, ours string) { t.rows = append(t.rows, row{what: what, ours: ours}) }

// broken adds a part that could not be measured, which is a target missed.
func (t *table) broken(part string, err error) {
	line, _, _ := strings.Cut(err.Error(), "\n")
	t.rows = append(t.rows, row{what: part + " was not measured", ours: line, judged: true})
}

func (t *table) missed() int {
	n := 0
	for _, r := range t.rows {
		if r.judged && !r.ok {
			n++
		}
	}
	return n
}

func (t *table) markdown() string {
	var b strings.Builder
	b.WriteString("| what | ours | the limit | ratio | target | ok? |\n|---|---:|---:|---:|---:|---|\n")
	for _, r := range t.rows {
		verdict := ""
		switch {
		case r.judged && r.ok:
			verdict = "yes"
		case r.judged:
			verdict = "**no**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.what, r.ours, r.limit, r.ratio, r.target, verdict)
	}
	return b.String()
}

// median returns the middle of the values, the upper one of two.
func median(values []float64) float64 { return percentile(values, 50) }

// percentile returns the value that p percent of the values do not exceed.
func percentile(values []float64, p int) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
