package content_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func TestParseSourceYouTube(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want      content.Source
		addresses []string
	}{
		"video": {youtube(content.Video, videoA, "/watch?v="+videoA), []string{
			"https://www.youtube.com/watch?t=3&v=" + videoA + "&si=tracker#t=1m",
			"https://www.youtube.com/watch?v=" + videoA + "&list=" + playlistA + "&index=2",
			"https://www.youtube.com/watch?v=" + videoA + "&list=RD" + videoA,
			"https://www.youtube.com/watch?v=" + videoA + "&v=" + videoA,
			"https://www.youtube.com/watch?vi=" + videoA,
			"https://www.youtube.com/watch/" + videoA,
			"https://www.youtube.com/Watch?v=" + videoA,
			"https://www.youtube.com/watch_popup?v=" + videoA,
			"https://m.youtube.com/details?v=" + videoA,
			"https://m.youtube.com/watch?v=" + videoA,
			"https://music.youtube.com/watch?v=" + videoA,
			"https://www.youtube.com/?v=" + videoA,
			"https://m.youtube.com/?hl=fr#/watch?v=" + videoA,
			"https://m.youtube.com/#%2Fwatch%3Fv%3D" + videoA,
			"https://www.youtube.com/live/" + videoA + "?feature=share",
			"https://www.youtube.com/embed/" + videoA + "?start=3",
			"https://www.youtube-nocookie.com/embed/" + videoA,
			"https://youtube.googleapis.com/v/" + videoA,
			"https://www.youtube.com/v/" + videoA + "/rest",
			"https://www.youtube.com/e/" + videoA,
			"https://www.youtube.com/w/" + videoA,
			"https://youtu.be/" + videoA + "?si=tracker",
			"https://youtu.be/" + videoA + "/",
			"https://youtu.be/" + videoA + "&t=20",
			"https://youtu.be/" + videoA + "?list=" + playlistA,
			"https://www.youtu.be/" + videoA,
			"https://youtu.be/watch?v=" + videoA,
		}},
		"short": {youtube(content.Short, videoA, "/shorts/"+videoA), []string{
			"https://www.youtube.com/shorts/" + videoA + "?feature=share",
			"https://m.youtube.com/shorts/" + videoA + "/",
			"https://youtu.be/shorts/" + videoA,
		}},
		"playlist": {youtube(content.Playlist, playlistA, "/playlist?list="+playlistA), []string{
			"https://www.youtube.com/playlist?list=" + playlistA + "&si=tracker",
			"https://music.youtube.com/playlist?list=" + playlistA,
			"https://music.youtube.com/browse/VL" + playlistA,
			"https://www.youtube.com/embed/videoseries?list=" + playlistA,
			"https://www.youtube.com/embed?listType=playlist&list=" + playlistA,
		}},
		"channel": {youtube(content.Channel, channelA, "/channel/"+channelA), []string{
			"https://www.youtube.com/channel/" + channelA,
			"https://www.youtube.com/channel/" + channelA + "/videos?view=0",
			"https://www.youtube.com/channel/" + channelA + "/community",
			"https://www.youtube.com/channel/" + channelA + "?sub_confirmation=1",
			"https://music.youtube.com/channel/" + channelA,
			"https://music.youtube.com/browse/" + channelA,
		}},
		"user": {youtube(content.UserName, "some.Body1", "/user/some.Body1"), []string{
			"https://www.youtube.com/user/some.Body1",
			"https://www.youtube.com/user/some.Body1/playlists",
			"https://www.youtube.com/user/some.Body1#p/u/1/" + videoA,
		}},
		"custom name": {youtube(content.Channel, "c/SomeBody1", "/c/SomeBody1"), []string{
			"https://www.youtube.com/c/SomeBody1",
			"https://www.youtube.com/c/SomeBody1/videos",
			"https://www.youtube.com/SomeBody1",
			"https://www.youtube.com/SomeBody1/",
			"https://www.youtube.com/SomeBody1/videos",
			"www.youtube.com/SomeBody1?sub_confirmation=1",
		}},
		"custom name of another script": {youtube(content.Channel, "c/Ромашка", "/c/%D0%A0%D0%BE%D0%BC%D0%B0%D1%88%D0%BA%D0%B0"), []string{
			"https://www.youtube.com/c/Ромашка",
			"https://www.youtube.com/Ромашка",
			"https://www.youtube.com/c/%D0%A0%D0%BE%D0%BC%D0%B0%D1%88%D0%BA%D0%B0/featured",
		}},
		"handle": {youtube(content.Handle, "@Some_body-1.x", "/@Some_body-1.x"), []string{
			"https://www.youtube.com/@Some_body-1.x",
			"https://www.youtube.com/@Some_body-1.x/shorts",
			"https://www.youtube.com/@Some_body-1.x/community",
			"https://www.youtube.com/%40Some_body-1.x",
			"youtube.com/@Some_body-1.x?si=tracker",
		}},
		"handle of another script": {youtube(content.Handle, "@音楽室·1", "/@%E9%9F%B3%E6%A5%BD%E5%AE%A4%C2%B71"), []string{
			"https://www.youtube.com/@音楽室·1",
			"https://www.youtube.com/@%E9%9F%B3%E6%A5%BD%E5%AE%A4%C2%B71/videos",
		}},
		"handle with combining marks": {youtube(content.Handle, "@हिन्दी", "/@%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80"), []string{
			"https://www.youtube.com/@हिन्दी",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireAll(t, tt.want, tt.addresses)
		})
	}
}

