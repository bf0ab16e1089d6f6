package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/soundings-io/soundings/adapters/spam"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
)

// labelled is a comment and what people said of it.
type labelled struct {
	analysis.SpamItem
	Spam bool
}

// spamVideo is one file of the UCI collection: the comments of one video.
type spamVideo struct {
	Name     string
	Comments []labelled
}

// loadSpamVideos reads fixtures/spam. Occurrences are counted over the video,
// as the product counts them over a task.
func loadSpamVideos(fixturesDir string) ([]spamVideo, error) {
	paths, err := filepath.Glob(filepath.Join(fixturesDir, "spam", "*.csv"))
	if err != nil || len(paths) < 2 {
		return nil, fmt.Errorf("%s/spam needs two files or more", fixturesDir)
	}
	var videos []spamVideo
	for _, path := range paths {
		comments, err := loadSpamVideo(path)
		if err != nil {
			return nil, err
		}
		videos = append(videos, spamVideo{Name: strings.TrimSuffix(filepath.Base(path), ".csv"), Comments: comments})
	}
	return videos, nil
}

// loadSpamVideo reads COMMENT_ID,AUTHOR,DATE,CONTENT,CLASS.
func loadSpamVideo(path string) ([]labelled, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var comments []labelled
	for _, row := range rows[1:] {
		comments = append(comments, labelled{
			SpamItem: analysis.SpamItem{ID: row[0], Author: content.Author{Name: row[1]}, Text: row[3]},
			Spam:     row[4] == "1",
		})
	}
	countOccurrences(comments)
	return comments, nil
}

func countOccurrences(comments []labelled) {
	counts := map[uint64]int{}
	for _, c := range comments {
		counts[analysis.Fingerprint(c.Text)]++
	}
	for i := range comments {
		comments[i].Occurrences = 1
		if fingerprint := analysis.Fingerprint(comments[i].Text); fingerprint != 0 {
			comments[i].Occurrences = counts[fingerprint]
		}
	}
}

// confusion counts verdicts against labels.
type confusion struct{ truePositive, falsePositive, falseNegative, trueNegative int }

func (c confusion) precision() float64 {
	return ratio(c.truePositive, c.truePositive+c.falsePositive)
}

func (c confusion) recall() float64 { return ratio(c.truePositive, c.truePositive+c.falseNegative) }

func (c confusion) f1() float64 {
	return ratio(2*c.truePositive, 2*c.truePositive+c.falsePositive+c.falseNegative)
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// judgeLabelled runs the detector over the comments.
func judgeLabelled(ctx context.Context, detector ports.SpamDetector, comments []labelled) (confusion, error) {
	items := make([]analysis.SpamItem, len(comments))
	for i, c := range comments {
		items[i] = c.SpamItem
	}
	verdicts, err := detector.Detect(ctx, items)
	if err != nil {
		return confusion{}, err
	}
	var c confusion
	for i, v := range verdicts {
		switch flagged := v.Verdict == analysis.Spam; {
		case flagged && comments[i].Spam:
			c.truePositive++
		case flagged:
			c.falsePositive++
		case comments[i].Spam:
			c.falseNegative++
		default:
			c.trueNegative++
		}
	}
	return c, nil
}

// evalSpam prints how well the built-in detector finds spam: each video is
// judged by a model trained on the others. Beside it the share of real
// comments from elsewhere that the shipped model flags.
func evalSpam(fixturesDir string, out io.Writer) error {
	ctx := context.Background()
	videos, err := loadSpamVideos(fixturesDir)
	if err != nil {
		return err
	}
	fmt.Fprint(out, "## Spam\n\nLeave one video out: trained on the others, judged on this one.\n\n")
	fmt.Fprintln(out, "| left out | comments | precision | recall | F1 |\n|---|--:|--:|--:|--:|")
	var precision, recall, f1 float64
	for i, video := range videos {
		var training []labelled
		for k, other := range videos {
			if k != i {
				training = append(training, other.Comments...)
			}
		}
		c, err := judgeLabelled(ctx, spam.NewBuiltinWith(trainSpam(training)), video.Comments)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s | %d | %.3f | %.3f | %.3f |\n", video.Name, len(video.Comments), c.precision(), c.recall(), c.f1())
		precision, recall, f1 = precision+c.precision(), recall+c.recall(), f1+c.f1()
	}
	n := float64(len(videos))
	fmt.Fprintf(out, "| **mean** | | **%.3f** | **%.3f** | **%.3f** |\n\n", precision/n, recall/n, f1/n)
	return evalElsewhere(ctx, spam.NewBuiltin(), fixturesDir, out)
}
