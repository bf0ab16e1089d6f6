package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/ports"
)

type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID        string    `bun:"id,pk"`
	Name      string    `bun:"name"`
	Issuer    string    `bun:"issuer"`
	Subject   string    `bun:"subject"`
	CreatedAt time.Time `bun:"created_at"`
}

func (r *userRow) user() access.User {
	return access.User{ID: access.UserID(r.ID), Name: r.Name, Issuer: r.Issuer, Subject: r.Subject, CreatedAt: utc(r.CreatedAt)}
}

type apiKeyRow struct {
	bun.BaseModel `bun:"table:api_keys,alias:k"`

	ID          string              `bun:"id,pk"`
	UserID      string              `bun:"user_id"`
	Name        string              `bun:"name"`
	Hash        []byte              `bun:"hash"`
	Permissions []access.Permission `bun:"permissions,type:jsonb"`
	CreatedAt   time.Time           `bun:"created_at"`
	ExpiresAt   time.Time           `bun:"expires_at,nullzero"`
	RevokedAt   time.Time           `bun:"revoked_at,nullzero"`
}

func (r *apiKeyRow) key() access.APIKey {
	return access.APIKey{
		ID: r.ID, UserID: access.UserID(r.UserID), Name: r.Name, Permissions: r.Permissions,
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt), RevokedAt: utc(r.RevokedAt),
	}
}

// EnsureUser inserts first: of many who come at once one wins, and all read
// the same user.
func (s *Store) EnsureUser(ctx context.Context, u access.User) (access.User, error) {
	row := userRow{ID: string(u.ID), Name: u.Name, Issuer: u.Issuer, Subject: u.Subject, CreatedAt: u.CreatedAt}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	found, err := s.userLike(ctx, row)
	if err == nil {
		return found.user(), nil
	}
	if _, err := s.db.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return access.User{}, s.fault(err)
	}
	found, err = s.userLike(ctx, row)
	return found.user(), s.fault(err)
}

func (s *Store) userLike(ctx context.Context, row userRow) (userRow, error) {
	var found userRow
	q := s.db.NewSelect().Model(&found)
	if row.Issuer != "" {
		q = q.Where("u.issuer = ? AND u.issuer <> '' AND u.subject = ?", row.Issuer, row.Subject)
	} else {
		q = q.Where("u.name = ? AND u.issuer = ''", row.Name)
	}
	err := q.Scan(ctx)
	return found, err
}

// APIKey finds a revoked or expired key too: its holder is told so.
func (s *Store) APIKey(ctx context.Context, hash []byte) (access.APIKey, access.User, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var key apiKeyRow
	if err := s.read.NewSelect().Model(&key).Where("k.hash = ?", hash).Scan(ctx); err != nil {
		return access.APIKey{}, access.User{}, s.fault(err)
	}
	var user userRow
	err := s.read.NewSelect().Model(&user).Where("u.id = ?", key.UserID).Scan(ctx)
	return key.key(), user.user(), s.fault(err)
}

// CreateAPIKey stores the hash alone.
func (s *Store) CreateAPIKey(ctx context.Context, k access.APIKey, hash []byte) error {
	if err := checkIDs(k.ID, string(k.UserID)); err != nil {
		return err
	}
	row := apiKeyRow{
		ID: k.ID, UserID: string(k.UserID), Name: k.Name, Hash: hash, Permissions: k.Permissions,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt,
	}
	if row.Permissions == nil {
		row.Permissions = []access.Permission{}
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	_, err := s.db.NewInsert().Model(&row).Exec(ctx)
	return s.fault(err)
}

// APIKeys lists by id, which is the order of creation.
func (s *Store) APIKeys(ctx context.Context, user access.UserID, p ports.Paging) (ports.Listed[access.APIKey], error) {
	var none ports.Listed[access.APIKey]
	if checkIDs(user) != nil {
		return none, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	list := newList("apikeys", user)
	var rows []apiKeyRow
	q := s.read.NewSelect().Model(&rows).Where("k.user_id = ? AND k.revoked_at IS NULL", user).Order("k.id DESC").Limit(int64(p.Limit) + 1)
	if p.After != "" {
		after, err := list.open(p.After, 1)
		if err != nil {
			return none, err
		}
		q = q.Where("k.id < ?", after[0])
	}
	if err := q.Scan(ctx); err != nil {
		return none, s.fault(err)
	}
	keys := make([]access.APIKey, len(rows))
	for i := range rows {
		keys[i] = rows[i].key()
	}
	return paged(list, keys, p.Limit, func(k access.APIKey) []string { return []string{k.ID} }), nil
}

// RevokeAPIKey keeps the row, so that the holder learns what happened.
func (s *Store) RevokeAPIKey(ctx context.Context, user access.UserID, id string, now time.Time) error {
	if err := checkIDs(string(user), id); err != nil {
		return err
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	result, err := s.db.NewUpdate().Table("api_keys").Set("revoked_at = ?", now).
		Where("id = ? AND user_id = ? AND revoked_at IS NULL", id, user).Exec(ctx)
	if err != nil {
		return s.fault(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return notFound()
	}
	return nil
}
