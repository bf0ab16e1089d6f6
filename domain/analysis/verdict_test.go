package analysis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func TestOverrule(t *testing.T) {
	t.Parallel()
	verdict := func(v analysis.Verdict, score float64, m analysis.Model) *analysis.SpamVerdict {
		return &analysis.SpamVerdict{Verdict: v, Score: score, Model: m}
	}
	human := func(v analysis.Verdict, score float64) *analysis.SpamVerdict {
		return verdict(v, score, analysis.HumanModel)
	}
	spam, ok := analysis.Spam, analysis.OK
	glad := &analysis.Sentiment{Label: analysis.Positive, Score: 0.5, Model: "m@1"}
	later := &analysis.Sentiment{Label: analysis.Negative, Score: -0.5, Model: "m@1"}
	bySpam := analysis.Opinion{Spam: verdict(spam, 0.9, "m@1")}
	byOK := analysis.Opinion{Spam: verdict(ok, 0.1, "m@1"), Sentiment: glad}
	nobody := analysis.Opinion{}

	for name, c := range map[string]struct {
		now     analysis.Opinion
		kept    *analysis.Opinion
		verdict *analysis.Verdict
		want    analysis.Opinion
		keep    *analysis.Opinion
	}{
		"spam drops the sentiment":                  {byOK, nil, &spam, analysis.Opinion{Spam: human(spam, 1)}, &byOK},
		"spam, as the detector said":                {bySpam, nil, &spam, analysis.Opinion{Spam: human(spam, 1)}, &bySpam},
		"spam before anybody judged":                {nobody, nil, &spam, analysis.Opinion{Spam: human(spam, 1)}, &nobody},
		"ok leaves the sentiment":                   {byOK, nil, &ok, analysis.Opinion{Spam: human(ok, 0), Sentiment: glad}, &byOK},
		"ok clears what had none":                   {bySpam, nil, &ok, analysis.Opinion{Spam: human(ok, 0)}, &bySpam},
		"ok after spam brings the sentiment back":   {analysis.Opinion{Spam: human(spam, 1)}, &byOK, &ok, analysis.Opinion{Spam: human(ok, 0), Sentiment: glad}, &byOK},
		"spam after ok keeps what was first":        {analysis.Opinion{Spam: human(ok, 0), Sentiment: later}, &bySpam, &spam, analysis.Opinion{Spam: human(spam, 1)}, &bySpam},
		"an older verdict of a detector is no more": {byOK, &bySpam, &spam, analysis.Opinion{Spam: human(spam, 1)}, &byOK},
		"taking back spam":                          {analysis.Opinion{Spam: human(spam, 1)}, &byOK, nil, byOK, nil},
		"taking back ok, that the detector flagged": {analysis.Opinion{Spam: human(ok, 0), Sentiment: later}, &bySpam, nil, bySpam, nil},
		"taking back ok, scored meanwhile": {
			analysis.Opinion{Spam: human(ok, 0), Sentiment: later}, &analysis.Opinion{Spam: byOK.Spam}, nil,
			analysis.Opinion{Spam: byOK.Spam, Sentiment: later}, nil,
		},
		"taking back what overruled nobody":  {analysis.Opinion{Spam: human(spam, 1)}, &nobody, nil, nobody, nil},
		"taking back, with another text":     {analysis.Opinion{Spam: human(ok, 0), Sentiment: later}, nil, nil, analysis.Opinion{Sentiment: later}, nil},
		"judging again, with another text":   {analysis.Opinion{Spam: human(ok, 0)}, nil, &spam, analysis.Opinion{Spam: human(spam, 1)}, &nobody},
		"nothing to take back":               {byOK, nil, nil, byOK, nil},
		"nothing to take back, long ago":     {bySpam, &byOK, nil, bySpam, nil},
		"nothing to take back, nobody spoke": {nobody, nil, nil, nobody, nil},
	} {
		after, keep := analysis.Overrule(c.now, c.kept, c.verdict)
		require.Equal(t, c.want, after, name)
		require.Equal(t, c.keep, keep, name)
	}
}

func TestParseVerdict(t *testing.T) {
	t.Parallel()
	for _, v := range []analysis.Verdict{analysis.Spam, analysis.OK} {
		got, err := analysis.ParseVerdict(string(v))
		require.NoError(t, err)
		require.Equal(t, v, got)
	}
	for _, word := range []string{"", "Spam", "ham", "null"} {
		_, err := analysis.ParseVerdict(word)
		require.True(t, fault.Is(err, fault.Invalid), word)
		require.Equal(t, "verdict", fault.As(err).Field)
	}
}

func TestWantsScore(t *testing.T) {
	t.Parallel()
	comment := content.Post{Kind: content.CommentPost, Text: "Nice"}
	spam, ok := &analysis.SpamVerdict{Verdict: analysis.Spam}, &analysis.SpamVerdict{Verdict: analysis.OK}
	for name, c := range map[string]struct {
		post analysis.JudgedPost
		want bool
	}{
		"cleared":  {analysis.JudgedPost{Post: comment, Spam: ok}, true},
		"unjudged": {analysis.JudgedPost{Post: comment}, true},
		"spam":     {analysis.JudgedPost{Post: comment, Spam: spam}, false},
		"scored":   {analysis.JudgedPost{Post: comment, Spam: ok, Sentiment: &analysis.Sentiment{}}, false},
		"no text":  {analysis.JudgedPost{Post: content.Post{Kind: content.CommentPost, Text: " "}, Spam: ok}, false},
		"a video":  {analysis.JudgedPost{Post: content.Post{Kind: content.VideoPost, Text: "Title"}}, false},
	} {
		require.Equal(t, c.want, c.post.WantsScore(), name)
	}
}
