package task

import (
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

const (
	// ShortestInterval keeps a schedule from spending a day's quota on nothing new.
	ShortestInterval = 15 * time.Minute
	// LongestInterval is a year and a day.
	LongestInterval = 366 * 24 * time.Hour
	// intervalsLookedAt is how far an expression is looked ahead for intervals
	// that are too short: an irregular one may begin with long ones.
	intervalsLookedAt = 100
)

// CronNext returns when an expression of cron is due next after a time, in that
// time's zone. Error kinds: Invalid.
type CronNext func(expression string, after time.Time) (time.Time, error)

// Recurrence says when something comes again: after an interval, or by an
// expression of cron in a time zone. One of the two is set.
type Recurrence struct {
	Every time.Duration
	Cron  string
	// Zone is a name of the tz database, such as Europe/Berlin; empty is UTC.
	Zone string
}

// Check refuses what says nothing, both, or too often, with the field that is
// wrong.
func (r Recurrence) Check(now time.Time, cron CronNext) error {
	refuse := func(field, format string, words ...any) error {
		return fault.New(fault.Invalid, fault.CodeInvalidValue, format, words...).In(field)
	}
	switch {
	case r.Every == 0 && r.Cron == "":
		return refuse("everyMinutes", "name an interval (everyMinutes) or an expression of cron")
	case r.Every != 0 && r.Cron != "":
		return refuse("cron", "name an interval or an expression of cron, not both")
	case r.Every != 0 && r.Zone != "":
		return refuse("timeZone", "an interval needs no time zone")
	case r.Every != 0 && (r.Every < ShortestInterval || r.Every > LongestInterval):
		return refuse("everyMinutes", "an interval is %d minutes to %d days", ShortestInterval/time.Minute, LongestInterval/(24*time.Hour))
	case r.Every != 0:
		return nil
	}
	if _, err := r.zone(); err != nil {
		return refuse("timeZone", "there is no time zone %q; take a name such as Europe/Berlin", r.Zone)
	}
	at, err := r.Next(now, now, cron)
	for range intervalsLookedAt {
		if err != nil {
			return err
		}
		before := at
		if at, err = r.Next(now, before, cron); err == nil && at.Sub(before) < ShortestInterval {
			return refuse("cron", "a task is refreshed every %d minutes at most", ShortestInterval/time.Minute)
		}
	}
	return err
}

// Next returns the first time after one. Intervals are counted from began.
func (r Recurrence) Next(began, after time.Time, cron CronNext) (time.Time, error) {
	if r.Every > 0 {
		return began.Add((after.Sub(began)/r.Every + 1) * r.Every), nil
	}
	zone, err := r.zone()
	if err != nil {
		return time.Time{}, err
	}
	next, err := cron(r.Cron, after.In(zone))
	return next.UTC(), err
}

func (r Recurrence) zone() (*time.Location, error) {
	if r.Zone == "Local" { // the machine's own is nobody's choice
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "there is no time zone Local")
	}
	return time.LoadLocation(r.Zone)
}

// Schedule refreshes a task again and again.
type Schedule struct {
	ID     string
	User   access.UserID
	TaskID ID
	Recurrence
	How Refresh
	// EndsAt is when it ends; zero for never.
	EndsAt    time.Time
	CreatedAt time.Time
	// NextAt is when it is due; zero once it has ended.
	NextAt time.Time
	// LastAt is when it was last due; zero for never.
	LastAt time.Time
	// Runs and Skipped count what became of it; Note says why the latest was
	// skipped, empty where it was not.
	Runs, Skipped int64
	Note          string
}

// Due refreshes the task, or, where the task has not ended or may not be
// refreshed, skips this time and notes why. Times that nobody was there for are
// not made up for. next is when the schedule is due after now.
func (s *Schedule) Due(t *Task, now, next time.Time) {
	s.LastAt, s.NextAt, s.Note = now, next, ""
	if !s.EndsAt.IsZero() && next.After(s.EndsAt) {
		s.NextAt = time.Time{}
	}
	if err := t.Refresh(s.How); err != nil {
		s.Skipped++
		s.Note = "skipped: " + err.Error()
		if !t.State().Status.Ended() {
			s.Note = "skipped: the run before is still " + string(t.State().Status)
		}
		return
	}
	s.Runs++
}
