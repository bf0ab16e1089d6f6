package task_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// watched returns a running task that has n of 1000 posts, all judged.
func watched(n int64) task.State {
	return task.State{
		Kind: task.Analysis, Status: task.Running, Run: 1, Sources: make([]content.Source, 1),
		Options: task.Options{IncludeReplies: true}, StartedAt: noon.Add(-time.Minute),
		Counters: task.Counters{Fetched: n, Scored: n, Expected: 1000, Opened: 1},
	}
}

func TestPaceIsThatOfTheLastSeconds(t *testing.T) {
	t.Parallel()
	var pace task.Pace
	first := pace.Look(watched(120), noon)
	require.InDelta(t, 2, first.PostsPerSecond, 0, "the mean since the start: 120 in a minute")
	require.Equal(t, task.UnknownTime, first.SecondsLeft, "nobody saw it move")
	var last task.Progress
	for s := range int64(20) { // 20 a second, then 40
		n := 120 + 20*s
		if s > 10 {
			n += 20 * (s - 10)
		}
		last = pace.Look(watched(n), noon.Add(time.Duration(s)*time.Second))
		if s == 5 {
			require.InDelta(t, 20, last.PostsPerSecond, 0)
			require.EqualValues(t, 39, last.SecondsLeft, "780 posts at 20 a second")
		}
	}
	require.InDelta(t, 38, last.PostsPerSecond, 0, "one second of ten was slow")
	require.EqualValues(t, 9, last.SecondsLeft, "320 posts at 38 a second")
	require.Zero(t, pace.Look(watched(680), noon.Add(time.Hour)).SecondsLeft+1, "what was seen an hour ago says nothing")
}

func TestPaceRemembersFewLooks(t *testing.T) {
	t.Parallel()
	var pace task.Pace
	for i := range 10_000 {
		pace.Look(watched(int64(i)), noon.Add(time.Duration(i)*time.Millisecond))
	}
	require.LessOrEqual(t, reflect.ValueOf(pace).FieldByName("looks").Len(), 21)
}

func TestPaceOfALaterRun(t *testing.T) {
	t.Parallel()
	later := func(n int64) task.State { s := watched(n); s.Run = 2; return s }
	var pace task.Pace
	pace.Look(watched(500), noon.Add(-time.Second))
	require.Zero(t, pace.Look(later(600), noon).PostsPerSecond, "neither the first run nor its looks count")
	got := pace.Look(later(650), noon.Add(5*time.Second))
	require.InDelta(t, 10, got.PostsPerSecond, 0)
	require.Equal(t, task.UnknownTime, got.SecondsLeft, "nobody knows how much is new")
}

func TestSecondsLeftOnlyWhileTheyAreHonest(t *testing.T) {
	t.Parallel()
	const seconds = 10
	for name, c := range map[string]struct {
		from, to func(*task.State)
		want     int64
	}{
		"all at one pace":       {nil, nil, 80},                                                                  // 800 at 10 a second
		"judging is slower":     {nil, func(s *task.State) { s.Counters.Scored = 150 }, 170},                     // 850 at 5 a second
		"spam is judged":        {nil, func(s *task.State) { s.Counters.Scored, s.Counters.Spam = 150, 50 }, 80}, //
		"capped":                {nil, func(s *task.State) { s.Options.MaxPosts = 500 }, 30},                     // 300
		"a cap that is far":     {nil, func(s *task.State) { s.Options.MaxPosts = 5000 }, 80},                    //
		"all stored, some left": {nil, func(s *task.State) { s.Counters.Fetched = 1200 }, 100},                   // 1000 at 10 a second
		"nothing is judged":     {nil, func(s *task.State) { s.Counters.Scored = 100 }, task.UnknownTime},        //
		"nothing moves":         {nil, func(s *task.State) { s.Counters = watched(100).Counters }, task.UnknownTime},
		"all done but the end":  {nil, func(s *task.State) { s.Counters.Fetched, s.Counters.Scored = 1000, 1000 }, task.UnknownTime},
		"counted anew":          {nil, func(s *task.State) { s.Counters.Fetched, s.Counters.Scored = 50, 50 }, task.UnknownTime},
		"more is announced":     {func(s *task.State) { s.Counters.Expected = 900 }, nil, task.UnknownTime},
		"not all are open":      {nil, func(s *task.State) { s.Sources = make([]content.Source, 2) }, task.UnknownTime},
		"nothing is announced":  {func(s *task.State) { s.Counters.Expected = 0 }, func(s *task.State) { s.Counters.Expected = 0 }, task.UnknownTime},
		"only new ones wanted":  {nil, func(s *task.State) { s.Options.Since = noon }, task.UnknownTime},
		"no replies wanted":     {nil, func(s *task.State) { s.Options.IncludeReplies = false }, task.UnknownTime},
		"paused":                {nil, func(s *task.State) { s.Status = task.Paused }, task.UnknownTime},
		"waiting":               {nil, func(s *task.State) { s.Status = task.Waiting }, task.UnknownTime},
		"ended":                 {nil, func(s *task.State) { s.Status = task.Completed }, task.UnknownTime},
		"an export":             {nil, func(s *task.State) { s.Kind = task.Export }, task.UnknownTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pace task.Pace
			before, after := watched(100), watched(200)
			if c.from != nil {
				c.from(&before)
			}
			if c.to != nil {
				c.to(&after)
			}
			pace.Look(before, noon)
			got := pace.Look(after, noon.Add(seconds*time.Second))
			require.Equal(t, c.want, got.SecondsLeft)
			if after.Status != task.Running {
				require.Zero(t, got.PostsPerSecond)
			}
		})
	}
}

