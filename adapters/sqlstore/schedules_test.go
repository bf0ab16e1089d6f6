package sqlstore

import (
	"testing"

	"github.com/soundings-io/soundings/ports/portstest"
)

func TestSchedulesOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestScheduleStore(t, func(t *testing.T) portstest.StoreWithSchedules { return newSQLite(t) })
}

func TestSchedulesOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestScheduleStore(t, func(t *testing.T) portstest.StoreWithSchedules { return newPostgres(t) })
}
