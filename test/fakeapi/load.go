package fakeapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// A data folder holds *.ndjson files, read in the order of their names. Each
// line is one of
//
//	{"channel":{…}} {"playlist":{…}} {"video":{…}} {"comment":{…}}
//	{"subreddit":{…}} {"submission":{…}} {"redditComment":{…}} {"shareLink":{…}}
//
// with the fields of the types of those names. A video stands before its
// comments, a comment before its replies, and likewise at Reddit.

// maxLine is the longest line of a data file in bytes.
const maxLine = 1 << 20

// record is one line of a data file.
type record struct {
	Channel  *Channel  `json:"channel,omitempty"`
	Playlist *Playlist `json:"playlist,omitempty"`
	Video    *Video    `json:"video,omitempty"`
	Comment  *Comment  `json:"comment,omitempty"`

	Subreddit     *Subreddit     `json:"subreddit,omitempty"`
	Submission    *Submission    `json:"submission,omitempty"`
	RedditComment *RedditComment `json:"redditComment,omitempty"`
	ShareLink     *ShareLink     `json:"shareLink,omitempty"`
}

// Load reads a data folder.
func Load(folder fs.FS) (*Data, error) {
	names, err := fs.Glob(folder, "*.ndjson")
	if err != nil {
		return nil, fmt.Errorf("fakeapi: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("fakeapi: the data folder holds no *.ndjson: %w", fs.ErrNotExist)
	}
	slices.Sort(names)
	d := NewData()
	for _, name := range names {
		if err := d.loadFile(folder, name); err != nil {
			return nil, fmt.Errorf("fakeapi: %s: %w", name, err)
		}
	}
	return d, nil
}

func (d *Data) loadFile(folder fs.FS, name string) error {
	file, err := folder.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return eachLine(file, func(r record) error { return d.addRecord(r) })
}

// eachLine decodes ndjson.
func eachLine[T any](lines io.Reader, use func(T) error) error {
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, maxLine)
	for n := 1; scanner.Scan(); n++ {
		var value T
		if err := json.Unmarshal(scanner.Bytes(), &value); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := use(value); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return scanner.Err()
}

func (d *Data) addRecord(r record) error {
	switch {
	case r.Channel != nil:
		d.AddChannel(*r.Channel)
	case r.Playlist != nil:
		d.AddPlaylist(*r.Playlist)
	case r.Video != nil:
		d.AddVideo(*r.Video)
	case r.Comment != nil:
		return d.AddComment(*r.Comment)
	case r.Subreddit != nil:
		d.AddSubreddit(*r.Subreddit)
	case r.Submission != nil:
		return d.AddSubmission(*r.Submission)
	case r.RedditComment != nil:
		return d.AddRedditComment(*r.RedditComment)
	case r.ShareLink != nil:
		d.AddShareLink(*r.ShareLink)
	default:
		return fmt.Errorf("it holds no channel, playlist, video, comment or thing of Reddit")
	}
	return nil
}
