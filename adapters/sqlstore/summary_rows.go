package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

// eachFigure reads in Postgres's binary format, within the transaction that is
// open on the connection.
func (p postgres) eachFigure(ctx context.Context, conn bun.Conn, query, id string, fn func(*analysis.SummaryPost)) error {
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver is %T, not pgx", driver)
		}
		rows, err := p.sessions.binary(ctx, c.Conn(), query, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		var f figures
		for rows.Next() {
			if err := f.fillBinary(rows.RawValues()); err != nil {
				return err
			}
			fn(&f.post)
		}
		return rows.Err()
	})
}

func (f *figures) fillBinary(raw [][]byte) (err error) {
	f.fill(raw[0], raw[1], raw[2], raw[3], raw[6])
	f.post.Likes = int64(binary.BigEndian.Uint64(raw[4])) //nolint:gosec // Postgres's bigint
	f.post.PublishedAt, f.post.Score = pgTime(raw[5]), pgFloat(raw[11])
	f.judged(raw[7], raw[9], raw[10], raw[12])
	f.post.Run = int(binary.BigEndian.Uint32(raw[13]))
	f.post.Reasons, err = f.reasons(raw[8], func(list []byte) ([]string, error) {
		const jsonbVersion = 1 // the byte before the text
		return readReasons(list[jsonbVersion:])
	})
	return err
}

func (f *figures) fill(externalID, kind, authorID, authorName, lost []byte) {
	f.post.ExternalID, f.post.AuthorID, f.post.AuthorName = externalID, authorID, authorName
	f.post.Kind, f.post.Lost = content.PostKind(f.words.word(kind)), content.Cause(f.words.word(lost))
}

func (f *figures) judged(verdict, spamModel, label, sentimentModel []byte) {
	f.post.Verdict, f.post.SpamModel = analysis.Verdict(f.words.word(verdict)), analysis.Model(f.words.word(spamModel))
	f.post.Label, f.post.SentimentModel = analysis.Label(f.words.word(label)), analysis.Model(f.words.word(sentimentModel))
}

func readReasons(list []byte) (reasons []string, err error) {
	if err := json.Unmarshal(list, &reasons); err != nil {
		return nil, fmt.Errorf("spam reasons: %w", err)
	}
	return reasons, nil
}

// eachFigure scans by hand.
func (sqliteDB) eachFigure(ctx context.Context, conn bun.Conn, query, id string, fn func(*analysis.SummaryPost)) error {
	rows, err := conn.Conn.QueryContext(ctx, query, id)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var f figures
	var externalID, kind, authorID, authorName, lost, verdict, reasons, spamModel, label, sentimentModel sql.RawBytes
	var published bun.NullTime
	var score sql.NullFloat64
	for rows.Next() {
		err := rows.Scan(&externalID, &kind, &authorID, &authorName, &f.post.Likes, &published, &lost,
			&verdict, &reasons, &spamModel, &label, &score, &sentimentModel, &f.post.Run)
		if err != nil {
			return err
		}
		f.fill(externalID, kind, authorID, authorName, lost)
		f.judged(verdict, spamModel, label, sentimentModel)
		f.post.PublishedAt, f.post.Score = utc(published.Time), score.Float64
		if f.post.Reasons, err = f.reasons(reasons, readReasons); err != nil {
			return err
		}
		fn(&f.post)
	}
	return rows.Err()
}