func TestParseSourceYouTubeLists(t *testing.T) {
	t.Parallel()
	const tail = "abcdefghijklmnopqrst_-"
	for _, id := range []string{
		"PL0123456789ABCDEF", "UU" + tail, "UUMO" + tail, "FL" + tail, "PU" + tail, "LL" + tail,
		"OLAK5uy_" + tail, "RDCLAK5uy_" + tail,
	} {
		requireAll(t, youtube(content.Playlist, id, "/playlist?list="+id), []string{
			"https://www.youtube.com/playlist?list=" + id,
		})
	}
}

func TestParseSourceYouTubeWrappers(t *testing.T) {
	t.Parallel()
	requireAll(t, youtube(content.Video, videoA, "/watch?v="+videoA), []string{
		"https://www.youtube.com/attribution_link?a=x&u=%2Fwatch%3Fv%3D" + videoA + "%26feature%3Dshare",
		"https://www.youtube.com/attribution_link?u=https%3A%2F%2Fyoutu.be%2F" + videoA,
		"https://www.youtube.com/redirect?event=x&q=https%3A%2F%2Fyoutu.be%2F" + videoA,
		"https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2Flive%2F" + videoA + "%3Fcbrd%3D1&gl=NL",
		"https://consent.youtube.com/ml?continue=https://www.youtube.com/watch?v=" + videoA,
		"https://www.youtube.com/signin?next=%2Fwatch%3Fv%3D" + videoA,
		"https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fyoutu.be%2F" + videoA,
		"https://accounts.youtube.com/accounts/SetSID?continue=https%3A%2F%2Fwww.youtube.com%2Fsignin%3Fnext%3D%252Fwatch%253Fv%253D" + videoA,
	})
	requireAll(t, reddit(content.Subreddit, "pics", "/r/pics"), []string{
		"https://www.youtube.com/redirect?q=https%3A%2F%2Fwww.reddit.com%2Fr%2Fpics",
	})
}

