package sqlstore

import (
	"testing"

	"github.com/soundings-io/soundings/ports/portstest"
)

func TestRetentionOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestRetentionStore(t, func(t *testing.T) portstest.StoreWithRetention { return newSQLite(t) })
}

func TestRetentionOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestRetentionStore(t, func(t *testing.T) portstest.StoreWithRetention { return newPostgres(t) })
}
