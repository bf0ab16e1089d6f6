package main

import (
	"math"
	"time"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// The story: Tideline Workshop crosses a sea in a solar boat built from scrap.
// The launch is loved; from day 24 a row about the battery and the adverts
// turns the mood; the film about the fire explains it on day 48 and the mood
// comes back; around day 120 a newsletter brings new viewers.
const (
	channelID  = "UCTidelineWorkshopDemo01"
	playlistID = "PLTidelineWorkshopSolarBoatSeries1"
	mainVideo  = "SolarBoat01"
)

var launch = time.Date(2026, 1, 17, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// film is a video with how its comments are made.
type film struct {
	fakeapi.Video
	// from is the day of the story on which it came out, days how long it is
	// commented, threads how many top-level comments it gets.
	from, days float64
	threads    int
	tone       func(dayOfStory float64) float64
}

func films() []film {
	return []film{
		{Video: fakeapi.Video{ID: mainVideo, Title: "We crossed a sea in a solar boat built from scrap", Duration: "PT26M12S", Views: 412_883, Likes: 21_907,
			Description: "Thirty days, one dog, no fuel.", Tags: []string{"solar", "boat", "diy"}},
			days: 190, threads: 730, tone: moodOfMain},
		{Video: fakeapi.Video{ID: "BatteryFire", Title: "What really happened to our battery", Duration: "PT14M03S", Views: 98_120, Likes: 5_204}, from: 48, days: 120, threads: 130, tone: func(d float64) float64 { return -0.25 + d/400 }},
		{Video: fakeapi.Video{ID: "HardReplies", Title: "Answering your hardest comments", Duration: "PT19M40S", Views: 40_371, Likes: 3_310}, from: 70, days: 90, threads: 70, tone: func(float64) float64 { return 0.25 }},
		{Video: fakeapi.Video{ID: "WakeIn60sec", Title: "60 seconds of wake #shorts", Duration: "PT1M", Views: 15_002, Likes: 1_120}, from: 33, days: 60, threads: 35, tone: func(float64) float64 { return 0.5 }},
		{Video: fakeapi.Video{ID: "SoundCheck0", Title: "Sound check, nothing to see", Duration: "PT12S", Views: 212}, from: 5},
		{Video: fakeapi.Video{ID: "NoComments0", Title: "Sail or solar? With the comments off for once", Duration: "PT8M31S", Views: 30_118, CommentsDisabled: true}, from: 58},
		{Video: fakeapi.Video{ID: "PrivateCut0", Title: "Unlisted rough cut", Visibility: fakeapi.Private}, from: 20},
		{Video: fakeapi.Video{ID: "RemovedCut0", Title: "First cut, withdrawn", Visibility: fakeapi.Removed}, from: 2},
	}
}

// moodOfMain runs from -1 (everybody angry) to 1 over the days of the story.
func moodOfMain(d float64) float64 {
	row := 1.75 * math.Exp(-math.Pow((d-34)/11, 2))
	fresh := 0.2 * math.Exp(-math.Pow((d-122)/8, 2))
	return 0.8 - row + fresh + 0.08*math.Sin(d/6)
}

// when picks a day: most comments come early, with bumps at the row and the newsletter.
func (w *writer) when(f film) float64 {
	if f.ID == mainVideo {
		switch r := w.dice.Float64(); {
		case r < 0.26:
			return math.Abs(34 + 9*w.dice.NormFloat64())
		case r < 0.42:
			return 122 + 7*w.dice.NormFloat64()
		}
	}
	return f.from + math.Mod(w.dice.ExpFloat64()*f.days/4, f.days)
}

// moodAt rolls a mood around a tone.
func (w *writer) moodAt(tone float64) mood {
	switch r := w.dice.Float64(); {
	case r < 0.12:
		return neutral
	case r < 0.2:
		return asking
	case r < 0.31:
		return spamming
	}
	if w.dice.Float64() < 0.5+tone/2 {
		return praising
	}
	return blaming
}

// replyCount rolls how many replies a thread gets.
func (w *writer) replyCount(m mood) int {
	switch r := w.dice.Float64(); {
	case m == asking && r < 0.7:
		return 1 + w.dice.IntN(3)
	case m == blaming && r < 0.05:
		return 6 + w.dice.IntN(13)
	case r < 0.14:
		return 1 + w.dice.IntN(4)
	}
	return 0
}

// threadsOf writes the comments of a film and hands each over, threads before
// their replies.
func (w *writer) threadsOf(f film, add func(fakeapi.Comment)) {
	for i := range f.threads {
		at := w.when(f)
		m := w.moodAt(f.tone(at))
		replies := w.replyCount(m)
		if f.ID == mainVideo && i == 300 {
			// One quarrel is longer than a page of replies.
			at, m, replies = 31, blaming, 124
		}
		c := w.comment(f, m, launch.Add(time.Duration(at*float64(day))))
		// A few are held for review: counted, never shown.
		c.Hidden = i%211 == 210
		if i%307 == 306 {
			c.Author, c.AuthorChannelID = "", ""
		}
		add(c)
		w.repliesTo(c, m, replies, add)
	}
}

func (w *writer) comment(f film, m mood, at time.Time) fakeapi.Comment {
	author := w.someone(w.people)
	likes := w.likes()
	if m == spamming {
		author, likes = w.someone(w.promoters), likes/20
	}
	c := fakeapi.Comment{
		ID: w.threadID(), VideoID: f.ID, Author: author.name, AuthorChannelID: author.channelID,
		Text: w.write(m), Likes: likes, PublishedAt: at.Truncate(time.Second),
	}
	if m != spamming && w.chance(0.04) {
		c.UpdatedAt = c.PublishedAt.Add(time.Duration(1+w.dice.IntN(3000)) * time.Minute)
	}
	return c
}

// repliesTo writes the replies of a thread, the owner's among them.
func (w *writer) repliesTo(thread fakeapi.Comment, m mood, n int, add func(fakeapi.Comment)) {
	lists := map[mood][]string{praising: replyAgree, blaming: replyDispute, neutral: replyAgree, asking: replyAnswer, spamming: replyAgree}
	at := thread.PublishedAt
	for i := range n {
		at = at.Add(time.Duration(2+w.dice.IntN(400)) * time.Minute)
		author := w.someone(w.people)
		text := w.reply(lists[m], m)
		switch {
		case m == spamming:
			author, text = w.someone(w.promoters), w.fill(w.pick(replyBait))
		case i == 1 || i == 0 && w.chance(0.3):
			author, text = person{owner.Handle, owner.ID}, w.fill(w.pick(replyOwner))
		}
		add(fakeapi.Comment{
			ID: w.replyID(thread.ID), VideoID: thread.VideoID, ParentID: thread.ID, Author: author.name, AuthorChannelID: author.channelID,
			Text: text, Likes: w.likes() / 3, PublishedAt: at,
			Hidden: i == 8,
		})
	}
}
