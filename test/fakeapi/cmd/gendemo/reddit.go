package main

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// The same story at Reddit: one subreddit that talks about the boat, and one
// for each way to be shut out.
const (
	subreddit  = "TidelineWorkshop"
	redditSeed = 20260118
)

// talk is a submission with how it is commented.
type talk struct {
	fakeapi.Submission
	// from is the day of the story on which it was posted.
	from     float64
	comments int
	// chain is how deep one quarrel in it goes; 0 is none.
	chain int
}

func talks() []talk {
	return []talk{
		{Submission: fakeapi.Submission{ID: "tide01", Title: "They crossed a sea in a solar boat built from scrap. Ask the crew anything",
			Text: "The crew reads along this week.\n\nAsk about <b>anything</b> but the soup & the dog.", Score: 4_812}, comments: 760, chain: 24},
		{Submission: fakeapi.Submission{ID: "tide02", Title: "About the battery", Text: "Let us keep it calm, please.", Score: 611}, from: 30, comments: 90},
		{Submission: fakeapi.Submission{ID: "tide03", Title: "Drawing of the charge controller", URL: "https://example.org/controller.png", Score: 240}, from: 41, comments: 18},
		{Submission: fakeapi.Submission{ID: "tide04", Title: "Nobody asked, but here is my own hull", Text: "Twelve sheets of plywood so far.", Score: 7}, from: 90},
		{Submission: fakeapi.Submission{ID: "tide05", Title: "Cheap panels, write to me", Text: fakeapi.RemovedText, RemovedBy: "moderator"}, from: 63, comments: 5},
		{Submission: fakeapi.Submission{ID: "tide06", Title: "I was wrong about the fuse", Text: fakeapi.DeletedText, Author: fakeapi.DeletedAuthor, RemovedBy: "deleted", Score: 51}, from: 49, comments: 12},
	}
}

// shut are the subreddits that nobody gets into.
func shut() []fakeapi.Subreddit {
	return []fakeapi.Subreddit{
		{Name: "TidelineCrew", Title: "The crew among themselves", Refusal: "private", CreatedAt: launch},
		{Name: "TidelineStorms", Title: "Not for everybody", Refusal: "quarantined", CreatedAt: launch},
		{Name: "TidelineNight", Title: "Ask first", Refusal: "gated", CreatedAt: launch},
		{Name: "TidelineDeals", Title: "Sold out", Refusal: "banned", CreatedAt: launch},
	}
}

// redditWriter writes the lines of the set.
type redditWriter struct {
	*writer
	lines *json.Encoder
	err   error
}

func (w *redditWriter) line(kind string, v any) {
	if err := w.lines.Encode(map[string]any{kind: v}); err != nil && w.err == nil {
		w.err = err
	}
}

// generateReddit writes the data set.
func generateReddit(to io.Writer) error {
	w := &redditWriter{writer: newWriter(redditSeed), lines: json.NewEncoder(to)}
	w.lines.SetEscapeHTML(false)
	w.line("subreddit", fakeapi.Subreddit{
		Name: subreddit, Title: "Tideline Workshop", Description: "Boats from what others throw away.", Subscribers: 20_411, CreatedAt: launch.AddDate(-2, 0, 0),
	})
	for _, s := range shut() {
		w.line("subreddit", s)
	}
	w.line("submission", fakeapi.Submission{ID: "tide90", Subreddit: "TidelineCrew", Author: "quiet_harbour", Title: "Soup again", CreatedAt: launch})
	for _, t := range talks() {
		w.talk(t)
	}
	w.line("shareLink", fakeapi.ShareLink{Subreddit: subreddit, Code: "SolarShare1", SubmissionID: "tide01"})
	return w.err
}

func (w *redditWriter) talk(t talk) {
	t.Subreddit = subreddit
	t.CreatedAt = launch.Add(time.Duration(t.from * float64(day)))
	if t.Author == "" {
		t.Author = w.account()
	}
	w.line("submission", t.Submission)
	var all []fakeapi.RedditComment
	for range t.comments {
		c := w.answer(t.ID, w.parent(all))
		c.CreatedAt = w.after(t.CreatedAt, all, c.ParentID)
		all = append(all, c)
		w.line("redditComment", c)
	}
	last := fakeapi.RedditComment{CreatedAt: t.CreatedAt}
	for range t.chain {
		c := w.answer(t.ID, last.ID)
		c.CreatedAt = last.CreatedAt.Add(time.Duration(1+w.dice.IntN(90)) * time.Minute)
		last = c
		w.line("redditComment", c)
	}
}

// parent picks whom to answer; two of five answer the submission.
func (w *redditWriter) parent(all []fakeapi.RedditComment) string {
	if len(all) == 0 || w.chance(0.4) {
		return ""
	}
	return all[w.dice.IntN(len(all))].ID
}

// after is a time behind the parent's, most of them soon.
func (w *redditWriter) after(began time.Time, all []fakeapi.RedditComment, parent string) time.Time {
	for _, c := range all {
		if c.ID == parent {
			began = c.CreatedAt
		}
	}
	return began.Add(time.Duration(1+w.dice.ExpFloat64()*600) * time.Minute).Truncate(time.Second)
}

// answer invents a comment; some are deleted, removed or edited.
func (w *redditWriter) answer(submission, parent string) fakeapi.RedditComment {
	w.serial++
	m := w.moodAt(0.3)
	c := fakeapi.RedditComment{
		ID: "c" + strconv.FormatInt(int64(36*36*36+w.serial), 36), SubmissionID: submission, ParentID: parent,
		Author: w.account(), Text: w.write(m), Score: w.likes() - 2,
	}
	switch {
	case w.serial%97 == 96:
		c.Author, c.Text = fakeapi.DeletedAuthor, fakeapi.DeletedText
	case w.serial%89 == 88:
		c.Text = fakeapi.RemovedText
	case w.serial%61 == 60:
		c.EditedAt = launch.AddDate(0, 6, 0)
	}
	return c
}

// account names somebody as Reddit allows it.
func (w *redditWriter) account() string {
	return strings.TrimPrefix(w.someone(w.people).name, "@")
}
