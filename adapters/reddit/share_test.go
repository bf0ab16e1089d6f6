package reddit_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/reddit"
	"github.com/soundings-io/soundings/domain/fault"
)

// site redirects by path, and refuses calls that carry credentials.
type site map[string]string

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" || r.Header.Get("User-Agent") == "" {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	to, known := s[r.URL.Path]
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusMovedPermanently)
}

func withSite(t *testing.T, web http.Handler) (s *reddit.Source, api *platform) {
	t.Helper()
	api = &platform{}
	apiServer, webServer := httptest.NewServer(api), httptest.NewServer(web)
	t.Cleanup(apiServer.Close)
	t.Cleanup(webServer.Close)
	return reddit.New(reddit.Options{BaseURL: apiServer.URL, WebURL: webServer.URL}), api
}

const shareLink = "https://www.reddit.com/r/golang/s/AbCdEfGhIj"

func TestShareLinksAreResolved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		web   site
		posts int
	}{
		"a submission": {site{"/r/golang/s/AbCdEfGhIj": "https://www.reddit.com/r/golang/comments/post1/title/?share_id=x&utm_source=share"}, 4},
		"a comment":    {site{"/r/golang/s/AbCdEfGhIj": "/r/golang/comments/post1/comment/b/?context=3"}, 3},
		"several hops": {site{
			"/r/golang/s/AbCdEfGhIj": "https://reddit.com/r/golang/s/KlMnOpQrSt?rdt=1",
			"/r/golang/s/KlMnOpQrSt": "https://sh.reddit.com/unknown/page",
			"/unknown/page":          "https://redd.it/post1",
		}, 4},
		"a login page": {site{"/r/golang/s/AbCdEfGhIj": "https://www.reddit.com/login/?dest=https%3A%2F%2Fwww.reddit.com%2Fr%2Fgolang%2Fcomments%2Fpost1%2F"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := withSite(t, c.web)
			page, err := s.Open(t.Context(), withToken(), parsed(t, shareLink))
			require.NoError(t, err)
			assert.Equal(t, "Title post1", page.Title)
			assert.Len(t, page.Posts, c.posts)
		})
	}
	s, _ := withSite(t, site{"/u/gopher/s/AbCdEfGhIj": "https://www.reddit.com/user/gopher/"})
	page, err := s.Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/u/gopher/s/AbCdEfGhIj"))
	require.NoError(t, err)
	assert.Equal(t, "u/gopher", page.Title)
}

func TestShareLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	rejected := func(web http.Handler) error {
		s, api := withSite(t, web)
		_, err := s.Open(t.Context(), withToken(), parsed(t, shareLink))
		assert.Empty(t, api.made(), "nothing is opened")
		return err
	}
	for name, to := range map[string]string{
		"look-alike":   "https://reddit.com.example.org/r/golang/comments/post1",
		"another site": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
		"itself":       "https://www.reddit.com/r/golang/s/AbCdEfGhIj",
		"a local host": "http://localhost:1/r/golang/comments/post1",
		"nothing":      "",
	} {
		f := requireFault(t, rejected(site{"/r/golang/s/AbCdEfGhIj": to}), fault.Rejected, fault.CodeProviderAnswerInvalid)
		assert.Contains(t, f.Message, "paste the address", name)
	}
	requireFault(t, rejected(site{}), fault.NotFound, fault.CodeSourceNotFound)
	requireFault(t, rejected(answer{200, nil, html}), fault.Rejected, fault.CodeProviderAnswerInvalid)
	requireFault(t, rejected(answer{403, nil, html}), fault.Rejected, fault.CodeProviderAnswerInvalid)
	requireFault(t, rejected(answer{503, nil, html}), fault.Unavailable, fault.CodeProviderUnavailable)
	f := requireFault(t, rejected(answer{429, map[string]string{"Retry-After": "9"}, html}), fault.RateLimited, fault.CodeRateLimited)
	assert.False(t, f.RetryAt.IsZero())
}

func TestHopsOfAShareLinkAreBounded(t *testing.T) {
	t.Parallel()
	var hops atomic.Int32
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/r/golang/s/"+strings.Repeat("a", 5+int(hops.Add(1))))
		w.WriteHeader(http.StatusFound)
	})
	s, _ := withSite(t, endless)
	_, err := s.Open(t.Context(), withToken(), parsed(t, shareLink))
	requireFault(t, err, fault.Rejected, fault.CodeProviderAnswerInvalid)
	assert.EqualValues(t, 5, hops.Load())
}
