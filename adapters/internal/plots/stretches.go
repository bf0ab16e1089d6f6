package plots

import (
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
)

// mostStretches is how many bars a picture has at most: more could not be told
// apart, and would take more than 60 KB.
const mostStretches = 62

// unit is the length of the stretches of time that a picture has.
type unit struct {
	name  string
	label string // how a stretch is written, as a layout of package time
	// within names the stretch that a date lies in, as words in a sentence.
	within string
	begin  func(time.Time) time.Time
	next   func(time.Time) time.Time
}

// units are from the shortest to the longest. Weeks begin on Mondays (ISO 8601);
// all days are UTC's, as in the figures.
var units = []unit{
	{"day", "2 Jan 2006", "on 2 Jan 2006", func(t time.Time) time.Time { return t }, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"week", "2 Jan 2006", "in the week of 2 Jan 2006", monday, func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }},
	{"month", "Jan 2006", "in January 2006", monthOf(1), func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"quarter", "Jan 2006", "in the quarter from Jan 2006", monthOf(3), func(t time.Time) time.Time { return t.AddDate(0, 3, 0) }},
	{"year", "2006", "in 2006", monthOf(12), func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
}

func monday(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }

// monthOf begins stretches of so many months, which divide the year.
func monthOf(months int) func(time.Time) time.Time {
	return func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month()-time.Month((int(t.Month())-1)%months), 1, 0, 0, 0, 0, time.UTC)
	}
}

// stretch sums up days, spam left out of the sides.
type stretch struct {
	from                        time.Time
	posts                       int64
	positive, neutral, negative int64
	sum                         float64 // of the scores
}

func (s stretch) scored() int64 { return s.positive + s.neutral + s.negative }

// mean is the mean score of what was scored; there must be something. Rounding
// takes it nowhere beyond −1 and 1.
func (s stretch) mean() float64 { return max(-1, min(s.sum/float64(s.scored()), 1)) }

func (s *stretch) add(d analysis.Day) {
	s.posts += d.Posts
	s.positive += d.Positive
	s.neutral += d.Neutral
	s.negative += d.Negative
	if scored := d.Positive + d.Neutral + d.Negative; d.MeanScore != nil && scored > 0 {
		s.sum += *d.MeanScore * float64(scored)
	}
}

// stretches sums the days, oldest first, up by the shortest unit of which there
// are not too many, empty ones between them included. There are more than
// mostStretches only where posts are more than 62 years apart: of those, the
// newest are kept.
func stretches(days []analysis.Day) ([]stretch, unit) {
	if len(days) == 0 {
		return nil, units[0]
	}
	first, last := days[0].Day.UTC(), days[len(days)-1].Day.UTC()
	for _, u := range units {
		if from := starts(u, first, last); len(from) <= mostStretches {
			return fill(from, days), u
		}
	}
	longest := units[len(units)-1]
	from := starts(longest, last.AddDate(1-mostStretches, 0, 0), last)
	return fill(from, days), longest
}

// starts returns where the stretches begin, one more than mostStretches at most.
func starts(u unit, first, last time.Time) []time.Time {
	var from []time.Time
	for t := u.begin(first); !t.After(last) && len(from) <= mostStretches; t = u.next(t) {
		from = append(from, t)
	}
	return from
}

func fill(from []time.Time, days []analysis.Day) []stretch {
	all := make([]stretch, len(from))
	for i, t := range from {
		all[i].from = t
	}
	at := 0
	for _, d := range days {
		for at+1 < len(from) && !d.Day.Before(from[at+1]) {
			at++
		}
		if !d.Day.Before(from[at]) {
			all[at].add(d)
		}
	}
	return all
}
