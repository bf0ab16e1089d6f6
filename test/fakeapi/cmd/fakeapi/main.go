// Command fakeapi starts the fake platforms alone, for the demo, benchmarks and
// tests of other processes. It prints one line of JSON with the addresses and
// serves until it is interrupted or terminated.
package main

import (
	"cmp"
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
	thread := flags.String("reddit-thread", "", "add a recorded `group` of FIXTURES_DIR/reddit, such as thread_n49rw_full")
	redirect := flags.String("redirect", fakeapi.DemoRedirectURI, "the redirect `address` that the OAuth clients may use")
	consent := flags.String("consent", "", "consent at once as this `account` instead of showing a page")
	redditLimit := flags.Int("reddit-limit", 1000, "calls to Reddit in 10 minutes; 0 is no limit")
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
	if *thread != "" {
		if _, err := data.LoadRedditThread(fixtures(), *thread); err != nil {
			return err
		}
	}
	options := []fakeapi.Option{
		fakeapi.WithAddress(*address), fakeapi.WithKey(*key), fakeapi.WithQuota(*quota),
		fakeapi.WithRedirectURIs(*redirect), fakeapi.WithRedditLimit(*redditLimit),
	}
	if *consent != "" {
		options = append(options, fakeapi.WithConsent(fakeapi.Consent{Account: *consent}))
	}
	server := fakeapi.New(data, options...)
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

// fixtures is the folder of recorded data.
func fixtures() string {
	return cmp.Or(os.Getenv("FIXTURES_DIR"), "../shared/fixtures")
}

func load(name string) (*fakeapi.Data, error) {
	switch name {
	case "demo":
		return fakeapi.LoadDemo()
	case "corpus2013":
		return fakeapi.LoadCorpus2013(fixtures())
	case "brands2025":
		return fakeapi.LoadBrands2025(fixtures())
	}
	return fakeapi.Load(os.DirFS(name))
}

// announce prints what a caller needs, under the names of the environment.
func announce(out io.Writer, s *fakeapi.Server, data *fakeapi.Data, key string) error {
	return json.NewEncoder(out).Encode(map[string]any{
		"YOUTUBE_API_URL":             s.YouTubeURL(),
		"YOUTUBE_MASTER_ACCESS_TOKEN": key,
		"YOUTUBE_CLIENT_ID":           fakeapi.DemoGoogleClientID,
		"YOUTUBE_CLIENT_SECRET":       fakeapi.DemoGoogleClientSecret,
		"GOOGLE_AUTH_URL":             s.GoogleAuthURL(),
		"GOOGLE_TOKEN_URL":            s.GoogleTokenURL(),
		"GOOGLE_REVOKE_URL":           s.GoogleRevokeURL(),
		"REDDIT_API_URL":              s.RedditURL(),
		"REDDIT_AUTH_URL":             s.RedditAuthURL(),
		"REDDIT_CLIENT_ID":            fakeapi.DemoRedditClientID,
		"REDDIT_CLIENT_SECRET":        fakeapi.DemoRedditClientSecret,
		"REDDIT_USER_AGENT":           fakeapi.DemoUserAgent,
		"SENTIMENT_SERVICE_URL":       s.SentimentURL(),
		"SPAM_SERVICE_URL":            s.SpamURL(),
		"control":                     s.URL() + "/_fakeapi",
		"playlists":                   data.PlaylistIDs(),
	})
}
