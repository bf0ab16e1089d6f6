package sqlstore

import "database/sql"

// Pools returns the connections by name, for their figures: one pool on
// Postgres, one that writes and one that reads on SQLite.
func (s *Store) Pools() map[string]*sql.DB {
	if s.read == s.db {
		return map[string]*sql.DB{"main": s.db.DB}
	}
	return map[string]*sql.DB{"write": s.db.DB, "read": s.read.DB}
}
