package youtube

import (
	"sync"
	"time"
	_ "time/tzdata" // images without zone files must know Pacific time as well
)

// pacific is the zone in whose midnight the quota comes back, summer time
// included (field-notes §3.1).
var pacific = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil { // cannot be: the zones are built in
		return time.FixedZone("PST", -8*60*60)
	}
	return zone
})

// DayEnd returns the end of the quota's day that a time lies in: the first
// midnight in Pacific time behind it, in UTC.
func DayEnd(now time.Time) time.Time {
	local := now.In(pacific())
	return time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, pacific()).UTC()
}
