// Command gendemo writes the small generated data set of fakeapi: invented
// people on an invented channel and in an invented subreddit. The same program writes the same bytes.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const seed = 20260117

var owner = fakeapi.Channel{
	ID: channelID, Handle: "@TidelineWorkshop", UserName: "tidelineworkshop", Title: "Tideline Workshop",
	Description: "Boats from what others throw away.", Subscribers: 184_000,
	PublishedAt: launch.AddDate(-6, 0, 0),
}

func main() {
	folder := flag.String("o", "data", "`folder` to write to")
	flag.Parse()
	for name, write := range files {
		var b bytes.Buffer
		err := write(&b)
		if err == nil {
			err = os.WriteFile(filepath.Join(*folder, name), b.Bytes(), 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// files are the files of the data set.
var files = map[string]func(io.Writer) error{"demo.ndjson": generate, "reddit.ndjson": generateReddit}

// generate writes YouTube's part.
func generate(to io.Writer) error {
	lines := json.NewEncoder(to)
	lines.SetEscapeHTML(false)
	all := films()
	playlist := fakeapi.Playlist{ID: playlistID, ChannelID: channelID, Title: "The solar boat, all parts", PublishedAt: launch}
	for _, f := range all {
		playlist.VideoIDs = append(playlist.VideoIDs, f.ID)
	}
	if err := lines.Encode(map[string]any{"channel": owner}); err != nil {
		return err
	}
	if err := lines.Encode(map[string]any{"playlist": playlist}); err != nil {
		return err
	}
	w := newWriter(seed)
	for _, f := range all {
		f.ChannelID = channelID
		f.PublishedAt = launch.Add(time.Duration(f.from*float64(day)) - time.Hour)
		if err := lines.Encode(map[string]any{"video": f.Video}); err != nil {
			return err
		}
		var failed error
		w.threadsOf(f, func(c fakeapi.Comment) {
			if err := lines.Encode(map[string]any{"comment": c}); err != nil {
				failed = err
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}
