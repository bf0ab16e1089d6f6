package sqlstore

import (
	"context"

	"github.com/pressly/goose/v3"

	"github.com/soundings-io/soundings/domain/fault"
)

// Migrate brings the database's tables to what this program needs. Many
// processes may call it at once: one does the work, the others wait for it. A
// newer program's database is left as it is, and refused if this program cannot
// live with it.
func (s *Store) Migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longTimeout)
	defer cancel()
	provider, err := s.migrator()
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return s.fault(err)
	}
	if err := s.CheckMigrated(ctx); err != nil {
		return err
	}
	return s.KeepMonths(ctx)
}

// CheckMigrated returns nil if this program can work with the database's tables:
// they are what it needs, or those of a newer program that leave it what it
// uses, as while an upgrade rolls. Otherwise it returns one line that says what
// to do.
func (s *Store) CheckMigrated(ctx context.Context) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	provider, err := s.migrator()
	if err != nil {
		return err
	}
	has, needs, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return s.fault(err)
	case has < needs:
		return fault.New(fault.Unavailable, fault.CodeUnavailable,
			"the database is at version %d and this program needs %d: run `soundings migrate`", has, needs)
	case has > needs:
		return s.checkFloor(ctx, has, needs)
	}
	return nil
}

// checkFloor asks a newer database which programs can live with it.
func (s *Store) checkFloor(ctx context.Context, has, needs int64) error {
	var floor int64
	if err := s.read.NewSelect().Table("schema_floor").ColumnExpr("max(version)").Scan(ctx, &floor); err != nil {
		return s.fault(err)
	}
	if floor <= needs {
		return nil
	}
	return fault.New(fault.Unavailable, fault.CodeUnavailable,
		"the database is at version %d, which is newer than this program's %d and of use from %d on: run a newer soundings", has, needs, floor)
}

func (s *Store) migrator() (*goose.Provider, error) {
	dialect, files, options, err := s.dialect.migrations()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.db.DB, files, options...)
}
