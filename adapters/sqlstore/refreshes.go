package sqlstore

import (
	"context"
	"database/sql"
	"errors"
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

// MarkReconnect leaves the version as it is: the credentials are the same, and
// what a refresh that is under way brings is better than they are.
func (s *Store) MarkReconnect(ctx context.Context, id string, version int64, reason string) error {
	_, err := s.changes(ctx, id, version, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("reason = ?", reason).Set("refreshing_until = NULL")
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
	changed, err := changedOne(update(q).Exec(ctx))
	return changed, s.fault(err)
}

// changedOne tells whether a statement found its row.
func changedOne(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
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

// resealStep is how many rows are read at a time.
const resealStep = 1000

// ResealSecrets goes by id, and seals each integration in a transaction of its
// own: nobody waits for more than one row.
func (s *Store) ResealSecrets(ctx context.Context, limit int) (int, error) {
	resealed, after := 0, ""
	for resealed < limit {
		rows, err := s.integrationsAfter(ctx, after)
		if err != nil || len(rows) == 0 {
			return resealed, err
		}
		for i := range rows {
			after = rows[i].ID
			if resealed == limit || !s.stale(&rows[i]) {
				continue
			}
			done, err := s.reseal(ctx, after)
			if err != nil {
				return resealed, err
			}
			if done {
				resealed++
			}
		}
	}
	return resealed, nil
}

func (s *Store) integrationsAfter(ctx context.Context, after string) (rows []integrationRow, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	q := s.read.NewSelect().Model(&rows).Column("i.id", "i.access_token", "i.refresh_token").Order("i.id").Limit(resealStep)
	if after != "" {
		q = q.Where("i.id > ?", after)
	}
	return rows, s.fault(q.Scan(ctx))
}

// reseal reads the row anew, now locked, so that what a refresh stored meanwhile
// stays. The version and the claim stay as well: a refresh that is under way
// must find them as it left them.
func (s *Store) reseal(ctx context.Context, id string) (done bool, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		done = false
		var row integrationRow
		err := s.dialect.lock(tx.NewSelect().Model(&row).Where("i.id = ?", id), false).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) || err == nil && !s.stale(&row) {
			return nil
		}
		if err != nil {
			return err
		}
		in := s.held(&row)
		if in.Unreadable {
			return nil
		}
		if row, err = s.row(in, id); err != nil {
			return err
		}
		done, err = changedOne(tx.NewUpdate().Model(&row).Column("access_token", "refresh_token").WherePK().Exec(ctx))
		return err
	})
	return done, err
}

// stale tells whether another key than the one that writes sealed a secret.
func (s *Store) stale(row *integrationRow) bool {
	for _, sealed := range [][]byte{row.AccessToken, row.RefreshToken} {
		if len(sealed) > 0 && access.SealedBy(sealed) != s.keys.Writes() {
			return true
		}
	}
	return false
}
