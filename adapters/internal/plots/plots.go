// Package plots draws a task's figures as pictures (SVG) that are readable in
// light and dark, by the colour-blind, and by a screen reader.
package plots

import (
	"fmt"
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
)

// Name names a picture, as the HTTP contract does (without its .svg).
type Name string

// The pictures.
const (
	SentimentOverTime Name = "sentiment-over-time"
	Mix               Name = "mix"
	Volume            Name = "volume"
)

// Names returns all pictures, in the order in which they are shown.
func Names() []Name { return []Name{SentimentOverTime, Mix, Volume} }

// Draw returns the picture, at most 60 KB of it, and the same bytes for the same
// figures. There is nothing in it that people wrote: numbers and dates alone. It
// can be a file of its own and a part of an HTML page, beside the others. A
// picture that there is none of is fault.NotFound.
func Draw(name Name, s analysis.Summary) ([]byte, error) {
	draw := map[Name]func(analysis.Summary) (picture, error){
		SentimentOverTime: drawSentiment, Mix: drawMix, Volume: drawVolume,
	}[name]
	if draw == nil {
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "there is no picture of that name; there are %s, %s and %s", SentimentOverTime, Mix, Volume)
	}
	drawn, err := draw(s)
	if err != nil {
		return nil, fmt.Errorf("drawing %s: %w", name, err)
	}
	drawn.name = name
	return drawn.finish()
}

func date(t time.Time) string { return t.Format("2 Jan 2006") }
