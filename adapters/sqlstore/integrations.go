package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
)

// integrationRow is a row of integrations.
type integrationRow struct {
	bun.BaseModel `bun:"table:integrations,alias:i"`

	ID              string    `bun:"id,pk"`
	UserID          string    `bun:"user_id"`
	Provider        string    `bun:"provider"`
	AccountID       string    `bun:"account_id"`
	AccountName     string    `bun:"account_name"`
	Scopes          []string  `bun:"scopes,type:jsonb"`
	AccessToken     []byte    `bun:"access_token"`
	RefreshToken    []byte    `bun:"refresh_token"`
	ExpiresAt       time.Time `bun:"expires_at,nullzero"`
	EndsAt          time.Time `bun:"ends_at,nullzero"`
	Reason          string    `bun:"reason"`
	Version         int64     `bun:"version"`
	RefreshingUntil time.Time `bun:"refreshing_until,nullzero"`
	LastUsedAt      time.Time `bun:"last_used_at,nullzero"`
	CreatedAt       time.Time `bun:"created_at"`
}

// credentialColumns are what a grant brings.
var credentialColumns = []string{"scopes", "access_token", "refresh_token", "expires_at", "ends_at", "reason"}

// The owners of an integration's secrets, see access.Keyring.
func accessOwner(id string) string  { return "integrations/" + id + "/access_token" }
func refreshOwner(id string) string { return "integrations/" + id + "/refresh_token" }

func (r *integrationRow) integration() access.Integration {
	return access.Integration{
		ID: r.ID, UserID: access.UserID(r.UserID), Provider: content.ProviderID(r.Provider),
		AccountID: r.AccountID, AccountName: r.AccountName, Scopes: r.Scopes,
		ExpiresAt: utc(r.ExpiresAt), EndsAt: utc(r.EndsAt), Renewable: len(r.RefreshToken) > 0, Reason: r.Reason,
		LastUsedAt: utc(r.LastUsedAt), CreatedAt: utc(r.CreatedAt), Version: r.Version,
	}
}

// held returns the integration with its secrets.
func (s *Store) held(r *integrationRow) ports.HeldIntegration {
	in := ports.HeldIntegration{Integration: r.integration()}
	token, err := s.keys.Open(r.AccessToken, accessOwner(r.ID))
	refresh, refreshErr := s.keys.Open(r.RefreshToken, refreshOwner(r.ID))
	if err != nil || refreshErr != nil {
		in.Unreadable = true
		return in
	}
	in.Access, in.Refresh = token, refresh
	return in
}

// row returns the integration's row under the id, its secrets sealed.
func (s *Store) row(in ports.HeldIntegration, id string) (integrationRow, error) {
	token, err := s.keys.Seal(in.Access, accessOwner(id))
	refresh, refreshErr := s.keys.Seal(in.Refresh, refreshOwner(id))
	row := integrationRow{
		ID: id, UserID: string(in.UserID), Provider: string(in.Provider), AccountID: in.AccountID, AccountName: in.AccountName,
		Scopes: in.Scopes, AccessToken: token, RefreshToken: refresh, ExpiresAt: micro(in.ExpiresAt), EndsAt: micro(in.EndsAt),
		Reason: in.Reason, Version: in.Version, LastUsedAt: micro(in.LastUsedAt), CreatedAt: micro(in.CreatedAt),
	}
	if row.Scopes == nil {
		row.Scopes = []string{}
	}
	return row, errors.Join(err, refreshErr)
}

