package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.WordStore = (*Store)(nil)

// wordsRow is the words of a task, and when they are to be worked out.
type wordsRow struct {
	bun.BaseModel `bun:"table:words,alias:w"`

	TaskID  string    `bun:"task_id,pk"`
	UserID  string    `bun:"user_id"`
	EndedAt time.Time `bun:"ended_at"`
	Words   *wordsDoc `bun:"words,type:jsonb"`
	Asked   int64     `bun:"asked"`
	Begun   int64     `bun:"begun"`
	DueAt   time.Time `bun:"due_at,nullzero"`
}

// wordsDoc is the stored form of the words.
type wordsDoc struct {
	Positive []wordDoc `json:"positive"`
	Negative []wordDoc `json:"negative"`
}

type wordDoc struct {
	Word   string  `json:"word"`
	Posts  int64   `json:"posts"`
	Weight float64 `json:"weight"`
}

// askForWords makes the words of a task due that has just come to an end. It is
// part of writeTask, which every end goes through; a later write of the same end
// changes nothing.
func askForWords(ctx context.Context, tx bun.Tx, t task.State) error {
	if t.Kind != task.Analysis || !t.Status.Ended() {
		return nil
	}
	row := wordsRow{TaskID: string(t.ID), UserID: string(t.User), EndedAt: micro(t.FinishedAt), Asked: 1, DueAt: dueAtOnce}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (task_id) DO UPDATE").
		Set("ended_at = excluded.ended_at").Set("words = NULL").Set("asked = w.asked + 1").Set("due_at = excluded.due_at").
		Where("w.ended_at <> excluded.ended_at").Exec(ctx)
	return err
}

// askForWordsAgain does the same for an ended task whose posts were changed; the
// words that it has stay until then. A lease goes on: its words are stored, and
// due again. Where the texts are no longer kept, the words stay as they are.
func (s *Store) askForWordsAgain(ctx context.Context, tx bun.Tx, t task.State) error {
	if !t.Status.Ended() {
		return nil
	}
	_, err := tx.NewUpdate().Table("words").Set("asked = asked + 1").Set("due_at = coalesce(due_at, ?)", s.dialect.after(0)).
		Where("task_id = ?", t.ID).
		Where("EXISTS (SELECT 1 FROM runs AS r WHERE r.task_id = words.task_id AND NOT r.texts_dropped)").Exec(ctx)
	return err
}

// LeaseWords looks first whether anything is due: an idle process polls, and
// must not queue up with those that write.
func (s *Store) LeaseWords(ctx context.Context, of task.ID, lease time.Duration) (*ports.WordsLease, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	due := func(db *bun.DB) *bun.SelectQuery {
		return only(db.NewSelect().TableExpr("words AS d").Column("d.task_id").Where("d.due_at <= ?", s.dialect.after(0)), "d.task_id", of).Limit(1)
	}
	if of != "" && checkIDs(of) != nil {
		return nil, nil
	}
	if any, err := due(s.read).Exists(ctx); err != nil || !any {
		return nil, s.fault(err)
	}
	var row wordsRow
	err := s.db.NewUpdate().Model(&row).Set("begun = begun + 1").Set("due_at = ?", s.dialect.after(lease)).
		Where("task_id = (?)", s.dialect.lock(due(s.db).Order("d.due_at", "d.task_id"), true)).
		Returning("task_id, user_id, asked, begun").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fault(err)
	}
	return &ports.WordsLease{User: access.UserID(row.UserID), Task: task.ID(row.TaskID), Asked: row.Asked, Begun: row.Begun}, nil
}

// SaveWords is one statement, unless it has to tell a lost lease from a task
// that is gone.
func (s *Store) SaveWords(ctx context.Context, l ports.WordsLease, words analysis.SideWords) error {
	row := wordsRow{TaskID: string(l.Task), Words: newWordsDoc(words)}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		saved, err := tx.NewUpdate().Model(&row).Column("words").
			Set("due_at = CASE WHEN asked = ? THEN NULL ELSE ? END", l.Asked, s.dialect.after(0)).
			WherePK().Where("begun = ?", l.Begun).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := saved.RowsAffected(); err != nil || n > 0 {
			return err
		}
		there, err := tx.NewSelect().Table("words").Where("task_id = ?", l.Task).Exists(ctx)
		if err == nil && there {
			return ports.ErrLeaseLost
		}
		return err
	})
}

// wordsOf returns the words of the latest end; nil where they are still to be
// worked out, or where the task runs once more.
func wordsOf(ctx context.Context, tx bun.Tx, t task.State) (*analysis.SideWords, error) {
	if !t.Status.Ended() {
		return nil, nil
	}
	var rows []wordsRow
	err := tx.NewSelect().Model(&rows).Column("words").Where("w.task_id = ? AND w.words IS NOT NULL", t.ID).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Words.words(), nil
}

func newWordsDoc(w analysis.SideWords) *wordsDoc {
	side := func(words []analysis.WordFigures) []wordDoc {
		return column(words, func(f *analysis.WordFigures) wordDoc { return wordDoc(*f) })
	}
	return &wordsDoc{Positive: side(w.Positive), Negative: side(w.Negative)}
}

func (d *wordsDoc) words() *analysis.SideWords {
	side := func(words []wordDoc) []analysis.WordFigures {
		return column(words, func(f *wordDoc) analysis.WordFigures { return analysis.WordFigures(*f) })
	}
	return &analysis.SideWords{Positive: side(d.Positive), Negative: side(d.Negative)}
}
