package sqlstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.VerdictStore = (*Store)(nil)

// opinionColumns are the columns of posts that a verdict by hand may change.
var opinionColumns = []string{
	"spam_verdict", "spam_score", "spam_reasons", "spam_model", "sentiment_label", "sentiment_score", "sentiment_model",
}

// overruledRow is what a person's verdict overruled.
type overruledRow struct {
	bun.BaseModel `bun:"table:overruled,alias:o"`

	TaskID         string   `bun:"task_id,pk"`
	ExternalID     string   `bun:"external_id,pk"`
	BatchID        string   `bun:"batch_id"`
	SpamVerdict    string   `bun:"spam_verdict,nullzero"`
	SpamScore      *float64 `bun:"spam_score"`
	SpamReasons    []string `bun:"spam_reasons,type:jsonb,nullzero"`
	SpamModel      string   `bun:"spam_model,nullzero"`
	SentimentLabel string   `bun:"sentiment_label,nullzero"`
	SentimentScore *float64 `bun:"sentiment_score"`
	SentimentModel string   `bun:"sentiment_model,nullzero"`
}

// OverrulePost changes the post and what it keeps of it together.
func (s *Store) OverrulePost(ctx context.Context, user access.UserID, id task.ID, postID string, v *analysis.Verdict) (analysis.JudgedPost, error) {
	return s.changePost(ctx, user, id, postID, func(ctx context.Context, tx bun.Tx, old *postRow) (analysis.Opinion, error) {
		kept, err := readOverruled(ctx, tx, old)
		if err != nil {
			return analysis.Opinion{}, err
		}
		after, keep := analysis.Overrule(old.opinion(), kept, v)
		return after, writeOverruled(ctx, tx, old, keep)
	})
}

// ScorePost looks once more whether the sentiment is wanted, with the post
// locked.
func (s *Store) ScorePost(ctx context.Context, user access.UserID, id task.ID, read analysis.JudgedPost, v analysis.Sentiment) (analysis.JudgedPost, error) {
	return s.changePost(ctx, user, id, read.ID, func(_ context.Context, _ bun.Tx, old *postRow) (analysis.Opinion, error) {
		after := old.opinion()
		if post := old.judged(); post.Text == read.Text && post.WantsScore() {
			after.Sentiment = &v
		}
		return after, nil
	})
}

// changePost stores the opinion that fn has of a post, moves the task's counters
// with it, and returns the post. The task and the post are locked meanwhile.
//
// The counters are moved on the task's row alone, wherever the post was counted:
// what is shown is the sum of that and of the open subtasks.
func (s *Store) changePost(ctx context.Context, user access.UserID, id task.ID, postID string,
	fn func(ctx context.Context, tx bun.Tx, old *postRow) (analysis.Opinion, error),
) (after analysis.JudgedPost, err error) {
	if err := checkIDs(string(user), string(id), postID); err != nil {
		return after, err
	}
	key, err := s.postKey(ctx, id, postID)
	if err != nil {
		return after, err
	}
	err = s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockTask(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.UserID != string(user) {
			return sql.ErrNoRows
		}
		post := new(postRow)
		locked := tx.NewSelect().Model(post).Where("p.task_id = ? AND p.external_id = ?", id, key)
		if err := s.dialect.lock(locked, false).Scan(ctx); err != nil {
			return err
		}
		opinion, err := fn(ctx, tx, post)
		if err != nil {
			return err
		}
		moved := post.become(opinion)
		after = post.judged()
		return s.writeOpinion(ctx, tx, row.state(), post, moved)
	})
	return after, err
}

// postKey finds a post of the task by its id, before anything is locked. There is
// no index of ids: it is looked for in each batch of the task, of which there is
// one for 500 posts or so, by the index that judges use. The task is compared
// here: see dialect.tableOf.
func (s *Store) postKey(ctx context.Context, id task.ID, postID string) (string, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var batches []string
	if err := s.read.NewRaw(batchesOf, id, id).Scan(ctx, &batches); err != nil {
		return "", s.fault(err)
	}
	if len(batches) == 0 {
		return "", notFound()
	}
	table, err := s.dialect.tableOf(ctx, s, id)
	if err != nil {
		return "", s.fault(err)
	}
	var found []postRow
	if err := s.read.NewRaw(postInBatches, table, bun.List(batches), postID).Scan(ctx, &found); err != nil {
		return "", s.fault(err)
	}
	for _, p := range found {
		if p.TaskID == string(id) {
			return p.ExternalID, nil
		}
	}
	return "", notFound()
}

