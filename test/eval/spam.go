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

// labelled is a comment of a video and what people said of it.
type labelled struct {
	analysis.SpamItem
	Video string
	Spam  bool
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
			Video:    filepath.Base(path),
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

// spamScores is how well one video's spam was found.
type spamScores struct {
	video                 string
	comments              int
	precision, recall, f1 float64
}

// spamFolds judges each video by a model trained on the other ones alone.
func spamFolds(ctx context.Context, fixturesDir string) ([]spamScores, error) {
	videos, err := loadSpamVideos(fixturesDir)
	if err != nil {
		return nil, err
	}
	var folds []spamScores
	for i, video := range videos {
		var training []labelled
		for k, other := range videos {
			if k != i {
				training = append(training, other.Comments...)
			}
		}
		c, err := judgeLabelled(ctx, spam.NewBuiltinWith(trainSpam(training)), video.Comments)
		if err != nil {
			return nil, err
		}
		folds = append(folds, spamScores{video.Name, len(video.Comments), c.precision(), c.recall(), c.f1()})
	}
	return folds, nil
}

// meanOf gives every video the same weight.
func meanOf(folds []spamScores) spamScores {
	mean := spamScores{video: "**mean**"}
	n := float64(len(folds))
	for _, f := range folds {
		mean.comments += f.comments
		mean.precision += f.precision / n
		mean.recall += f.recall / n
		mean.f1 += f.f1 / n
	}
	return mean
}

// evalSpam prints how well the built-in detector finds spam: each video is
// judged by a model trained on the others. Below it the share of real
// comments from elsewhere that the shipped model flags.
func evalSpam(fixturesDir string, out io.Writer) error {
	ctx := context.Background()
	folds, err := spamFolds(ctx, fixturesDir)
	if err != nil {
		return err
	}
	fmt.Fprint(out, "## Spam\n\nOne video left out: trained on the others, judged on this one. The weights are held out; the\n"+
		"signals and where their weights start from were written by somebody who had seen errors on all three.\n\n")
	fmt.Fprint(out, "| left out | comments | precision | recall | F1 |\n|---|--:|--:|--:|--:|\n")
	for _, f := range append(folds, meanOf(folds)) {
		fmt.Fprintf(out, "| %s | %d | %.3f | %.3f | %.3f |\n", f.video, f.comments, f.precision, f.recall, f.f1)
	}
	shares, err := spamElsewhere(ctx, spam.NewBuiltin(), fixturesDir)
	if err != nil {
		return err
	}
	fmt.Fprint(out, "\nFlagged by the shipped model in comments from elsewhere, which nobody labelled:\n\n")
	fmt.Fprint(out, "| set | comments | flagged |\n|---|--:|--:|\n")
	for _, s := range shares {
		fmt.Fprintf(out, "| %s | %d | %.2f %% |\n", s.name, s.comments, 100*s.flagged)
	}
	fmt.Fprintln(out)
	return nil
}
