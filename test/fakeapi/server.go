// Package fakeapi plays the platforms behind Soundings at the wire: the YouTube
// Data API and Google's authorization server, Reddit with its own, a sentiment
// service and a spam service, as one HTTP server on 127.0.0.1 that is loaded
// with data, records its calls, and works faults on its answers by rule.
//
// The authorization servers stand on github.com/go-oauth2/oauth2/v4, the
// lightest of the kept libraries: its grants can be called without its HTTP
// handlers, so that each platform keeps its own shapes, and it brings no other
// module into the build. It checks S256 challenges and redirect addresses
// against the code and keeps codes to one use. It does not check the client on
// a refresh, redirects errors to unknown addresses and does not guard two uses
// of a code at the same moment: authority does. ory/fosite v0.49.0 links 54
// modules, zitadel/oidc/v3 v3.45.0 links 22 and wants the storage of a whole
// OpenID provider.
//
// A test starts it with Run, the command fakeapi starts it alone. Each platform
// is one file that turns requests into answers; sending, faults and the record
// are the server's and the same for all.
package fakeapi

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// Service names a platform that the server plays.
type Service string

// The services.
const (
	YouTube Service = "youtube"
	// Google is its authorization server.
	Google Service = "google"
	// Reddit is the API, RedditWWW the site with the authorization server and
	// the share links.
	Reddit    Service = "reddit"
	RedditWWW Service = "reddit-www"
	Sentiment Service = "sentiment"
	Spam      Service = "spam"
)

const (
	// maxBody is more than the services' limit of 100 texts of 10,000
	// characters of four bytes.
	maxBody = 8 << 20
	// maxHang ends a call that hangs although the client never goes away.
	maxHang = 60 * time.Second
	// closeWithin is how long Close waits for open calls.
	closeWithin = 2 * time.Second
)

// platform answers the calls of one service; path stands behind its base path.
type platform interface {
	answer(r *http.Request, path string, effect Effect) answer
	// fault renders the rule of an Error in the platform's own shape.
	fault(r Rule) answer
}

// gatekeeper is a platform that counts the calls that are open: enter is
// called before any delay, the returned function when the call has ended.
type gatekeeper interface {
	enter(r *http.Request, path string) (*http.Request, func())
}

// mount is a platform with its base path.
type mount struct {
	service  Service
	base     string
	platform platform
}

// Server is the fake platforms on one listener.
type Server struct {
	youtube     *youtube
	google      *google
	reddit      *reddit
	redditWWW   *redditWWW
	credentials *credentials
	mounts      []mount
	recorder    recorder
	rules       ruleBook

	address  string
	listener net.Listener
	http     *http.Server
	// closing ends the calls that hang.
	closing context.Context
	stop    context.CancelFunc
	served  chan error
}

// New returns a server over the data, which may be changed while it runs.
func New(data *Data, options ...Option) *Server {
	c := &credentials{keys: map[string]bool{DemoKey: true}, tokens: map[string]AccessToken{}, now: time.Now}
	s := &Server{
		credentials: c,
		youtube:     newYouTube(data, c),
		google:      &google{newAuthority(googleTraits, c)},
		reddit:      newReddit(data, c),
		redditWWW:   &redditWWW{newAuthority(redditTraits, c), data},
		address:     "127.0.0.1:0",
		recorder:    recorder{open: map[Service]int{}, high: map[Service]int{}},
		served:      make(chan error, 1),
	}
	s.mounts = []mount{
		{YouTube, "/youtube/v3/", s.youtube},
		{Google, "/google/", s.google},
		{RedditWWW, "/reddit-www/", s.redditWWW},
		{Reddit, redditBase, s.reddit},
		{Sentiment, "/sentiment/", sentimentService{}},
		{Spam, "/spam/", spamService{}},
	}
	for _, option := range options {
		option(s)
	}
	return s
}

// Start listens and serves until Close. Calls of open hanging faults end when
// ctx ends, too.
func (s *Server) Start(ctx context.Context) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("fakeapi: %w", err)
	}
	s.listener = listener
	s.closing, s.stop = context.WithCancel(ctx)
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // cut connections are meant
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return nil
}

// Close ends what hangs, waits up to 2 seconds for open calls and stops
// serving. It may be called once after Start.
func (s *Server) Close() {
	s.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.closing), closeWithin)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // what is still open is cut, as announced
	}
	<-s.served
}

// ServeHTTP answers a call of any platform, or of the control paths.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlBase) {
		s.control(w, r)
		return
	}
	for _, m := range s.mounts {
		if path, ok := strings.CutPrefix(r.URL.Path, m.base); ok {
			s.serve(w, r, m, path)
			return
		}
	}
	send(w, htmlAnswer(http.StatusNotFound))
}
