package content

import "github.com/soundings-io/soundings/domain/fault"

// What to paste instead, for the ends of messages.
const (
	pasteYouTube = "Paste the address of a YouTube video, playlist or channel."
	pasteReddit  = "Paste the address of a Reddit post, comment, subreddit or user."
	pasteAny     = "Paste the address of a YouTube video, playlist or channel, or of a Reddit post, comment, subreddit or user."
)

// refuseURL refuses what is no address of a known provider, or is broken.
func refuseURL(message string) error {
	return refuse(fault.CodeUnsupportedURL, message)
}

// refuseKind refuses a page of a known provider that has nothing to collect.
func refuseKind(message string) error {
	return refuse(fault.CodeUnsupportedKind, message)
}

func refuse(code fault.Code, message string) error {
	return fault.New(fault.Invalid, code, "%s", message).In("url")
}

// refuseAs returns a parser that refuses every page of a site.
func refuseAs(message string) func(address) (Source, error) {
	return func(address) (Source, error) { return Source{}, refuseKind(message) }
}
