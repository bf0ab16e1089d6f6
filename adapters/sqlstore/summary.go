package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

const topAuthors = 10

// Summary reads everything in one snapshot.
func (s *Store) Summary(ctx context.Context, user access.UserID, id task.ID) (analysis.Summary, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	sum := analysis.Summary{
		ByKind: map[content.PostKind]int64{}, BySentiment: map[analysis.Label]int64{}, BySpam: map[analysis.Verdict]int64{},
	}
	err := s.read.RunInTx(ctx, s.dialect.snapshot(), func(ctx context.Context, tx bun.Tx) error {
		t, err := readTask(ctx, tx, user, id)
		if err != nil {
			return err
		}
		ofTask(&sum, t)
		if err := countPosts(ctx, tx, id, &sum); err != nil {
			return err
		}
		if sum.ByDay, err = s.days(ctx, tx, id); err != nil {
			return err
		}
		sum.TopAuthors, err = authors(ctx, tx, id)
		return err
	})
	return sum, s.fault(err)
}

// ofTask takes over what the task knows: what was announced, what is missing.
func ofTask(sum *analysis.Summary, t task.State) {
	if t.Counters.Expected > 0 {
		sum.Expected = &t.Counters.Expected
	}
	for cause, n := range t.Missing {
		m := analysis.Missing{Cause: cause}
		if n != content.UnknownCount {
			m.Count = &n
		}
		sum.Missing = append(sum.Missing, m)
	}
	slices.SortFunc(sum.Missing, func(a, b analysis.Missing) int { return cmp.Compare(a.Cause, b.Cause) })
}

// countPosts counts by everything that has a few values only, in one pass.
func countPosts(ctx context.Context, tx bun.Tx, id task.ID, sum *analysis.Summary) error {
	var rows []struct {
		Kind           content.PostKind `bun:"kind"`
		Deleted        bool             `bun:"deleted"`
		Verdict        analysis.Verdict `bun:"verdict"`
		SpamModel      analysis.Model   `bun:"spam_model"`
		Label          analysis.Label   `bun:"label"`
		SentimentModel analysis.Model   `bun:"sentiment_model"`
		Posts          int64            `bun:"posts"`
	}
	err := tx.NewSelect().TableExpr("posts AS p").ColumnExpr(`p.kind, p.deleted,
		coalesce(p.spam_verdict, '') AS verdict, coalesce(p.spam_model, '') AS spam_model,
		coalesce(p.sentiment_label, '') AS label, coalesce(p.sentiment_model, '') AS sentiment_model,
		count(*) AS posts`).
		Where("p.task_id = ?", id).GroupExpr("1, 2, 3, 4, 5, 6").Scan(ctx, &rows)
	spamModels, sentimentModels := map[analysis.Model]int64{}, map[analysis.Model]int64{}
	for _, r := range rows {
		sum.Total += r.Posts
		sum.ByKind[r.Kind] += r.Posts
		sum.BySpam[r.Verdict] += r.Posts
		if r.Verdict != analysis.Spam {
			sum.BySentiment[r.Label] += r.Posts
		}
		if r.Deleted {
			sum.Deleted += r.Posts
		}
		spamModels[r.SpamModel] += r.Posts
		sentimentModels[r.SentimentModel] += r.Posts
	}
	sum.SpamModel, sum.SentimentModel = mostUsed(spamModels), mostUsed(sentimentModels)
	return err
}

// mostUsed returns the model that judged most posts; people are no model.
func mostUsed(models map[analysis.Model]int64) analysis.Model {
	var best analysis.Model
	for m, n := range models {
		if m == "" || m == analysis.HumanModel {
			continue
		}
		if best == "" || n > models[best] || n == models[best] && m < best {
			best = m
		}
	}
	return best
}

// days sums up by day; posts of unknown time are left out.
func (s *Store) days(ctx context.Context, tx bun.Tx, id task.ID) ([]analysis.Day, error) {
	var rows []struct {
		Day       string          `bun:"day"`
		Posts     int64           `bun:"posts"`
		Positive  int64           `bun:"positive"`
		Neutral   int64           `bun:"neutral"`
		Negative  int64           `bun:"negative"`
		MeanScore sql.NullFloat64 `bun:"mean_score"`
	}
	side := `count(*) FILTER (WHERE p.sentiment_label = ? AND coalesce(p.spam_verdict, '') <> 'spam') AS ?`
	err := tx.NewSelect().TableExpr("posts AS p").
		ColumnExpr("? AS day", s.dialect.day("p.published_at")).ColumnExpr("count(*) AS posts").
		ColumnExpr(side, analysis.Positive, bun.Ident("positive")).
		ColumnExpr(side, analysis.Neutral, bun.Ident("neutral")).
		ColumnExpr(side, analysis.Negative, bun.Ident("negative")).
		ColumnExpr("avg(p.sentiment_score) FILTER (WHERE coalesce(p.spam_verdict, '') <> 'spam') AS mean_score").
		Where("p.task_id = ? AND p.published_at > ?", id, time.Time{}).
		GroupExpr("1").OrderExpr("1").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	days := make([]analysis.Day, len(rows))
	for i, r := range rows {
		day, err := time.Parse(time.DateOnly, r.Day)
		if err != nil {
			return nil, err
		}
		days[i] = analysis.Day{
			Day: day, Posts: r.Posts, Positive: r.Positive, Neutral: r.Neutral, Negative: r.Negative, MeanScore: mean(r.MeanScore),
		}
	}
	return days, nil
}

// authors returns who wrote most, told apart by external id, or by name where
// there is none.
func authors(ctx context.Context, tx bun.Tx, id task.ID) ([]analysis.AuthorFigures, error) {
	var rows []struct {
		Name       string          `bun:"name"`
		ExternalID string          `bun:"external_id"`
		Posts      int64           `bun:"posts"`
		MeanScore  sql.NullFloat64 `bun:"mean_score"`
	}
	err := tx.NewSelect().TableExpr("posts AS p").
		ColumnExpr("max(p.author_name) AS name").ColumnExpr("max(p.author_external_id) AS external_id").
		ColumnExpr("count(*) AS posts").
		ColumnExpr("avg(p.sentiment_score) FILTER (WHERE coalesce(p.spam_verdict, '') <> 'spam') AS mean_score").
		Where("p.task_id = ? AND (p.author_external_id <> '' OR p.author_name <> '')", id).
		GroupExpr("CASE p.author_external_id WHEN '' THEN p.author_name ELSE p.author_external_id END").
		OrderExpr("count(*) DESC, max(p.author_name), max(p.author_external_id)").Limit(topAuthors).Scan(ctx, &rows)
	figures := make([]analysis.AuthorFigures, len(rows))
	for i, r := range rows {
		figures[i] = analysis.AuthorFigures{
			Author: content.Author{Name: r.Name, ExternalID: r.ExternalID}, Posts: r.Posts, MeanScore: mean(r.MeanScore),
		}
	}
	return figures, err
}

func mean(f sql.NullFloat64) *float64 {
	if !f.Valid {
		return nil
	}
	return &f.Float64
}
