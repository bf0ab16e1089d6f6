package content

import "strings"

// maxUnwraps bounds how many forwarding pages may be wrapped around an
// address: a sign-in page around a consent page is as deep as real ones go.
const maxUnwraps = 2

// site is what stands behind a host name.
type site struct {
	// home resolves the relative addresses that the site's forwarding pages carry.
	home string
	// unwrap returns the address that a page merely forwards to, and whether
	// the page is such a one. It is nil where a site has none.
	unwrap func(address) (inner string, forwards bool)
	// parse reads every other page. It is nil where a site only forwards.
	parse func(address) (Source, error)
}

var (
	youtubeSite  = site{home: youtubeHome, unwrap: unwrapYouTube, parse: parseYouTube}
	youtubeGate  = site{home: youtubeHome, unwrap: unwrapYouTubeGate}
	youtubeMedia = site{parse: refuseAs("This is a picture or media file of YouTube. " + pasteYouTube)}
	redditSite   = site{home: redditHome, unwrap: unwrapReddit, parse: parseReddit}
)

// sites are the hosts that Soundings reads. A host stands for its subdomains
// too, unless they have a row of their own. What is not listed is refused, so
// look-alikes, IP addresses and private hosts need no rules.
var sites = map[string]site{
	"youtube.com":            youtubeSite,
	"youtube-nocookie.com":   youtubeSite,
	"youtube.googleapis.com": youtubeSite,
	"youtu.be":               {parse: parseYouTubeShortLink},
	"consent.youtube.com":    youtubeGate,
	"accounts.youtube.com":   youtubeGate,
	"img.youtube.com":        youtubeMedia,
	"ytimg.com":              youtubeMedia,
	"googlevideo.com":        youtubeMedia,
	"studio.youtube.com": {parse: refuseAs(
		"YouTube Studio is visible to the channel's owner alone. Paste the public address of the video or channel.")},
	"youtubekids.com": {parse: refuseAs("YouTube Kids has no comments. " + pasteYouTube)},

	"reddit.com":      redditSite,
	"redd.it":         {parse: parseRedditShortLink},
	"redditmedia.com": {parse: parseRedditEmbed},
}

// ParseSource returns what an address names. It takes what people paste: with
// or without a scheme, in angle brackets, with trackers, or wrapped in a page
// that forwards. It makes no network call and never panics.
//
// Every error is a *fault.Error of kind Invalid on the field "url" whose
// message says what to paste instead: CodeUnsupportedURL where the address is
// malformed, hostile or of an unknown site, CodeUnsupportedKind where a known
// site has nothing to collect there. The message never repeats the address.
//
// The returned Source.URL parses to the same Source.
func ParseSource(text string) (Source, error) {
	for range maxUnwraps + 1 {
		a, err := readAddress(text)
		if err != nil {
			return Source{}, err
		}
		s, known := siteOf(a.host)
		if !known {
			return Source{}, refuseURL("This is not a YouTube or Reddit address. " + pasteAny)
		}
		inner, forwards := s.innerAddress(a)
		if !forwards {
			return s.parse(a)
		}
		if inner == "" {
			return Source{}, refuseKind("This page only leads to another one, and the address does not say to which. " + pasteAny)
		}
		text = inner
	}
	return Source{}, refuseURL("This address is wrapped in too many other addresses. Open it and paste the address you arrive at.")
}

// siteOf finds the host or the nearest domain above it in the table. Only
// whole labels are cut off, so evilyoutube.com and youtube.com.evil.com find nothing.
func siteOf(host string) (site, bool) {
	for domain, more := host, true; more; _, domain, more = strings.Cut(domain, ".") {
		if s, known := sites[domain]; known {
			return s, true
		}
	}
	return site{}, false
}

// innerAddress returns the address that a forwards to, made absolute, and
// whether a forwards at all. An inner address is as little trusted as the
// outer one: the caller judges it by the same rules.
func (s site) innerAddress(a address) (inner string, forwards bool) {
	if s.unwrap == nil {
		return "", false
	}
	inner, forwards = s.unwrap(a)
	if strings.HasPrefix(inner, "/") && !strings.HasPrefix(inner, "//") {
		inner = s.home + inner
	}
	return inner, forwards
}
