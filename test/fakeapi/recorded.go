package fakeapi

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The recorded sets are comments of real videos. Their channels and playlists
// are made up here, under ids that stay the same.
const (
	// CorpusPlaylistID lists all 62 videos of the corpus of 2013, their copies included.
	CorpusPlaylistID = "PLSoundingsCorpusOf2013x62videos00"
	// CorpusChannelID owns the videos of the corpus of 2013.
	CorpusChannelID = "UCSoundingsCorpusOf2013x"
	// BrandsPlaylistID lists all 43 videos of the brands of 2025.
	BrandsPlaylistID = "PLSoundingsBrandsOf2025x43videos00"
)

// corpusComment is a line of youtube_2013_corpus.ndjson.gz.
type corpusComment struct {
	VideoID   string `json:"video_id"`
	ID        string `json:"id"`
	Published string `json:"published"`
	Text      string `json:"text"`
	Author    string `json:"author_name"`
	ChannelID string `json:"channel_id"`
}

// LoadCorpus2013 reads bulk/youtube_2013_corpus.ndjson.gz of the fixtures
// folder: 62 videos, 51,756 top-level comments of 2008 to 2013, texts exact.
func LoadCorpus2013(fixtures string) (*Data, error) {
	const day = "2006-01-02T15:04:05" // the file's times are UTC, without a zone
	d := NewData()
	began := time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)
	d.AddChannel(Channel{ID: CorpusChannelID, Handle: "@corpus2013", Title: "Corpus of 2013", PublishedAt: began})
	playlist := Playlist{ID: CorpusPlaylistID, ChannelID: CorpusChannelID, Title: "All videos of the corpus of 2013", PublishedAt: began}
	err := eachGzipLine(filepath.Join(fixtures, "bulk", "youtube_2013_corpus.ndjson.gz"), func(c corpusComment) error {
		published, err := time.Parse(day, c.Published)
		if err != nil {
			return err
		}
		if _, known := d.videos[c.VideoID]; !known {
			playlist.VideoIDs = append(playlist.VideoIDs, c.VideoID)
			d.AddVideo(Video{ID: c.VideoID, ChannelID: CorpusChannelID, Title: "Corpus video " + strconv.Itoa(len(playlist.VideoIDs))})
		}
		d.backdate(c.VideoID, published)
		return d.AddComment(Comment{
			ID: c.ID, VideoID: c.VideoID, Author: c.Author, AuthorChannelID: c.ChannelID, Text: c.Text, PublishedAt: published,
		})
	})
	d.AddPlaylist(playlist)
	return d, err
}

// backdate makes a video at least an hour older than its first comment.
func (d *Data) backdate(videoID string, comment time.Time) {
	v := d.videos[videoID]
	if before := comment.Add(-time.Hour); v.PublishedAt.IsZero() || before.Before(v.PublishedAt) {
		v.PublishedAt = before
	}
}

// brandVideo is a line of youtube_2025_brands_videos.ndjson.
type brandVideo struct {
	Brand        string `json:"brand"`
	VideoID      string `json:"video_id"`
	ChannelTitle string `json:"channel_title"`
	Title        string `json:"title"`
	Description  string `json:"description"`
	Published    string `json:"published_at"`
	Views        string `json:"view_count"`
	Likes        string `json:"like_count"`
	Comments     string `json:"comment_count"`
	Tags         string `json:"tags"`
}

// brandComment is a line of youtube_2025_brands.ndjson.gz.
type brandComment struct {
	VideoID   string `json:"video_id"`
	ID        string `json:"comment_id"`
	Author    string `json:"author"`
	Text      string `json:"text"`
	Likes     string `json:"like_count"`
	Published string `json:"published_at"`
	Updated   string `json:"updated_at"`
}

// LoadBrands2025 reads bulk/youtube_2025_brands of the fixtures folder: 43
// videos, 9,997 top-level comments. The announced comment counts are the real
// ones and far higher than what can be fetched.
func LoadBrands2025(fixtures string) (*Data, error) {
	d := NewData()
	began := time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC)
	playlist := Playlist{ID: BrandsPlaylistID, ChannelID: madeChannelID("Brands"), Title: "All videos of the brands of 2025", PublishedAt: began}
	d.AddChannel(Channel{ID: playlist.ChannelID, Title: "Brands of 2025", PublishedAt: began})
	videos, err := os.Open(filepath.Join(fixtures, "bulk", "youtube_2025_brands_videos.ndjson"))
	if err != nil {
		return nil, fmt.Errorf("fakeapi: %w", err)
	}
	defer videos.Close()
	err = eachLine(videos, func(v brandVideo) error {
		playlist.VideoIDs = append(playlist.VideoIDs, v.VideoID)
		return d.addBrandVideo(v)
	})
	if err != nil {
		return nil, err
	}
	d.AddPlaylist(playlist)
	err = eachGzipLine(filepath.Join(fixtures, "bulk", "youtube_2025_brands.ndjson.gz"), d.addBrandComment)
	return d, err
}

