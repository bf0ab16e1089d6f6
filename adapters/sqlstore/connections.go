package sqlstore

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// connectionRow is a row of connections.
type connectionRow struct {
	bun.BaseModel `bun:"table:connections,alias:c"`

	ID        string    `bun:"id,pk"`
	UserID    string    `bun:"user_id"`
	Provider  string    `bun:"provider"`
	StateHash []byte    `bun:"state_hash"`
	Verifier  []byte    `bun:"verifier"`
	Code      []byte    `bun:"code"`
	ReturnTo  string    `bun:"return_to"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// The owners of a connection's secrets, see access.Keyring.
func verifierOwner(id string) string { return "connections/" + id + "/verifier" }
func codeOwner(id string) string     { return "connections/" + id + "/code" }

// connection opens the secrets. An attempt whose secrets cannot be read is none.
func (s *Store) connection(r *connectionRow) (access.Connection, error) {
	verifier, err := s.keys.Open(r.Verifier, verifierOwner(r.ID))
	if err != nil {
		return access.Connection{}, notFound()
	}
	code, err := s.keys.Open(r.Code, codeOwner(r.ID))
	if err != nil {
		return access.Connection{}, notFound()
	}
	return access.Connection{
		ID: r.ID, UserID: access.UserID(r.UserID), Provider: content.ProviderID(r.Provider), ReturnTo: r.ReturnTo,
		Verifier: verifier, Code: code, ExpiresAt: utc(r.ExpiresAt),
	}, nil
}

// abandonedAtATime is how many attempts that are over each new one clears away.
const abandonedAtATime = 100

// BeginConnection clears away attempts that are over.
func (s *Store) BeginConnection(ctx context.Context, c access.Connection, stateHash []byte) error {
	verifier, err := s.keys.Seal(c.Verifier, verifierOwner(c.ID))
	if err != nil {
		return s.fault(err)
	}
	row := connectionRow{
		ID: c.ID, UserID: string(c.UserID), Provider: string(c.Provider), StateHash: stateHash,
		Verifier: verifier, ReturnTo: c.ReturnTo, ExpiresAt: micro(c.ExpiresAt),
	}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		over := tx.NewSelect().Model((*connectionRow)(nil)).Column("c.id").
			Where("c.expires_at < ?", s.dialect.after(-access.ConsentTime)).Order("c.expires_at").Limit(abandonedAtATime)
		if _, err := tx.NewDelete().Model((*connectionRow)(nil)).Where("id IN (?)", s.dialect.lock(over, true)).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// AnswerConnection finds the row by the state and takes the state away: of many
// callbacks with one state, one wins. A refusal removes the attempt.
func (s *Store) AnswerConnection(ctx context.Context, stateHash []byte, code access.Token, until, now time.Time) (access.Connection, error) {
	var answered access.Connection
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row connectionRow
		q := tx.NewSelect().Model(&row).Where("c.state_hash = ? AND c.expires_at > ?", stateHash, micro(now))
		if err := s.dialect.lock(q, false).Scan(ctx); err != nil {
			return err
		}
		var err error
		if row.Code, err = s.keys.Seal(code, codeOwner(row.ID)); err != nil {
			return err
		}
		if answered, err = s.connection(&row); err != nil {
			return err
		}
		if code.Empty() {
			_, err = tx.NewDelete().Model(&row).WherePK().Exec(ctx)
			return err
		}
		row.StateHash, row.ExpiresAt = nil, micro(until)
		answered.ExpiresAt = row.ExpiresAt
		_, err = tx.NewUpdate().Model(&row).Column("state_hash", "code", "expires_at").WherePK().Exec(ctx)
		return err
	})
	return answered, err
}

// TakeConnection removes the attempt as it reads it: a code is redeemed once.
func (s *Store) TakeConnection(ctx context.Context, user access.UserID, id string, now time.Time) (access.Connection, error) {
	if err := checkIDs(user); err != nil {
		return access.Connection{}, err
	}
	if !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return access.Connection{}, notFound() // a statement cannot even name it
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var row connectionRow
	err := s.db.NewDelete().Model(&row).
		Where("id = ? AND user_id = ? AND state_hash IS NULL AND expires_at > ?", id, user, micro(now)).Returning("*").Scan(ctx)
	if err != nil {
		return access.Connection{}, s.fault(err)
	}
	return s.connection(&row)
}