func TestParseSourceYouTubeRefuses(t *testing.T) {
	t.Parallel()
	requireCode(t, fault.CodeUnsupportedURL, []string{
		"https://www.youtube.com/watch",
		"https://www.youtube.com/watch?v=",
		"https://www.youtube.com/watch?v=tooShort10",
		"https://www.youtube.com/watch?v=" + videoA + "x",
		"https://www.youtube.com/watch?v=" + videoA[:10] + "%24",
		"https://www.youtube.com/watch?v=" + videoA + "]",
		"https://www.youtube.com/watch?v=" + videoA + "&v=otherVideo1",
		"https://www.youtube.com/watch?list=" + playlistA,
		"https://youtu.be/short",
		"https://www.youtube.com/shorts/",
		"https://www.youtube.com/live",
		"https://www.youtube.com/embed/x",
		"https://www.youtube.com/playlist",
		"https://www.youtube.com/playlist?list=PLx",
		"https://www.youtube.com/playlist?list=XX" + playlistA,
		"https://www.youtube.com/channel/",
		"https://www.youtube.com/channel/UCshort",
		"https://www.youtube.com/channel/@handle",
		"https://www.youtube.com/user/",
		"https://www.youtube.com/user/a%20b",
		"https://www.youtube.com/c",
		"https://www.youtube.com/c/a%2Fb",
		"https://www.youtube.com/@",
		"https://www.youtube.com/@ab",
		"https://www.youtube.com/@" + strings.Repeat("é", 31),
		"https://www.youtube.com/@two%2540words",
		"https://www.youtube.com/@with%20space",
		// Wrapped addresses are judged by the same rules.
		"https://www.youtube.com/redirect?q=https%3A%2F%2Fevil.com%2F",
		"https://www.youtube.com/redirect?q=%2F%2Fevil.com%2Fwatch%3Fv%3D" + videoA,
		"https://www.youtube.com/redirect?q=javascript%3Aalert(1)",
		"https://www.youtube.com/attribution_link?u=https%3A%2F%2Fuser%40youtube.com%2Fwatch%3Fv%3D" + videoA,
		"https://consent.youtube.com/m?continue=http%3A%2F%2F127.0.0.1%2F",
		"https://www.youtube.com/attribution_link?u=" + strings.Repeat("/attribution_link?u=", 3) + "/watch?v=" + videoA,
	})
	requireCode(t, fault.CodeUnsupportedKind, []string{
		"https://www.youtube.com", "https://www.youtube.com/", "www.youtube.com", "https://youtu.be/",
		"https://m.youtube.com/?hl=fr", "https://www.youtube.com/#top",
		"https://www.youtube.com/playlist?list=WL",
		"https://www.youtube.com/playlist?list=LL",
		"https://www.youtube.com/playlist?list=LM",
		"https://www.youtube.com/playlist?list=RDMM",
		"https://www.youtube.com/playlist?list=RD" + videoA,
		"https://www.youtube.com/clip/UgkxAbcdefghijklmnop",
		"https://www.youtube.com/post/UgkxAbcdefghijklmnop",
		"https://www.youtube.com/channel/" + channelA + "/community?lb=UgkxAbc",
		"https://www.youtube.com/@handle/community?lb=UgkxAbc",
		"https://www.youtube.com/feed/subscriptions?list=" + playlistA,
		"https://www.youtube.com/feed/trending.html",
		"https://www.youtube.com/results?search_query=x",
		"https://www.youtube.com/hashtag/x",
		"https://www.youtube.com/premium", "https://www.youtube.com/t/terms", "https://www.youtube.com/select_site",
		"https://www.youtube.com/source/" + videoA + "/shorts",
		"https://www.youtube.com/nobody/feed/trending",
		"https://www.youtube.com/embed/live_stream?channel=" + channelA,
		"https://music.youtube.com/browse/MPREb_abcdefghijk",
		"https://img.youtube.com/vi/" + videoA + "/hqdefault.jpg",
		"https://i.ytimg.com/vi/" + videoA + "/hqdefault.jpg",
		"https://rr1---sn-x.googlevideo.com/videoplayback?id=x",
		"https://studio.youtube.com/video/" + videoA + "/comments",
		"https://www.youtubekids.com/watch?v=" + videoA,
		"https://www.youtube.com/attribution_link",
		"https://www.youtube.com/redirect?event=x",
		"https://consent.youtube.com/m",
	})
}

// requireCode checks that all addresses are refused with the code.
func requireCode(t *testing.T, code fault.Code, addresses []string) {
	t.Helper()
	for _, address := range addresses {
		s, err := content.ParseSource(address)
		assert.Zero(t, s, "%q", address)
		assert.Equal(t, code, requireRefusal(t, address, err).Code, "%q", address)
	}
}
