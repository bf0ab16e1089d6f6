package fakeapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// recordedExchange is a line of reddit/index.jsonl; the file is empty where
// the body was.
type recordedExchange struct {
	Group string `json:"group"`
	File  string `json:"file"`
}

// recordedThing is a thing as it was recorded.
type recordedThing struct {
	Kind string                     `json:"kind"`
	Data map[string]json.RawMessage `json:"data"`
}

// recording gathers the things of a recorded thread.
type recording struct {
	submission map[string]json.RawMessage
	// comments are in the order of their first appearance.
	comments []string
	fields   map[string]map[string]json.RawMessage
	// named are the ids that a `more` node names, with their parents.
	named   []string
	parents map[string]string
}

// LoadRedditThread adds a thread from the recorded exchanges of
// FIXTURES_DIR/reddit, such as thread_n49rw_full: the submission and all
// comments that the recording shows, each with its recorded fields. Ids that
// were named by `more` nodes but never came are kept as hidden comments. The
// answers are cut anew, so that any way to ask for the ids is answered.
// It returns the id of the submission.
func (d *Data) LoadRedditThread(fixtures, group string) (string, error) {
	r := &recording{fields: map[string]map[string]json.RawMessage{}, parents: map[string]string{}}
	if err := r.read(fixtures, group); err != nil {
		return "", fmt.Errorf("fakeapi: %s: %w", group, err)
	}
	id, err := r.addTo(d)
	if err != nil {
		return "", fmt.Errorf("fakeapi: %s: %w", group, err)
	}
	return id, nil
}

func (r *recording) read(fixtures, group string) error {
	index, err := os.Open(filepath.Join(fixtures, "reddit", "index.jsonl"))
	if err != nil {
		return err
	}
	defer index.Close()
	lines := bufio.NewScanner(index)
	lines.Buffer(nil, maxLine)
	seen := map[string]bool{}
	for lines.Scan() {
		var e recordedExchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return err
		}
		if e.Group != group || seen[e.File] || !strings.HasSuffix(e.File, ".json") {
			continue
		}
		seen[e.File] = true
		if err := r.readBody(filepath.Join(fixtures, e.File)); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(e.File), err)
		}
	}
	if r.submission == nil {
		return errors.Join(lines.Err(), errors.New("the recording holds no submission"))
	}
	return lines.Err()
}

// readBody reads a tree, or the answer of morechildren.
func (r *recording) readBody(path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var tree []recordedThing
	if json.Unmarshal(body, &tree) == nil {
		for _, listing := range tree {
			if err := r.readThing(listing); err != nil {
				return err
			}
		}
		return nil
	}
	var more struct {
		JSON struct {
			Data struct {
				Things []recordedThing `json:"things"`
			} `json:"data"`
		} `json:"json"`
	}
	if err := json.Unmarshal(body, &more); err != nil {
		return err
	}
	for _, thing := range more.JSON.Data.Things {
		if err := r.readThing(thing); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) readThing(t recordedThing) error {
	switch t.Kind {
	case "Listing":
		var children []recordedThing
		if err := json.Unmarshal(t.Data["children"], &children); err != nil {
			return err
		}
		for _, child := range children {
			if err := r.readThing(child); err != nil {
				return err
			}
		}
	case "t3":
		r.submission = t.Data
	case "t1":
		return r.readComment(t.Data)
	case "more":
		var children []string
		if err := json.Unmarshal(t.Data["children"], &children); err != nil {
			return err
		}
		for _, id := range children {
			r.named = append(r.named, id)
			r.parents[id] = field(t.Data, "parent_id")
		}
	}
	return nil
}

func (r *recording) readComment(data map[string]json.RawMessage) error {
	id := field(data, "id")
	if _, known := r.fields[id]; !known {
		r.comments = append(r.comments, id)
		r.parents[id] = field(data, "parent_id")
	}
	replies := data["replies"]
	delete(data, "replies")
	r.fields[id] = data
	if len(replies) == 0 || replies[0] != '{' {
		return nil // an empty string
	}
	var inside recordedThing
	if err := json.Unmarshal(replies, &inside); err != nil {
		return err
	}
	return r.readThing(inside)
}

// field returns a string of a recorded thing; what is none is empty.
func field(data map[string]json.RawMessage, name string) string {
	var s string
	_ = json.Unmarshal(data[name], &s)
	return s
}

// numberField returns a number of a recorded thing; what is none is 0.
func numberField(data map[string]json.RawMessage, name string) float64 {
	var n float64
	_ = json.Unmarshal(data[name], &n)
	return n
}

func (r *recording) addTo(d *Data) (string, error) {
	s := Submission{
		ID: field(r.submission, "id"), Subreddit: field(r.submission, "subreddit"), Author: field(r.submission, "author"),
		Title: field(r.submission, "title"), Text: field(r.submission, "selftext"), raw: r.submission,
		Score: int64(numberField(r.submission, "score")), CreatedAt: createdAt(r.submission),
	}
	d.AddSubreddit(Subreddit{Name: s.Subreddit, Title: s.Subreddit, CreatedAt: s.CreatedAt})
	if err := d.AddSubmission(s); err != nil {
		return "", err
	}
	added := map[string]bool{}
	for _, id := range r.comments {
		if err := r.addComment(d, s.ID, id, added); err != nil {
			return "", err
		}
	}
	for _, id := range r.named {
		if err := r.addComment(d, s.ID, id, added); err != nil {
			return "", err
		}
	}
	return s.ID, nil
}

// addComment adds a comment behind its parents; one without fields is hidden.
func (r *recording) addComment(d *Data, submissionID, id string, added map[string]bool) error {
	if added[id] {
		return nil
	}
	added[id] = true
	fields := r.fields[id]
	c := RedditComment{
		ID: id, SubmissionID: submissionID, Author: field(fields, "author"), Text: field(fields, "body"), raw: fields,
		Score: int64(numberField(fields, "score")), CreatedAt: createdAt(fields), Hidden: fields == nil,
	}
	if parent, ok := strings.CutPrefix(r.parents[id], "t1_"); ok {
		c.ParentID = parent
		if err := r.addComment(d, submissionID, parent, added); err != nil {
			return err
		}
	}
	return d.AddRedditComment(c)
}

func createdAt(fields map[string]json.RawMessage) time.Time {
	return time.Unix(int64(numberField(fields, "created_utc")), 0).UTC()
}