// recordedTime is the form of the brands' times.
const recordedTime = "2006-01-02 15:04:05-07:00"

func (d *Data) addBrandVideo(v brandVideo) error {
	published, err := time.Parse(recordedTime, v.Published)
	channel := Channel{ID: madeChannelID(v.ChannelTitle), Title: v.ChannelTitle, PublishedAt: published}
	d.AddChannel(channel)
	d.AddVideo(Video{
		ID: v.VideoID, ChannelID: channel.ID, Title: v.Title, Description: v.Description, PublishedAt: published,
		Views: number(v.Views), Likes: number(v.Likes), Announced: number(v.Comments), Tags: split([]string{v.Tags}),
	})
	return err
}

func (d *Data) addBrandComment(c brandComment) error {
	published, err := time.Parse(recordedTime, c.Published)
	if err != nil {
		return err
	}
	updated, err := time.Parse(time.RFC3339, c.Updated)
	if err != nil {
		return err
	}
	return d.AddComment(Comment{
		ID: c.ID, VideoID: c.VideoID, Author: c.Author, AuthorChannelID: madeChannelID(c.Author), Text: c.Text,
		Likes: number(c.Likes), PublishedAt: published, UpdatedAt: updated,
	})
}

// number reads a count of the recorded files; what is none counts as 0.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// madeChannelID returns a stable channel id for a name whose own was not recorded.
func madeChannelID(name string) string { return "UC" + hashID(name, 22) }

// hashID returns n characters of the base64url alphabet, stable for a name.
func hashID(name string, n int) string {
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:n]
}

func eachGzipLine[T any](path string, use func(T) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("fakeapi: %w", err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("fakeapi: %s: %w", filepath.Base(path), err)
	}
	defer unzipped.Close()
	return eachLine(unzipped, use)
}

// Repeat adds copies of every video with its comments until there are k of
// each, for measuring growth. Copies have ids and texts of their own and stand
// behind the originals in every playlist. It is for data that is not served yet.
func (d *Data) Repeat(k int) {
	videos := d.VideoIDs()
	playlists := d.PlaylistIDs()
	for copyNumber := 1; copyNumber < k; copyNumber++ {
		for _, id := range videos {
			d.copyVideo(id, copyNumber)
		}
	}
	for _, id := range playlists {
		p := *d.playlists[id]
		original := p.VideoIDs
		for copyNumber := 1; copyNumber < k; copyNumber++ {
			for _, v := range original {
				p.VideoIDs = append(p.VideoIDs, copiedVideoID(v, copyNumber))
			}
		}
		d.AddPlaylist(p)
	}
}

// copyWord tells the texts of one copy from those of the others: a text repeats
// within a copy as often as within the original, so that k times the data are
// data of the same kind.
func copyWord(n int) string { return "copy" + strings.Repeat("xz", n) }

func copiedVideoID(id string, n int) string { return hashID(id+"#"+strconv.Itoa(n), 11) }

// copiedCommentID keeps the form of reply ids, thread.reply.
func copiedCommentID(id string, n int) string {
	thread, reply, isReply := strings.Cut(id, ".")
	thread += "-r" + strconv.Itoa(n)
	if isReply {
		return thread + "." + reply
	}
	return thread
}

func (d *Data) copyVideo(id string, n int) {
	v := d.videos[id].Video
	v.ID = copiedVideoID(id, n)
	d.AddVideo(v)
	for _, c := range d.Comments(id) {
		c.VideoID, c.ID, c.Text = v.ID, copiedCommentID(c.ID, n), c.Text+" "+copyWord(n)
		if c.ParentID != "" {
			c.ParentID = copiedCommentID(c.ParentID, n)
		}
		if err := d.AddComment(c); err != nil {
			panic("fakeapi: " + err.Error()) // video and thread were just copied
		}
	}
}
