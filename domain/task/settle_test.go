package task_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func TestSettle(t *testing.T) {
	t.Parallel()
	park := noon.Add(time.Hour)
	problem := []task.Problem{{Code: fault.CodeCommentsDisabled}}
	for name, c := range map[string]struct {
		state task.State
		open  task.Tally
		want  task.Status
		pass  bool
	}{
		"something runs":           {task.State{Kind: task.Analysis, Status: task.Waiting, RetryAt: park}, task.Tally{Runnable: 1, Waiting: 3, NextPark: park}, task.Running, false},
		"all that is open waits":   {task.State{Kind: task.Analysis, Status: task.Running}, task.Tally{Waiting: 2, NextPark: park}, task.Waiting, false},
		"fetched, not yet passed":  {task.State{Kind: task.Analysis, Status: task.Running, Counters: task.Counters{Fetched: 2, Opened: 1}}, task.Tally{}, task.Running, true},
		"fetched and passed":       {task.State{Kind: task.Analysis, Status: task.Running, FinalPass: true, Counters: task.Counters{Fetched: 2, Opened: 1}}, task.Tally{}, task.Completed, false},
		"a lone video":             {task.State{Kind: task.Analysis, Status: task.Running, Counters: task.Counters{Fetched: 1, Opened: 1}}, task.Tally{}, task.Completed, false},
		"an empty playlist":        {task.State{Kind: task.Analysis, Status: task.Running, Counters: task.Counters{Opened: 1}}, task.Tally{}, task.Completed, false},
		"comments disabled":        {task.State{Kind: task.Analysis, Status: task.Running, Counters: task.Counters{Fetched: 1, Opened: 1}, Problems: problem}, task.Tally{}, task.CompletedPartial, false},
		"nothing could be opened":  {task.State{Kind: task.Analysis, Status: task.Running, Counters: task.Counters{Failed: 1}, Problems: problem}, task.Tally{}, task.Failed, false},
		"deleted and failed":       {task.State{Kind: task.Analysis, Status: task.Running, Counters: task.Counters{Failed: 1, Cancelled: 1}}, task.Tally{}, task.Failed, false},
		"deleted alone":            {task.State{Kind: task.Analysis, Status: task.Running, Counters: task.Counters{Cancelled: 1}}, task.Tally{}, task.CompletedPartial, false},
		"more problems than kept":  {task.State{Kind: task.Analysis, Status: task.Running, FinalPass: true, Counters: task.Counters{Fetched: 9, Opened: 1, Failed: 1}}, task.Tally{}, task.CompletedPartial, false},
		"a written export":         {task.State{Kind: task.Export, Status: task.Running, Counters: task.Counters{Succeeded: 1}}, task.Tally{}, task.Completed, false},
		"an export that failed":    {task.State{Kind: task.Export, Status: task.Running, Counters: task.Counters{Failed: 1}, Problems: problem}, task.Tally{}, task.Failed, false},
		"a paused task stays":      {task.State{Kind: task.Analysis, Status: task.Paused}, task.Tally{}, task.Paused, false},
		"a cancelled task stays":   {task.State{Kind: task.Analysis, Status: task.Cancelled}, task.Tally{}, task.Cancelled, false},
		"a pending task may fail":  {task.State{Kind: task.Analysis, Status: task.Pending, Counters: task.Counters{Failed: 1}}, task.Tally{}, task.Failed, false},
		"a pending task may begin": {task.State{Kind: task.Analysis, Status: task.Pending}, task.Tally{Runnable: 1}, task.Running, false},
	} {
		settled := task.Restore(c.state)
		pass := settled.Settle(c.open, ids(), noon)
		got := settled.State()
		require.Equal(t, c.want, got.Status, name)
		require.Equal(t, c.pass, pass != nil, name)
		require.Equal(t, c.want.Ended() && !c.state.Status.Ended(), got.FinishedAt.Equal(noon), name)
		if c.want == task.Waiting {
			require.Equal(t, park, got.RetryAt, name)
		} else {
			require.True(t, got.RetryAt.IsZero(), name)
		}
		if pass != nil {
			require.True(t, pass.State().Payload.Repeats, name)
			require.Equal(t, c.state.Counters.Subtasks+1, got.Counters.Subtasks, name)
			require.Nil(t, settled.Settle(task.Tally{}, ids(), noon), "the last pass comes once")
		}
	}
}

