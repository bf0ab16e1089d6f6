package analysis

import (
	"maps"
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

// PostFilter chooses posts of a task. Zero fields choose everything.
type PostFilter struct {
	Kinds []content.PostKind `json:"kind,omitempty"`
	// Sentiments lists labels; the empty label stands for unscored posts.
	Sentiments []Label `json:"sentiment,omitempty"`
	// Spam lists verdicts; the empty verdict stands for unjudged posts.
	Spam []Verdict `json:"spam,omitempty"`
	// Author is an exact name or external id.
	Author string `json:"author,omitempty"`
	// Query is a substring of the text in any case.
	Query string `json:"q,omitempty"`
	// Since is inclusive, Until exclusive.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Order is how posts are listed; ties go by id.
type Order string

// The orders, spelt as the HTTP contract has them.
const (
	NewestFirst Order = "-published"
	OldestFirst Order = "published"
	MostLiked   Order = "-likes"
)

// Day sums up the posts published on one day (UTC), spam left out of the sides.
type Day struct {
	Day                         time.Time
	Posts                       int64
	Positive, Neutral, Negative int64
	// MeanScore is nil where nothing was scored.
	MeanScore *float64
}

// RunFigures sums up what one run of a task brought: the first, or a refresh.
// Spam is left out of the sides and of the mean.
type RunFigures struct {
	Run     int
	BeganAt time.Time
	// Posts are those that no run before had seen.
	Posts, Spam                 int64
	Positive, Neutral, Negative int64
	// MeanScore is nil where nothing was scored.
	MeanScore *float64
}

// MaxRuns is how many runs a summary tells of, the latest.
const MaxRuns = 100

// AuthorFigures sums up what one author wrote.
type AuthorFigures struct {
	content.Author
	Posts     int64
	MeanScore *float64
}

// ReasonFigures counts the posts that were judged spam for a reason.
type ReasonFigures struct {
	Reason string
	Posts  int64
}

// Missing tells how many posts are missing for a cause; nil where nobody knows.
type Missing struct {
	Cause content.Cause
	Count *int64
}

// Summary sums up a task. BySentiment leaves spam out; its empty label counts
// the unscored, and BySpam's empty verdict the unjudged.
type Summary struct {
	Total       int64
	ByKind      map[content.PostKind]int64
	BySentiment map[Label]int64
	BySpam      map[Verdict]int64
	ByDay       []Day
	// Runs are the latest runs, the oldest first: how it changed from one to the
	// next.
	Runs       []RunFigures
	TopAuthors []AuthorFigures
	// MostLiked are the posts with the most likes that have their text and are no
	// spam.
	MostLiked []JudgedPost
	// SpamReasons tells why posts were judged spam, the most frequent first.
	SpamReasons []ReasonFigures
	// Words is nil until they were worked out, some seconds after the task's end.
	Words *SideWords
	// Lost counts posts that stand without their text, by what became of it.
	Lost map[content.Cause]int64
	// Expected is nil while the provider announced nothing.
	Expected *int64
	Missing  []Missing
	// SpamModel and SentimentModel are empty where nothing was judged.
	SpamModel      Model
	SentimentModel Model
}

// AllMissing adds the posts that stand without their text to those that were
// never stored: a reader misses both.
func (s *Summary) AllMissing() []Missing {
	missing := slices.Clone(s.Missing)
	for _, cause := range slices.Sorted(maps.Keys(s.Lost)) {
		n := s.Lost[cause]
		i := slices.IndexFunc(missing, func(m Missing) bool { return m.Cause == cause })
		switch {
		case i < 0:
			missing = append(missing, Missing{Cause: cause, Count: &n})
		case missing[i].Count != nil: // an unknown number stays unknown
			n += *missing[i].Count
			missing[i].Count = &n
		}
	}
	return missing
}

// ExplainGap adds the posts that the provider announced but did not hand out
// (held for review, deleted, of hidden users), as hidden by the platform. Call
// it when everything was asked for and fetched: while another cause took an
// unknown number, nobody can tell the two apart, and nothing is added.
func (s *Summary) ExplainGap() {
	if s.Expected == nil {
		return
	}
	gap, hidden := *s.Expected-s.Total, -1
	for i, m := range s.Missing {
		if m.Count == nil {
			return
		}
		gap -= *m.Count
		if m.Cause == content.HiddenByPlatform {
			hidden = i
		}
	}
	switch {
	case gap <= 0:
	case hidden >= 0:
		gap += *s.Missing[hidden].Count
		s.Missing[hidden].Count = &gap
	default:
		s.Missing = append(s.Missing, Missing{Cause: content.HiddenByPlatform, Count: &gap})
	}
}
