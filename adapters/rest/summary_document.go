package rest

import (
	"time"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

// SummaryDocument returns the figures as GET /tasks/{id}/summary shows them.
func SummaryDocument(s analysis.Summary) Summary {
	return Summary{
		Posts: PostFigures{
			Total: s.Total, ByKind: kindFigures(s.ByKind),
			BySentiment: SentimentFigures{
				Positive: s.BySentiment[analysis.Positive], Neutral: s.BySentiment[analysis.Neutral],
				Negative: s.BySentiment[analysis.Negative], None: s.BySentiment[""],
			},
			BySpam: SpamFigures{Spam: s.BySpam[analysis.Spam], Ok: s.BySpam[analysis.OK], None: s.BySpam[""]},
		},
		ByDay: documents(s.ByDay, dayDocument), Runs: documents(s.Runs, runDocument), TopAuthors: documents(s.TopAuthors, authorDocument),
		MostLiked:    documents(s.MostLiked, func(p analysis.JudgedPost) Post { return postDocument(&p) }),
		SpamReasons:  documents(s.SpamReasons, func(r analysis.ReasonFigures) ReasonFigures { return ReasonFigures{Reason: r.Reason, Posts: r.Posts} }),
		Words:        wordsDocument(s.Words),
		Completeness: Completeness{Expected: s.Expected, Fetched: s.Total, Missing: documents(s.AllMissing(), missingDocument)},
		Models:       Models{Spam: orNull(string(s.SpamModel)), Sentiment: orNull(string(s.SentimentModel))},
	}
}

func kindFigures(byKind map[content.PostKind]int64) map[string]int64 {
	figures := make(map[string]int64, len(byKind))
	for kind, n := range byKind {
		figures[string(kind)] = n
	}
	return figures
}

func dayDocument(d analysis.Day) DayFigures {
	return DayFigures{
		Day: d.Day.Format(time.DateOnly), Posts: d.Posts,
		Positive: d.Positive, Neutral: d.Neutral, Negative: d.Negative, MeanScore: d.MeanScore,
	}
}

func runDocument(r analysis.RunFigures) RunFigures {
	return RunFigures{
		Run: r.Run, BeganAt: r.BeganAt, Posts: r.Posts, Spam: r.Spam,
		Positive: r.Positive, Neutral: r.Neutral, Negative: r.Negative, MeanScore: r.MeanScore,
	}
}

func authorDocument(a analysis.AuthorFigures) AuthorFigures {
	return AuthorFigures{Name: orNull(a.Name), ExternalID: orNull(a.ExternalID), Posts: a.Posts, MeanScore: a.MeanScore}
}

// wordsDocument: nothing was counted yet where there are no words.
func wordsDocument(w *analysis.SideWords) *SideWords {
	if w == nil {
		return nil
	}
	figures := func(f analysis.WordFigures) WordFigures {
		return WordFigures{Word: f.Word, Posts: f.Posts, Weight: f.Weight}
	}
	return &SideWords{Positive: documents(w.Positive, figures), Negative: documents(w.Negative, figures)}
}

func missingDocument(m analysis.Missing) MissingPosts {
	return MissingPosts{Cause: string(m.Cause), Count: m.Count}
}
