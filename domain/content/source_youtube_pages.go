package content

// youtubeTabs are the tabs that may follow a channel's bare name.
var youtubeTabs = map[string]bool{
	"about": true, "channels": true, "community": true, "courses": true, "discussion": true,
	"featured": true, "home": true, "live": true, "playlists": true, "podcasts": true,
	"posts": true, "releases": true, "search": true, "shorts": true, "store": true,
	"streams": true, "videos": true,
}

// youtubePages are YouTube's own pages, which are no channel names, with the
// refusal that each of them deserves.
var youtubePages = func() map[string]string {
	const (
		search = "This is a search on YouTube, not a video, playlist or channel. Open a result and paste its address."
		feed   = "This is a feed that YouTube fills anew for every visitor. Open a video in it and paste its address."
		other  = "This page of YouTube has no comments to collect. " + pasteYouTube
	)
	pages := map[string]string{
		"clip": "YouTube does not tell programs which video a clip comes from. Open the clip and paste the full video's address.",
		"post": "YouTube does not hand out the comments of community posts. " + pasteYouTube,
	}
	add := func(message string, words ...string) {
		for _, word := range words {
			pages[word] = message
		}
	}
	add(search, "results", "search", "hashtag")
	add(feed, "feed", "feeds", "trending", "explore", "gaming", "movies", "news", "sports", "music",
		"fashion", "learning", "podcasts", "storefront", "channels", "videos", "playlists")
	// The first two lines are reserved in yt-dlp too, the others seen on the site.
	add(other, "shared", "get_video_info", "iframe_api", "s", "source", "oops", "index", "account",
		"t", "about", "upload", "logout", "subscription_center", "profile", "profile_redirector",
		"ads", "api", "apps", "course", "courses", "creators", "csi", "dev", "download", "error",
		"howyoutubeworks", "intl", "jobs", "kids", "login", "logo", "my", "new", "paid", "premium",
		"press", "privacy", "redeem", "safety", "settings", "signup", "supported_browsers",
		"terms", "testtube", "tv", "video", "yt", "ytd", "youtubei")
	return pages
}()
