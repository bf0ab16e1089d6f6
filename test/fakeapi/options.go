package fakeapi

import "time"

// Option changes how a Server behaves.
type Option func(*Server)

// WithAddress listens there instead of on a free port of 127.0.0.1.
func WithAddress(address string) Option { return func(s *Server) { s.address = address } }

// WithKey accepts this API key and no longer DemoKey.
func WithKey(key string) Option {
	return func(s *Server) { s.credentials.keys = map[string]bool{key: true} }
}

// WithToken accepts an access token.
func WithToken(t AccessToken) Option { return func(s *Server) { s.AllowToken(t) } }

// WithClock judges the expiry of access tokens by another clock.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.credentials.now = now } }

// WithQuota answers quotaExceeded after so many calls that were authorised.
func WithQuota(calls int64) Option { return func(s *Server) { s.youtube.quota = calls } }

// WithEmptyItems writes "items":[] into empty lists instead of leaving it out.
func WithEmptyItems() Option { return func(s *Server) { s.youtube.emptyItems = true } }

// WithGoogleClient knows this OAuth client at Google and no longer the demo's.
func WithGoogleClient(c OAuthClient) Option {
	return func(s *Server) { s.google.setClient(c) }
}

// WithRedditClient knows this OAuth client at Reddit and no longer the demo's.
func WithRedditClient(c OAuthClient) Option {
	return func(s *Server) { s.redditWWW.setClient(c) }
}

// WithRedirectURIs accepts these addresses besides the clients' own.
func WithRedirectURIs(uris ...string) Option {
	return func(s *Server) {
		for _, uri := range uris {
			s.AllowRedirect(uri)
		}
	}
}

// WithConsent answers every authorization request with this decision.
func WithConsent(c Consent) Option { return func(s *Server) { s.SetConsent(&c) } }

// WithRotation hands out a new refresh token with every refresh, and the one
// that was used is dead. Neither platform does so today.
func WithRotation() Option {
	return func(s *Server) {
		s.google.rotate()
		s.redditWWW.rotate()
	}
}

// WithRedditLimit allows so many calls to the Reddit API in a window of 600 s
// for all tokens together; 0 is no limit. The default is 1,000.
func WithRedditLimit(calls int) Option { return func(s *Server) { s.reddit.limit.calls = calls } }

// WithTreeLimit changes how many comments and levels one answer of Reddit's
// comments shows at most; the default is 500 and 10.
func WithTreeLimit(comments, levels int) Option {
	return func(s *Server) { s.reddit.maxTree, s.reddit.maxLevels = comments, levels }
}

// WithOverlap lets calls to morechildren of one token overlap; by default the
// second one is refused with 429.
func WithOverlap() Option { return func(s *Server) { s.reddit.overlap = true } }
