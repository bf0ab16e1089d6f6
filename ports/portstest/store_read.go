package portstest

import (
	"cmp"
	"errors"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// readChecks are the guarantees of ports.PostReader.
var readChecks = []StoreCheck{
	{"read/lists page by page in every order, each once", listsPosts},
	{"read/filters choose", filters},
	{"read/a bounded search goes on where it stopped, and misses nothing", boundedSearch},
	{"read/cursors are checked", func(t StoreT, s ports.Store) {
		w, id := judged(t, s)
		page, err := s.Posts(w.ctx, w.user, id, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 5})
		require.NoError(t, err)
		for _, bad := range []string{"garbage", "e30", page.Next + "x"} {
			_, err = s.Posts(w.ctx, w.user, id, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 5, After: bad})
			requireKind(t, fault.Invalid, err)
			require.Equal(t, fault.CodeBadCursor, fault.As(err).Code)
		}
		_, err = s.Posts(w.ctx, w.user, id, analysis.PostFilter{}, analysis.MostLiked, ports.Paging{Limit: 5, After: page.Next})
		requireKind(t, fault.Invalid, err)
	}},
	{"read/each post in order, once, until told to stop", func(t StoreT, s ports.Store) {
		w, id := judged(t, s)
		var got []analysis.JudgedPost
		require.NoError(t, s.EachPost(w.ctx, w.user, id, analysis.PostFilter{}, analysis.ByTime, func(p *analysis.JudgedPost) error {
			got = append(got, *p)
			return nil
		}))
		require.Len(t, got, 60)
		require.True(t, slices.IsSortedFunc(got, func(a, b analysis.JudgedPost) int {
			return cmp.Or(a.PublishedAt.Compare(b.PublishedAt), cmp.Compare(a.ExternalID, b.ExternalID))
		}))
		boom, n := errors.New("boom"), 0
		require.ErrorIs(t, s.EachPost(w.ctx, w.user, id, analysis.PostFilter{}, analysis.ByTime, func(*analysis.JudgedPost) error {
			n++
			return boom
		}), boom)
		require.Equal(t, 1, n)
		requireKind(t, fault.NotFound, s.EachPost(w.ctx, w.newUser("eve"), id, analysis.PostFilter{}, analysis.ByTime, func(*analysis.JudgedPost) error { return nil }))
	}},
	{"read/a summary equals the rows", summarises},
}

// judged stores 60 posts, a video among them, every fifth spam, two minutes a
// pair of which share their time.
func judged(t StoreT, s ports.Store) (*world, task.ID) {
	t.Helper()
	w := newWorld(t, s)
	posts := comments(0, 59)
	for i := range posts {
		posts[i].PublishedAt = epoch.AddDate(0, 0, i/20).Add(posts[i/2*2].PublishedAt.Sub(epoch))
		if i%4 == 3 {
			posts[i].Kind, posts[i].ParentExternalID = content.ReplyPost, posts[i-1].ExternalID
		}
	}
	posts = append(posts, content.Post{
		ExternalID: "dQw4w9WgXcQ", RootExternalID: "dQw4w9WgXcQ", Kind: content.VideoPost, Text: "The Video: 100 % Größe_1",
		Author: content.Author{Name: "Owner", ExternalID: "UCowner"}, PublishedAt: epoch.AddDate(0, 0, -1), ByOwner: true,
	})
	created, l, batch := w.fetched(posts)
	stored := slices.DeleteFunc(w.batch(created.ID, batch), func(p ports.BatchPost) bool { return p.Kind == content.VideoPost })
	w.judgeAll(l, batch, stored, func(i int) bool { return i%5 == 0 })
	return w, created.ID
}

func listsPosts(t StoreT, s ports.Store) {
	w, id := judged(t, s)
	orders := map[analysis.Order]func(a, b analysis.JudgedPost) int{
		analysis.NewestFirst: func(a, b analysis.JudgedPost) int {
			return cmp.Or(b.PublishedAt.Compare(a.PublishedAt), cmp.Compare(b.ID, a.ID))
		},
		analysis.OldestFirst: func(a, b analysis.JudgedPost) int {
			return cmp.Or(a.PublishedAt.Compare(b.PublishedAt), cmp.Compare(a.ID, b.ID))
		},
		analysis.MostLiked: func(a, b analysis.JudgedPost) int {
			return cmp.Or(cmp.Compare(b.Likes, a.Likes), cmp.Compare(b.ID, a.ID))
		},
	}
	for order, compare := range orders {
		var got []analysis.JudgedPost
		for after := ""; ; {
			page, err := s.Posts(w.ctx, w.user, id, analysis.PostFilter{}, order, ports.Paging{Limit: 7, After: after})
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.Items), 7)
			got = append(got, page.Items...)
			if after = page.Next; after == "" {
				break
			}
		}
		require.Len(t, got, 60, order)
		require.True(t, slices.IsSortedFunc(got, compare), order)
	}
}

