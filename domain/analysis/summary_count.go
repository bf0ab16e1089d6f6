package analysis

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

// summaryTop is how many authors and posts a summary names.
const summaryTop = 10

// SummaryPost is what a summary has to know of a post.
type SummaryPost struct {
	ExternalID  []byte
	Kind        content.PostKind
	AuthorID    []byte
	AuthorName  []byte
	Likes       int64
	PublishedAt time.Time // zero if unknown
	Run         int       // that first saw the post
	// Lost tells what became of the text; empty where it is there.
	Lost content.Cause
	// Verdict and Label are empty where nobody judged.
	Verdict        Verdict
	Reasons        []string
	SpamModel      Model
	Label          Label
	Score          float64
	SentimentModel Model
}

// SummaryCount sums posts up, one after the other, in any order. It takes memory
// by the number of days and authors, not of posts.
type SummaryCount struct {
	groups  map[summaryGroup]int64
	days    map[int64]*dayCount
	authors map[string]*authorCount
	reasons map[string]int64
	runs    map[int]*runCount
	liked   []likedPost // the most liked so far, the most first
}

// summaryGroup is everything of a post that has a few values only: there are some
// dozens of groups, and one look at a map counts for all.
type summaryGroup struct {
	kind                      content.PostKind
	lost                      content.Cause
	verdict                   Verdict
	label                     Label
	spamModel, sentimentModel Model
}

type dayCount struct {
	day  Day
	mean meanCount
}

type runCount struct {
	figures RunFigures
	mean    meanCount
}

type authorCount struct {
	author content.Author
	posts  int64
	mean   meanCount
}

type likedPost struct {
	externalID string
	likes      int64
}

type meanCount struct {
	sum float64
	n   int64
}

// NewSummaryCount returns a count of nothing.
func NewSummaryCount() *SummaryCount {
	return &SummaryCount{
		groups: map[summaryGroup]int64{}, days: map[int64]*dayCount{}, authors: map[string]*authorCount{}, reasons: map[string]int64{}, runs: map[int]*runCount{},
	}
}

// Add counts a post. It keeps nothing of it.
func (c *SummaryCount) Add(p *SummaryPost) {
	c.groups[groupOf(p)]++
	spam := p.Verdict == Spam
	if spam {
		for _, reason := range p.Reasons {
			c.reasons[reason]++
		}
	}
	scored := p.Label != "" && !spam
	c.addDay(p, scored)
	c.addRun(p, scored)
	c.addAuthor(p, scored)
	if !spam && p.Lost == "" {
		c.addLiked(p)
	}
}

// AddAlike counts posts that agree in kind, loss, verdicts and models, and counts
// nothing else of them: neither days nor authors, reasons nor likes.
func (c *SummaryCount) AddAlike(p *SummaryPost, posts int64) {
	c.groups[groupOf(p)] += posts
}

func groupOf(p *SummaryPost) summaryGroup {
	return summaryGroup{p.Kind, p.Lost, p.Verdict, p.Label, p.SpamModel, p.SentimentModel}
}

func (c *SummaryCount) addDay(p *SummaryPost, scored bool) {
	if p.PublishedAt.IsZero() {
		return
	}
	const day = 24 * 60 * 60
	at := p.PublishedAt.Unix()
	number := (at - (at%day+day)%day) / day // rounded down before 1970 as well
	d := c.days[number]
	if d == nil {
		d = &dayCount{day: Day{Day: time.Unix(number*day, 0).UTC()}}
		c.days[number] = d
	}
	d.day.Posts++
	if !scored {
		return
	}
	d.mean.add(p.Score)
	switch p.Label {
	case Positive:
		d.day.Positive++
	case Neutral:
		d.day.Neutral++
	case Negative:
		d.day.Negative++
	}
}

func (c *SummaryCount) addRun(p *SummaryPost, scored bool) {
	r := c.runs[p.Run]
	if r == nil {
		r = &runCount{figures: RunFigures{Run: p.Run}}
		c.runs[p.Run] = r
	}
	r.figures.Posts++
	if p.Verdict == Spam {
		r.figures.Spam++
	}
	if !scored {
		return
	}
	r.mean.add(p.Score)
	switch p.Label {
	case Positive:
		r.figures.Positive++
	case Neutral:
		r.figures.Neutral++
	case Negative:
		r.figures.Negative++
	}
}

// addAuthor tells authors apart by external id, or by name where there is none.
func (c *SummaryCount) addAuthor(p *SummaryPost, scored bool) {
	key := p.AuthorID
	if len(key) == 0 {
		key = p.AuthorName
	}
	if len(key) == 0 {
		return
	}
	a := c.authors[string(key)]
	if a == nil {
		a = &authorCount{author: content.Author{ExternalID: string(p.AuthorID)}}
		c.authors[string(key)] = a
	}
	if string(p.AuthorName) > a.author.Name { // one of an author's names, whatever the order
		a.author.Name = string(p.AuthorName)
	}
	a.posts++
	if scored {
		a.mean.add(p.Score)
	}
}

