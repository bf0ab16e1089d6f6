// Command fakeapi starts the fake platforms alone, for the demo, benchmarks and
// tests of other processes. It prints one line of JSON with the addresses and
// serves until it is interrupted or terminated.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("fakeapi", flag.ContinueOnError)
	address := flags.String("addr", "127.0.0.1:0", "listen `address`")
	name := flags.String("data", "demo", "demo, corpus2013, brands2025 (both read FIXTURES_DIR), or a `folder` of *.ndjson")
	repeat := flags.Int("repeat", 1, "serve every video `k` times under other ids")
	key := flags.String("key", fakeapi.DemoKey, "the API key that is accepted")
	quota := flags.Int64("quota", 0, "answer quotaExceeded after so many `calls`; 0 is never")
	if err := flags.Parse(args); err != nil {
		return err
	}
	data, err := load(*name)
	if err != nil {
		return err
	}
	data.Repeat(*repeat)
	server := fakeapi.New(data, fakeapi.WithAddress(*address), fakeapi.WithKey(*key), fakeapi.WithQuota(*quota))
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer server.Close()
	if err := announce(out, server, data, *key); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func load(name string) (*fakeapi.Data, error) {
	fixtures := os.Getenv("FIXTURES_DIR")
	if fixtures == "" {
		fixtures = "../shared/fixtures"
	}
	switch name {
	case "demo":
		return fakeapi.LoadDemo()
	case "corpus2013":
		return fakeapi.LoadCorpus2013(fixtures)
	case "brands2025":
		return fakeapi.LoadBrands2025(fixtures)
	}
	return fakeapi.Load(os.DirFS(name))
}

// announce prints what a caller needs, under the names of the environment.
func announce(out io.Writer, s *fakeapi.Server, data *fakeapi.Data, key string) error {
	return json.NewEncoder(out).Encode(map[string]any{
		"YOUTUBE_API_URL":             s.YouTubeURL(),
		"YOUTUBE_MASTER_ACCESS_TOKEN": key,
		"SENTIMENT_SERVICE_URL":       s.SentimentURL(),
		"SPAM_SERVICE_URL":            s.SpamURL(),
		"control":                     s.URL() + "/_fakeapi",
		"playlists":                   data.PlaylistIDs(),
	})
}
