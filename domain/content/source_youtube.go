package content

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const youtubeHome = "https://www.youtube.com"

// The shapes of YouTube's ids, from its documentation and yt-dlp's extractors.
var (
	videoID   = regexp.MustCompile(`^[A-Za-z0-9_-]{11}$`)
	channelID = regexp.MustCompile(`^UC[A-Za-z0-9_-]{22}$`)
	// listableID: the lists that the Data API hands out. RDCLAK5uy_ are the
	// editors' lists of YouTube Music, unlike the other RD… lists; LL and a
	// channel's 22 characters are the likes that a channel made public.
	listableID = regexp.MustCompile(
		`^(?:(?:PL|UU|FL|PU|EC|SP)[A-Za-z0-9_-]{10,62}|(?:OLAK5uy_|RDCLAK5uy_)[A-Za-z0-9_-]{10,60}|LL[A-Za-z0-9_-]{22})$`)
	// unlistableID: lists made for one viewer, which no API hands out.
	unlistableID = regexp.MustCompile(`^(?:(?:RD|UL|TL)[A-Za-z0-9_-]*|WL|LL|LM)$`)
)

// handleName: 3 to 30 letters and digits of any script, and four marks.
func handleName(s string) bool { return named(s, 3, 30, nameMarks) }

// channelName is that of /user/NAME and /c/NAME.
func channelName(s string) bool { return named(s, 1, 100, nameMarks) }

// vanityName stands alone behind the host, where only letters and digits
// were ever given out; pages like /select_site are told by their marks.
func vanityName(s string) bool { return named(s, 3, 100, "") }

const nameMarks = "_.·-"

// named tells whether s has so many characters, all of them letters, digits or
// marks. (As regular expressions, these counts of all the world's letters took
// 9 MB and 40 ms to compile.)
func named(s string, least, most int, marks string) bool {
	if n := utf8.RuneCountInString(s); n < least || n > most || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune(marks, r)
	})
}

// youtubeRoutes tells by the path's first segment who reads an address.
var youtubeRoutes = map[string]func(address) (Source, error){
	"":                youtubeFrontPage,
	"watch":           youtubeWatch,
	"watch_popup":     youtubeWatch,
	"ytscreeningroom": youtubeWatch,
	"details":         youtubeWatch,
	"w":               youtubeVideoInPath,
	"v":               youtubeVideoInPath,
	"e":               youtubeVideoInPath,
	"live":            youtubeVideoInPath,
	"embed":           youtubeEmbed,
	"shorts":          youtubeShort,
	"playlist":        youtubePlaylistPage,
	"browse":          youtubeBrowse,
	"channel":         youtubeChannelPage,
	"user":            youtubeUserPage,
	"c":               youtubeCustomPage,
}

// youtubeForwards are the pages that only lead to another one, with the query
// parameter that names it.
var youtubeForwards = map[string]string{
	"attribution_link": "u",
	"redirect":         "q",
	"signin":           "next",
	"oembed":           "url",
	"verify_age":       "next_url",
}

// unwrapYouTube knows the forwarding pages, and the old mobile site, which
// kept the page in the fragment: /?hl=fr#/watch?v=….
func unwrapYouTube(a address) (string, bool) {
	if len(a.path) == 0 && strings.HasPrefix(a.fragment, "/") {
		return a.fragment, true
	}
	parameter, forwards := youtubeForwards[a.word(0)]
	return a.query.Get(parameter), forwards
}

// unwrapYouTubeGate is for the hosts that ask for consent or a password first.
func unwrapYouTubeGate(a address) (string, bool) { return a.query.Get("continue"), true }

func parseYouTube(a address) (Source, error) {
	first := a.word(0)
	if route, found := youtubeRoutes[first]; found {
		return route(a)
	}
	if strings.HasPrefix(first, "@") {
		return youtubeHandlePage(a)
	}
	if message, reserved := youtubePages[first]; reserved {
		return Source{}, refuseKind(message)
	}
	return youtubeVanityPage(a)
}

// parseYouTubeShortLink reads youtu.be/ID; people also put whole paths behind that host.
func parseYouTubeShortLink(a address) (Source, error) {
	if _, found := youtubeRoutes[a.word(0)]; found {
		return parseYouTube(a)
	}
	return youtubeVideo(a.segment(0))
}

// youtubeFrontPage knows that /?v=ID opens the video.
func youtubeFrontPage(a address) (Source, error) {
	if a.query.Has("v") || a.query.Has("vi") {
		return youtubeWatch(a)
	}
	return Source{}, refuseKind("This is YouTube's front page. " + pasteYouTube)
}

// youtubeWatch takes the video, also where a list stands beside it: the person
// was looking at the video. Two different videos are nobody's wish.
func youtubeWatch(a address) (Source, error) {
	ids := append(a.query["v"], a.query["vi"]...)
	if len(ids) == 0 && len(a.path) > 1 {
		return youtubeVideoInPath(a)
	}
	if len(ids) == 0 && a.query.Has("list") {
		return Source{}, refuseURL("This address names a list but no video. For the list, paste https://www.youtube.com/playlist?list= and its id.")
	}
	if len(ids) == 0 {
		return Source{}, refuseURL("This address names no video. Paste one like https://www.youtube.com/watch?v= and 11 characters.")
	}
	for _, id := range ids[1:] {
		if id != ids[0] {
			return Source{}, refuseURL("This address names two videos. Paste one address for each.")
		}
	}
	return youtubeVideo(ids[0])
}

