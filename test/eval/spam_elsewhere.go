package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/analysis"
)

// elsewhere are sets of real comments without labels. How much of them is
// spam nobody counted; a share far above what one meets there is a fault.
var elsewhere = []struct{ file, text, source string }{
	{"youtube_2013_corpus.ndjson.gz", "text", "video_id"},
	{"youtube_2024_gaming.ndjson.gz", "text", "video_id"},
	{"youtube_2025_brands.ndjson.gz", "text", "video_id"},
	{"youtube_thai.ndjson.gz", "comment", "video_id"},
	{"youtube_vietnamese.ndjson.gz", "text", ""},
	{"reddit_2016_2024_gaming.ndjson.gz", "comment_body", "submission_id"},
	{"reddit_college_threads.ndjson.gz", "text", "sid"},
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

// evalElsewhere prints the share that the detector flags of each set.
func evalElsewhere(ctx context.Context, detector *spam.Builtin, fixturesDir string, out io.Writer) error {
	fmt.Fprint(out, "Flagged by the shipped model in comments from elsewhere, unlabelled:\n\n")
	fmt.Fprint(out, "| set | comments | flagged |\n|---|--:|--:|\n")
	for _, set := range elsewhere {
		comments, err := loadElsewhere(filepath.Join(fixturesDir, "bulk", set.file), set.text, set.source)
		if err != nil {
			return err
		}
		c, err := judgeLabelled(ctx, detector, comments)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s | %d | %.2f %% |\n", set.file, len(comments), 100*ratio(c.falsePositive, len(comments)))
	}
	fmt.Fprintln(out)
	return nil
}