func filters(t StoreT, s ports.Store) {
	w, id := judged(t, s)
	all, err := s.Posts(w.ctx, w.user, id, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 100})
	require.NoError(t, err)
	is := func(f func(p analysis.JudgedPost) bool) int {
		n := 0
		for _, p := range all.Items {
			if f(p) {
				n++
			}
		}
		require.NotZero(t, n, "the check chooses nothing")
		return n
	}
	label := func(l analysis.Label) func(analysis.JudgedPost) bool {
		return func(p analysis.JudgedPost) bool { return p.Sentiment != nil && p.Sentiment.Label == l }
	}
	day := epoch.AddDate(0, 0, 1)
	for name, c := range map[string]struct {
		f    analysis.PostFilter
		want int
	}{
		"comments":  {analysis.PostFilter{Kinds: []content.PostKind{content.CommentPost}}, is(func(p analysis.JudgedPost) bool { return p.Kind == content.CommentPost })},
		"two kinds": {analysis.PostFilter{Kinds: []content.PostKind{content.VideoPost, content.ReplyPost}}, is(func(p analysis.JudgedPost) bool { return p.Kind != content.CommentPost })},
		"positive":  {analysis.PostFilter{Sentiments: []analysis.Label{analysis.Positive}}, is(label(analysis.Positive))},
		"unscored":  {analysis.PostFilter{Sentiments: []analysis.Label{""}}, is(func(p analysis.JudgedPost) bool { return p.Sentiment == nil })},
		"either": {analysis.PostFilter{Sentiments: []analysis.Label{"", analysis.Negative}}, is(func(p analysis.JudgedPost) bool {
			return p.Sentiment == nil || p.Sentiment.Label == analysis.Negative
		})},
		"spam":          {analysis.PostFilter{Spam: []analysis.Verdict{analysis.Spam}}, is(func(p analysis.JudgedPost) bool { return p.Spam != nil && p.Spam.Verdict == analysis.Spam })},
		"not spam":      {analysis.PostFilter{Spam: []analysis.Verdict{analysis.OK}}, is(func(p analysis.JudgedPost) bool { return p.Spam != nil && p.Spam.Verdict == analysis.OK })},
		"unjudged":      {analysis.PostFilter{Spam: []analysis.Verdict{""}}, is(func(p analysis.JudgedPost) bool { return p.Spam == nil })},
		"author's name": {analysis.PostFilter{Author: "@author3"}, is(func(p analysis.JudgedPost) bool { return p.Author.Name == "@author3" })},
		"author's id":   {analysis.PostFilter{Author: "UC3"}, is(func(p analysis.JudgedPost) bool { return p.Author.ExternalID == "UC3" })},
		"no author":     {analysis.PostFilter{Author: "@AUTHOR3"}, 0},
		"text":          {analysis.PostFilter{Query: "NUMBER 12,"}, 1},
		"wild cards":    {analysis.PostFilter{Query: "100 % Grö"}, 1},
		"no wild cards": {analysis.PostFilter{Query: "number _2"}, 0},
		"percent":       {analysis.PostFilter{Query: "number%unlike"}, 0},
		"since":         {analysis.PostFilter{Since: day}, is(func(p analysis.JudgedPost) bool { return !p.PublishedAt.Before(day) })},
		"until":         {analysis.PostFilter{Until: day}, is(func(p analysis.JudgedPost) bool { return p.PublishedAt.Before(day) })},
		"everything": {analysis.PostFilter{Kinds: []content.PostKind{content.CommentPost}, Spam: []analysis.Verdict{analysis.OK}, Author: "@author2", Query: "comment", Since: epoch}, is(func(p analysis.JudgedPost) bool {
			return p.Kind == content.CommentPost && p.Spam != nil && p.Spam.Verdict == analysis.OK && p.Author.Name == "@author2" && !p.PublishedAt.Before(epoch)
		})},
	} {
		page, err := s.Posts(w.ctx, w.user, id, c.f, analysis.NewestFirst, ports.Paging{Limit: 100})
		require.NoError(t, err, name)
		require.Len(t, page.Items, c.want, name)
		n := 0
		require.NoError(t, s.EachPost(w.ctx, w.user, id, c.f, analysis.ByTime, func(*analysis.JudgedPost) error { n++; return nil }), name)
		require.Equal(t, c.want, n, name)
	}
}

func boundedSearch(t StoreT, s ports.Store) {
	w, id := judged(t, s)
	const within = 7
	for _, order := range []analysis.Order{analysis.NewestFirst, analysis.OldestFirst, analysis.MostLiked} {
		for name, f := range map[string]analysis.PostFilter{
			"some":    {Spam: []analysis.Verdict{analysis.Spam}},
			"one":     {Query: "number 12,"},
			"none":    {Author: "nobody"},
			"most":    {Kinds: []content.PostKind{content.CommentPost, content.ReplyPost}},
			"all":     {},
			"of days": {Since: epoch.AddDate(0, 0, 1), Until: epoch.AddDate(0, 0, 2), Sentiments: []analysis.Label{analysis.Positive}},
		} {
			want, err := s.Posts(w.ctx, w.user, id, f, order, ports.Paging{Limit: 100})
			require.NoError(t, err)
			got, pages := []analysis.JudgedPost(nil), 0
			for after := ""; ; pages++ {
				require.Less(t, pages, 60, "it does not come to an end")
				page, err := s.Posts(w.ctx, w.user, id, f, order, ports.Paging{Limit: 3, After: after, Within: within})
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Items), 3)
				got = append(got, page.Items...)
				if after = page.Next; after == "" {
					break
				}
			}
			require.ElementsMatch(t, want.Items, got, "%s %s", order, name)
			if name == "none" {
				require.Equal(t, 60/within, pages, "each page looks at no more than it may")
			}
			if len(want.Items) > 0 {
				require.Equal(t, want.Items, got, "%s %s", order, name)
			}
		}
	}
}