func TestAbsorb(t *testing.T) {
	t.Parallel()
	of, _ := newTask(t, 2)
	parked := task.SubtaskState{ID: "s1", Status: task.SubtaskWaiting, Counters: task.Counters{Fetched: 5}, Problem: &task.Problem{Code: fault.CodeQuotaExhausted, SubtaskID: "s1"}, TokenSource: access.MasterAPIKey}
	of.Absorb(parked)
	require.Len(t, of.State().Problems, 1, "a park is told of")
	require.Zero(t, of.State().Counters.Fetched, "an open subtask's counters are its own")
	require.Equal(t, access.MasterAPIKey, of.State().TokenSource)

	ended := parked
	ended.Status, ended.Problem, ended.Missing = task.SubtaskSucceeded, nil, map[content.Cause]int64{content.CommentsDisabled: content.UnknownCount}
	of.Absorb(ended)
	require.Empty(t, of.State().Problems, "the park is over")
	require.EqualValues(t, 5, of.State().Counters.Fetched)
	require.Equal(t, content.UnknownCount, of.State().Missing[content.CommentsDisabled])

	retrying := task.SubtaskState{ID: "s2", Status: task.SubtaskPending, Problem: &task.Problem{SubtaskID: "s2"}}
	of.Absorb(retrying)
	require.Empty(t, of.State().Problems, "a back-off is nobody's business")
	for i := range 2 * task.MaxProblems {
		id := task.SubtaskID(rune('A' + i))
		of.Absorb(task.SubtaskState{ID: id, Status: task.SubtaskFailed, Problem: &task.Problem{SubtaskID: id}})
	}
	require.Len(t, of.State().Problems, task.MaxProblems)
}

func TestAddMissing(t *testing.T) {
	t.Parallel()
	a := map[content.Cause]int64{content.Removed: 2, content.Capped: content.UnknownCount}
	sum := task.AddMissing(a, map[content.Cause]int64{content.Removed: 3, content.Capped: 4, content.BeforeSince: 1, content.FetchFailed: content.UnknownCount})
	require.Equal(t, map[content.Cause]int64{content.Removed: 5, content.Capped: content.UnknownCount, content.BeforeSince: 1, content.FetchFailed: content.UnknownCount}, sum)
	require.EqualValues(t, 2, a[content.Removed], "the maps given stay as they are")
}

func TestShare(t *testing.T) {
	t.Parallel()
	limits := task.Limits{PerTask: 3, PerUser: 5, Running: 2, Total: 8}
	claimant := func(id task.ID, user access.UserID, status task.Status, queued, due int) task.Claimant {
		return task.Claimant{Task: id, User: user, Status: status, Queued: queued, Due: due}
	}
	for name, c := range map[string]struct {
		claimants []task.Claimant
		running   map[access.UserID]int
		want      map[task.ID]int
	}{
		"nobody":                      {nil, nil, map[task.ID]int{}},
		"one task up to its limit":    {[]task.Claimant{claimant("a", "u", task.Running, 0, 9)}, nil, map[task.ID]int{"a": 3}},
		"what is queued counts":       {[]task.Claimant{claimant("a", "u", task.Running, 2, 9)}, nil, map[task.ID]int{"a": 1}},
		"no more than is due":         {[]task.Claimant{claimant("a", "u", task.Running, 0, 1)}, nil, map[task.ID]int{"a": 1}},
		"a user's tasks share":        {[]task.Claimant{claimant("a", "u", task.Running, 0, 9), claimant("b", "u", task.Running, 0, 9)}, nil, map[task.ID]int{"a": 3, "b": 2}},
		"users take turns":            {[]task.Claimant{claimant("a", "u", task.Running, 0, 9), claimant("b", "u", task.Running, 0, 9), claimant("c", "v", task.Running, 0, 9)}, nil, map[task.ID]int{"a": 3, "b": 2, "c": 3}},
		"nobody is starved":           {[]task.Claimant{claimant("a", "u", task.Running, 3, 900), claimant("b", "u", task.Running, 2, 900), claimant("c", "v", task.Pending, 0, 1)}, nil, map[task.ID]int{"c": 1}},
		"too many tasks wait":         {[]task.Claimant{claimant("a", "u", task.Pending, 0, 1), claimant("b", "u", task.Pending, 0, 1), claimant("c", "u", task.Pending, 0, 1)}, nil, map[task.ID]int{"a": 1, "b": 1}},
		"running ones count":          {[]task.Claimant{claimant("c", "u", task.Pending, 0, 1)}, map[access.UserID]int{"u": 2}, map[task.ID]int{}},
		"another's do not":            {[]task.Claimant{claimant("c", "u", task.Pending, 0, 1)}, map[access.UserID]int{"v": 2}, map[task.ID]int{"c": 1}},
		"begun ones always go on":     {[]task.Claimant{claimant("c", "u", task.Running, 0, 1)}, map[access.UserID]int{"u": 9}, map[task.ID]int{"c": 1}},
		"the whole dispatch is bound": {[]task.Claimant{claimant("a", "u", task.Running, 0, 9), claimant("b", "v", task.Running, 0, 9), claimant("c", "w", task.Running, 0, 9)}, nil, map[task.ID]int{"a": 3, "b": 3, "c": 2}},
	} {
		require.Equal(t, c.want, task.Share(c.claimants, c.running, limits), name)
	}
	alone := limits
	alone.Only = "c"
	require.Equal(t, map[task.ID]int{"c": 1}, task.Share([]task.Claimant{claimant("c", "u", task.Pending, 0, 1)}, map[access.UserID]int{"u": 99}, alone),
		"whoever asks for one task means it")
}
