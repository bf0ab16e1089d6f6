// Command eval measures the built-in analysers on labelled data and prints
// Markdown tables. The data lies in the folder that FIXTURES_DIR names,
// ../shared/fixtures where it is not set.
//
//	go run ./test/eval              # measure
//	go run ./test/eval -train-spam  # write the spam detector's weights
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
)

// spamWeights is where the detector embeds its weights from, seen from the
// project's root.
const spamWeights = "adapters/spam/weights.tsv"

func main() {
	trainSpam := flag.Bool("train-spam", false, "train the spam detector and write "+spamWeights)
	flag.Parse()
	if err := run(*trainSpam); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(train bool) error {
	fixturesDir := cmp.Or(os.Getenv("FIXTURES_DIR"), "../shared/fixtures")
	if train {
		return writeSpamWeights(fixturesDir, spamWeights)
	}
	if err := evalSpam(fixturesDir, os.Stdout); err != nil {
		return err
	}
	return evalSentiment(fixturesDir, os.Stdout)
}
