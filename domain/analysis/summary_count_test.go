package analysis_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

func summed(posts ...analysis.SummaryPost) (analysis.Summary, []string) {
	c := analysis.NewSummaryCount()
	for i := range posts {
		c.Add(&posts[i])
	}
	return c.Summary(), c.MostLiked()
}

func TestSummaryCount(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	post := func(id, author string, likes int64, at time.Time) analysis.SummaryPost {
		return analysis.SummaryPost{ExternalID: []byte(id), AuthorName: []byte(author), Likes: likes, PublishedAt: at, Kind: content.CommentPost}
	}
	judged := func(p analysis.SummaryPost, label analysis.Label, score float64) analysis.SummaryPost {
		p.Verdict, p.SpamModel, p.Label, p.Score, p.SentimentModel = analysis.OK, "s@1", label, score, "m@1"
		return p
	}
	spam := post("c4", "Eve", 99, day.Add(23*time.Hour))
	spam.Verdict, spam.SpamModel, spam.Reasons = analysis.Spam, analysis.HumanModel, []string{"link", "repeated"}
	other := post("c5", "Eve", 98, time.Time{})
	other.Verdict, other.SpamModel, other.Reasons = analysis.Spam, "s@1", []string{"repeated"}
	lost := post("c6", "", 97, day.AddDate(-60, 0, 0).Add(time.Hour)) // before 1970
	lost.Lost = content.Removed
	sum, liked := summed(
		judged(post("c1", "Ada", 5, day), analysis.Positive, 0.5), judged(post("c2", "Ada", 7, day.Add(time.Hour)), analysis.Negative, -1),
		judged(post("c3", "Bob", 7, day.Add(24*time.Hour)), analysis.Neutral, 0), spam, other, lost,
	)
	mean := func(f float64) *float64 { return &f }
	require.EqualValues(t, 6, sum.Total)
	require.Equal(t, map[analysis.Verdict]int64{analysis.OK: 3, analysis.Spam: 2, "": 1}, sum.BySpam)
	require.Equal(t, map[analysis.Label]int64{analysis.Positive: 1, analysis.Negative: 1, analysis.Neutral: 1, "": 1}, sum.BySentiment)
	require.Equal(t, []analysis.Day{
		{Day: day.AddDate(-60, 0, 0), Posts: 1},
		{Day: day, Posts: 3, Positive: 1, Negative: 1, MeanScore: mean(-0.25)},
		{Day: day.AddDate(0, 0, 1), Posts: 1, Neutral: 1, MeanScore: mean(0)},
	}, sum.ByDay)
	require.Equal(t, []analysis.AuthorFigures{
		{Author: content.Author{Name: "Ada"}, Posts: 2, MeanScore: mean(-0.25)},
		{Author: content.Author{Name: "Eve"}, Posts: 2},
		{Author: content.Author{Name: "Bob"}, Posts: 1, MeanScore: mean(0)},
	}, sum.TopAuthors)
	require.Equal(t, []analysis.ReasonFigures{{Reason: "repeated", Posts: 2}, {Reason: "link", Posts: 1}}, sum.SpamReasons)
	require.Equal(t, []string{"c2", "c3", "c1"}, liked, "without spam and what lost its text; ties by id")
	require.EqualValues(t, "s@1", sum.SpamModel, "people are no model")
	require.Equal(t, map[content.Cause]int64{content.Removed: 1}, sum.Lost)
	require.Equal(t, []analysis.Missing{{Cause: content.Removed, Count: new(int64(1))}}, sum.AllMissing())
}

func TestTheTopTenDoNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	posts := make([]analysis.SummaryPost, 500)
	for i := range posts {
		posts[i] = analysis.SummaryPost{
			ExternalID: fmt.Appendf(nil, "c%03d", i), AuthorID: fmt.Appendf(nil, "a%d", i%37), AuthorName: fmt.Appendf(nil, "n%d", i%41), Likes: int64(i % 7),
		}
	}
	want, liked := summed(posts...)
	require.Len(t, liked, 10)
	require.Len(t, want.TopAuthors, 10)
	for range 20 {
		random.Shuffle(len(posts), func(i, k int) { posts[i], posts[k] = posts[k], posts[i] })
		got, most := summed(posts...)
		require.Equal(t, want, got)
		require.Equal(t, liked, most)
	}
	require.True(t, slices.IsSorted(liked), "all have six likes")
}

func TestAnUnknownNumberStaysUnknown(t *testing.T) {
	t.Parallel()
	s := analysis.Summary{
		Missing: []analysis.Missing{{Cause: content.Removed}, {Cause: content.DeletedByAuthor, Count: new(int64(2))}},
		Lost:    map[content.Cause]int64{content.Removed: 1, content.DeletedByAuthor: 3},
	}
	require.Equal(t, []analysis.Missing{{Cause: content.Removed}, {Cause: content.DeletedByAuthor, Count: new(int64(5))}}, s.AllMissing())
	require.EqualValues(t, 2, *s.Missing[1].Count, "what was given stays as it is")
}

func TestEachRunHasWhatItFoundNew(t *testing.T) {
	t.Parallel()
	c := analysis.NewSummaryCount()
	for _, p := range []analysis.SummaryPost{
		{Run: 1, Verdict: analysis.OK, Label: analysis.Positive, Score: 0.5}, {Run: 1, Verdict: analysis.Spam, Label: analysis.Negative, Score: -1},
		{Run: 3, Verdict: analysis.OK, Label: analysis.Negative, Score: -0.5}, {Run: 3, Verdict: analysis.OK, Label: analysis.Neutral, Score: 0}, {Run: 3},
	} {
		c.Add(&p)
	}
	mean := func(f float64) *float64 { return &f }
	require.Equal(t, analysis.RunFigures{Run: 1, Posts: 2, Spam: 1, Positive: 1, MeanScore: mean(0.5)}, c.Run(1))
	require.Equal(t, analysis.RunFigures{Run: 2}, c.Run(2), "it found nothing")
	require.Equal(t, analysis.RunFigures{Run: 3, Posts: 3, Neutral: 1, Negative: 1, MeanScore: mean(-0.25)}, c.Run(3))
}
