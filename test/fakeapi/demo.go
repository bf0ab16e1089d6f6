package fakeapi

import (
	"embed"
	"io/fs"
)

//go:generate go run ./cmd/gendemo -o data

//go:embed data/*.ndjson
var demoFiles embed.FS

// DemoVideoID is the demo set's main video, DemoVideoURL what a person pastes.
const (
	DemoVideoID  = "SolarBoat01"
	DemoVideoURL = "https://www.youtube.com/watch?v=" + DemoVideoID
)

// The demo set at Reddit: DemoSubmissionID is the long thread, DemoRedditURL
// what a person pastes. DemoShareCode is a share link to it.
const (
	DemoSubreddit    = "TidelineWorkshop"
	DemoSubmissionID = "tide01"
	DemoShareCode    = "SolarShare1"
	DemoRedditURL    = "https://www.reddit.com/r/" + DemoSubreddit + "/comments/" + DemoSubmissionID + "/"
)

// The subreddits of the demo set that nobody gets into.
const (
	DemoPrivateSubreddit     = "TidelineCrew"
	DemoQuarantinedSubreddit = "TidelineStorms"
	DemoGatedSubreddit       = "TidelineNight"
	DemoBannedSubreddit      = "TidelineDeals"
)

// LoadDemo reads the small generated set of the project: one channel with
// eight videos, one subreddit with six threads, invented people. cmd/gendemo
// writes it.
func LoadDemo() (*Data, error) {
	folder, err := fs.Sub(demoFiles, "data")
	if err != nil {
		return nil, err
	}
	return Load(folder)
}
