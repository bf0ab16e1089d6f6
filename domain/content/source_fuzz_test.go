package content_test

import (
	"testing"

	"github.com/soundings-io/soundings/domain/content"
)

// FuzzParseSource checks that nothing panics, that every refusal keeps its
// promises, and that a canonical address names the same source.
func FuzzParseSource(f *testing.F) {
	for _, seed := range []string{
		"https://www.youtube.com/watch?v=" + videoA + "&list=" + playlistA,
		" <youtu.be/" + videoA + "&t=3> ",
		"https://www.youtube.com/shorts/" + videoA,
		"https://www.youtube.com/@%E9%9F%B3%E6%A5%BD%E5%AE%A4/videos",
		"https://www.youtube.com/channel/" + channelA,
		"https://www.youtube.com/c/Ромашка",
		"https://www.youtube.com/SomeBody1",
		"https://www.youtube.com/playlist?list=RDMM",
		"https://www.youtube.com/attribution_link?u=%2Fwatch%3Fv%3D" + videoA,
		"https://consent.youtube.com/m?continue=https%3A%2F%2Fyoutu.be%2F" + videoA,
		"https://m.youtube.com/#/watch?v=" + videoA,
		"https://www.reddit.com/r/golang/comments/1abcd2/title/k1l2m3.json",
		"https://www.reddit.com/r/golang/top?t=year",
		"https://www.reddit.com/user/some-body?sort=new",
		"https://www.reddit.com/u/somebody/s/aB3dE5fG7h",
		"https://redd.it/1abcd2",
		"http://user:pw@youtube.com:80@[::1]:99/%2e%2e",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := content.ParseSource(text)
		if err != nil {
			requireRefusal(t, text, err)
			return
		}
		requireRoundTrip(t, text, s)
	})
}
