package content_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

const (
	videoA    = "aB3_-xYz019"
	channelA  = "UCabcdefghijklmnopqrst_-"
	playlistA = "PLabcdefghijklmnopqrstuvwxyz012345"
)

// requireRefusal checks what every refusal promises, and returns it.
func requireRefusal(t *testing.T, address string, err error) *fault.Error {
	t.Helper()
	var f *fault.Error
	require.ErrorAs(t, err, &f, "%q", address)
	require.Equal(t, fault.Invalid, f.Kind, "%q", address)
	require.Equal(t, "url", f.Field, "%q", address)
	require.Contains(t, []fault.Code{fault.CodeUnsupportedURL, fault.CodeUnsupportedKind}, f.Code, "%q", address)
	require.NotEmpty(t, f.Message, "%q", address)
	require.NoError(t, f.Cause, "%q: a parser's own error repeats the address", address)
	return f
}

// requireRoundTrip checks that the canonical address names the same source.
func requireRoundTrip(t *testing.T, address string, s content.Source) {
	t.Helper()
	again, err := content.ParseSource(s.URL)
	require.NoError(t, err, "%q became %q", address, s.URL)
	require.Equal(t, s, again, "%q", address)
	require.True(t, strings.HasPrefix(s.URL, "https://www."), "%q became %q", address, s.URL)
	require.Empty(t, s.Title, "%q", address)
}

func youtube(kind content.SourceKind, id, path string) content.Source {
	return content.Source{Provider: content.YouTube, Kind: kind, ExternalID: id, URL: "https://www.youtube.com" + path}
}

func reddit(kind content.SourceKind, id, path string) content.Source {
	return content.Source{Provider: content.Reddit, Kind: kind, ExternalID: id, URL: "https://www.reddit.com" + path}
}

func requireAll(t *testing.T, want content.Source, addresses []string) {
	t.Helper()
	for _, address := range addresses {
		got, err := content.ParseSource(address)
		if assert.NoError(t, err, "%q", address) {
			assert.Equal(t, want, got, "%q", address)
			requireRoundTrip(t, address, got)
		}
	}
}

func TestParseSourcePasted(t *testing.T) {
	t.Parallel()
	requireAll(t, youtube(content.Video, videoA, "/watch?v="+videoA), []string{
		"https://www.youtube.com/watch?v=" + videoA,
		"http://www.youtube.com/watch?v=" + videoA,
		"HTTPS://WWW.YouTube.COM/watch?v=" + videoA,
		"www.youtube.com/watch?v=" + videoA,
		"youtube.com/watch?v=" + videoA,
		"//youtube.com/watch?v=" + videoA,
		"youtu.be/" + videoA,
		" \n\thttps://youtu.be/" + videoA + " \r\n",
		"\u00a0\ufeff\u200bhttps://youtu.be/" + videoA + "\u200e",
		"<https://youtu.be/" + videoA + ">",
		"  < https://youtu.be/" + videoA + " > ",
		"https://youtube.com:443/watch?v=" + videoA,
		"http://youtube.com:80/watch?v=" + videoA,
		"youtube.com:443/watch?v=" + videoA,
		"https://www.youtube.com//watch?v=" + videoA,
		"https://www.youtube.com/watch/?v=" + videoA,
		"https://www.youtube.com/watch?feature=x&amp;v=" + videoA + "&amp;t=3",
		"https://www.youtube.com/watch?v=" + videoA + "&next=http://evil.com:99/",
	})
}