// Integrations lists by id, which is the order of creation.
func (s *Store) Integrations(ctx context.Context, user access.UserID, p ports.Paging) (ports.Listed[access.Integration], error) {
	var none ports.Listed[access.Integration]
	if checkIDs(user) != nil {
		return none, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	list := newList("integrations", user)
	var rows []integrationRow
	q := s.read.NewSelect().Model(&rows).Where("i.user_id = ?", user).Order("i.id DESC").Limit(int64(p.Limit) + 1)
	if p.After != "" {
		after, err := list.open(p.After, 1)
		if err != nil {
			return none, err
		}
		q = q.Where("i.id < ?", after[0])
	}
	if err := q.Scan(ctx); err != nil {
		return none, s.fault(err)
	}
	found := make([]access.Integration, len(rows))
	for i := range rows {
		found[i] = rows[i].integration()
	}
	return paged(list, found, p.Limit, func(in access.Integration) []string { return []string{in.ID} }), nil
}

// integrationColumns are what Integration reads, in this order.
const integrationColumns = `id, user_id, provider, account_id, account_name, scopes, access_token, refresh_token,
	expires_at, ends_at, reason, version, last_used_at, created_at`

// newIntegrationQueries returns the statements that read one integration: a
// named one, and the newest that works. They are prepared, as every page of a
// walk may ask, and each is one read by an index: the order of the second is
// that of integrations_newest.
func newIntegrationQueries(d dialect) (named, newest string) {
	from := "SELECT " + integrationColumns + " FROM integrations WHERE user_id = " + d.param(1, "uuid") +
		" AND provider = " + d.param(2, "text")
	return from + " AND id = " + d.param(3, "uuid"), from + " ORDER BY (reason <> ''), id DESC LIMIT 1"
}

// Integration is one statement by one index.
func (s *Store) Integration(ctx context.Context, user access.UserID, provider content.ProviderID, id string) (ports.HeldIntegration, error) {
	var none ports.HeldIntegration
	if checkIDs(string(user)) != nil || id != "" && checkIDs(id) != nil {
		return none, notFound()
	}
	named, newest := newIntegrationQueries(s.dialect)
	query, args := newest, []any{string(user), string(provider)}
	if id != "" {
		query, args = named, append(args, id)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.read.DB.QueryContext(ctx, query, s.dialect.prepared(args...)...)
	if err != nil {
		return none, s.fault(err)
	}
	defer func() { _ = rows.Close() }()
	var found []integrationRow
	if err := errors.Join(s.read.ScanRows(ctx, rows, &found), rows.Err()); err != nil {
		return none, s.fault(err)
	}
	if len(found) == 0 {
		return none, notFound()
	}
	return s.held(&found[0]), nil
}

// SaveIntegration replaces the account's integration, if the user has one: the
// id stays, and with it what tasks name.
func (s *Store) SaveIntegration(ctx context.Context, in ports.HeldIntegration) (access.Integration, error) {
	if err := checkIDs(in.ID, string(in.UserID)); err != nil {
		return access.Integration{}, err
	}
	var saved integrationRow
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := s.sameAccount(ctx, tx, in)
		if errors.Is(err, sql.ErrNoRows) {
			if saved, err = s.row(in, in.ID); err != nil {
				return err
			}
			// Of two who save the account at once, one finds it there now.
			var inserted bool
			if inserted, err = changedOne(tx.NewInsert().Model(&saved).On("CONFLICT DO NOTHING").Exec(ctx)); err != nil || inserted {
				return err
			}
			old, err = s.sameAccount(ctx, tx, in)
		}
		if err != nil {
			return err
		}
		if saved, err = s.row(in, old.ID); err != nil {
			return err
		}
		saved.Version, saved.CreatedAt, saved.LastUsedAt = old.Version+1, old.CreatedAt, old.LastUsedAt
		_, err = tx.NewUpdate().Model(&saved).Column(credentialColumns...).
			Column("account_name", "version", "refreshing_until").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return access.Integration{}, err
	}
	return saved.integration(), nil
}

// sameAccount returns the user's integration of the same account, locked.
func (s *Store) sameAccount(ctx context.Context, tx bun.Tx, in ports.HeldIntegration) (old integrationRow, err error) {
	same := tx.NewSelect().Model(&old).
		Where("i.user_id = ? AND i.provider = ? AND i.account_id = ? AND i.account_id <> ''", in.UserID, in.Provider, in.AccountID)
	err = s.dialect.lock(same, false).Scan(ctx)
	return old, err
}

// DeleteIntegration returns what it erased, so that it can be revoked.
func (s *Store) DeleteIntegration(ctx context.Context, user access.UserID, id string) (ports.HeldIntegration, error) {
	if err := checkIDs(string(user), id); err != nil {
		return ports.HeldIntegration{}, err
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var row integrationRow
	err := s.db.NewDelete().Model(&row).Where("id = ? AND user_id = ?", id, user).Returning("*").Scan(ctx)
	if err != nil {
		return ports.HeldIntegration{}, s.fault(err)
	}
	return s.held(&row), nil
}
