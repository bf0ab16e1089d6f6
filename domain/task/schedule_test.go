package task_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// everyN is an expression's meaning in these tests: "N" is every N minutes.
func everyN(minutes time.Duration) task.CronNext {
	return func(expression string, after time.Time) (time.Time, error) {
		if expression == "never" {
			return time.Time{}, fault.New(fault.Invalid, fault.CodeInvalidValue, "never")
		}
		return after.Truncate(minutes * time.Minute).Add(minutes * time.Minute), nil
	}
}

func TestRecurrencesAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		recurrence task.Recurrence
		minutes    time.Duration
		field      string
	}{
		"nothing":               {task.Recurrence{}, 60, "everyMinutes"},
		"both":                  {task.Recurrence{Every: time.Hour, Cron: "x"}, 60, "cron"},
		"every second":          {task.Recurrence{Every: time.Second}, 60, "everyMinutes"},
		"every other year":      {task.Recurrence{Every: 2 * 366 * 24 * time.Hour}, 60, "everyMinutes"},
		"an interval in a zone": {task.Recurrence{Every: time.Hour, Zone: "Europe/Berlin"}, 60, "timeZone"},
		"no such zone":          {task.Recurrence{Cron: "x", Zone: "Mars/Olympus"}, 60, "timeZone"},
		"a path for a zone":     {task.Recurrence{Cron: "x", Zone: "../../etc/passwd"}, 60, "timeZone"},
		"the machine's zone":    {task.Recurrence{Cron: "x", Zone: "Local"}, 60, "timeZone"},
		"too often by cron":     {task.Recurrence{Cron: "x"}, 14, "cron"},
		"six hours":             {task.Recurrence{Every: 6 * time.Hour}, 60, ""},
		"hourly in Berlin":      {task.Recurrence{Cron: "x", Zone: "Europe/Berlin"}, 60, ""},
		"as often as may be":    {task.Recurrence{Cron: "x"}, 15, ""},
	} {
		err := c.recurrence.Check(noon, everyN(c.minutes))
		if c.field == "" {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, fault.Invalid, fault.KindOf(err), name)
		require.Equal(t, c.field, fault.As(err).Field, name)
	}
	require.Error(t, task.Recurrence{Cron: "never"}.Check(noon, everyN(60)))
}

func TestIntervalsAreCountedFromTheBeginning(t *testing.T) {
	t.Parallel()
	r := task.Recurrence{Every: time.Hour}
	for after, want := range map[time.Duration]time.Duration{
		0: time.Hour, time.Minute: time.Hour, time.Hour: 2 * time.Hour, 50*time.Hour + time.Second: 51 * time.Hour,
	} {
		next, err := r.Next(noon, noon.Add(after), nil)
		require.NoError(t, err)
		require.Equal(t, noon.Add(want), next, "after %s; what was missed is not made up for", after)
	}
}

func TestADueSchedule(t *testing.T) {
	t.Parallel()
	tomorrow := noon.AddDate(0, 0, 1)
	tk, subs := newTask(t, 1)
	s := task.Schedule{How: task.RefreshNew, EndsAt: tomorrow.Add(time.Hour)}

	s.Due(tk, noon, tomorrow)
	require.EqualValues(t, 1, s.Skipped)
	require.Equal(t, "skipped: the run before is still pending", s.Note)
	require.Equal(t, tomorrow, s.NextAt)
	require.Equal(t, 1, tk.State().Run)

	subs[0].End(task.Fail(task.Problem{Code: fault.CodeSourceNotFound}), noon)
	tk.Absorb(subs[0].State())
	tk.Settle(task.Tally{}, ids(), noon)
	s.Due(tk, tomorrow, tomorrow.AddDate(0, 0, 1))
	require.EqualValues(t, 1, s.Runs)
	require.Empty(t, s.Note)
	require.Zero(t, s.NextAt, "the next one lies behind its end")
	require.Equal(t, 2, tk.State().Run)
	require.Equal(t, tomorrow, s.LastAt)
}