func summarises(t StoreT, s ports.Store) {
	w, id := judged(t, s)
	all, err := s.Posts(w.ctx, w.user, id, analysis.PostFilter{}, analysis.NewestFirst, ports.Paging{Limit: 100})
	require.NoError(t, err)
	summary, err := s.Summary(w.ctx, w.user, id)
	require.NoError(t, err)

	want := analysis.Summary{
		ByKind: map[content.PostKind]int64{}, BySentiment: map[analysis.Label]int64{}, BySpam: map[analysis.Verdict]int64{},
	}
	days := map[string]int64{}
	for _, p := range all.Items {
		want.Total++
		want.ByKind[p.Kind]++
		days[p.PublishedAt.Format("2006-01-02")]++
		isSpam := p.Spam != nil && p.Spam.Verdict == analysis.Spam
		if p.Spam == nil {
			want.BySpam[""]++
		} else {
			want.BySpam[p.Spam.Verdict]++
		}
		switch {
		case isSpam:
		case p.Sentiment == nil:
			want.BySentiment[""]++
		default:
			want.BySentiment[p.Sentiment.Label]++
		}
	}
	require.Equal(t, want.Total, summary.Total)
	require.Equal(t, want.ByKind, summary.ByKind)
	require.Equal(t, want.BySentiment, summary.BySentiment)
	require.Equal(t, want.BySpam, summary.BySpam)
	require.Len(t, summary.ByDay, len(days))
	for i, d := range summary.ByDay {
		require.Equal(t, days[d.Day.Format("2006-01-02")], d.Posts)
		require.True(t, i == 0 || summary.ByDay[i-1].Day.Before(d.Day))
	}
	requireOneRun(t, w.task(id), summary)
	require.NotEmpty(t, summary.TopAuthors)
	require.LessOrEqual(t, len(summary.TopAuthors), 10)
	require.GreaterOrEqual(t, summary.TopAuthors[0].Posts, summary.TopAuthors[len(summary.TopAuthors)-1].Posts)
	requireMostLiked(t, all.Items, summary.MostLiked)
	require.NotEmpty(t, summary.SpamReasons)
	for _, r := range summary.SpamReasons {
		require.Equal(t, want.BySpam[analysis.Spam], r.Posts, r.Reason)
	}
	require.Nil(t, summary.Words, "the task runs")
	require.EqualValues(t, "kit@1", summary.SpamModel)
	require.EqualValues(t, "kit@1", summary.SentimentModel)

	totals, err := s.Totals(w.ctx, w.user, id)
	require.NoError(t, err)
	require.Empty(t, totals.ByDay)
	require.Empty(t, totals.TopAuthors)
	summary.ByDay, summary.Runs, summary.TopAuthors, summary.MostLiked, summary.SpamReasons = totals.ByDay, nil, totals.TopAuthors, nil, nil
	require.Equal(t, summary, totals)
	_, err = s.Totals(w.ctx, w.newUser("eve"), id)
	requireKind(t, fault.NotFound, err)
}

// requireOneRun looks that all posts are those of the first run.
func requireOneRun(t StoreT, of task.State, summary analysis.Summary) {
	t.Helper()
	require.Len(t, summary.Runs, 1)
	run := summary.Runs[0]
	require.NotNil(t, run.MeanScore)
	run.MeanScore = nil
	require.Equal(t, analysis.RunFigures{
		Run: 1, BeganAt: of.CreatedAt, Posts: summary.Total, Spam: summary.BySpam[analysis.Spam],
		Positive: summary.BySentiment[analysis.Positive], Neutral: summary.BySentiment[analysis.Neutral], Negative: summary.BySentiment[analysis.Negative],
	}, run)
}

// requireMostLiked looks that the posts are the ten of all with the most likes,
// spam left out, as lists show them.
func requireMostLiked(t StoreT, all, got []analysis.JudgedPost) {
	t.Helper()
	honest := slices.DeleteFunc(slices.Clone(all), func(p analysis.JudgedPost) bool { return p.Spam != nil && p.Spam.Verdict == analysis.Spam })
	slices.SortFunc(honest, func(a, b analysis.JudgedPost) int { return cmp.Compare(b.Likes, a.Likes) })
	require.Len(t, got, 10)
	for i, p := range got {
		require.Equal(t, honest[i].Likes, p.Likes)
		require.Contains(t, honest, p)
	}
}
