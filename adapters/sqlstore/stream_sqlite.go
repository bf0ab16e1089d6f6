package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

func (sqliteDB) streamPosts(ctx context.Context, db *bun.DB, w walk, fn func(*streamed) error) error {
	tx, err := db.DB.BeginTx(ctx, nil) // a reader's transaction is a snapshot
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var args []any
	if w.places != "" {
		places, err := scanPlaces(ctx, tx, w.places)
		if err != nil {
			return err
		}
		args = []any{ranksOf(places)}
	}
	rows, err := tx.QueryContext(ctx, w.posts, args...)
	if err != nil {
		return err
	}
	return eachScanned(rows, new(streamed), fn)
}

func scanPlaces(ctx context.Context, tx *sql.Tx, query string) ([]content.Placed, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var places []content.Placed
	for rows.Next() {
		var p content.Placed
		if err := rows.Scan(&p.Parent, &p.Group); err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, rows.Err()
}

func (sqliteDB) readPosts(ctx context.Context, db *bun.DB, query string, args []any, fn func(*streamed) error) error {
	rows, err := db.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	s := new(streamed)
	return eachScanned(rows, s, fn, &s.taskID, &s.occurrences)
}

// eachScanned scans the rows of streamedColumns by hand into one post, and what
// is behind the columns into more.
func eachScanned(rows *sql.Rows, s *streamed, fn func(*streamed) error, more ...any) error {
	defer func() { _ = rows.Close() }()
	p := &s.post
	var root, kind, verdict, spamModel, label, sentimentModel, reasons sql.RawBytes
	var published, edited bun.NullTime
	var spamScore, sentimentScore sql.NullFloat64
	fields := append([]any{
		&p.ID, &p.ExternalID, &p.ParentExternalID, &root, &kind,
		&p.Author.Name, &p.Author.ExternalID, &p.ByOwner, &p.Text, &p.Likes, &published, &edited, &p.Deleted, &p.URL,
		&verdict, &spamScore, &reasons, &spamModel, &label, &sentimentScore, &sentimentModel,
	}, more...)
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		p.RootExternalID, p.Kind = s.word(root), content.PostKind(s.word(kind))
		p.PublishedAt, p.EditedAt = utc(published.Time), utc(edited.Time)
		p.Spam, p.Sentiment = nil, nil
		if verdict != nil {
			s.spam = analysis.SpamVerdict{Verdict: analysis.Verdict(s.word(verdict)), Score: spamScore.Float64, Model: analysis.Model(s.word(spamModel))}
			if reasons != nil {
				if err := json.Unmarshal(reasons, &s.spam.Reasons); err != nil {
					return fmt.Errorf("spam reasons of post %s: %w", p.ID, err)
				}
			}
			p.Spam = &s.spam
		}
		if label != nil {
			s.sentiment = analysis.Sentiment{Label: analysis.Label(s.word(label)), Score: sentimentScore.Float64, Model: analysis.Model(s.word(sentimentModel))}
			p.Sentiment = &s.sentiment
		}
		if err := fn(s); err != nil {
			return err
		}
	}
	return rows.Err()
}
