package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/analysis"
)

// elsewhere are sets of real comments without labels. How much of them is
// spam nobody counted; a share far above what one meets there is a fault.
var elsewhere = []struct{ name, text, source string }{
	{"youtube_2013_corpus", "text", "video_id"},
	{"youtube_2024_gaming", "text", "video_id"},
	{"youtube_2025_brands", "text", "video_id"},
	{"youtube_thai", "comment", "video_id"},
	{"youtube_vietnamese", "text", ""},
	{"reddit_2016_2024_gaming", "comment_body", "submission_id"},
	{"reddit_college_threads", "text", "sid"},
}

// loadElsewhere reads one set, source by source, and counts occurrences
// within each source.
func loadElsewhere(path, text, source string) ([]labelled, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	bySource := map[string][]labelled{}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var row map[string]any
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		body, _ := row[text].(string)
		from, _ := row[source].(string)
		bySource[from] = append(bySource[from], labelled{SpamItem: analysis.SpamItem{Text: body}})
	}
	var all []labelled
	for _, comments := range bySource {
		countOccurrences(comments)
		all = append(all, comments...)
	}
	return all, lines.Err()
}

// flaggedShare is the share of a set that a detector flags.
type flaggedShare struct {
	name     string
	comments int
	flagged  float64
}

// spamElsewhere judges every set.
func spamElsewhere(ctx context.Context, detector *spam.Builtin, fixturesDir string) ([]flaggedShare, error) {
	var shares []flaggedShare
	for _, set := range elsewhere {
		comments, err := loadElsewhere(filepath.Join(fixturesDir, "bulk", set.name+".ndjson.gz"), set.text, set.source)
		if err != nil {
			return nil, err
		}
		c, err := judgeLabelled(ctx, detector, comments)
		if err != nil {
			return nil, err
		}
		// Nothing is labelled spam here, so whatever is flagged counts as false.
		shares = append(shares, flaggedShare{set.name, len(comments), ratio(c.falsePositive, len(comments))})
	}
	return shares, nil
}
