package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/ports"
)

// The changes of an integration's credentials are compare-and-set on its
// version: no transaction is open while a provider is asked.

// ClaimRefresh is won by one caller; the claim ends by the database's clock.
func (s *Store) ClaimRefresh(ctx context.Context, id string, version int64, length time.Duration) (bool, error) {
	return s.changes(ctx, id, version, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("refreshing_until = ?", s.dialect.after(length)).
			Where("refreshing_until IS NULL OR refreshing_until <= ?", s.dialect.after(0))
	})
}

// SaveRefreshed ends the claim.
func (s *Store) SaveRefreshed(ctx context.Context, in ports.HeldIntegration) (bool, error) {
	row, err := s.row(in, in.ID)
	if err != nil {
		return false, s.fault(err)
	}
	return s.changes(ctx, in.ID, in.Version, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Model(&row).Column(credentialColumns...).Set("version = version + 1").Set("refreshing_until = NULL")
	})
}

// MarkReconnect leaves a version that has moved on as it is.
func (s *Store) MarkReconnect(ctx context.Context, id string, version int64, reason string) error {
	_, err := s.changes(ctx, id, version, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("reason = ?", reason).Set("version = version + 1").Set("refreshing_until = NULL")
	})
	return err
}

// changes runs the update on the row with the id, if its version is that one.
func (s *Store) changes(ctx context.Context, id string, version int64, update func(*bun.UpdateQuery) *bun.UpdateQuery) (bool, error) {
	if checkIDs(id) != nil {
		return false, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	q := s.db.NewUpdate().Model((*integrationRow)(nil)).Where("i.id = ? AND i.version = ?", id, version)
	result, err := update(q).Exec(ctx)
	if err != nil {
		return false, s.fault(err)
	}
	n, err := result.RowsAffected()
	return n > 0, s.fault(err)
}

// TouchIntegration never moves the time back.
func (s *Store) TouchIntegration(ctx context.Context, id string, now time.Time) error {
	if checkIDs(id) != nil {
		return nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	_, err := s.db.NewUpdate().Model((*integrationRow)(nil)).Set("last_used_at = ?", micro(now)).
		Where("i.id = ? AND (i.last_used_at IS NULL OR i.last_used_at < ?)", id, micro(now)).Exec(ctx)
	return s.fault(err)
}

// ResealSecrets goes by id. It writes a row only if its version is still the one
// that was read, so that a refresh meanwhile, which seals with the new key
// anyway, stays.
func (s *Store) ResealSecrets(ctx context.Context, limit int) (int, error) {
	resealed, after := 0, ""
	for resealed < limit {
		rows, err := s.integrationsAfter(ctx, after)
		if err != nil || len(rows) == 0 {
			return resealed, err
		}
		for i := range rows {
			after = rows[i].ID
			done, err := s.reseal(ctx, &rows[i])
			if err != nil {
				return resealed, err
			}
			if done {
				resealed++
			}
			if resealed == limit {
				break
			}
		}
	}
	return resealed, nil
}

// resealStep is how many rows are read at a time.
const resealStep = 100

func (s *Store) integrationsAfter(ctx context.Context, after string) (rows []integrationRow, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	q := s.read.NewSelect().Model(&rows).Order("i.id").Limit(resealStep)
	if after != "" {
		q = q.Where("i.id > ?", after)
	}
	return rows, s.fault(q.Scan(ctx))
}

func (s *Store) reseal(ctx context.Context, row *integrationRow) (bool, error) {
	if s.current(row.AccessToken) && s.current(row.RefreshToken) {
		return false, nil
	}
	in := s.held(row)
	if in.Unreadable {
		return false, nil
	}
	return s.SaveRefreshed(ctx, in)
}

// current tells whether nothing is to be done about a sealed secret.
func (s *Store) current(sealed []byte) bool {
	return len(sealed) == 0 || access.SealedBy(sealed) == s.keys.Writes()
}
