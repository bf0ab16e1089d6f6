package sqlstore

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

// streamPosts reads the rows in Postgres's binary format straight from pgx:
// an export reads hundreds of thousands of rows, and database/sql would make
// more garbage than the rows themselves.
func (p postgres) streamPosts(ctx context.Context, db *bun.DB, w walk, fn func(*streamed) error) error {
	return onPgx(ctx, db, func(c *pgx.Conn) error {
		tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
		// A planner that takes the task for a few posts would compare each with each.
		limits := p.sessions.limits("SET LOCAL") + "; SET LOCAL statement_timeout = 0; SET LOCAL enable_nestloop = off"
		if _, err := tx.Exec(ctx, limits, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		args := []any{pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.BinaryFormatCode}}
		if w.places != "" {
			places, err := pgPlaces(ctx, tx, w.places)
			if err != nil {
				return err
			}
			args = append(args, ranksOf(places))
		}
		rows, err := tx.Query(ctx, w.posts, args...)
		if err != nil {
			return err
		}
		return eachBinary(rows, fn)
	})
}

func pgPlaces(ctx context.Context, tx pgx.Tx, query string) ([]content.Placed, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[content.Placed])
}

func (p postgres) readPosts(ctx context.Context, db *bun.DB, query string, args []any, fn func(*streamed) error) error {
	return onPgx(ctx, db, func(c *pgx.Conn) error {
		rows, err := p.sessions.binary(ctx, c, query, args...)
		if err != nil {
			return err
		}
		return eachBinary(rows, fn)
	})
}

// onPgx calls fn with the driver's own connection.
func onPgx(ctx context.Context, db *bun.DB, fn func(*pgx.Conn) error) error {
	conn, err := db.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver is %T, not pgx", driver)
		}
		return fn(c.Conn())
	})
}

func eachBinary(rows pgx.Rows, fn func(*streamed) error) error {
	defer rows.Close()
	var s streamed
	for rows.Next() {
		if err := s.fillBinary(rows.RawValues()); err != nil {
			return err
		}
		if err := fn(&s); err != nil {
			return err
		}
	}
	return rows.Err()
}

// fillBinary makes the post of a row of streamedColumns, and what readPosts has
// behind them.
func (s *streamed) fillBinary(raw [][]byte) error {
	p := &s.post
	p.ID = uuidText(raw[0])
	p.ExternalID, p.ParentExternalID, p.RootExternalID = string(raw[1]), string(raw[2]), s.word(raw[3])
	p.Kind = content.PostKind(s.word(raw[4]))
	p.Author = content.Author{Name: string(raw[5]), ExternalID: string(raw[6])}
	p.ByOwner = raw[7][0] != 0
	p.Text, p.Likes = string(raw[8]), int64(binary.BigEndian.Uint64(raw[9])) //nolint:gosec // Postgres's bigint
	p.PublishedAt, p.EditedAt = pgTime(raw[10]), pgTime(raw[11])
	p.Deleted, p.URL = raw[12][0] != 0, string(raw[13])
	p.Spam, p.Sentiment = nil, nil
	if raw[14] != nil {
		s.spam = analysis.SpamVerdict{Verdict: analysis.Verdict(s.word(raw[14])), Score: pgFloat(raw[15]), Model: analysis.Model(s.word(raw[17]))}
		if raw[16] != nil {
			const jsonbVersion = 1 // the byte before the text
			if err := json.Unmarshal(raw[16][jsonbVersion:], &s.spam.Reasons); err != nil {
				return fmt.Errorf("spam reasons of post %s: %w", p.ID, err)
			}
		}
		p.Spam = &s.spam
	}
	if raw[18] != nil {
		s.sentiment = analysis.Sentiment{Label: analysis.Label(s.word(raw[18])), Score: pgFloat(raw[19]), Model: analysis.Model(s.word(raw[20]))}
		p.Sentiment = &s.sentiment
	}
	if len(raw) > 21 {
		s.taskID, s.occurrences = uuidText(raw[21]), int(binary.BigEndian.Uint32(raw[22]))
	}
	return nil
}

// pgTime reads a timestamptz: microseconds since 2000-01-01 UTC.
func pgTime(raw []byte) time.Time {
	if raw == nil {
		return time.Time{}
	}
	const year2000 = 946_684_800_000_000
	return utc(time.UnixMicro(int64(binary.BigEndian.Uint64(raw)) + year2000)) //nolint:gosec // Postgres's bigint
}

func pgFloat(raw []byte) float64 {
	if raw == nil {
		return 0
	}
	return math.Float64frombits(binary.BigEndian.Uint64(raw))
}

func uuidText(raw []byte) string {
	var text [36]byte
	hex.Encode(text[0:8], raw[0:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:36], raw[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