func TestParseSourceRefusesHostile(t *testing.T) {
	t.Parallel()
	const watch = "/watch?v=" + videoA
	hostile := map[string]string{
		"empty":                      "",
		"white space":                " \t\n",
		"brackets alone":             "<>",
		"words":                      "see youtube.com" + watch,
		"two addresses":              "https://youtu.be/" + videoA + " https://youtu.be/" + videoA,
		"bare id":                    videoA,
		"bare handle":                "@handle",
		"unknown host":               "https://example.com" + watch,
		"suffixed":                   "https://youtube.com.evil.com" + watch,
		"prefixed":                   "https://evilyoutube.com" + watch,
		"hyphen":                     "https://www-youtube.com" + watch,
		"wrong domain":               "https://youtube.co" + watch,
		"wrong domain of the short":  "https://youtu.be.com/" + videoA,
		"host in path":               "https://evil.com/youtube.com" + watch,
		"host in query":              "https://evil.com/?u=https://youtube.com" + watch,
		"host in fragment":           "https://evil.com/#youtube.com" + watch,
		"fragment before at sign":    "https://evil.com#@youtube.com" + watch,
		"question before at sign":    "https://evil.com?@youtube.com" + watch,
		"semicolon in host":          "https://youtube.com;evil.com" + watch,
		"third-party front end":      "https://invidio.us" + watch,
		"shortener":                  "https://y2u.be/" + videoA,
		"dot at the end":             "https://youtube.com." + watch,
		"dot at the beginning":       "https://.youtube.com" + watch,
		"two dots":                   "https://www..youtube.com" + watch,
		"cyrillic о":                 "https://y\u043eutube.com" + watch,
		"full width":                 "https://\uff59outube.com" + watch,
		"kelvin sign":                "https://\u212aoutube.com" + watch,
		"ideographic dot":            "https://youtube\u3002com" + watch,
		"punycode":                   "https://xn--yutube-wqf.com" + watch,
		"percent-encoded letter":     "https://%79outube.com" + watch,
		"percent-encoded dot":        "https://youtube%2ecom" + watch,
		"percent-encoded utf-8":      "https://y%d0%beutube.com" + watch,
		"percent-encoded NUL":        "https://youtube.com%00.evil.com" + watch,
		"underscore":                 "https://a_b.youtube.com" + watch,
		"user":                       "https://user@youtube.com" + watch,
		"empty user":                 "https://@youtube.com" + watch,
		"password":                   "https://user:secret@youtube.com" + watch,
		"user without scheme":        "user:secret@youtube.com" + watch,
		"host as user":               "https://youtube.com@evil.com" + watch,
		"encoded at sign":            "https://youtube.com%40evil.com" + watch,
		"backslash":                  `https://evil.com\@youtube.com` + watch,
		"backslashes for slashes":    `https:\\youtube.com` + watch,
		"backslash in query":         `https://youtube.com/watch?v=` + videoA + `\u0026t=1`,
		"port":                       "https://youtube.com:8443" + watch,
		"port of the other scheme":   "http://youtube.com:443" + watch,
		"port without number":        "https://youtube.com:" + watch,
		"port with letters":          "https://youtube.com:x" + watch,
		"port without scheme":        "youtube.com:22" + watch,
		"ftp":                        "ftp://youtube.com" + watch,
		"javascript":                 "javascript:https://youtube.com" + watch,
		"data":                       "data:text/html,youtube.com",
		"mail":                       "mailto:somebody@youtube.com",
		"file":                       "file:///youtube.com" + watch,
		"app":                        "vnd.youtube:" + videoA,
		"scheme of nothing":          "://youtube.com" + watch,
		"one slash":                  "https:/youtube.com" + watch,
		"no slashes":                 "https:youtube.com" + watch,
		"two schemes":                "https://https://youtube.com" + watch,
		"no host":                    "https:///watch?v=" + videoA,
		"loopback":                   "http://127.0.0.1" + watch,
		"metadata service":           "http://169.254.169.254/latest/meta-data/",
		"private address":            "http://192.168.0.1/r/pics",
		"decimal address":            "http://2130706433" + watch,
		"localhost":                  "http://localhost" + watch,
		"ipv6":                       "http://[::1]" + watch,
		"ipv6 without scheme":        "[::1]" + watch,
		"ipv6 unclosed":              "http://[bad",
		"NUL":                        "https://youtube.com\x00" + watch,
		"NUL at the end":             "https://youtube.com" + watch + "\x00",
		"line break":                 "https://youtube.com/watch\n?v=" + videoA,
		"escape":                     "https://youtube.com\x1b[31m" + watch,
		"right-to-left override":     "https://youtube.com\u202e" + watch,
		"zero width inside":          "https://you\u200btube.com" + watch,
		"broken UTF-8":               "https://youtube.com/\xff" + watch,
		"broken UTF-8 in path":       "https://youtube.com/@a%ff%fe%fdb",
		"encoded control character":  "https://youtube.com/@abc%0ad",
		"broken percent code":        "https://youtube.com/%zz" + watch,
		"dot segments":               "https://youtube.com/x/../watch?v=" + videoA,
		"encoded dot segments":       "https://youtube.com/x/%2e%2e/watch?v=" + videoA,
		"encoded slash":              "https://youtube.com/channel%2f" + channelA,
		"wrong look-alike of reddit": "https://notreddit.com/r/pics",
		"suffixed reddit":            "https://reddit.com.evil.io/r/pics",
	}
	kindCode := map[string]bool{"encoded slash": true} // a known site's unknown page
	for name, address := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := content.ParseSource(address)
			f := requireRefusal(t, address, err)
			assert.Zero(t, s)
			assert.NotContains(t, f.Error(), "secret")
			if kindCode[name] {
				assert.Equal(t, fault.CodeUnsupportedKind, f.Code)
			} else {
				assert.Equal(t, fault.CodeUnsupportedURL, f.Code)
			}
		})
	}
}

func TestParseSourceLength(t *testing.T) {
	t.Parallel()
	address := "https://www.youtube.com/watch?v=" + videoA + "&x="
	longest := address + strings.Repeat("y", 2048-len(address))
	s, err := content.ParseSource(longest)
	require.NoError(t, err)
	assert.Equal(t, videoA, s.ExternalID)

	_, err = content.ParseSource(longest + "y")
	f := requireRefusal(t, longest, err)
	assert.Equal(t, fault.CodeUnsupportedURL, f.Code)
	assert.Contains(t, f.Message, "2,048")
}

func TestParseSourceRefusalsSayWhatToPaste(t *testing.T) {
	t.Parallel()
	for address, hint := range map[string]string{
		"https://example.com/":                       "YouTube video, playlist or channel, or of a Reddit post",
		"https://www.youtube.com/playlist?list=WL":   "PL",
		"https://www.youtube.com/clip/UgkxAbc":       "full video's address",
		"https://www.youtube.com/feed/trending":      "Open a video",
		"https://www.youtube.com/results?q=x":        "Open a result",
		"https://i.redd.it/abc.png":                  "address of the post",
		"https://www.reddit.com/r/pics/wiki/index":   "subreddit or of a post",
		"https://youtube.com:8080/watch?v=" + videoA: "without",
	} {
		_, err := content.ParseSource(address)
		assert.Contains(t, requireRefusal(t, address, err).Message, hint, "%q", address)
	}
}