func TestWaitingForIsInPlainWords(t *testing.T) {
	t.Parallel()
	later := noon.Add(20 * time.Hour)
	quota := task.Problem{Code: fault.CodeQuotaExhausted, RetryAt: later}
	limit := task.Problem{Code: fault.CodeRateLimited, RetryAt: noon.Add(time.Minute)}
	dead := task.Problem{Code: fault.CodeSourceNotFound, Message: "there is no such video"}
	for want, s := range map[string]task.State{
		"":                                  {Status: task.Running, Problems: []task.Problem{quota}},
		"its turn":                          {Status: task.Pending},
		"paused by you; resume it to go on": {Status: task.Paused, Problems: []task.Problem{quota}},
		"the provider's daily quota, which is used up, until " + later.Format(time.DateTime) + " UTC": {Status: task.Waiting, RetryAt: later, Problems: []task.Problem{dead, quota}},
		"the provider's rate limit, until " + limit.RetryAt.Format(time.DateTime) + " UTC":            {Status: task.Waiting, RetryAt: limit.RetryAt, Problems: []task.Problem{quota, limit}},
		"the next try":        {Status: task.Waiting, Problems: []task.Problem{dead}},
		"somebody to connect": {Status: task.Waiting, Problems: []task.Problem{{Code: fault.CodeNeedsReconnect, Message: "somebody to connect", RetryAt: later}}},
		"the spam service, which cannot be reached now":      {Status: task.Waiting, Problems: []task.Problem{{Code: fault.CodeSpamUnavailable, RetryAt: later}}},
		"the sentiment service, which cannot be reached now": {Status: task.Waiting, Problems: []task.Problem{{Code: fault.CodeSentimentUnavailable, RetryAt: later}}},
		"the provider, which cannot be reached now":          {Status: task.Waiting, Problems: []task.Problem{{Code: fault.CodeProviderUnavailable, RetryAt: later}}},
	} {
		assert.Equal(t, want, s.WaitingFor())
	}
	for _, status := range task.Statuses() {
		s := task.State{Status: status}
		assert.Equal(t, status == task.Paused || status == task.Pending || status == task.Waiting, s.WaitingFor() != "", status)
	}
}

// TestRevisionChangesExactlyWithTheState changes one field after the other, so
// that a field that is added is looked at too.
func TestRevisionChangesExactlyWithTheState(t *testing.T) {
	t.Parallel()
	seen := map[string]string{task.State{}.Revision(): "nothing"}
	require.Equal(t, task.State{}.Revision(), task.State{}.Revision())
	of := reflect.TypeFor[task.State]()
	for i := range of.NumField() {
		var s task.State
		fill(reflect.ValueOf(&s).Elem().Field(i))
		same := s
		require.Equal(t, same.Revision(), s.Revision())
		require.NotContains(t, s.Revision(), "\n")
		require.Empty(t, seen[s.Revision()], of.Field(i).Name)
		seen[s.Revision()] = of.Field(i).Name
	}
}

// fill gives a value that is not its zero one, and to every field of a struct.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(elem)
		v.SetMapIndex(key, elem)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i))
			}
		}
	}
}
