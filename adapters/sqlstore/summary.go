package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// Summary reads everything in one snapshot. The posts are read once, as narrow
// rows, and summed up here: for 100,000 posts that takes the database less than
// grouping them by one thing, and there are five.
func (s *Store) Summary(ctx context.Context, user access.UserID, id task.ID) (sum analysis.Summary, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return sum, s.fault(err)
	}
	defer func() { _ = conn.Close() }()
	err = s.runInTx(ctx, conn, s.dialect.snapshot(), func(ctx context.Context, tx bun.Tx) error {
		t, err := readTask(ctx, tx, user, id)
		if err != nil {
			return err
		}
		counted := analysis.NewSummaryCount()
		if err := s.dialect.eachFigure(ctx, conn, s.figuresQuery(), string(id), counted.Add); err != nil {
			return err
		}
		sum = counted.Summary()
		ofTask(&sum, t)
		if sum.MostLiked, err = postsOf(ctx, tx, id, counted.MostLiked()); err != nil {
			return err
		}
		if sum.Runs, err = runsOf(ctx, tx, id, counted); err != nil {
			return err
		}
		sum.Words, err = wordsOf(ctx, tx, t)
		return err
	})
	return sum, s.fault(err)
}

// newFiguresQuery takes the task. What became of a text is looked for in the few
// texts that are lost.
func newFiguresQuery(d dialect) string {
	return `SELECT p.external_id, p.kind, p.author_external_id, p.author_name, p.likes, p.published_at, ` + lostExpr() + `,
		p.spam_verdict, CASE WHEN p.spam_verdict = 'spam' THEN p.spam_reasons END, p.spam_model,
		p.sentiment_label, p.sentiment_score, p.sentiment_model, p.first_run FROM posts AS p WHERE p.task_id = ` + d.param(1, "uuid")
}

// lostExpr tells what became of a post's text.
func lostExpr() string {
	lost := "CASE WHEN NOT p.deleted THEN ''"
	for _, words := range slices.Sorted(maps.Keys(content.Losses)) {
		lost += fmt.Sprintf(" WHEN p.body LIKE '%%%s' THEN '%s'", words, content.Losses[words])
	}
	return lost + fmt.Sprintf(" ELSE '%s' END", content.DeletedByAuthor)
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

// runsOf returns the latest runs with what they brought, the oldest first.
func runsOf(ctx context.Context, tx bun.Tx, id task.ID, counted *analysis.SummaryCount) ([]analysis.RunFigures, error) {
	var rows []runRow
	err := tx.NewSelect().Model(&rows).Where("r.task_id = ?", id).Order("r.run DESC").Limit(analysis.MaxRuns).Scan(ctx)
	slices.Reverse(rows)
	return column(rows, func(r *runRow) analysis.RunFigures {
		figures := counted.Run(r.Run)
		figures.BeganAt = utc(r.BeganAt)
		return figures
	}), err
}

// postsOf returns a few posts in the order of the external ids.
func postsOf(ctx context.Context, tx bun.Tx, id task.ID, externalIDs []string) ([]analysis.JudgedPost, error) {
	if len(externalIDs) == 0 {
		return nil, nil
	}
	var rows []postRow
	err := tx.NewSelect().Model(&rows).Where("p.task_id = ? AND p.external_id IN (?)", id, bun.List(externalIDs)).Scan(ctx)
	slices.SortFunc(rows, func(a, b postRow) int {
		return cmp.Compare(slices.Index(externalIDs, a.ExternalID), slices.Index(externalIDs, b.ExternalID))
	})
	return column(rows, (*postRow).judged), err
}

// figures is the row that eachFigure fills anew, with the few words that repeat.
type figures struct {
	post  analysis.SummaryPost
	words streamed
	lists map[string][]string
}

// reasons returns a list of reasons without reading the same one twice: there
// are few.
func (f *figures) reasons(list []byte, read func([]byte) ([]string, error)) ([]string, error) {
	if known, ok := f.lists[string(list)]; ok || list == nil {
		return known, nil
	}
	const most = 1000
	if f.lists == nil || len(f.lists) > most {
		f.lists = map[string][]string{}
	}
	reasons, err := read(list)
	f.lists[string(list)] = reasons
	return reasons, err
}
