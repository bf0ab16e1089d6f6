package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/access"
)

// budgetRow is a row of budgets. The ledger is one document: it is small, read
// and written whole, and nothing is looked up in it.
type budgetRow struct {
	bun.BaseModel `bun:"table:budgets,alias:b"`

	Provider   string        `bun:"provider,pk"`
	Credential string        `bun:"credential,pk"`
	Ledger     access.Budget `bun:"ledger,type:jsonb"`

	Now time.Time `bun:"now,scanonly"` // the database's clock
}

// UpdateBudget makes the row first, so that there is one to lock.
func (s *Store) UpdateBudget(ctx context.Context, key access.BudgetKey, fn func(b *access.Budget, now time.Time)) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.budget(ctx, tx, key)
		if errors.Is(err, sql.ErrNoRows) {
			fresh := budgetRow{Provider: string(key.Provider), Credential: key.Credential}
			if _, err := tx.NewInsert().Model(&fresh).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
				return err
			}
			row, err = s.budget(ctx, tx, key)
		}
		if err != nil {
			return err
		}
		fn(&row.Ledger, utc(row.Now))
		_, err = tx.NewUpdate().Model(row).Column("ledger").WherePK().Exec(ctx)
		return err
	})
}

// budget reads the row and locks it.
func (s *Store) budget(ctx context.Context, tx bun.Tx, key access.BudgetKey) (*budgetRow, error) {
	row := new(budgetRow)
	q := tx.NewSelect().Model(row).ColumnExpr("?TableColumns").ColumnExpr("? AS now", s.dialect.after(0)).
		Where("b.provider = ? AND b.credential = ?", key.Provider, key.Credential)
	return row, s.dialect.lock(q, false).Scan(ctx)
}

// Budget reads without a lock.
func (s *Store) Budget(ctx context.Context, key access.BudgetKey) (access.Budget, time.Time, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	row := new(budgetRow)
	err := s.read.NewSelect().ColumnExpr("? AS now", s.dialect.after(0)).
		ColumnExpr("(?) AS ledger", s.read.NewSelect().Table("budgets").Column("ledger").
			Where("provider = ? AND credential = ?", key.Provider, key.Credential)).
		Scan(ctx, row)
	return row.Ledger, utc(row.Now), s.fault(err)
}
