package fakeapi

// URL returns the address of the server, without a path.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// YouTubeURL returns what YOUTUBE_API_URL takes.
func (s *Server) YouTubeURL() string { return s.URL() + "/youtube/v3" }

// SentimentURL returns what SENTIMENT_SERVICE_URL takes.
func (s *Server) SentimentURL() string { return s.URL() + "/sentiment" }

// SpamURL returns what SPAM_SERVICE_URL takes.
func (s *Server) SpamURL() string { return s.URL() + "/spam" }

// RedditURL returns what REDDIT_API_URL takes.
func (s *Server) RedditURL() string { return s.URL() + "/reddit" }

// RedditAuthURL returns what REDDIT_AUTH_URL takes, which stands for
// https://www.reddit.com.
func (s *Server) RedditAuthURL() string { return s.URL() + "/reddit-www" }

// GoogleAuthURL returns what GOOGLE_AUTH_URL takes.
func (s *Server) GoogleAuthURL() string { return s.URL() + "/google/" + googleAuthPath }

// GoogleTokenURL returns what GOOGLE_TOKEN_URL takes.
func (s *Server) GoogleTokenURL() string { return s.URL() + "/google/token" }

// GoogleRevokeURL returns what GOOGLE_REVOKE_URL takes.
func (s *Server) GoogleRevokeURL() string { return s.URL() + "/google/revoke" }
