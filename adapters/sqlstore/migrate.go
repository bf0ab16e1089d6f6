package sqlstore

import (
	"context"

	"github.com/pressly/goose/v3"

	"github.com/soundings-io/soundings/domain/fault"
)

// Migrate brings the database's tables to what this program needs. Many
// processes may call it at once: one does the work, the others wait for it. A
// newer program's database is left as it is, and refused.
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
	return s.CheckMigrated(ctx)
}

// CheckMigrated returns nil if the database's tables are what this program
// needs, and otherwise one line that says what to do.
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
		return fault.New(fault.Unavailable, fault.CodeUnavailable,
			"the database is at version %d, which is newer than this program's %d: run a newer soundings", has, needs)
	}
	return nil
}

func (s *Store) migrator() (*goose.Provider, error) {
	dialect, files, options, err := s.dialect.migrations()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.db.DB, files, options...)
}