func (c *SummaryCount) addLiked(p *SummaryPost) {
	last := len(c.liked) - 1
	if last+1 == summaryTop && (p.Likes < c.liked[last].likes || p.Likes == c.liked[last].likes && string(p.ExternalID) > c.liked[last].externalID) {
		return
	}
	post := likedPost{externalID: string(p.ExternalID), likes: p.Likes}
	at, _ := slices.BinarySearchFunc(c.liked, post, func(a, b likedPost) int {
		return cmp.Or(cmp.Compare(b.likes, a.likes), cmp.Compare(a.externalID, b.externalID))
	})
	c.liked = slices.Insert(c.liked, at, post)
	c.liked = c.liked[:min(len(c.liked), summaryTop)]
}

// MostLiked returns the external ids of the posts with the most likes, the most
// first.
func (c *SummaryCount) MostLiked() []string {
	ids := make([]string, len(c.liked))
	for i, p := range c.liked {
		ids[i] = p.externalID
	}
	return ids
}

// Run returns what one run brought; nothing of its own but the number where it
// brought nothing.
func (c *SummaryCount) Run(run int) RunFigures {
	r := c.runs[run]
	if r == nil {
		return RunFigures{Run: run}
	}
	figures := r.figures
	figures.MeanScore = r.mean.value()
	return figures
}

// Summary returns the figures. What no post tells, its caller fills in: the posts
// with the most likes, the runs, what is missing, the words.
func (c *SummaryCount) Summary() Summary {
	sum := c.counted()
	sum.ByDay = make([]Day, 0, len(c.days))
	for _, number := range slices.Sorted(maps.Keys(c.days)) {
		d := c.days[number]
		d.day.MeanScore = d.mean.value()
		sum.ByDay = append(sum.ByDay, d.day)
	}
	sum.TopAuthors = topAuthors(c.authors)
	for reason, posts := range c.reasons {
		sum.SpamReasons = append(sum.SpamReasons, ReasonFigures{reason, posts})
	}
	slices.SortFunc(sum.SpamReasons, func(a, b ReasonFigures) int {
		return cmp.Or(cmp.Compare(b.Posts, a.Posts), cmp.Compare(a.Reason, b.Reason))
	})
	return sum
}

// counted returns what the groups tell.
func (c *SummaryCount) counted() Summary {
	sum := Summary{
		ByKind: map[content.PostKind]int64{}, BySentiment: map[Label]int64{}, BySpam: map[Verdict]int64{}, Lost: map[content.Cause]int64{},
	}
	spamModels, sentimentModels := map[Model]int64{}, map[Model]int64{}
	for g, n := range c.groups {
		sum.Total += n
		sum.ByKind[g.kind] += n
		sum.BySpam[g.verdict] += n
		if g.verdict != Spam {
			sum.BySentiment[g.label] += n
		}
		if g.lost != "" {
			sum.Lost[g.lost] += n
		}
		spamModels[g.spamModel] += n
		sentimentModels[g.sentimentModel] += n
	}
	sum.SpamModel, sum.SentimentModel = mostUsed(spamModels), mostUsed(sentimentModels)
	return sum
}

func topAuthors(authors map[string]*authorCount) []AuthorFigures {
	var top []*authorCount
	before := func(a, b *authorCount) int {
		return cmp.Or(cmp.Compare(b.posts, a.posts), cmp.Compare(a.author.Name, b.author.Name), cmp.Compare(a.author.ExternalID, b.author.ExternalID))
	}
	for _, a := range authors {
		if len(top) == summaryTop && before(a, top[summaryTop-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, a, before)
		top = slices.Insert(top, at, a)
		top = top[:min(len(top), summaryTop)]
	}
	figures := make([]AuthorFigures, len(top))
	for i, a := range top {
		figures[i] = AuthorFigures{Author: a.author, Posts: a.posts, MeanScore: a.mean.value()}
	}
	return figures
}

// mostUsed returns the model that judged most posts; people are no model.
func mostUsed(models map[Model]int64) Model {
	var best Model
	for m, n := range models {
		if m == "" || m == HumanModel {
			continue
		}
		if best == "" || n > models[best] || n == models[best] && m < best {
			best = m
		}
	}
	return best
}

func (m *meanCount) add(score float64) {
	m.sum += score
	m.n++
}

// value returns the mean; nil of nothing.
func (m *meanCount) value() *float64 {
	if m.n == 0 {
		return nil
	}
	mean := m.sum / float64(m.n)
	return &mean
}
