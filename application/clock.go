// Package application holds the use cases: it decides what happens to tasks,
// who may ask for it, and drives the ports to make it happen.
package application

import (
	"time"

	"github.com/google/uuid"
)

// newID returns a UUID v7: ids sort by the time of their making, which keeps
// indexes dense and lets lists page by id.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// now returns the time in UTC at the databases' precision of microseconds, so
// that what was stored compares equal to what is read.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
