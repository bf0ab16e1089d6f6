package sqlstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// totalsRow is how many posts of a task are alike.
type totalsRow struct {
	Kind           content.PostKind
	Lost           content.Cause
	Verdict        analysis.Verdict
	SpamModel      analysis.Model
	Label          analysis.Label
	SentimentModel analysis.Model
	Posts          int64
}

// Totals has the database group the posts: there are some dozens of groups.
func (s *Store) Totals(ctx context.Context, user access.UserID, id task.ID) (sum analysis.Summary, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	err = s.runInTx(ctx, s.read, s.dialect.snapshot(), func(ctx context.Context, tx bun.Tx) error {
		t, err := readTask(ctx, tx, user, id)
		if err != nil {
			return err
		}
		var rows []totalsRow
		err = tx.NewSelect().TableExpr("posts AS p").Where("p.task_id = ?", id).
			ColumnExpr("p.kind").ColumnExpr("? AS lost", bun.Safe(lostExpr())).
			ColumnExpr("coalesce(p.spam_verdict, '') AS verdict, coalesce(p.spam_model, '') AS spam_model").
			ColumnExpr("coalesce(p.sentiment_label, '') AS label, coalesce(p.sentiment_model, '') AS sentiment_model").
			ColumnExpr("count(*) AS posts").GroupExpr("1, 2, 3, 4, 5, 6").Scan(ctx, &rows)
		if err != nil {
			return err
		}
		counted := analysis.NewSummaryCount()
		for _, r := range rows {
			counted.AddAlike(&analysis.SummaryPost{
				Kind: r.Kind, Lost: r.Lost, Verdict: r.Verdict, SpamModel: r.SpamModel, Label: r.Label, SentimentModel: r.SentimentModel,
			}, r.Posts)
		}
		sum = counted.Summary()
		ofTask(&sum, t)
		return nil
	})
	return sum, s.fault(err)
}
