package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/soundings-io/soundings/domain/analysis"
)

// judgement is one text with what people, or the set's makers, think of it.
type judgement struct {
	text  string
	label analysis.Label
	// rating is the mean of the human ratings, -4 to 4; 0 in sets without.
	rating float64
}

// sentimentSet is a labelled set and how its file is read.
type sentimentSet struct {
	name string
	file string // below the fixtures' sentiment folder
	read func(io.Reader) ([]judgement, error)
}

var sentimentSets = []sentimentSet{
	{"vader tweets", "vader/tweets_GroundTruth.txt", readRatings},
	{"vader amazon", "vader/amazonReviewSnippets_GroundTruth.txt", readRatings},
	{"vader movie", "vader/movieReviewSnippets_GroundTruth.txt", readRatings},
	{"vader nyt", "vader/nytEditorialSnippets_GroundTruth.txt", readRatings},
	{"sst2 dev", "sst2/dev.tsv", readSST2},
	{"reddit_trump_parody train", "reddit_trump_parody/comments_train.csv", readParody},
	{"reddit_trump_parody val", "reddit_trump_parody/comments_val.csv", readParody},
	{"reddit_comments", "reddit_comments/Reddit_Data.csv.gz", readReddit},
	{"youtube_comments", "youtube_comments/YoutubeCommentsDataSet.csv.gz", readYouTube},
}

// load reads the set from the fixtures' folder.
func (s sentimentSet) load(fixturesDir string) ([]judgement, error) {
	file, err := os.Open(filepath.Join(fixturesDir, "sentiment", s.file))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(s.file, ".gz") {
		unzipped, err := gzip.NewReader(file)
		if err != nil {
			return nil, err
		}
		in = unzipped
	}
	judgements, err := s.read(in)
	if err == nil && len(judgements) == 0 {
		err = errors.New("no rows")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	return judgements, nil
}

// readRatings reads VADER's own ground truth, id<TAB>mean rating<TAB>text.
// Quotes in it are part of the text, so it is not read as CSV.
func readRatings(in io.Reader) ([]judgement, error) {
	content, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	var judgements []judgement
	for line := range strings.Lines(string(content)) {
		columns := strings.SplitN(strings.TrimRight(line, "\r\n"), "\t", 3)
		if len(columns) != 3 {
			return nil, fmt.Errorf("a line of %d columns", len(columns))
		}
		rating, err := strconv.ParseFloat(columns[1], 64)
		if err != nil {
			return nil, err
		}
		judgements = append(judgements, judgement{text: columns[2], label: labelOf(rating), rating: rating})
	}
	return judgements, nil
}

// labelThreshold divides the labels, of ratings and of scores, as VADER's
// authors do.
const labelThreshold = 0.05

func labelOf(rating float64) analysis.Label {
	switch {
	case rating >= labelThreshold:
		return analysis.Positive
	case rating <= -labelThreshold:
		return analysis.Negative
	}
	return analysis.Neutral
}

// readSST2 reads GLUE's format: a header, then label<TAB>text, without quoting.
func readSST2(in io.Reader) ([]judgement, error) {
	content, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	_, rows, _ := strings.Cut(string(content), "\n")
	var judgements []judgement
	for line := range strings.Lines(rows) {
		label, text, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		if !ok {
			return nil, errors.New("a line without a tab")
		}
		j, err := judgementOf(text, label, map[string]analysis.Label{"0": analysis.Negative, "1": analysis.Positive})
		if err != nil {
			return nil, err
		}
		judgements = append(judgements, j)
	}
	return judgements, nil
}

func readParody(in io.Reader) ([]judgement, error) {
	return readCSV(in, "content", "support",
		map[string]analysis.Label{"0": analysis.Neutral, "1": analysis.Positive, "2": analysis.Negative})
}

func readReddit(in io.Reader) ([]judgement, error) {
	return readCSV(in, "clean_comment", "category",
		map[string]analysis.Label{"-1": analysis.Negative, "0": analysis.Neutral, "1": analysis.Positive})
}

func readYouTube(in io.Reader) ([]judgement, error) {
	return readCSV(in, "Comment", "Sentiment",
		map[string]analysis.Label{"negative": analysis.Negative, "neutral": analysis.Neutral, "positive": analysis.Positive})
}

// readCSV reads the two named columns of a CSV file with a header. Rows with
// an empty text are left out.
func readCSV(in io.Reader, textColumn, labelColumn string, labels map[string]analysis.Label) ([]judgement, error) {
	rows := csv.NewReader(in)
	header, err := rows.Read()
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, name := range header {
		at[strings.TrimPrefix(name, "\ufeff")] = i
	}
	textAt, okText := at[textColumn]
	labelAt, okLabel := at[labelColumn]
	if !okText || !okLabel {
		return nil, fmt.Errorf("no columns %q and %q", textColumn, labelColumn)
	}
	var judgements []judgement
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return judgements, nil
		}
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(row[textAt]) == "" {
			continue
		}
		j, err := judgementOf(row[textAt], row[labelAt], labels)
		if err != nil {
			return nil, err
		}
		judgements = append(judgements, j)
	}
}

func judgementOf(text, label string, labels map[string]analysis.Label) (judgement, error) {
	known, ok := labels[label]
	if !ok {
		return judgement{}, fmt.Errorf("%q is not a label of this set", label)
	}
	return judgement{text: text, label: known}, nil
}