func youtubeVideoInPath(a address) (Source, error) { return youtubeVideo(a.segment(1)) }

// youtubeEmbed knows two players that have 11 letters where others have the
// video: videoseries plays a list, live_stream whatever a channel sends.
func youtubeEmbed(a address) (Source, error) {
	switch a.segment(1) {
	case "", "videoseries":
		return youtubePlaylistPage(a)
	case "live_stream":
		return Source{}, refuseKind("This player shows whatever a channel is sending. Paste the address of the channel or of one video.")
	}
	return youtubeVideo(a.segment(1))
}

func youtubePlaylistPage(a address) (Source, error) { return youtubePlaylist(a.query.Get("list")) }

func youtubeShort(a address) (Source, error) {
	s, err := youtubeVideo(a.segment(1))
	if err != nil {
		return Source{}, err
	}
	return youtubeSource(Short, s.ExternalID, "/shorts/"+s.ExternalID), nil
}

// youtubeBrowse reads YouTube Music's addresses of channels and of lists,
// which carry VL before the list's id.
func youtubeBrowse(a address) (Source, error) {
	id := a.segment(1)
	if list, found := strings.CutPrefix(id, "VL"); found {
		return youtubePlaylist(list)
	}
	if channelID.MatchString(id) {
		return youtubeChannelPage(a)
	}
	return Source{}, refuseKind("This is a page of YouTube Music without comments. Paste the album's playlist or one of its songs.")
}

func youtubeChannelPage(a address) (Source, error) {
	id := a.segment(1)
	if !channelID.MatchString(id) {
		return Source{}, refuseURL("A YouTube channel's id is UC and 22 more letters, digits, - or _. Copy the channel's address again.")
	}
	return youtubeChannelTab(a, youtubeSource(Channel, id, "/channel/"+id))
}

func youtubeUserPage(a address) (Source, error) {
	name := a.segment(1)
	if !channelName(name) {
		return Source{}, refuseURL("This address names no YouTube user. Paste one like https://www.youtube.com/@handle.")
	}
	return youtubeChannelTab(a, youtubeSource(UserName, name, "/user/"+url.PathEscape(name)))
}

func youtubeCustomPage(a address) (Source, error) {
	name := a.segment(1)
	if !channelName(name) {
		return Source{}, refuseURL("This address names no YouTube channel. Paste one like https://www.youtube.com/@handle.")
	}
	return youtubeChannelTab(a, youtubeCustom(name))
}

func youtubeHandlePage(a address) (Source, error) {
	handle := a.segment(0)
	if !handleName(strings.TrimPrefix(handle, "@")) {
		return Source{}, refuseURL("A YouTube handle is @ and 3 to 30 letters, digits, or the marks _ - . and ·. Copy the channel's address again.")
	}
	return youtubeChannelTab(a, youtubeSource(Handle, handle, "/"+url.PathEscape(handle)))
}

// youtubeVanityPage reads youtube.com/NAME, which is the /c/NAME of old. Behind
// a name only a channel's tabs may stand: everything else is a page unknown to us.
func youtubeVanityPage(a address) (Source, error) {
	name := a.segment(0)
	if !vanityName(name) || (len(a.path) > 1 && !youtubeTabs[a.word(1)]) {
		return Source{}, refuseKind("This page of YouTube has no comments to collect. " + pasteYouTube)
	}
	return youtubeChannelTab(a, youtubeCustom(name))
}

// youtubeChannelTab lets every tab of a channel stand for the channel, but for
// the one community post that lb= names.
func youtubeChannelTab(a address, channel Source) (Source, error) {
	if a.query.Has("lb") {
		return Source{}, refuseKind(youtubePages["post"])
	}
	return channel, nil
}

// youtubeVideo cuts what follows an ampersand: youtu.be/ID&t=20 is a frequent slip.
func youtubeVideo(id string) (Source, error) {
	id, _, _ = strings.Cut(id, "&")
	if !videoID.MatchString(id) {
		return Source{}, refuseURL("A YouTube video's id is exactly 11 letters, digits, - or _. Copy the video's address again.")
	}
	return youtubeSource(Video, id, "/watch?v="+id), nil
}

func youtubePlaylist(id string) (Source, error) {
	switch {
	case listableID.MatchString(id):
		return youtubeSource(Playlist, id, "/playlist?list="+id), nil
	case unlistableID.MatchString(id):
		return Source{}, refuseKind("Mixes, Watch Later and Liked Videos are made for one viewer, and YouTube does not hand them out. Paste a playlist whose id begins with PL, or single videos.")
	default:
		return Source{}, refuseURL("This address names no YouTube playlist. Paste one like https://www.youtube.com/playlist?list=PL…")
	}
}

// youtubeCustom spells a legacy custom name as the contract does: c/NAME.
func youtubeCustom(name string) Source {
	return youtubeSource(Channel, "c/"+name, "/c/"+url.PathEscape(name))
}

func youtubeSource(kind SourceKind, id, path string) Source {
	return Source{Provider: YouTube, Kind: kind, ExternalID: id, URL: youtubeHome + path}
}