const (
	// batchesOf are the batches of a task: those that were closed, which have the
	// id of the subtask that judges them, and those that pages are put into.
	batchesOf = `SELECT id FROM subtasks WHERE task_id = ? AND type = 'DETECT_SPAM'
		UNION SELECT batch FROM subtasks WHERE task_id = ? AND batch IS NOT NULL`
	postInBatches = `SELECT p.task_id, p.external_id FROM ? AS p WHERE p.batch_id IN (?) AND p.id = ?`
)

func (s *Store) writeOpinion(ctx context.Context, tx bun.Tx, t task.State, post *postRow, moved task.Counters) error {
	if _, err := tx.NewUpdate().Model(post).Column(opinionColumns...).WherePK().Exec(ctx); err != nil {
		return err
	}
	if moved != (task.Counters{}) {
		_, err := tx.NewUpdate().Table("tasks").Set("spam = spam + ?", moved.Spam).Set("scored = scored + ?", moved.Scored).
			Where("id = ?", t.ID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return s.askForWordsAgain(ctx, tx, t)
}

func (r *postRow) opinion() analysis.Opinion {
	j := r.judged()
	return analysis.Opinion{Spam: j.Spam, Sentiment: j.Sentiment}
}

// become gives the row another opinion and returns how the counters move.
func (r *postRow) become(o analysis.Opinion) task.Counters {
	spam, scored := count(r.isSpam()), count(r.scored())
	r.SpamVerdict, r.SpamScore, r.SpamReasons, r.SpamModel = "", nil, nil, ""
	if v := o.Spam; v != nil {
		r.SpamVerdict, r.SpamScore, r.SpamReasons, r.SpamModel = string(v.Verdict), &v.Score, v.Reasons, string(v.Model)
	}
	r.SentimentLabel, r.SentimentScore, r.SentimentModel = "", nil, ""
	if v := o.Sentiment; v != nil {
		r.SentimentLabel, r.SentimentScore, r.SentimentModel = string(v.Label), &v.Score, string(v.Model)
	}
	return task.Counters{Spam: count(r.isSpam()) - spam, Scored: count(r.scored()) - scored}
}

// readOverruled returns what was kept of the post's text as it is now, nil for
// nothing. A text that changes takes the post to another batch.
func readOverruled(ctx context.Context, tx bun.Tx, post *postRow) (*analysis.Opinion, error) {
	var rows []overruledRow
	err := tx.NewSelect().Model(&rows).
		Where("o.task_id = ? AND o.external_id = ? AND o.batch_id = ?", post.TaskID, post.ExternalID, post.BatchID).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	kept := rows[0]
	was := postRow{
		SpamVerdict: kept.SpamVerdict, SpamScore: kept.SpamScore, SpamReasons: kept.SpamReasons, SpamModel: kept.SpamModel,
		SentimentLabel: kept.SentimentLabel, SentimentScore: kept.SentimentScore, SentimentModel: kept.SentimentModel,
	}
	opinion := was.opinion()
	return &opinion, nil
}

// writeOverruled replaces what is kept of the post; nil is nothing.
func writeOverruled(ctx context.Context, tx bun.Tx, post *postRow, keep *analysis.Opinion) error {
	row := overruledRow{TaskID: post.TaskID, ExternalID: post.ExternalID, BatchID: post.BatchID}
	if _, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx); err != nil || keep == nil {
		return err
	}
	var was postRow
	was.become(*keep)
	row.SpamVerdict, row.SpamScore, row.SpamReasons, row.SpamModel = was.SpamVerdict, was.SpamScore, was.SpamReasons, was.SpamModel
	row.SentimentLabel, row.SentimentScore, row.SentimentModel = was.SentimentLabel, was.SentimentScore, was.SentimentModel
	_, err := tx.NewInsert().Model(&row).Exec(ctx)
	return err
}
