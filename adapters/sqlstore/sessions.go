package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.SessionStore = (*Store)(nil)

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	IDHash    []byte    `bun:"id_hash,pk"`
	APIKeyID  string    `bun:"api_key_id"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// sessionsOverAtATime is how many sessions that are over each new one clears away.
const sessionsOverAtATime = 100

// CreateSession inserts what the key's row gives, so that a key that is gone
// gives nothing.
func (s *Store) CreateSession(ctx context.Context, idHash []byte, keyID string, expiresAt time.Time) error {
	if err := checkIDs(keyID); err != nil {
		return err
	}
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		over := tx.NewSelect().Model((*sessionRow)(nil)).Column("s.id_hash").
			Where("s.expires_at < ?", s.dialect.after(0)).Order("s.expires_at").Limit(sessionsOverAtATime)
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("id_hash IN (?)", s.dialect.lock(over, true)).Exec(ctx); err != nil {
			return err
		}
		if known, err := tx.NewSelect().Model((*apiKeyRow)(nil)).Where("k.id = ?", keyID).Exists(ctx); err != nil || !known {
			return orNotFound(err)
		}
		_, err := tx.NewInsert().Model(&sessionRow{IDHash: idHash, APIKeyID: keyID, ExpiresAt: micro(expiresAt)}).Exec(ctx)
		return err
	})
}

// orNotFound returns the error, or NotFound where there is none.
func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return notFound()
}

// Session finds a revoked or expired key too, as APIKey does.
func (s *Store) Session(ctx context.Context, idHash []byte, now time.Time) (access.APIKey, access.User, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var key apiKeyRow
	current := s.read.NewSelect().Model((*sessionRow)(nil)).Column("s.api_key_id").
		Where("s.id_hash = ? AND s.expires_at > ?", idHash, micro(now))
	if err := s.read.NewSelect().Model(&key).Where("k.id = (?)", current).Scan(ctx); err != nil {
		return access.APIKey{}, access.User{}, s.fault(err)
	}
	var user userRow
	err := s.read.NewSelect().Model(&user).Where("u.id = ?", key.UserID).Scan(ctx)
	return key.key(), user.user(), s.fault(err)
}

// DeleteSession removes the row.
func (s *Store) DeleteSession(ctx context.Context, idHash []byte) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	_, err := s.db.NewDelete().Model((*sessionRow)(nil)).Where("id_hash = ?", idHash).Exec(ctx)
	return s.fault(err)
}
