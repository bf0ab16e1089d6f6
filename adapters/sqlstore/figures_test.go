package sqlstore

import (
	"testing"

	"github.com/soundings-io/soundings/ports/portstest"
)

func TestFiguresOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestFigures(t, func(t *testing.T) portstest.StoreWithFigures { return newSQLite(t) })
}

func TestFiguresOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestFigures(t, func(t *testing.T) portstest.StoreWithFigures { return newPostgres(t) })
}
